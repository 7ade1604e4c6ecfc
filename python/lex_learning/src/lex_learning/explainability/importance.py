"""How much worse a model predicts without a column (Breiman 2001, "Random Forests", section 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.errors import ExplainabilityError
from lex_learning.seeds import derive_seed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.models.base import Matrix, Predictor

MAX_EVALUATIONS = 100_000
"""Rows that a model predicts, at most, in a table of up to 1,666 columns."""
MIN_EVALUATIONS_OF_COLUMN = 60
MAX_ROWS = 2_000
MIN_REPEATS = 3
MAX_REPEATS = 5
# A sure and wrong answer costs 9 and no more, lest a single one decide the loss of a hundred rows.
SMALLEST_PROBABILITY = 1e-4


def permutation_importance(
    model: Predictor,
    X: Matrix,
    y: NDArray[Any],
    problem: Problem,
    *,
    seed: int,
    most_evaluations: int = MAX_EVALUATIONS,
    in_haste: bool = False,
) -> list[tuple[int, float]]:
    """The share of each column in what the model knows, largest first.

    A column's values are shuffled among the rows; the rise of the loss (log loss, or the root mean
    squared error), averaged over 3 to 5 shuffles, is its importance. A fall counts as 0.

    Args:
        model: The fitted model.
        X: Encoded rows, shape (rows, columns), best ones that the model was not fitted to. Up to 2,000
            of them are used, fewer in a table of more than 16 columns.
        y: Class codes or values of the rows.
        problem: What the model has learned.
        seed: The same seed gives the same importance.
        most_evaluations: Rows that the model predicts, at most, in a table of few columns.

        in_haste: With many columns, be content with 10 rows instead of 20.

    Returns:
        Pairs of column index and share. The shares add up to 1, unless all are 0.

    Raises:
        ExplainabilityError: There are no rows, or the model fails.

    Example:
        >>> from lex_learning.config import ProblemType
        >>> from lex_learning.core.problem import Problem
        >>> from lex_learning.models import model_class
        >>> X = np.random.default_rng(0).normal(size=(200, 2))
        >>> y = (X[:, 1] > 0).astype(int)
        >>> problem = Problem(ProblemType.CLASSIFICATION, row_count=200, column_count=2, class_count=2)
        >>> algorithm = model_class("logistic_regression")
        >>> model = algorithm(problem, algorithm.defaults(problem), seed=0, threads=1)
        >>> model.fit(X, y)
        >>> permutation_importance(model, X, y, problem, seed=0)[0][0]
        1
    """
    if not len(X):
        raise ExplainabilityError(
            "there are no rows, expected at least one", hint="Give some rows with outcome."
        )
    random = np.random.default_rng(derive_seed(seed, "importance"))
    row_count, repeats = _budget(len(X), X.shape[1], most_evaluations, in_haste=in_haste)
    rows = np.sort(random.permutation(len(X))[:row_count])
    X, y = X[rows], y[rows]
    try:
        loss = _loss(model, X, y, problem)
        rises = np.zeros(X.shape[1])
        for column in np.flatnonzero((X[1:] != X[:1]).any(axis=0)):
            rises[column] = (
                _shuffled_loss(model, X, y, problem, column=int(column), repeats=repeats, random=random)
                - loss
            )
    except Exception as error:
        raise ExplainabilityError(f"the model could not be measured: {error}") from error
    gains = np.maximum(rises, 0.0)
    shares = gains / gains.sum() if gains.sum() > 0 else gains
    return [(int(index), float(shares[index])) for index in np.argsort(-shares, kind="stable")]


def _budget(row_count: int, column_count: int, most_evaluations: int, *, in_haste: bool) -> tuple[int, int]:
    """Rows and repeats whose product with the columns stays in the budget."""
    least = MIN_EVALUATIONS_OF_COLUMN // 2 if in_haste else MIN_EVALUATIONS_OF_COLUMN
    of_column = max(least, most_evaluations // column_count)
    rows = min(row_count, MAX_ROWS, of_column // MIN_REPEATS)
    return rows, min(max(of_column // rows, MIN_REPEATS), MAX_REPEATS)


def _shuffled_loss(
    model: Predictor,
    X: Matrix,
    y: NDArray[Any],
    problem: Problem,
    *,
    column: int,
    repeats: int,
    random: np.random.Generator,
) -> float:
    values = X[:, column]
    shuffled = np.tile(X, (repeats, 1))
    shuffled[:, column] = np.concatenate([random.permutation(values) for _ in range(repeats)])
    return _loss(model, shuffled, np.tile(y, repeats), problem)


def _loss(model: Predictor, X: Matrix, y: NDArray[Any], problem: Problem) -> float:
    predicted = model.predict(X)
    if problem.is_classification:
        right = predicted[np.arange(len(y)), y]
        return float(-np.log(np.clip(right, SMALLEST_PROBABILITY, 1.0)).mean())
    return float(np.sqrt(np.mean((predicted[:, 0] - y) ** 2)))
