"""The progress event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class TrainingStage(StrEnum):
    """Where a training stands; the last three end it."""

    INITIALIZING = "initializing"
    PREPROCESSING = "preprocessing"
    ALGORITHM_SELECTION = "algorithm_selection"
    TRAINING = "training"
    EVALUATION = "evaluation"
    EXPLAINABILITY = "explainability"
    COMPLETE = "complete"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class ProgressUpdate:
    """One event of a training.

    Args:
        stage: Where it stands.
        progress: 0.0 to 1.0, never falling.
        message: A short sentence for people.
        current_model: The algorithm being fitted.
        models_completed: (completed, total) algorithms.
    """

    stage: TrainingStage
    progress: float
    message: str
    current_model: str | None = None
    models_completed: tuple[int, int] | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe form."""
        return asdict(self)


type ProgressCallback = Callable[[ProgressUpdate], None]
