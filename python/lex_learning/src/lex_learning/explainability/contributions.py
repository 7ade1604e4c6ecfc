"""SHAP values: what each column adds to each prediction (Lundberg and Lee 2017)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from lex_learning.errors import ExplainabilityError
from lex_learning.seeds import derive_seed

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.models.base import Matrix, Predictor

MAX_EVALUATIONS = 100_000
"""Rows that a model predicts, at most, for one approximate explanation."""
MAX_BACKGROUND_ROWS = 50
MIN_BACKGROUND_ROWS = 10
MAX_WALKS = 4
"""Random orders tried, at most, for each pair of a row and a background row."""


class Space(StrEnum):
    """What contributions add up to."""

    LOG_ODDS = "log-odds"
    PROBABILITY = "probability"
    VALUE = "value"


@dataclass(frozen=True)
class Contributions:
    """SHAP values; for each row and output, `base` plus the sum over the columns is the model's output.

    Args:
        values: Shape (rows, columns, outputs). A binary classifier has one output, of its second class.
        base: The output of an average row, shape (outputs,).
        space: What they add up to.
        rows: The row of the explained table that each row of `values` belongs to.
        approximate: Whether they were sampled. They add up exactly all the same.
        warnings: What a reader of the plots should know, in sentences.
    """

    values: Matrix
    base: Matrix
    space: Space
    rows: NDArray[np.intp]
    approximate: bool = False
    warnings: list[str] = field(default_factory=list)


def explain(
    model: Predictor,
    X: Matrix,
    background: Matrix,
    problem: Problem,
    *,
    seed: int,
    most_evaluations: int = MAX_EVALUATIONS,
) -> Contributions:
    """Explain the predictions of a fitted model for the rows of `X`.

    An algorithm with its own exact method uses it. For all others, contributions are sampled: see
    `_walk`. A model then predicts at most `most_evaluations` rows; a table too wide or too long for that
    has some of its rows explained, and `warnings` says so.

    Args:
        model: The fitted model.
        X: Encoded rows to explain, shape (rows, columns).
        background: Encoded training rows that stand for "the value of this column is unknown".
            Up to 50 of them are used.
        problem: What the model has learned.
        seed: The same seed gives the same values.
        most_evaluations: Default 100,000.

    Raises:
        ExplainabilityError: There is nothing to explain, or the model fails or returns values that are
            not finite.

    Example:
        >>> from lex_learning.config import ProblemType
        >>> from lex_learning.core.problem import Problem
        >>> from lex_learning.models import model_class
        >>> X = np.random.default_rng(0).normal(size=(200, 2))
        >>> problem = Problem(ProblemType.CLASSIFICATION, row_count=200, column_count=2, class_count=2)
        >>> algorithm = model_class("logistic_regression")
        >>> model = algorithm(problem, algorithm.defaults(problem), seed=0, threads=1)
        >>> model.fit(X, (X[:, 1] > 0).astype(int))
        >>> contributions = explain(model, X[:5], X, problem, seed=0)
        >>> contributions.values.shape, contributions.base.shape
        ((5, 2, 1), (1,))
    """
    if not len(X) or not X.shape[1] or not len(background):
        raise ExplainabilityError(
            f"there are {len(X)} rows of {X.shape[1]} columns and {len(background)} background rows",
            hint="Give at least one of each.",
        )
    try:
        exact = model.contributions(X)
        found = (
            _exact(*exact, _space(model, problem))
            if exact is not None
            else _approximate(model, X, background, problem, seed=seed, most_evaluations=most_evaluations)
        )
    except Exception as error:
        raise ExplainabilityError(f"the model could not be explained: {error}") from error
    expected = (len(found.rows), X.shape[1], len(found.base))
    if found.values.shape != expected:
        raise ExplainabilityError(f"contributions are of shape {found.values.shape}, expected {expected}")
    if not (np.isfinite(found.values).all() and np.isfinite(found.base).all()):
        raise ExplainabilityError("contributions hold a value that is not finite, expected numbers")
    return found


def _space(model: Predictor, problem: Problem) -> Space:
    if not problem.is_classification:
        return Space.VALUE
    return Space.PROBABILITY if model.explains_probabilities else Space.LOG_ODDS


def _exact(values: Matrix, base: Matrix, space: Space) -> Contributions:
    return Contributions(
        np.asarray(values, np.float64), np.asarray(base, np.float64), space, np.arange(len(values))
    )


def _approximate(
    model: Predictor,
    X: Matrix,
    background: Matrix,
    problem: Problem,
    *,
    seed: int,
    most_evaluations: int,
) -> Contributions:
    random = np.random.default_rng(derive_seed(seed, "contributions"))
    background_count, row_count, walk_count = _budget(len(X), X.shape[1], len(background), most_evaluations)
    rows = np.sort(random.permutation(len(X))[:row_count])
    background = background[np.sort(random.permutation(len(background))[:background_count])]

    def output(matrix: Matrix) -> Matrix:
        predicted = np.asarray(model.predict(matrix), dtype=np.float64)
        return predicted[:, 1:] if problem.class_count == 2 else predicted

    values, base = _walk(output, X[rows], np.repeat(background, walk_count, axis=0), random)
    warnings = []
    if row_count < len(X):
        warnings.append(
            f"{row_count} of {len(X)} rows were explained: the model has no exact method, "
            f"and {X.shape[1]} columns take many predictions a row"
        )
    space = Space.PROBABILITY if problem.is_classification else Space.VALUE
    return Contributions(values, base, space, rows, approximate=True, warnings=warnings)


def _budget(
    row_count: int, column_count: int, background_count: int, most_evaluations: int
) -> tuple[int, int, int]:
    """Background rows, explained rows and walks whose product with the columns stays in the budget."""
    pairs = max(1, most_evaluations // column_count)
    wanted = min(max(pairs // row_count, MIN_BACKGROUND_ROWS), MAX_BACKGROUND_ROWS)
    chosen = min(wanted, background_count, pairs)
    explained = min(row_count, pairs // chosen)
    return chosen, explained, min(max(pairs // (explained * chosen), 1), MAX_WALKS)


def _walk(
    output: Callable[[Matrix], Matrix], X: Matrix, background: Matrix, random: np.random.Generator
) -> tuple[Matrix, Matrix]:
    """Permutation sampling (Štrumbelj and Kononenko 2014), for all pairs of rows at once.

    For each pair of a row and a background row, a walk turns the background row into the row, one
    column at a time in random order; a column earns the change of the output at its step. The mean
    over the background is an unbiased estimate of the SHAP value, and its sum is exact, as the steps
    of each walk add up to the whole way. Every second walk takes the order of the one before
    backwards, so that columns that act together share evenly (Mitchell et al. 2022).
    """
    row_count, column_count = X.shape
    pairs = np.arange(row_count * len(background))
    row = pairs // len(background)
    goal = np.repeat(X, len(background), axis=0)
    state = np.tile(background, (row_count, 1))
    order = random.permuted(np.tile(np.arange(column_count), (len(pairs), 1)), axis=1)
    order[1::2] = order[: len(pairs) - 1 : 2, ::-1]

    start = output(background)
    current = np.tile(start, (row_count, 1))
    earned = np.zeros((row_count, column_count, start.shape[1]))
    for step in range(column_count):
        column = order[:, step]
        # Where the two rows agree nothing changes, and the model need not be asked.
        moved = np.flatnonzero(state[pairs, column] != goal[pairs, column])
        if not len(moved):
            continue
        state[moved, column[moved]] = goal[moved, column[moved]]
        after = output(state[moved])
        np.add.at(earned, (row[moved], column[moved]), after - current[moved])
        current[moved] = after
    return earned / len(background), start.mean(axis=0)
