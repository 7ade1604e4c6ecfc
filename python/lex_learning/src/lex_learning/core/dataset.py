"""The encoded table on disk, mapped into memory by every worker and copied by none."""

from __future__ import annotations

import json
import mmap
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.config import ProblemType
from lex_learning.core.problem import Problem
from lex_learning.core.schema import Schema
from lex_learning.core.target import Target

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Dataset:
    """Features and target of the rows of one training.

    Args:
        features: Encoded features, shape (rows, columns), float64.
        outcome: Class codes (int32) or values (float64), one a row.
        folds: Fold of each row, or -1 for a held-out one.
        schema: The feature columns.
        target: The target column.
    """

    features: NDArray[np.float64]
    outcome: NDArray[Any]
    folds: NDArray[np.int8]
    schema: Schema
    target: Target

    def problem_of(self, row_count: int) -> Problem:
        """The shape of a part of `row_count` rows."""
        return Problem(
            type=ProblemType.CLASSIFICATION if self.target.classes else ProblemType.REGRESSION,
            row_count=row_count,
            column_count=len(self.schema.columns),
            class_count=len(self.target.classes),
            categorical_levels=self.schema.categorical_levels,
        )

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
        np.save(folder / "folds.npy", self.folds)
        facts = {"schema": self.schema.to_dict(), "target": self.target.name, "classes": self.target.classes}
        (folder / "dataset.json").write_text(json.dumps(facts), encoding="utf-8")


@lru_cache(maxsize=1)
def load_dataset(folder: Path) -> Dataset:
    """Map a saved dataset, read-only. The newest one stays mapped."""
    facts = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
    return Dataset(
        features=np.load(folder / "features.npy", mmap_mode="r"),
        outcome=np.load(folder / "outcome.npy"),
        folds=np.load(folder / "folds.npy"),
        schema=Schema.from_dict(facts["schema"]),
        target=Target(facts["target"], tuple(facts["classes"])),
    )
