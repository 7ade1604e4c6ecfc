"""Which algorithms to try, in which order: rules of thumb from public benchmarks.

The orders follow TabArena (Erickson et al. 2025): boosters lead, CatBoost without any tuning; on
small, near-linear tables a regularised linear model beats them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lex_learning.config import Preset, ProblemType
from lex_learning.core.machine import memory_reason
from lex_learning.models import available_algorithms, model_class

if TYPE_CHECKING:
    from lex_learning.config import PipelineConfig
    from lex_learning.core.problem import Problem

SMALL_ROWS = 2_000
LARGE_ROWS = 50_000
KERNEL_ROWS = 20_000
MANY_CLASSES = 20
OUTDONE = frozenset({"decision_tree", "linear_regression"})
"""Never better than a forest, and than ridge regression: not worth a share of the time."""
NETWORK_SECONDS, NETWORK_ROWS = 15, 20_000
"""With less time than this, and as much again for each 20,000 rows, the neural network is left out."""

_SMALL = {
    ProblemType.CLASSIFICATION: (
        "catboost logistic_regression lightgbm extra_trees xgboost random_forest svm neural_network "
        "gradient_boosting knn decision_tree"
    ),
    ProblemType.REGRESSION: (
        "catboost ridge lightgbm extra_trees xgboost svr random_forest neural_network lasso "
        "gradient_boosting knn linear_regression decision_tree"
    ),
}
_MEDIUM = {
    ProblemType.CLASSIFICATION: (
        "lightgbm catboost extra_trees neural_network logistic_regression gradient_boosting xgboost "
        "random_forest svm knn decision_tree"
    ),
    ProblemType.REGRESSION: (
        "lightgbm catboost extra_trees neural_network ridge gradient_boosting xgboost svr random_forest "
        "lasso knn linear_regression decision_tree"
    ),
}
_LARGE = {
    ProblemType.CLASSIFICATION: (
        "lightgbm xgboost catboost logistic_regression gradient_boosting neural_network decision_tree "
        "extra_trees random_forest"
    ),
    ProblemType.REGRESSION: (
        "lightgbm xgboost catboost ridge gradient_boosting neural_network lasso linear_regression "
        "decision_tree extra_trees random_forest"
    ),
}


def select_algorithms(config: PipelineConfig, problem: Problem) -> tuple[list[str], dict[str, str]]:
    """The keys to train, best guess first, and the reasons why others were left out, by key.

    An algorithm named in the configuration is taken alone, whatever the rules say. With a time limit, or
    the preset `best`, all that suit the size take part.
    """
    if config.algorithm is not None:
        return [config.algorithm], {}
    chosen: list[str] = []
    skipped: dict[str, str] = {}
    takes_all = config.time_limit is not None or config.preset is Preset.BEST
    most = None if takes_all else config.top_k_algorithms
    keys = [
        key
        for key in ordered_algorithms(problem)
        if not (model_class(key).is_neural_network and not _suits_networks(config, problem.row_count))
        and not (takes_all and key in OUTDONE)
    ]
    for key in keys:
        if len(chosen) == most:
            break
        model = model_class(key)
        reason = model.unavailable_reason()
        if reason is None and (chosen or key != keys[-1]):  # one is tried in any case
            reason = memory_reason(model.memory_bytes(problem))
        if reason is None:
            chosen.append(key)
        else:
            skipped[key] = reason
    return chosen, skipped


def _suits_networks(config: PipelineConfig, row_count: int) -> bool:
    least = NETWORK_SECONDS * (1.0 + row_count / NETWORK_ROWS)
    if config.preset is Preset.BEST:
        least /= 2
    is_short = config.time_limit is not None and config.time_limit < least
    return config.enable_neural_networks and not is_short


def ordered_algorithms(problem: Problem) -> list[str]:
    """All algorithms that suit the size of the problem, best guess first."""
    if problem.row_count <= SMALL_ROWS:
        order = _SMALL
    elif problem.row_count <= LARGE_ROWS:
        order = _MEDIUM
    else:
        order = _LARGE
    available = available_algorithms(problem.type)
    keys = [key for key in order[problem.type].split() if key in available]
    # Those that the rules do not know come last.
    keys += [key for key in available if key not in keys and problem.row_count <= LARGE_ROWS]
    if problem.row_count > KERNEL_ROWS:
        keys = [key for key in keys if key not in {"svm", "svr", "knn"}]
    if problem.class_count > MANY_CLASSES:
        # Boosters fit one tree for each class and round.
        slow = [key for key in keys if key in {"catboost", "gradient_boosting", "xgboost"}]
        keys = [key for key in keys if key not in slow] + slow
    return keys
