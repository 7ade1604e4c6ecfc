"""Ridge regression: least squares with an L2 penalty (Hoerl and Kennard 1970)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, override

from lex_learning.models._linear import LinearRegressor

if TYPE_CHECKING:
    import optuna

    from lex_learning.core.problem import Problem


class Ridge(LinearRegressor):
    """scikit-learn's `Ridge` on scaled numbers and one-hot categories."""

    @classmethod
    @override
    def defaults(cls, problem: Problem) -> dict[str, Any]:
        """A penalty as strong as one row."""
        return {"alpha": 1.0}

    @classmethod
    @override
    def search_space(cls, trial: optuna.Trial, problem: Problem) -> dict[str, Any]:
        """The penalty over seven decades."""
        return {"alpha": trial.suggest_float("alpha", 1e-3, 1e4, log=True)}

    def _estimator(self) -> Any:
        from sklearn.linear_model import Ridge as Estimator

        return Estimator(**self.params, random_state=self.seed)
