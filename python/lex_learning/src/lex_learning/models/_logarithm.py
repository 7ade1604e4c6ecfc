"""A regressor that learns the logarithm of a skewed target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lex_learning.models.base import Validation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.models.base import Matrix, Model

LOG_TARGET = "log_target"
"""The setting of a candidate that asks for it, beside those of its algorithm."""


class LogTarget:
    """Answers wherever a fitted `Model` does, for one that learns logarithms.

    The mean of a logarithm is not the logarithm of the mean: predictions are scaled so that their sum over
    the rows of the validation, or else of the fit, is right (after Duan 1983).

    Args:
        model: Not fitted; for values above 0.
    """

    explains_probabilities: ClassVar = False

    def __init__(self, model: Model) -> None:
        self.problem: Problem = model.problem
        self._model = model
        self._scale = 1.0

    @property
    def rounds(self) -> int | None:
        """See `Model.fit`."""
        return self._model.rounds

    def fit(
        self,
        X: Matrix,
        y: NDArray[Any],
        validation: Validation | None = None,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        """See `Model.fit`."""
        low, high = np.log(y.min()), np.log(y.max())
        # Beyond what was seen, an exponential runs away.
        self._bounds = low - (high - low), high + 0.5 * (high - low)
        held = validation and Validation(validation.X, np.log(validation.y), validation.weights)
        self._model.fit(X, np.log(y), held, weights)
        known = Validation(X, y, weights) if validation is None else validation
        mean = np.average(self.predict(known.X)[:, 0], weights=known.weights)
        self._scale = float(np.average(known.y, weights=known.weights) / mean)

    def predict(self, X: Matrix) -> Matrix:
        """See `Model.predict`."""
        values: Matrix = self._scale * np.exp(np.clip(self._model.predict(X), *self._bounds))
        return values

    def use_threads(self, threads: int) -> None:
        """See `Model.use_threads`."""
        self._model.use_threads(threads)

    def contributions(self, X: Matrix) -> tuple[Matrix, Matrix] | None:  # noqa: ARG002 - as every model
        """See `Model.contributions`; none: those of logarithms do not add up."""
        return None
