"""What preprocessing knows of the encoding of `core.schema`, and of the columns that it makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lex_learning.models.base import Matrix


def level_codes(X: Matrix, columns: int | list[int]) -> NDArray[np.intp]:
    """The level of each cell of categorical columns, -1 for an unseen or missing one."""
    return np.nan_to_num(X[:, columns], nan=-1.0).astype(np.intp)


def to_source(values: Matrix, source_columns: NDArray[np.intp], column_count: int) -> Matrix:
    """Add up (rows, made columns, outputs) to (rows, feature columns, outputs).

    Args:
        values: A number for each made column.
        source_columns: The feature column that each made column comes from.
        column_count: Feature columns.
    """
    output = np.zeros((len(values), column_count, values.shape[2]))
    for position, column in enumerate(source_columns):
        output[:, column] += values[:, position]
    return output
