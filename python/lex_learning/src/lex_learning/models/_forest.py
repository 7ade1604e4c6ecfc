"""The settings that both kinds of forest share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, override

from lex_learning.models._trees import TreeModel

if TYPE_CHECKING:
    import optuna

    from lex_learning.core.problem import Problem


FEW_CELLS = 150_000
"""Below so many rows times columns, more trees cost little."""


class ForestModel(TreeModel):
    """Trees that differ by chance."""

    smoothing_rows: ClassVar = 0.02
    default_features: ClassVar[float | str] = "sqrt"
    """Columns tried at a split, for classes."""

    @classmethod
    @override
    def defaults(cls, problem: Problem) -> dict[str, Any]:
        """Leaves large enough for a probability, and for a forest of a large table not to explode."""
        leaf_rows = min(3, 1 + problem.row_count // 250) if problem.is_classification else 1
        return {
            "n_estimators": cls._tree_count(problem),
            "max_features": cls.default_features if problem.is_classification else 1.0,
            "min_samples_leaf": max(leaf_rows, cls._fewest_leaf_rows(problem)),
        }

    @classmethod
    @override
    def search_space(cls, trial: optuna.Trial, problem: Problem) -> dict[str, Any]:
        """The space of TabArena (Erickson et al. 2025), with leaves no smaller than large tables bear."""
        smallest = max(1, cls._fewest_leaf_rows(problem))
        return {
            "n_estimators": cls._tree_count(problem),
            "max_features": trial.suggest_float("max_features", 0.2, 1.0),
            "min_samples_leaf": trial.suggest_int("min_samples_leaf", smallest, 2 * smallest + 16, log=True),
        }

    @property
    def _settings(self) -> dict[str, Any]:
        """For the estimator; no leaf is smaller than a large table bears."""
        leaf_rows = max(self.params["min_samples_leaf"], self._fewest_leaf_rows(self.problem))
        return self.params | {
            "min_samples_leaf": leaf_rows,
            "n_jobs": self.threads,
            "random_state": self.seed,
        }

    @staticmethod
    def _tree_count(problem: Problem) -> int:
        return 300 if problem.row_count * problem.column_count < FEW_CELLS else 100

    @staticmethod
    def _fewest_leaf_rows(problem: Problem) -> int:
        return min(25, problem.row_count // (5_000 if problem.is_classification else 10_000))
