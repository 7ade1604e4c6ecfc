"""The design matrix: one-hot columns and scaled numbers, for algorithms that need them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.models.base import Matrix

MAX_ONE_HOT_LEVELS = 64
MAX_DEVIATIONS = 10.0


def design_width(problem: Problem) -> int:
    """Columns of the design matrix, at most."""
    levels = problem.categorical_levels.values()
    return len(problem.numeric_columns) + sum(min(MAX_ONE_HOT_LEVELS, count) for count in levels)


class DesignMatrix:
    """Turns encoded features into dense numbers without an order among categories.

    Categories become one-hot columns; beyond 64 levels of a column, the rarest share one. An unseen
    category is all zeros, or one of the rarest where there is such a column. Numbers are standardised
    to mean 0 and deviation 1 and cut at ±10. Plain arithmetic, so that a single row costs microseconds.

    Args:
        problem: Tells which columns are categories.
        one_hot: Expand the categories. Default true; false keeps their codes, -1 for unseen.
        scale: Standardise the numbers. Default true.
    """

    def __init__(self, problem: Problem, *, one_hot: bool = True, scale: bool = True) -> None:
        self._categorical = problem.categorical_columns
        self._numeric = problem.numeric_columns
        self._levels = [problem.categorical_levels[column] for column in self._categorical]
        self._column_count = problem.column_count
        self._one_hot = one_hot
        self._scale = scale
        self.source_columns: NDArray[np.intp] = np.empty(0, dtype=np.intp)
        """The feature column that each output column comes from."""

    def fit_transform(self, X: Matrix) -> Matrix:
        """Learn means and levels from the rows of `X`, and transform them."""
        if self._scale:
            numbers = X[:, self._numeric]
            self._means, deviations = numbers.mean(axis=0), numbers.std(axis=0)
            # A constant column is all zeros; its computed deviation may be a rounding error.
            noise = 1e-12 * np.abs(self._means)
            self._deviations = np.where(deviations > noise, deviations, 1.0)
        widths = [1] * len(self._categorical)
        if self._one_hot:
            self._positions = []
            offset = len(self._numeric)
            for index, codes in enumerate(self._codes(X).T):
                positions, widths[index] = _one_hot_positions(codes, self._levels[index])
                self._positions.append(np.where(positions < 0, -1, positions + offset))
                offset += widths[index]
        self.source_columns = np.concatenate(
            [np.array(self._numeric, dtype=np.intp), np.repeat(self._categorical, widths).astype(np.intp)]
        )
        return self.transform(X)

    def transform(self, X: Matrix) -> Matrix:
        """Shape (rows, expanded columns), float64."""
        output = np.zeros((len(X), len(self.source_columns)))
        numbers = X[:, self._numeric]
        if self._scale:
            numbers = np.clip((numbers - self._means) / self._deviations, -MAX_DEVIATIONS, MAX_DEVIATIONS)
        output[:, : len(self._numeric)] = numbers
        if not self._categorical:
            return output
        codes = self._codes(X)
        if not self._one_hot:
            output[:, len(self._numeric) :] = codes
            return output
        for index, lookup in enumerate(self._positions):
            positions = lookup[codes[:, index]]
            rows = np.flatnonzero(positions >= 0)
            output[rows, positions[rows]] = 1.0
        return output

    def to_source(self, values: Matrix) -> Matrix:
        """Add up (rows, expanded columns, outputs) to (rows, feature columns, outputs)."""
        output = np.zeros((len(values), self._column_count, values.shape[2]))
        for position, column in enumerate(self.source_columns):
            output[:, column] += values[:, position]
        return output

    def _codes(self, X: Matrix) -> NDArray[np.intp]:
        return np.nan_to_num(X[:, self._categorical], nan=-1.0).astype(np.intp)


def _one_hot_positions(codes: NDArray[np.intp], level_count: int) -> tuple[NDArray[np.intp], int]:
    """The output column of each level, -1 for none, and the number of columns; the last is for unseen."""
    counts = np.bincount(codes[codes >= 0], minlength=level_count)
    present = np.flatnonzero(counts)
    positions = np.full(level_count + 1, -1, dtype=np.intp)
    if len(present) <= MAX_ONE_HOT_LEVELS:
        positions[present] = np.arange(len(present))
        return positions, len(present)
    commonest = present[np.argsort(-counts[present], kind="stable")[: MAX_ONE_HOT_LEVELS - 1]]
    positions[:] = MAX_ONE_HOT_LEVELS - 1
    positions[commonest] = np.arange(MAX_ONE_HOT_LEVELS - 1)
    return positions, MAX_ONE_HOT_LEVELS
