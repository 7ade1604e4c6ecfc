"""Categories of many levels as the mean of the target (Micci-Barreca 2001)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.models._rows import inner_folds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.export.graph import Graph
    from lex_learning.models.base import Matrix

FOLD_COUNT = 5
PRIOR_ROWS = 10.0
"""The mean of the whole counts as so many rows of each level."""
MOST_CLASSES = 10
"""With more classes than these, categories are not encoded: a column for each would be too many."""


class TargetEncoding:
    """One categorical column: by level, the standardised mean of the target, or the log-odds of each class.

    Both are counted from those of the whole, which stand for levels that are unseen or missing.

    Args:
        problem: What is to be learned.
        level_count: Levels of the column.

    Example:
        >>> from lex_learning.config import ProblemType
        >>> from lex_learning.core.problem import Problem
        >>> problem = Problem(ProblemType.REGRESSION, row_count=4, column_count=1)
        >>> encoding = TargetEncoding(problem, level_count=2)
        >>> encoding.fit_transform(np.array([0, 0, 1, 1]), np.array([1.0, 1.0, 3.0, 3.0])).shape
        (4, 1)
        >>> encoding.transform(np.array([0, 1, -1])).round(3).ravel().tolist()
        [-0.167, 0.167, 0.0]
    """

    def __init__(self, problem: Problem, level_count: int) -> None:
        self._problem = problem
        self._level_count = level_count
        self.size = self.width(problem)
        """Columns that it makes."""

    @staticmethod
    def width(problem: Problem) -> int:
        """Columns that a category becomes."""
        if not problem.is_classification:
            return 1
        if problem.class_count > MOST_CLASSES:
            return 0
        return problem.class_count if problem.class_count > 2 else 1

    def fit_transform(
        self, codes: NDArray[np.intp], y: NDArray[Any], groups: NDArray[Any] | None = None
    ) -> Matrix:
        """Learn the mean of each level; returns for each row that of the rows of other folds.

        Args:
            codes: Levels, -1 for none, shape (rows,).
            y: Class codes or values.
            groups: See `Model.groups`.
        """
        if self._problem.is_classification:
            outcome = np.eye(self._problem.class_count)[y][:, -self.size :]
        else:
            outcome = ((y - y.mean()) / (y.std() or 1.0))[:, None]
        self._values = self._means(codes, outcome)
        out_of_fold = np.empty((len(codes), self.size))
        is_grouped = groups is not None and len(np.unique(groups)) >= FOLD_COUNT
        folds = inner_folds(y, FOLD_COUNT, 0, groups if is_grouped else np.arange(len(codes)))
        for fold in range(FOLD_COUNT):
            held = folds == fold
            out_of_fold[held] = self._means(codes[~held], outcome[~held])[codes[held]]
        return out_of_fold

    def transform(self, codes: NDArray[np.intp]) -> Matrix:
        """Shape (rows, columns)."""
        values: Matrix = self._values[codes]
        return values

    def to_graph(self, graph: Graph, features: str, column: int) -> str:
        """The nodes of `transform`, for the levels in a column; see `Model.to_graph`."""
        return graph.lookup(features, column, self._values)

    def _means(self, codes: NDArray[np.intp], outcome: Matrix) -> Matrix:
        """By level; the last, which is also that of -1, is the mean of all."""
        whole = outcome.mean(axis=0) if len(outcome) else np.zeros(outcome.shape[1])
        known = codes >= 0
        counts = np.bincount(codes[known], minlength=self._level_count + 1)
        sums = np.column_stack(
            [np.bincount(codes[known], column[known], self._level_count + 1) for column in outcome.T]
        ).reshape(len(counts), -1)
        means: Matrix = (sums + PRIOR_ROWS * whole) / (counts + PRIOR_ROWS)[:, None]
        if not self._problem.is_classification:
            return means
        return _log_odds(means) - _log_odds(whole)


def _log_odds(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    bounded = np.clip(shares, 1e-4, 1.0 - 1e-4)
    odds: NDArray[np.float64] = np.log(bounded / (1.0 - bounded))
    return odds
