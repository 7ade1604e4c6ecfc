"""Progress events and cancelling."""

from __future__ import annotations

from lex_learning.progress.reporter import ProgressReporter
from lex_learning.progress.updates import ProgressCallback, ProgressUpdate, TrainingStage

__all__ = ["ProgressCallback", "ProgressReporter", "ProgressUpdate", "TrainingStage"]
