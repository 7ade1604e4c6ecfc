"""Checks of the training table: each problem names its column and the remedy."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.config import ProblemType
from lex_learning.core.column import ColumnKind
from lex_learning.core.schema import column_kind
from lex_learning.errors import InvalidDataError, TargetNotFoundError, counted, shown

if TYPE_CHECKING:
    import pandas as pd

    from lex_learning.config import PipelineConfig

MAX_CLASSES = 500


def find_target(frame: pd.DataFrame, config: PipelineConfig) -> tuple[pd.DataFrame, str]:
    """The table with its columns' names as text, and the name of the target.

    Raises:
        TargetNotFoundError: The target column is not there.
        InvalidDataError: There are no columns, no rows, or two columns of one name.
    """
    names = [str(name) for name in frame.columns]
    if not names:
        raise InvalidDataError("the table has no columns", hint="Give features and a target.")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidDataError(
            f"two columns are named {twice!r}", hint="Rename or drop one of them.", column=twice
        )
    target_name = names[-1] if config.target_column is None else config.target_column
    if target_name not in names:
        raise TargetNotFoundError(
            f"the table has no column {shown(target_name)}",
            hint=hint_of_columns(target_name, names),
            column=target_name,
            columns=names,
        )
    frame = frame.set_axis(names, axis="columns")
    if frame.empty:
        raise InvalidDataError("the table has no rows", hint="Give at least as many rows as folds.")
    return frame, target_name


def hint_of_columns(wanted: str, names: list[str]) -> str:
    """Columns that may have been meant by one that there is not."""
    near = get_close_matches(wanted, names, n=3, cutoff=0.5) or names[:10]
    return f"Choose one that it has, such as {', '.join(repr(name) for name in near)}."


def check_columns(frame: pd.DataFrame, *, allow_missing: bool) -> None:
    """Refuse columns of other types, infinite values, and nulls unless they are allowed.

    Raises:
        InvalidDataError: Names the first such column.
    """
    for name in frame.columns:
        _check_column(name, frame[name], allow_missing)


def check_row_count(row_count: int, config: PipelineConfig) -> None:
    """Refuse a table with too few rows for the folds.

    Raises:
        InvalidDataError: Fewer training rows than folds.
    """
    held_out = max(1, round(row_count * config.test_size)) if config.hold_out else 0
    training_rows = row_count - held_out
    if training_rows < config.cv_folds:
        raise InvalidDataError(
            f"the table has {row_count} rows: {training_rows} remain for training, fewer than "
            f"{config.cv_folds} folds",
            hint="Give more rows or set a smaller cv_folds.",
        )


def _check_column(name: str, series: pd.Series[Any], allow_missing: bool) -> None:
    null_count = int(series.isna().sum())
    if null_count and not allow_missing:
        raise InvalidDataError(
            f"column {name!r} has a null or NaN in {counted(null_count, 'row')}",
            hint="Fill them or drop these rows; for features there is allow_missing, too.",
            column=name,
            nulls=null_count,
        )
    if null_count == len(series):
        raise InvalidDataError(f"column {name!r} has no value at all", hint="Drop it.", column=name)
    kind = column_kind(series)
    if kind is None:
        raise InvalidDataError(
            f"column {name!r} is of type {series.dtype}, expected numbers, text or booleans",
            hint="Drop it or convert it.",
            column=name,
        )
    if kind is ColumnKind.FLOAT and np.isinf(series.to_numpy(dtype=np.float64, na_value=np.nan)).any():
        raise InvalidDataError(
            f"column {name!r} holds infinite values", hint="Replace or drop them.", column=name
        )


def check_target(series: pd.Series[Any], config: PipelineConfig) -> None:
    """Refuse a target that the problem type does not suit.

    Raises:
        InvalidDataError: What is wrong, and the remedy.
    """
    name = str(series.name)
    if config.problem_type is ProblemType.CLASSIFICATION:
        _check_classes(name, series)
    else:
        kind = column_kind(series)
        if kind not in {ColumnKind.INTEGER, ColumnKind.FLOAT}:
            raise InvalidDataError(
                f"target {name!r} is {kind}, expected numbers for regression",
                hint="Convert it to numbers, or choose classification.",
                column=name,
            )
        if series.min() == series.max():
            raise InvalidDataError(
                f"target {name!r} is constant ({series.iloc[0]})",
                hint="Choose another target; there is nothing to learn.",
                column=name,
            )
    check_row_count(len(series), config)


def _check_classes(name: str, series: pd.Series[Any]) -> None:
    counts = series.value_counts()
    counts = counts[counts > 0]
    if len(counts) < 2:
        raise InvalidDataError(
            f"target {name!r} has a single class ({_quoted(counts, 0)})",
            hint="Give rows of at least two classes.",
            column=name,
        )
    is_numeric = column_kind(series) in {ColumnKind.INTEGER, ColumnKind.FLOAT}
    if len(counts) > MAX_CLASSES:
        raise InvalidDataError(
            f"target {name!r} has {len(counts)} classes, more than {MAX_CLASSES}",
            hint="Choose regression." if is_numeric else "Merge rare classes or choose another target.",
            column=name,
        )
    many_numbers = is_numeric and len(counts) > len(series) / 4
    if counts.iloc[-1] < 2:
        remedy = "Drop the class, merge it into another, or add rows."
        raise InvalidDataError(
            f"target {name!r}: class {_quoted(counts, -1)} has one row, at least 2 are needed",
            hint="Choose regression: these are numbers, not classes." if many_numbers else remedy,
            column=name,
        )
    if counts.iloc[0] < 3:
        raise InvalidDataError(
            f"target {name!r}: no class has more than 2 rows, which leaves none to hold out",
            hint="Choose regression, or another target."
            if many_numbers
            else "Add rows, or choose another target.",
            column=name,
        )


def _quoted(counts: pd.Series[Any], position: int) -> str:
    # As a list, for `1` rather than `np.int64(1)`.
    return shown(counts.index.tolist()[position])


def unusual_columns(features: pd.DataFrame) -> list[str]:
    """Sentences about columns that train but do not help.

    Raises:
        InvalidDataError: All feature columns are constant.
    """
    constant = [str(name) for name in features.columns if features[name].nunique(dropna=False) < 2]
    if len(constant) == len(features.columns):
        raise InvalidDataError(
            f"every feature column is constant ({', '.join(constant[:5])})",
            hint="Give a column that varies.",
            column=constant[0],
        )
    return [f"column {name!r} is constant and tells nothing" for name in constant]
