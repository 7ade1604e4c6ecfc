"""The table taken apart: features, target, and the columns that have another role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.core.column import ColumnKind
from lex_learning.core.schema import column_kind
from lex_learning.errors import InvalidDataError, counted, shown
from lex_learning.preprocessing.checks import check_columns, check_target, find_target, hint_of_columns

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from lex_learning.config import PipelineConfig


@dataclass(frozen=True)
class Table:
    """A checked training table, taken apart; all parts have the same rows.

    Args:
        features: The feature columns.
        target: The column to predict.
        weights: How much each row counts, above 0; or None.
        groups: Codes of the groups, or None.
        times: Ranks in time, from 0, the same for the same time; or None.
        dropped: Rows of weight 0, which are left out.
    """

    features: pd.DataFrame
    target: pd.Series[Any]
    weights: NDArray[np.float64] | None = None
    groups: NDArray[np.int32] | None = None
    times: NDArray[np.int32] | None = None
    dropped: int = 0


def take_apart(frame: pd.DataFrame, config: PipelineConfig) -> Table:
    """Check the table and take it apart.

    Raises:
        TargetNotFoundError: The target column is not there.
        InvalidDataError: Anything else that training cannot go on with.
    """
    frame, target_name = find_target(frame, config)
    for role in config.role_columns:
        _check_role(role, frame, target_name)
    weights, dropped = None, 0
    if config.weight_column is not None:
        weights = _weights(config.weight_column, frame[config.weight_column])
        dropped = int((weights == 0).sum())
        if dropped:
            frame = frame[weights > 0].reset_index(drop=True)
            weights = weights[weights > 0]
    features = frame.drop(columns=[target_name, *config.role_columns])
    if features.empty:
        raise InvalidDataError(
            f"no feature is left beside the target {target_name!r}", hint="Give at least one other column."
        )
    check_columns(features, allow_missing=config.allow_missing)
    check_columns(frame[[target_name]], allow_missing=False)
    check_target(frame[target_name], config)
    return Table(
        features,
        frame[target_name],
        weights,
        None if config.group_column is None else _groups(config.group_column, frame[config.group_column]),
        None if config.time_column is None else _ranks(config.time_column, frame[config.time_column]),
        dropped,
    )


def _check_role(role: str, frame: pd.DataFrame, target_name: str) -> None:
    if role not in frame.columns:
        raise InvalidDataError(
            f"the table has no column {shown(role)}",
            hint=hint_of_columns(role, list(frame.columns)),
            column=role,
        )
    if role == target_name:
        raise InvalidDataError(
            f"column {role!r} is the target, and cannot have another role",
            hint="Choose another column, or another target.",
            column=role,
        )
    null_count = int(frame[role].isna().sum())
    if null_count:
        raise InvalidDataError(
            f"column {role!r} has a null or NaN in {counted(null_count, 'row')}",
            hint="Fill them or drop these rows.",
            column=role,
            nulls=null_count,
        )
    is_time = str(frame[role].dtype).startswith("datetime64")
    if column_kind(frame[role]) is None and not is_time:
        raise InvalidDataError(
            f"column {role!r} is of type {frame[role].dtype}, expected numbers, text or booleans",
            hint="Convert it; a date to text such as 2024-05-31, or to a number.",
            column=role,
        )


def _weights(name: str, series: pd.Series[Any]) -> NDArray[np.float64]:
    if column_kind(series) not in {ColumnKind.INTEGER, ColumnKind.FLOAT}:
        raise InvalidDataError(
            f"weight column {name!r} is of type {series.dtype}, expected numbers",
            hint="Convert it.",
            column=name,
        )
    weights = series.to_numpy(dtype=np.float64)
    wrong = np.flatnonzero(~((weights >= 0) & (weights < np.inf)))
    if len(wrong):
        raise InvalidDataError(
            f"weight column {name!r} is {weights[wrong[0]]} in row {wrong[0]}, expected 0 or more",
            hint="Give finite weights that are not negative.",
            column=name,
        )
    if not weights.any():
        raise InvalidDataError(
            f"weight column {name!r} is 0 in every row",
            hint="Give some rows a weight, or leave weight_column out.",
            column=name,
        )
    return weights


def _groups(name: str, series: pd.Series[Any]) -> NDArray[np.int32]:
    import pandas as pd

    codes, present = pd.factorize(series)
    if len(present) < 2:
        raise InvalidDataError(
            f"group column {name!r} has a single group ({shown(present.tolist()[0])})",
            hint="Choose another column, or leave group_column out.",
            column=name,
        )
    return codes.astype(np.int32)


def _ranks(name: str, series: pd.Series[Any]) -> NDArray[np.int32]:
    ranks = np.unique(series.to_numpy(), return_inverse=True)[1].astype(np.int32)
    if ranks.max() == 0:
        raise InvalidDataError(
            f"time column {name!r} is the same in every row ({shown(series.tolist()[0])})",
            hint="Choose another column, or leave time_column out.",
            column=name,
        )
    return ranks
