"""A regressor that learns the logarithm of a skewed target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lex_learning.models._carried import carried
from lex_learning.models._rows import taken
from lex_learning.models.base import Validation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.export.graph import Graph
    from lex_learning.models.base import Matrix, Model

LOG_TARGET = "log_target"
"""The setting of a candidate that asks for it, beside those of its algorithm."""
LOG_SCALE = "log_scale"
"""With it, the scale of a fit without validation."""


class LogTarget:
    """Answers wherever a fitted `Model` does, for one that learns logarithms.

    The mean of a logarithm is not the logarithm of the mean: predictions are scaled so that their sum over
    the rows of the validation is right (after Duan 1983).

    Args:
        model: Not fitted; for values above 0.
        scale: For a fit without validation, such as the mean of what fits with one have found. Default 1.
    """

    explains_probabilities: ClassVar = False

    def __init__(self, model: Model, scale: float = 1.0) -> None:
        self.problem: Problem = model.problem
        self.scale = scale
        self._model = model

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
        # Beyond what was seen, an exponential runs away.
        self._bounds = float(np.log(y.min())), float(np.log(y.max()))
        held = validation and Validation(validation.X, np.log(validation.y), validation.weights)
        self._model.fit(X, np.log(y), held, weights)
        if validation is not None:
            self.scale = _scale(validation, self._raw(validation.X), slice(None))

    def predict(self, X: Matrix) -> Matrix:
        """See `Model.predict`."""
        return self.scale * self._raw(X)

    def predict_validation(self, validation: Validation) -> Matrix:
        """What it predicts for the rows of the validation, each half scaled by the other."""
        raw = self._raw(validation.X)
        output = np.empty_like(raw)
        is_first = np.random.default_rng(0).permutation(len(raw)) < len(raw) // 2
        for half in (is_first, ~is_first):
            other = ~half if (~half).any() else half
            output[half] = _scale(validation, raw, other) * raw[half]
        return output

    def _raw(self, X: Matrix) -> Matrix:
        values: Matrix = np.exp(np.clip(self._model.predict(X), *self._bounds))
        return values

    def to_graph(self, graph: Graph, features: str) -> str:
        """See `Model.to_graph`."""
        learned = graph.add("Clip", self._model.to_graph(graph, features), *self._bounds)
        return graph.add("Mul", graph.add("Exp", learned), self.scale)

    def use_threads(self, threads: int) -> None:
        """See `Model.use_threads`."""
        self._model.use_threads(threads)

    @property
    def explains_exactly(self) -> bool:
        """See `Model.explains_exactly`."""
        return self._model.explains_exactly

    def contributions(self, X: Matrix) -> tuple[Matrix, Matrix] | None:
        """See `Model.contributions`; those of the logarithm, carried over to the value."""
        found = self._model.contributions(X)
        return None if found is None else carried(*found, self._value, self._slope)

    def _value(self, logarithm: Matrix) -> Matrix:
        value: Matrix = self.scale * np.exp(np.clip(logarithm, *self._bounds))
        return value

    def _slope(self, logarithm: Matrix) -> Matrix:
        least, most = self._bounds
        return np.where((logarithm >= least) & (logarithm <= most), self._value(logarithm), 0.0)


def _scale(validation: Validation, raw: Matrix, rows: Any) -> float:
    """By how much predictions for some rows have to be multiplied for their sum to be right."""
    weights = taken(validation.weights, rows)
    mean = np.average(raw[rows, 0], weights=weights)
    return float(np.average(validation.y[rows], weights=weights) / mean)
