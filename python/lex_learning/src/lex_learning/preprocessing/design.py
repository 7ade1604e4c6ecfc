"""The design matrix: one-hot columns and scaled numbers, for algorithms that need them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.preprocessing.encoding import level_codes, to_source
from lex_learning.preprocessing.target_encoding import TargetEncoding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.export.graph import Graph
    from lex_learning.models.base import Matrix

MAX_ONE_HOT_LEVELS = 64
MAX_DEVIATIONS = 10.0


def design_width(problem: Problem) -> int:
    """Columns of the design matrix, at most, but for those that tell where a number is missing."""
    levels = problem.categorical_levels.values()
    encoded = sum(count > MAX_ONE_HOT_LEVELS for count in levels) * TargetEncoding.width(problem)
    return len(problem.numeric_columns) + sum(min(MAX_ONE_HOT_LEVELS, count) for count in levels) + encoded


class DesignMatrix:
    """Turns encoded features into dense numbers without an order among categories.

    Categories become one-hot columns; beyond 64 levels of a column, the rarest share one, and the mean of the
    target for each level comes as a column (`TargetEncoding`). An unseen or missing category is all zeros, or
    one of the rarest where there is such a column. Numbers are standardised to mean 0 and deviation 1 and cut
    at ±10; a missing one is the mean, with a column of its own that tells so. Plain arithmetic, so that a
    single row costs microseconds.

    Args:
        problem: Tells which columns are categories.
        one_hot: Expand the categories. Default true; false keeps their codes, -1 for unseen or missing.
        scale: Standardise the numbers. Default true; false keeps them, NaN for missing.
    """

    def __init__(self, problem: Problem, *, one_hot: bool = True, scale: bool = True) -> None:
        self._problem = problem
        self._categorical = problem.categorical_columns
        self._numeric = problem.numeric_columns
        self._levels = [problem.categorical_levels[column] for column in self._categorical]
        self._one_hot = one_hot
        self._scale = scale
        self._gaps: list[int] = []
        """Places among the numeric columns of those that have missing values."""
        self._encodings: list[tuple[int, TargetEncoding]] = []
        """By place among the categorical columns."""
        self.source_columns: NDArray[np.intp] = np.empty(0, dtype=np.intp)
        """The feature column that each output column comes from."""

    def fit_transform(
        self, X: Matrix, y: NDArray[Any] | None = None, groups: NDArray[Any] | None = None
    ) -> Matrix:
        """Learn means and levels from the rows of `X`, and transform them.

        Args:
            X: Encoded features.
            y: Class codes or values, for columns of many levels; without, these are one-hot alone.
            groups: See `Model.groups`.
        """
        if self._scale:
            self._learn_scale(X[:, self._numeric])
        codes = level_codes(X, self._categorical)
        widths = [1] * len(self._categorical)
        if self._one_hot:
            self._positions = []
            offset = len(self._numeric)
            for index, column in enumerate(codes.T):
                positions, widths[index] = _one_hot_positions(column, self._levels[index])
                self._positions.append(np.where(positions < 0, -1, positions + offset))
                offset += widths[index]
        sources = [*self._numeric, *np.repeat(self._categorical, widths).tolist()]
        sources += [self._numeric[place] for place in self._gaps]
        out_of_fold = []
        if self._one_hot and y is not None and TargetEncoding.width(self._problem):
            for index, width in enumerate(widths):
                if width == MAX_ONE_HOT_LEVELS < self._levels[index]:
                    encoding = TargetEncoding(self._problem, self._levels[index])
                    out_of_fold.append(encoding.fit_transform(codes[:, index], y, groups))
                    self._encodings.append((index, encoding))
                    sources += [self._categorical[index]] * out_of_fold[-1].shape[1]
        self.source_columns = np.array(sources, dtype=np.intp)
        output = self.transform(X)
        if out_of_fold:
            # A level's mean must not hold the row's own outcome.
            values = np.hstack(out_of_fold)
            output[:, -values.shape[1] :] = values
        return output

    def _learn_scale(self, numbers: Matrix) -> None:
        known = ~np.isnan(numbers)
        self._gaps = np.flatnonzero(~known.all(axis=0)).tolist()
        # In two steps, as numpy does: the square of a large mean would swallow a small deviation.
        counts = np.maximum(1, known.sum(axis=0))
        self._means = np.where(known, numbers, 0.0).sum(axis=0) / counts
        moved = np.where(known, numbers - self._means, 0.0)
        deviations = np.sqrt((moved**2).sum(axis=0) / counts)
        # A constant column is all zeros; its computed deviation may be a rounding error.
        noise = 1e-12 * np.abs(self._means)
        self._deviations = np.where(deviations > noise, deviations, 1.0)

    def transform(self, X: Matrix) -> Matrix:
        """Shape (rows, expanded columns), float64."""
        output = np.zeros((len(X), len(self.source_columns)))
        numbers = X[:, self._numeric]
        if self._scale:
            scaled = np.clip((numbers - self._means) / self._deviations, -MAX_DEVIATIONS, MAX_DEVIATIONS)
            output[:, : len(self._numeric)] = np.nan_to_num(scaled, copy=False)
        else:
            output[:, : len(self._numeric)] = numbers
        if not self._categorical and not self._gaps:
            return output
        codes = level_codes(X, self._categorical)
        if not self._one_hot:
            output[:, len(self._numeric) :] = codes
            return output
        for index, lookup in enumerate(self._positions):
            positions = lookup[codes[:, index]]
            rows = np.flatnonzero(positions >= 0)
            output[rows, positions[rows]] = 1.0
        end = len(self.source_columns)
        for index, encoding in reversed(self._encodings):
            output[:, end - encoding.size : end] = encoding.transform(codes[:, index])
            end -= encoding.size
        if self._gaps:
            output[:, end - len(self._gaps) : end] = np.isnan(numbers[:, self._gaps])
        return output

    def to_graph(self, graph: Graph, features: str) -> str:
        """The nodes of `transform`; see `Model.to_graph`."""
        parts = []
        if self._numeric:
            numbers = graph.columns(features, self._numeric)
            if self._scale:
                scaled = graph.add("Div", graph.add("Sub", numbers, self._means), self._deviations)
                numbers = graph.fill(graph.add("Clip", scaled, -MAX_DEVIATIONS, MAX_DEVIATIONS), 0.0)
            parts.append(numbers)
        if self._categorical and not self._one_hot:
            parts.append(graph.fill(graph.columns(features, self._categorical), -1.0))
        offset = len(self._numeric)
        for index, column in enumerate(self._categorical if self._one_hot else []):
            positions = self._positions[index][:, None].astype(np.int64)
            places = np.arange(offset, max(offset, int(positions.max()) + 1))
            if len(places):
                found = graph.lookup(features, column, positions)
                parts.append(graph.to_double(graph.add("Equal", found, places)))
                offset += len(places)
        if self._gaps:
            numbers = graph.columns(features, [self._numeric[place] for place in self._gaps])
            parts.append(graph.to_double(graph.add("IsNaN", numbers)))
        for index, encoding in self._encodings:
            parts.append(encoding.to_graph(graph, features, self._categorical[index]))
        return graph.join(parts)

    def to_source(self, values: Matrix) -> Matrix:
        """Add up (rows, expanded columns, outputs) to (rows, feature columns, outputs)."""
        return to_source(values, self.source_columns, self._problem.column_count)


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
