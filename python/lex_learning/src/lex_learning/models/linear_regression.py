"""Linear regression by least squares, without a penalty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, override

from lex_learning.models._linear import LinearRegressor

if TYPE_CHECKING:
    import optuna

    from lex_learning.core.problem import Problem


class LinearRegression(LinearRegressor):
    """scikit-learn's `LinearRegression` on scaled numbers and one-hot categories."""

    @classmethod
    @override
    def defaults(cls, problem: Problem) -> dict[str, Any]:
        """There is nothing to set."""
        return {}

    @classmethod
    @override
    def search_space(cls, trial: optuna.Trial, problem: Problem) -> dict[str, Any]:
        """There is nothing to search."""
        return {}

    def _estimator(self) -> Any:
        from sklearn.linear_model import LinearRegression as Estimator

        return Estimator()
