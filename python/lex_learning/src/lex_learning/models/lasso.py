"""Lasso: least squares with an L1 penalty, which drops columns (Tibshirani 1996)."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, override

from lex_learning.models._linear import LinearRegressor

if TYPE_CHECKING:
    import numpy as np
    import optuna
    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.models.base import Matrix, Validation


class Lasso(LinearRegressor):
    """scikit-learn's `Lasso` on scaled numbers and one-hot categories."""

    @classmethod
    @override
    def defaults(cls, problem: Problem) -> dict[str, Any]:
        """A penalty that falls with the number of rows, as the noise of a correlation does."""
        return {"alpha": 0.1 / problem.row_count**0.5}

    @classmethod
    @override
    def search_space(cls, trial: optuna.Trial, problem: Problem) -> dict[str, Any]:
        """The penalty over four decades; at 1, every column is dropped."""
        return {"alpha": trial.suggest_float("alpha", 1e-5, 0.3, log=True)}

    @override
    def fit(
        self,
        X: Matrix,
        y: NDArray[Any],
        validation: Validation | None = None,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        """See `Model.fit`."""
        from sklearn.exceptions import ConvergenceWarning

        with warnings.catch_warnings():
            # With hardly any penalty the last digits may not settle; the fit is good all the same.
            warnings.simplefilter("ignore", ConvergenceWarning)
            super().fit(X, y, validation, weights)

    def _estimator(self) -> Any:
        from sklearn.linear_model import Lasso as Estimator

        return Estimator(**self.params, max_iter=2_000, precompute=True, random_state=self.seed)
