"""The frozen column schema: names, types, levels and order, and the encoding into numbers.

All models see one `float64` matrix: numbers as they are, booleans as 0 and 1, categories as
the index of their level in the training table, and NaN for a category not seen in training or
for a value that is missing.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from lex_learning.core.column import Column, ColumnKind, row_encoder
from lex_learning.errors import InferenceError, InvalidDataError, counted

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pandas as pd
    from numpy.typing import NDArray


class Schema:
    """The feature columns, in the order in which models see them.

    Example:
        >>> import pandas as pd
        >>> schema = Schema.from_frame(pd.DataFrame({"age": [22, 38], "sex": ["male", "female"]}))
        >>> schema.encode_row({"age": 30, "sex": "female"})
        (array([[30.,  0.]]), [])
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns)
        self.names = [column.name for column in self.columns]
        self._row_encoders = [row_encoder(column) for column in self.columns]
        self._known = frozenset(self.names)

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, *, nullable: bool = False) -> Self:
        """Read the schema off a checked training table (features only)."""
        return cls([_read_column(str(name), frame[name], nullable) for name in frame.columns])

    @classmethod
    def from_dict(cls, values: list[dict[str, Any]]) -> Self:
        """Rebuild from `to_dict`."""
        return cls(
            [
                Column(**{**each, "kind": ColumnKind(each["kind"]), "levels": tuple(each["levels"])})
                for each in values
            ]
        )

    def to_dict(self) -> list[dict[str, Any]]:
        """JSON-safe form."""
        return [
            {**asdict(column), "kind": str(column.kind), "levels": list(column.levels)}
            for column in self.columns
        ]

    @property
    def categorical_levels(self) -> dict[int, int]:
        """Number of levels by index of each categorical column."""
        return {
            index: len(column.levels)
            for index, column in enumerate(self.columns)
            if column.kind is ColumnKind.CATEGORICAL
        }

    def encode(self, frame: pd.DataFrame, ignore: Collection[str] = ()) -> NDArray[np.float64]:
        """Encode a table, its columns in any order; shape (rows, columns), column-major.

        Args:
            frame: The table.
            ignore: Columns that may be present and are not used, such as the target.

        Raises:
            InferenceError: A column is missing, unknown, of another type, or holds nulls.
        """
        names = [str(name) for name in frame.columns]
        self._check_names(names, ignore)
        frame = frame.set_axis(names, axis="columns")
        matrix = np.empty((len(frame), len(self.columns)), dtype=np.float64, order="F")
        if not len(frame):
            return matrix
        for index, column in enumerate(self.columns):
            matrix[:, index] = _encode_series(column, frame[column.name])
        return matrix

    def encode_row(
        self, row: Mapping[str, object], ignore: Collection[str] = ()
    ) -> tuple[NDArray[np.float64], list[str]]:
        """Encode one row given by column name; also returns what is unusual about it.

        Raises:
            InferenceError: A column is missing, unknown, of another type, or null.
        """
        if len(row) != len(self.names) or not self._known.issuperset(row):
            self._check_names(list(row), ignore)
        warnings: list[str] = []
        try:
            values = [
                encoder(row[name], warnings)
                for name, encoder in zip(self.names, self._row_encoders, strict=True)
            ]
        except KeyError:
            self._check_names(list(row), ignore)
            raise
        return np.array([values]), warnings

    def unseen(self, frame: pd.DataFrame, matrix: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which cells of an encoded table hold categories not seen in training; shape (rows, columns)."""
        cells = np.zeros(matrix.shape, dtype=bool)
        for index in self.categorical_levels:
            cells[:, index] = self._unseen(frame, matrix, index)
        return cells

    def _unseen(self, frame: pd.DataFrame, matrix: NDArray[np.float64], index: int) -> NDArray[np.bool_]:
        unknown: NDArray[np.bool_] = np.isnan(matrix[:, index])
        if unknown.any() and self.columns[index].nullable:
            unknown &= frame[self.names[index]].notna().to_numpy()
        return unknown

    def unseen_remarks(self, counts: Mapping[int, int]) -> list[str]:
        """A sentence for each column, given by its index with the rows that hold unseen levels."""
        return [
            f"column {self.names[index]!r}: a category not seen in training in {counted(count, 'row')}"
            for index, count in counts.items()
            if count
        ]

    def remarks(self, frame: pd.DataFrame, matrix: NDArray[np.float64]) -> list[str]:
        """A sentence for each column that holds what training did not see.

        That is unseen levels, numbers out of range, or nulls while training had none.
        """
        unseen = {index: int(self._unseen(frame, matrix, index).sum()) for index in self.categorical_levels}
        sentences = self.unseen_remarks(unseen)
        for index, column in enumerate(self.columns):
            if column.minimum is not None and column.maximum is not None:
                values = matrix[:, index]
                count = int(((values < column.minimum) | (values > column.maximum)).sum())
                if count:
                    sentences.append(
                        f"column {column.name!r}: a value outside the training range {column.range_text} "
                        f"in {counted(count, 'row')}"
                    )
            if column.nullable and not column.missing:
                count = int(np.isnan(matrix[:, index]).sum()) - unseen.get(index, 0)
                if count:
                    sentences.append(
                        f"column {column.name!r}: no value in {counted(count, 'row')}, "
                        "and none was missing in training"
                    )
        return sentences

    def _check_names(self, given: list[str], ignore: Collection[str]) -> None:
        present = set(given)
        missing = [name for name in self.names if name not in present]
        if missing:
            raise InferenceError(
                f"column {missing[0]!r} is missing" + _and_more(missing),
                hint=f"Give all columns of the training table: {', '.join(self.names)}.",
                column=missing[0],
            )
        extra = [name for name in given if name not in self._known and name not in ignore]
        if extra:
            raise InferenceError(
                f"column {extra[0]!r} was not in the training table" + _and_more(extra),
                hint="Drop it.",
                column=extra[0],
            )
        if len(present) < len(given):
            twice = next(name for name in given if given.count(name) > 1)
            raise InferenceError(f"column {twice!r} is there twice", hint="Rename or drop one.", column=twice)


def column_kind(series: pd.Series[Any]) -> ColumnKind | None:
    """The kind of a pandas column, or None if it is of no supported type."""
    import pandas as pd

    kind = series.dtype
    is_text = isinstance(kind, pd.StringDtype)
    if isinstance(kind, pd.CategoricalDtype):
        is_text = bool(pd.api.types.is_string_dtype(kind.categories))
    if is_text:
        return ColumnKind.CATEGORICAL
    if pd.api.types.is_object_dtype(kind):
        return _kind_of_objects(series)
    if pd.api.types.is_bool_dtype(kind):
        return ColumnKind.BOOLEAN
    if pd.api.types.is_integer_dtype(kind):
        return ColumnKind.INTEGER
    if pd.api.types.is_float_dtype(kind):
        return ColumnKind.FLOAT
    return None


def _kind_of_objects(series: pd.Series[Any]) -> ColumnKind | None:
    # Of booleans with nulls, Arrow makes objects.
    present = series[series.notna()]
    if len(present) and present.map(lambda value: isinstance(value, bool | np.bool_)).all():
        return ColumnKind.BOOLEAN
    return ColumnKind.CATEGORICAL if present.map(lambda value: isinstance(value, str)).all() else None


def _read_column(name: str, series: pd.Series[Any], nullable: bool) -> Column:
    kind = column_kind(series)
    if kind is None:
        raise InvalidDataError(
            f"column {name!r} is of type {series.dtype}, expected numbers, text or booleans",
            hint="Drop it or convert it.",
            column=name,
        )
    missing = int(series.isna().sum())
    known = series.dropna() if missing else series
    if kind is ColumnKind.CATEGORICAL:
        return Column(name, kind, tuple(sorted(known.unique())), nullable=nullable, missing=missing)
    least, most = float(known.min()), float(known.max())
    return Column(name, kind, (), least, most, nullable=nullable, missing=missing)


def _encode_series(column: Column, series: pd.Series[Any]) -> NDArray[Any]:
    import pandas as pd

    null_count = int(series.isna().sum())
    if null_count and not column.nullable:
        raise InferenceError(
            f"column {column.name!r} has a null or NaN in {counted(null_count, 'row')}",
            hint="Fill or drop them; or train with allow_missing, which takes them.",
            column=column.name,
        )
    if null_count == len(series):
        return np.full(len(series), np.nan)
    given = column_kind(series)
    numeric = {ColumnKind.INTEGER, ColumnKind.FLOAT}
    if given is not column.kind and not (given in numeric and column.kind in numeric):
        raise InferenceError(
            f"column {column.name!r} is of type {series.dtype}, expected {column.kind}",
            hint="Give it the type that it had in training.",
            column=column.name,
        )
    if column.kind is ColumnKind.CATEGORICAL:
        # Each distinct text is looked up once, however long the table.
        codes, present = pd.factorize(series)
        positions = {level: float(index) for index, level in enumerate(column.levels)}
        # The last stands for nulls, whose code is -1.
        return np.array([*(positions.get(level, np.nan) for level in present.tolist()), np.nan])[codes]
    values = series.to_numpy(dtype=np.float64, na_value=np.nan)
    if np.isinf(values).any():
        raise InferenceError(
            f"column {column.name!r} holds an infinite value", hint="Give finite numbers.", column=column.name
        )
    return values


def _and_more(names: list[str]) -> str:
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""
