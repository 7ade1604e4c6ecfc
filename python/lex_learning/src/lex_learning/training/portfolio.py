"""Settings that are known to be good, tried in a fixed order before any search.

After the defaults of every algorithm come settings of AutoGluon's and TabRepo's portfolios (Salinas and
Erickson 2024), and further penalties of the linear models, which lead on small, near-linear tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.models import model_class

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lex_learning.core.problem import Problem

_VARIANTS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "lightgbm",
        {"learning_rate": 0.06, "num_leaves": 16, "feature_fraction": 0.4, "min_data_in_leaf": 10},
    ),
    ("logistic_regression", {"C": 0.1}),
    ("logistic_regression", {"C": 30.0}),
    ("ridge", {"alpha": 30.0}),
    ("catboost", {"depth": 4, "learning_rate": 0.05, "l2_leaf_reg": 4.6}),
    ("gradient_boosting", {"max_leaf_nodes": 16, "max_features": 0.4}),
    ("lightgbm", {"extra_trees": True, "learning_rate": 0.03}),
    ("svm", {"C": 10.0, "gamma": 0.3}),
    ("svr", {"C": 3.0, "gamma": 0.1}),
    ("extra_trees", {"max_features": 0.75}),
    ("lightgbm", {"learning_rate": 0.03, "num_leaves": 16, "feature_fraction": 0.6, "min_data_in_leaf": 20}),
    ("logistic_regression", {"C": 0.02}),
    ("xgboost", {"learning_rate": 0.02, "max_depth": 10, "colsample_bylevel": 0.7, "min_child_weight": 0.6}),
    ("catboost", {"depth": 8, "learning_rate": 0.04, "l2_leaf_reg": 2.8}),
    ("random_forest", {"max_features": 0.75}),
    ("lightgbm", {"learning_rate": 0.03, "num_leaves": 128, "min_data_in_leaf": 3}),
    ("xgboost", {"learning_rate": 0.03, "max_depth": 4, "colsample_bylevel": 0.8}),
    ("ridge", {"alpha": 300.0}),
    ("svm", {"C": 3.0, "gamma": 1.0}),
    ("svr", {"C": 30.0, "gamma": 0.1}),
    ("catboost", {"depth": 6, "learning_rate": 0.03, "l2_leaf_reg": 2.2}),
    ("lightgbm", {"extra_trees": True, "learning_rate": 0.02, "num_leaves": 16, "feature_fraction": 0.6}),
)

_ROWS = (100, 500, 2_500, 10_000, 100_000)
_CANDIDATES = (14, 20, 30, 40, 100)


def portfolio(problem: Problem, algorithms: Sequence[str]) -> list[tuple[str, dict[str, Any]]]:
    """Algorithms and complete settings, most promising first.

    Args:
        problem: What is to be learned.
        algorithms: Keys in their order; each comes with its defaults.

    Example:
        >>> from lex_learning.config import ProblemType
        >>> problem = Problem(ProblemType.REGRESSION, row_count=500, column_count=4)
        >>> [algorithm for algorithm, _ in portfolio(problem, ["ridge", "catboost"])][:4]
        ['ridge', 'catboost', 'ridge', 'catboost']
    """
    defaults = {key: model_class(key).defaults(problem) for key in algorithms}
    chosen = list(defaults.items())
    for key, changes in _VARIANTS:
        if key in defaults:
            chosen.append((key, defaults[key] | changes))
    return chosen


def most_candidates(row_count: int) -> int:
    """How many candidates a table bears: the more are compared on few rows, the more win by chance.

    Steps of a curve like that of AutoGluon 1.5, with more on few rows: many of ours are cheap linear models.
    """
    return round(float(np.exp(np.interp(np.log(row_count), np.log(_ROWS), np.log(_CANDIDATES)))))
