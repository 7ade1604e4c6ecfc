"""The shape of a learning problem, as an algorithm needs to know it."""

from __future__ import annotations

from dataclasses import dataclass, field

from lex_learning.config import ProblemType


@dataclass(frozen=True)
class Problem:
    """What is to be learned from how large a table.

    Args:
        type: Classification or regression.
        row_count: Training rows.
        column_count: Feature columns.
        class_count: Number of classes; 0 for regression.
        categorical_levels: Number of levels by index of each categorical column.
        has_skewed_target: Whether the values, all above 0, are far less skewed in logarithms.
    """

    type: ProblemType
    row_count: int
    column_count: int
    class_count: int = 0
    categorical_levels: dict[int, int] = field(default_factory=dict)
    has_skewed_target: bool = False

    @property
    def is_classification(self) -> bool:
        """Whether the target is a class."""
        return self.type is ProblemType.CLASSIFICATION

    @property
    def categorical_columns(self) -> list[int]:
        """Indices of the categorical columns, in order."""
        return sorted(self.categorical_levels)

    @property
    def numeric_columns(self) -> list[int]:
        """Indices of all other columns, in order."""
        return [index for index in range(self.column_count) if index not in self.categorical_levels]

    @property
    def output_count(self) -> int:
        """Columns of a model's output: one for each class, or one value."""
        return self.class_count if self.is_classification else 1
