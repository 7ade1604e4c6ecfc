"""One decision tree (Breiman et al. 1984)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, override

from lex_learning.models._trees import TreeModel

if TYPE_CHECKING:
    import optuna

    from lex_learning.core.problem import Problem


class DecisionTree(TreeModel):
    """scikit-learn's decision tree, kept small enough to generalise."""

    smoothing_rows: ClassVar = 1.0
    is_quick: ClassVar = True

    @classmethod
    @override
    def defaults(cls, problem: Problem) -> dict[str, Any]:
        """Leaves large enough for a mean, or for the shares of all classes."""
        most = min(80, problem.row_count // (10 * problem.class_count)) if problem.is_classification else 0
        return {
            "max_depth": 10,
            "min_samples_leaf": max(2, most or min(25, problem.row_count // 50)),
            "max_features": 1.0,
        }

    @classmethod
    @override
    def search_space(cls, trial: optuna.Trial, problem: Problem) -> dict[str, Any]:
        """Size of the tree and of its leaves."""
        most_rows = max(4, min(200, problem.row_count // 10))
        return {
            "max_depth": trial.suggest_int("max_depth", 2, 20),
            "min_samples_leaf": trial.suggest_int("min_samples_leaf", 1, most_rows, log=True),
            "max_features": trial.suggest_float("max_features", 0.5, 1.0),
        }

    def _estimator(self) -> Any:
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        estimator = DecisionTreeClassifier if self.problem.is_classification else DecisionTreeRegressor
        return estimator(**self.params, random_state=self.seed)
