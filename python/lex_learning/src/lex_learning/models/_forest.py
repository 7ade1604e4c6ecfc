"""The settings that both kinds of forest share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lex_learning.models._trees import TreeModel

if TYPE_CHECKING:
    import optuna

    from lex_learning.core.problem import Problem

TREE_COUNT = 300


class ForestModel(TreeModel):
    """Trees that differ by chance."""

    @classmethod
    def defaults(cls, problem: Problem) -> dict[str, Any]:
        """Leaves that grow with the table, so that a forest's size and its time do not explode."""
        smallest = 1 if problem.row_count < 5_000 else min(5, 1 + problem.row_count // 10_000)
        return {
            "n_estimators": TREE_COUNT,
            "max_features": "sqrt" if problem.is_classification else 0.5,
            "min_samples_leaf": smallest,
        }

    @classmethod
    def search_space(cls, trial: optuna.Trial, problem: Problem) -> dict[str, Any]:
        """The space of TabArena (Erickson et al. 2025), with leaves no smaller than large tables bear."""
        smallest = max(1, min(10, problem.row_count // 20_000))
        return {
            "n_estimators": TREE_COUNT,
            "max_features": trial.suggest_float("max_features", 0.2, 1.0),
            "min_samples_leaf": trial.suggest_int("min_samples_leaf", smallest, 4 * smallest + 16, log=True),
        }
