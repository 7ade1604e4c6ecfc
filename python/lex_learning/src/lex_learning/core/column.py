"""One feature column as it was in training, and the encoding of its values in a row."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite
from typing import TYPE_CHECKING

import numpy as np

from lex_learning.errors import InferenceError, shown

if TYPE_CHECKING:
    from collections.abc import Callable


class ColumnKind(StrEnum):
    """How the values of a column are read."""

    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    CATEGORICAL = "categorical"


@dataclass(frozen=True)
class Column:
    """One feature column as it was in training.

    Args:
        name: The column's name.
        kind: How its values are read.
        levels: Sorted levels of a categorical column, else empty.
        minimum: Smallest training value of a numeric column.
        maximum: Largest training value of a numeric column.
        nullable: Whether a value may be missing.
        missing: Training rows without a value.
    """

    name: str
    kind: ColumnKind
    levels: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    nullable: bool = False
    missing: int = 0

    @property
    def range_text(self) -> str:
        """The range of a numeric column in words: `0 to 80`."""
        return f"{plain(self.minimum or 0.0)} to {plain(self.maximum or 0.0)}"

    @property
    def is_constant(self) -> bool:
        """Whether the training table held a single value."""
        if self.missing:
            return False
        if self.kind is ColumnKind.CATEGORICAL:
            return len(self.levels) < 2
        return self.minimum == self.maximum


def row_encoder(column: Column) -> Callable[[object, list[str]], float]:
    """What turns a value of a row into a number, and tells what is unusual about it.

    It raises `InferenceError` for a value of another type.
    """
    encode = _value_encoder(column)
    if not column.nullable:
        return encode

    def encode_or_miss(value: object, warnings: list[str]) -> float:
        if not _is_missing(value):
            return encode(value, warnings)
        if not column.missing:
            warnings.append(f"column {column.name!r} has no value, and none was missing in training")
        return float("nan")

    return encode_or_miss


def _value_encoder(column: Column) -> Callable[[object, list[str]], float]:
    name = column.name

    def wrong(value: object) -> InferenceError:
        return InferenceError(
            f"column {name!r} is {shown(value)}, expected {_SPOKEN[column.kind]}",
            hint="Give it the type that it had in training.",
            column=name,
        )

    if column.kind is ColumnKind.CATEGORICAL:
        codes = {level: float(index) for index, level in enumerate(column.levels)}

        def encode_category(value: object, warnings: list[str]) -> float:
            if not isinstance(value, str):
                raise wrong(value)
            code = codes.get(value)
            if code is None:
                warnings.append(f"column {name!r}: category {shown(value)} was not seen in training")
                return float("nan")
            return code

        return encode_category

    if column.kind is ColumnKind.BOOLEAN:

        def encode_boolean(value: object, _: list[str]) -> float:
            if not isinstance(value, bool | np.bool_):
                raise wrong(value)
            return float(value)

        return encode_boolean

    least = -np.inf if column.minimum is None else column.minimum
    most = np.inf if column.maximum is None else column.maximum

    def encode_number(value: object, warnings: list[str]) -> float:
        if isinstance(value, bool | np.bool_) or not isinstance(
            value, int | float | np.integer | np.floating
        ):
            raise wrong(value)
        try:
            number = float(value)
        except OverflowError:
            raise wrong(value) from None
        if not isfinite(number):
            raise wrong(value)
        if number < least or number > most:
            warnings.append(
                f"column {name!r}: {plain(number)} is outside the training range {column.range_text}"
            )
        return number

    return encode_number


_SPOKEN = {
    ColumnKind.INTEGER: "a finite number",
    ColumnKind.FLOAT: "a finite number",
    ColumnKind.BOOLEAN: "true or false",
    ColumnKind.CATEGORICAL: "text",
}


def plain(value: float) -> str:
    """A number with all digits that count, and no others.

    Example:
        >>> plain(130.0), plain(0.1), plain(1e20)
        ('130', '0.1', '1e+20')
    """
    return f"{value:.15g}"


def _is_missing(value: object) -> bool:
    if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
        return True
    # Where pandas is not loaded, none of its values can be.
    pandas = sys.modules.get("pandas")
    return pandas is not None and value is pandas.NA
