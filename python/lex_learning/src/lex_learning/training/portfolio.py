"""Settings that are known to be good, tried in a fixed order before any search.

After the defaults of every algorithm come settings of AutoGluon's and TabRepo's portfolios (Salinas and
Erickson 2024), others that were found best together on 20 public tables, and further penalties of the linear
models, which lead on small, near-linear tables. Of a skewed target, the logarithm is learned first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.models import model_class
from lex_learning.models._logarithm import LOG_TARGET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lex_learning.core.problem import Problem

_NO_LOGARITHM = frozenset({"lasso", "linear_regression", "ridge"})
"""Algorithms whose errors grow without bounds when their predictions are logarithms."""

_FEW_ROWS = 1_500
_OF_FEW_ROWS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "lightgbm",
        {"learning_rate": 0.07, "num_leaves": 4, "min_data_in_leaf": 5, "feature_fraction": 0.7}
        | {"bagging_fraction": 0.95, "extra_trees": True},
    ),
)
"""First with fewer rows than 1,500, else last."""

_VARIANTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("xgboost", {"learning_rate": 0.07, "max_depth": 3}),
    ("extra_trees", {"min_samples_leaf": 1, "max_features": 0.3}),
    ("lightgbm", {"learning_rate": 0.06, "num_leaves": 16, "feature_fraction": 0.4}),
    ("logistic_regression", {"C": 0.1}),
    ("logistic_regression", {"C": 30.0}),
    ("ridge", {"alpha": 30.0}),
    ("catboost", {"depth": 4, "learning_rate": 0.05, "l2_leaf_reg": 4.6}),
    ("gradient_boosting", {"max_leaf_nodes": 16, "max_features": 0.4}),
    (
        "lightgbm",
        {"learning_rate": 0.05, "num_leaves": 120, "min_data_in_leaf": 4, "feature_fraction": 0.7}
        | {"bagging_fraction": 0.9, "lambda_l2": 1.0, "extra_trees": True},
    ),
    ("xgboost", {"learning_rate": 0.09, "max_depth": 2, "subsample": 1.0}),
    ("random_forest", {"min_samples_leaf": 1}),
    ("svm", {"C": 10.0, "gamma": 0.3}),
    ("svr", {"C": 3.0, "gamma": 0.1}),
    ("extra_trees", {"min_samples_leaf": 8}),
    ("lightgbm", {"learning_rate": 0.07, "num_leaves": 5, "min_data_in_leaf": 17, "lambda_l2": 2.5}),
    ("logistic_regression", {"C": 0.02}),
    ("xgboost", {"learning_rate": 0.02, "max_depth": 10, "colsample_bylevel": 0.7, "min_child_weight": 0.6}),
    ("catboost", {"depth": 8, "learning_rate": 0.04, "l2_leaf_reg": 2.8}),
    ("random_forest", {"max_features": 0.75}),
    ("lightgbm", {"learning_rate": 0.06, "num_leaves": 120, "min_data_in_leaf": 6, "lambda_l2": 0.04}),
    ("xgboost", {"learning_rate": 0.03, "max_depth": 4, "colsample_bylevel": 0.8}),
    ("ridge", {"alpha": 300.0}),
    ("svm", {"C": 3.0, "gamma": 1.0}),
    ("svr", {"C": 30.0, "gamma": 0.1}),
    ("catboost", {"depth": 6, "learning_rate": 0.03, "l2_leaf_reg": 2.2}),
    ("lightgbm", {"extra_trees": True, "learning_rate": 0.09, "num_leaves": 44, "feature_fraction": 0.4}),
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
    logarithms = {key: {LOG_TARGET: True} if learns_logarithm(key, problem) else {} for key in defaults}
    chosen = [(key, params | logarithms[key]) for key, params in defaults.items()]
    if problem.has_skewed_target:
        chosen += [(key, params) for key, params in defaults.items() if key not in _NO_LOGARITHM]
        chosen += [(key, params | {LOG_TARGET: True}) for key, params in defaults.items() if key == "ridge"]
    is_small = problem.row_count < _FEW_ROWS
    for key, changes in (*_OF_FEW_ROWS, *_VARIANTS) if is_small else (*_VARIANTS, *_OF_FEW_ROWS):
        if key in defaults:
            chosen.append((key, defaults[key] | changes | logarithms[key]))
    return [each for place, each in enumerate(chosen) if each not in chosen[:place]]


def learns_logarithm(algorithm: str, problem: Problem) -> bool:
    """Whether the logarithm of the target is worth a try: it is skewed, and that suits the algorithm."""
    return problem.has_skewed_target and algorithm not in _NO_LOGARITHM


def most_candidates(row_count: int) -> int:
    """How many candidates a table bears: the more are compared on few rows, the more win by chance.

    Steps of a curve like that of AutoGluon 1.5, with more on few rows: many of ours are cheap linear models.
    """
    return round(float(np.exp(np.interp(np.log(row_count), np.log(_ROWS), np.log(_CANDIDATES)))))
