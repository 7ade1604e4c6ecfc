"""Sends events in order: progress never falls, none tells what the last one did, and exactly one ends it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from lex_learning.errors import Cancelled
from lex_learning.progress.updates import ProgressUpdate, TrainingStage

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from lex_learning.progress.updates import ProgressCallback

_SPANS = {
    TrainingStage.INITIALIZING: (0.0, 0.01),
    TrainingStage.PREPROCESSING: (0.01, 0.04),
    TrainingStage.ALGORITHM_SELECTION: (0.04, 0.05),
    TrainingStage.TRAINING: (0.05, 0.88),
    TrainingStage.EVALUATION: (0.88, 0.93),
    TrainingStage.EXPLAINABILITY: (0.93, 1.0),
}

_log = logging.getLogger(__name__)


class ProgressReporter:
    """A context manager around one training.

    Args:
        callback: Receives each event; what it raises is logged and harmless.
        is_cancelled: Asked at each checkpoint.

    Example:
        >>> with ProgressReporter(lambda update: print(update.stage, update.progress)) as report:
        ...     report.enter(TrainingStage.TRAINING, "Training")
        training 0.05
        complete 1.0
    """

    def __init__(
        self, callback: ProgressCallback | None = None, is_cancelled: Callable[[], bool] | None = None
    ) -> None:
        self._callback = callback
        self._is_cancelled = is_cancelled
        self._stage = TrainingStage.INITIALIZING
        self._progress = 0.0
        self._told: tuple[object, ...] = ()
        self._entered = self._started = time.monotonic()
        self.timings: dict[str, float] = {}

    def __enter__(self) -> ProgressReporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._send(ProgressUpdate(TrainingStage.COMPLETE, 1.0, "Training complete"))
        elif isinstance(error, Cancelled):
            self._send(ProgressUpdate(TrainingStage.CANCELLED, self._progress, "Training cancelled"))
        else:
            self._send(ProgressUpdate(TrainingStage.FAILED, self._progress, f"Training failed: {error}"))

    def enter(self, stage: TrainingStage, message: str) -> None:
        """Begin a stage; a checkpoint."""
        self.close_timings()
        self._stage = stage
        self.advance(0.0, message)

    def close_timings(self) -> None:
        """Book the time of the current stage, and the total so far."""
        now = time.monotonic()
        self.timings[self._stage] = self.timings.get(self._stage, 0.0) + now - self._entered
        self.timings["total"] = now - self._started
        self._entered = now

    def advance(
        self,
        share: float,
        message: str,
        current_model: str | None = None,
        models_completed: tuple[int, int] | None = None,
    ) -> None:
        """Report that `share` (0 to 1) of the current stage is done, unless that is known; a checkpoint."""
        self.checkpoint()
        start, end = _SPANS[self._stage]
        self._progress = max(self._progress, start + (end - start) * min(share, 1.0))
        # What people see of it: a step of less than a percent, with the same words, is no news.
        state = (self._stage, int(100 * self._progress), message, current_model, models_completed)
        if state != self._told:
            self._told = state
            self._send(ProgressUpdate(self._stage, self._progress, message, current_model, models_completed))

    def checkpoint(self) -> None:
        """Raise `Cancelled` if the user asked for it."""
        if self._is_cancelled is not None and self._is_cancelled():
            raise Cancelled("Training was cancelled")

    def _send(self, update: ProgressUpdate) -> None:
        if self._callback is None:
            return
        try:
            self._callback(update)
        except Exception:  # noqa: BLE001 - the user's code must not end the training
            _log.exception("The progress callback failed; training goes on")
