"""From a checked table to what fits learn from: codes, splits, weights."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.config import Preset
from lex_learning.core.dataset import HELD_OUT, Dataset
from lex_learning.core.schema import Schema
from lex_learning.core.target import Target
from lex_learning.errors import InvalidConfigError, InvalidDataError, counted, shown
from lex_learning.models._rows import taken
from lex_learning.preprocessing.checks import unusual_columns
from lex_learning.training.splits import assign_folds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lex_learning.config import PipelineConfig
    from lex_learning.preprocessing.roles import Table

SPLITS = 4
"""Splits into folds: the first for all candidates, the others for members of the ensemble."""
FEW_HELD_OUT_ROWS = 20


def prepare(table: Table, config: PipelineConfig) -> tuple[Dataset, list[str]]:
    """Encode and split a table; also returns what the user should know about it, in sentences.

    Raises:
        InvalidConfigError: A class weight or the threshold does not suit the target.
        InvalidDataError: The table cannot be split as it should.
    """
    remarks = unusual_columns(table.features)
    if table.dropped:
        remarks.append(f"{counted(table.dropped, 'row')} with a {config.weight_column} of 0 were left out")
    is_classification = config.problem_type == "classification"
    target = Target.from_series(table.target) if is_classification else Target(str(table.target.name))
    outcome = target.encode(table.target)
    schema = Schema.from_frame(table.features, nullable=config.allow_missing)
    is_repeated = config.time_limit is not None and config.preset is not Preset.FAST and table.times is None
    splits = [
        assign_folds(
            outcome,
            is_classification=is_classification,
            fold_count=config.cv_folds,
            test_size=config.test_size if config.hold_out else None,
            seed=config.random_seed,
            groups=table.groups,
            times=table.times,
            repeat=repeat,
        )
        for repeat in range(SPLITS if is_repeated else 1)
    ]
    is_training = splits[0] != HELD_OUT
    weights = taken(table.weights, is_training)
    data = Dataset(
        schema.encode(table.features),
        outcome,
        np.stack(splits),
        schema,
        target,
        is_ordered=table.times is not None,
        weights=table.weights,
        class_weights=_weights_by_class(config, target, outcome[is_training], weights),
        groups=table.groups,
        metric=config.metric,
    )
    _check_folds(data, config.cv_folds)
    _check_threshold(data, config)
    held_out = len(data.held_out_rows)
    if 0 < held_out < FEW_HELD_OUT_ROWS:
        remarks.append(f"the metrics rest on {counted(held_out, 'row')} alone: take them as a hint")
    return data, remarks


def _weights_by_class(
    config: PipelineConfig, target: Target, outcome: NDArray[Any], row_weights: NDArray[np.float64] | None
) -> NDArray[np.float64] | None:
    """By class code, what `class_weights` asks for; None if nothing.

    Raises:
        InvalidConfigError: A label is none of the target's.
    """
    wanted = config.class_weights
    if wanted is None:
        return None
    if not isinstance(wanted, dict):  # balanced
        totals = np.bincount(outcome, row_weights, len(target.classes)).astype(np.float64)
        weights = np.ones(len(totals))
        return np.divide(totals.sum(), len(totals) * totals, out=weights, where=totals > 0)
    for label in wanted:
        if label not in target.labels:
            near = get_close_matches(label, target.labels, n=3, cutoff=0.5) or target.labels[:10]
            raise InvalidConfigError(
                f"class_weights names {shown(label)}, which is no class of {target.name!r}",
                hint=f"Its classes are such as {', '.join(shown(each) for each in near)}.",
                field="class_weights",
            )
    return np.array([float(wanted.get(label, 1.0)) for label in target.labels])


def _check_folds(data: Dataset, fold_count: int) -> None:
    """Refuse a split that leaves a single class to learn from.

    Raises:
        InvalidDataError: Names the fold.
    """
    if data.groups is None and not data.is_ordered:
        return
    for fold in range(fold_count):
        rows = data.rows_to_fit(fold)
        classes = len(np.unique(data.outcome[rows])) if data.target.classes else 2
        if classes < 2:
            raise InvalidDataError(
                f"fold {fold + 1} of {fold_count} has rows of a single class to learn from",
                hint="Choose other groups or another time column, fewer cv_folds, or give more rows.",
                column=data.target.name,
            )


def _check_threshold(data: Dataset, config: PipelineConfig) -> None:
    """Refuse to tune a threshold for more than two classes.

    Raises:
        InvalidConfigError: There are more.
    """
    if config.threshold_metric is not None and len(data.target.classes) != 2:
        raise InvalidConfigError(
            f"threshold_metric is {config.threshold_metric}, and {data.target.name!r} has "
            f"{len(data.target.classes)} classes, expected 2",
            hint="Leave it out.",
            field="threshold_metric",
        )
