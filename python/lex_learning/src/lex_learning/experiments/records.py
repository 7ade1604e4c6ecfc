"""What the files of a run say."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from lex_learning.experiments.errors import ExperimentError


class RunStatus(StrEnum):
    """How far a run is."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    """It ended with an error, was dropped, or its process died."""


@dataclass(frozen=True)
class MetricPoint:
    """A value of a metric."""

    value: float
    step: int | None
    """Such as an epoch; None for a metric without steps."""
    logged_at: datetime


@dataclass(frozen=True)
class DataFile:
    """A file that a run read."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Run:
    """All that a run's folder holds."""

    folder: Path
    experiment: str
    run_id: str
    """The name of the folder."""
    identity: str
    """32 hexadecimal digits that no other run has; empty if it was killed before it had any."""
    status: RunStatus
    started_at: datetime
    ended_at: datetime | None
    """None while it runs, or if it was killed."""
    git_commit: str | None
    data: list[DataFile]
    params: dict[str, Any]
    metrics: dict[str, list[MetricPoint]]
    """By name, in the order in which they were logged."""
    tags: dict[str, str]
    artifacts: list[Path]

    def metric(self, name: str) -> float | None:
        """The value of a metric that was logged last; None if there is none of that name."""
        points = self.metrics.get(name)
        return points[-1].value if points else None


@dataclass(frozen=True)
class Listing:
    """What a folder of experiments holds."""

    runs: list[Run] = field(default_factory=list)
    """By experiment and start."""
    broken: list[ExperimentError] = field(default_factory=list)
    """Runs whose files cannot be read, each with its path and why."""
