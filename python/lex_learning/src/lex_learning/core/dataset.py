"""The encoded table on disk, mapped into memory by every worker and copied by none."""

from __future__ import annotations

import json
import mmap
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.config import ProblemType, metric_name
from lex_learning.core.problem import Problem
from lex_learning.core.schema import Schema
from lex_learning.core.scorer import Scorer
from lex_learning.core.target import Target
from lex_learning.errors import InvalidConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

HELD_OUT = -1
"""The fold of rows that no fit sees."""
SKEWNESS = 1.0
"""From this skewness of a target on, candidates may learn its logarithm."""


@dataclass(frozen=True)
class Dataset:
    """Features and target of the rows of one training.

    Args:
        features: Encoded features, shape (rows, columns), float64.
        outcome: Class codes (int32) or values (float64), one a row.
        splits: For each split into folds, shape (splits, rows), the fold of each row, or -1 for a held-out
            one; see `assign_folds`. The folds are counted on from one split to the next.
        schema: The feature columns.
        target: The target column.
        is_ordered: Whether the folds go along time.
        weights: How much each row counts; None: all the same.
        class_weights: By class code, how much more its rows count in fits and comparisons; or None.
        groups: Codes of the groups that no split tears apart, or None.
        metric: What candidates are compared by; see `PipelineConfig.metric`.
    """

    features: NDArray[np.float64]
    outcome: NDArray[Any]
    splits: NDArray[np.int8]
    schema: Schema
    target: Target
    is_ordered: bool = False
    weights: NDArray[np.float64] | None = None
    class_weights: NDArray[np.float64] | None = None
    groups: NDArray[np.int32] | None = None
    metric: str | Callable[..., float] | None = None

    def problem_of(self, row_count: int) -> Problem:
        """The shape of a part of `row_count` rows."""
        return Problem(
            type=ProblemType.CLASSIFICATION if self.target.classes else ProblemType.REGRESSION,
            row_count=row_count,
            column_count=len(self.schema.columns),
            class_count=len(self.target.classes),
            categorical_levels=self.schema.categorical_levels,
            has_skewed_target=self._has_skewed_target,
        )

    @cached_property
    def problem(self) -> Problem:
        """The shape of the whole."""
        return self.problem_of(len(self.outcome))

    @cached_property
    def scorer(self) -> Scorer:
        """What candidates are compared by."""
        return Scorer(self.problem, self.metric)

    def rows_to_fit(self, fold: int) -> NDArray[np.intp]:
        """Rows from which the model that is tested on a fold learns."""
        folds, part = self._part(fold)
        others = folds > part if self.is_ordered else (folds != part) & (folds != HELD_OUT)
        return np.flatnonzero(others)

    def rows_of(self, fold: int) -> NDArray[np.intp]:
        """Rows of a fold."""
        folds, part = self._part(fold)
        return np.flatnonzero(folds == part)

    @property
    def held_out_rows(self) -> NDArray[np.intp]:
        """Rows that no fit sees; there may be none."""
        return np.flatnonzero(self.splits[0] == HELD_OUT)

    @property
    def training_rows(self) -> NDArray[np.intp]:
        """All other rows."""
        return np.flatnonzero(self.splits[0] != HELD_OUT)

    @cached_property
    def fold_count(self) -> int:
        """Folds of one split."""
        most = int(self.splits[0].max())
        return most if self.is_ordered else most + 1

    def _part(self, fold: int) -> tuple[NDArray[np.int8], int]:
        split, part = divmod(fold, self.fold_count)
        return self.splits[split], part

    def weights_of(self, rows: NDArray[np.intp]) -> NDArray[np.float64] | None:
        """How much each of these rows counts in fits and comparisons, 1 on average; None: all the same."""
        if self.weights is None and self.class_weights is None:
            return None
        counts = np.ones(len(rows)) if self.weights is None else self.weights[rows]
        if self.class_weights is not None:
            counts = counts * self.class_weights[self.outcome[rows]]
        counts = counts / counts.max()  # the sum of the largest numbers would be infinite
        scaled: NDArray[np.float64] = counts / counts.mean()
        return scaled

    def groups_of(self, rows: NDArray[np.intp]) -> NDArray[Any] | None:
        """What a split within these rows must not tear apart: groups, or parts of time."""
        if self.groups is not None:
            return self.groups[rows]
        return self.splits[0, rows] if self.is_ordered else None

    @cached_property
    def _has_skewed_target(self) -> bool:
        if self.target.classes:
            return False
        values = self.outcome[self.training_rows]
        return bool(values.min() > 0 and _skewness(values) > max(SKEWNESS, 2.0 * _skewness(np.log(values))))

    def take(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """A copy of some rows of the features.

        Goes column by column, and gives back what it read of the mapped file, so that the table is never
        in memory as a whole beside its copy.
        """
        mapping = getattr(self.features, "_mmap", None)
        part = np.empty((len(rows), self.features.shape[1]))
        for index in range(part.shape[1]):
            part[:, index] = self.features[rows, index]
            if mapping is not None and hasattr(mmap, "MADV_DONTNEED"):
                mapping.madvise(mmap.MADV_DONTNEED)
        return part

    def save(self, folder: Path) -> None:
        """Write to an existing folder."""
        np.save(folder / "features.npy", self.features)
        np.save(folder / "outcome.npy", self.outcome)
        np.save(folder / "splits.npy", self.splits)
        for name in _OPTIONAL:
            if getattr(self, name) is not None:
                np.save(folder / f"{name}.npy", getattr(self, name))
        facts = {
            "schema": self.schema.to_dict(),
            "target": self.target.name,
            "classes": self.target.classes,
            "is_ordered": self.is_ordered,
            "metric": None if callable(self.metric) else self.metric,
            "has_function": callable(self.metric),
        }
        (folder / "dataset.json").write_text(json.dumps(facts), encoding="utf-8")
        (folder / _FUNCTION_FILE).unlink(missing_ok=True)
        if callable(self.metric):
            (folder / _FUNCTION_FILE).write_bytes(_function_bytes(self.metric))


_OPTIONAL = ("weights", "class_weights", "groups")
_FUNCTION_FILE = "metric.pkl"


def _function_bytes(function: Callable[..., float]) -> bytes:
    """A function for another process: by value, where it is of a script or a notebook.

    Raises:
        InvalidConfigError: It holds what cannot leave this process.
    """
    import cloudpickle  # type: ignore[import-untyped]

    try:
        data: bytes = cloudpickle.dumps(function)
    except Exception as error:  # whatever its objects raise
        raise InvalidConfigError(
            f"the metric {metric_name(function)!r} cannot be sent to worker processes: {error}",
            hint="Give a function that refers to no open files, locks or connections.",
            field="metric",
        ) from error
    return data


@lru_cache(maxsize=1)
def load_dataset(folder: Path) -> Dataset:
    """Map a saved dataset, read-only. The newest one stays mapped."""
    facts = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    optional = {name: folder / f"{name}.npy" for name in _OPTIONAL}
    return Dataset(
        features=np.load(folder / "features.npy", mmap_mode="r"),
        outcome=np.load(folder / "outcome.npy"),
        splits=np.load(folder / "splits.npy"),
        schema=Schema.from_dict(facts["schema"]),
        target=Target(facts["target"], tuple(facts["classes"])),
        is_ordered=facts["is_ordered"],
        metric=_load_function(folder / _FUNCTION_FILE) if facts["has_function"] else facts["metric"],
        **{name: np.load(path) for name, path in optional.items() if path.exists()},
    )


def _load_function(path: Path) -> Callable[..., float]:
    import pickle

    function: Callable[..., float] = pickle.loads(path.read_bytes())  # noqa: S301 - this training wrote it
    return function


def _skewness(values: NDArray[np.float64]) -> float:
    deviation = float(values.std())
    return float((((values - values.mean()) / deviation) ** 3).mean()) if deviation > 0 else 0.0
