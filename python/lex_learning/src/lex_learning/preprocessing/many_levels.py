"""Categorical columns of many levels as numbers, for algorithms that would learn their levels by heart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.preprocessing.design import MAX_ONE_HOT_LEVELS
from lex_learning.preprocessing.encoding import level_codes, to_source
from lex_learning.preprocessing.target_encoding import TargetEncoding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.export.graph import Graph
    from lex_learning.models.base import Matrix


class ManyLevels:
    """Puts the `TargetEncoding` in the place of each column of more than 64 levels.

    What it has beyond one column comes after all others. With too many classes to encode, nothing changes.

    Args:
        problem: Tells which columns are categories.
    """

    def __init__(self, problem: Problem) -> None:
        self._column_count = problem.column_count
        levels = problem.categorical_levels if TargetEncoding.width(problem) else {}
        self._encodings = {
            column: TargetEncoding(problem, count)
            for column, count in sorted(levels.items())
            if count > MAX_ONE_HOT_LEVELS
        }
        self.categorical_columns = [
            each for each in problem.categorical_columns if each not in self._encodings
        ]
        """Columns whose codes stay."""
        extra = [np.repeat(column, each.size - 1) for column, each in self._encodings.items()]
        self.source_columns: NDArray[np.intp] = np.concatenate([np.arange(problem.column_count), *extra])
        """The feature column that each output column comes from."""

    def fit_transform(self, X: Matrix, y: NDArray[Any], groups: NDArray[Any] | None = None) -> Matrix:
        """Learn the means; those of each row come from the rows of other folds. See `TargetEncoding`."""
        return self._replace(
            X,
            {
                column: each.fit_transform(level_codes(X, column), y, groups)
                for column, each in self._encodings.items()
            },
        )

    def transform(self, X: Matrix) -> Matrix:
        """Shape (rows, columns), float64; `X` itself if there is nothing to do."""
        encoded = {column: each.transform(level_codes(X, column)) for column, each in self._encodings.items()}
        return self._replace(X, encoded)

    def to_graph(self, graph: Graph, features: str) -> str:
        """The nodes of `transform`; see `Model.to_graph`."""
        if not self._encodings:
            return features
        order, end = list(range(self._column_count)), self._column_count
        extra: list[int] = []
        parts = [features]
        for column, encoding in self._encodings.items():
            parts.append(encoding.to_graph(graph, features, column))
            order[column] = end
            extra += range(end + 1, end + encoding.size)
            end += encoding.size
        return graph.columns(graph.join(parts), order + extra)

    def to_source(self, values: Matrix) -> Matrix:
        """Add up (rows, columns, outputs) to (rows, feature columns, outputs)."""
        return to_source(values, self.source_columns, self._column_count) if self._encodings else values

    def _replace(self, X: Matrix, encoded: dict[int, Matrix]) -> Matrix:
        if not encoded:
            return X
        output = np.hstack([X, *(values[:, 1:] for values in encoded.values())])
        for column, values in encoded.items():
            output[:, column] = values[:, 0]
        return output
