"""The time of a training, and how it is shared out."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from lex_learning.training.executor import TaskRunner

PLOT_SHARE = 0.15
PLOT_SECONDS = 8.0
"""Reserved for plots: a share of the limit, and no more than this."""
CLOSING_SHARE = 0.05
CLOSING_SECONDS = (0.3, 4.0)
"""Reserved for the ensemble, the metrics and the end of workers: a share of the limit within these bounds."""

CHOICE_SECONDS = 0.7
"""For the choice of the ensemble after the search was stopped."""

REFIT_SHARE = 0.4
"""Of the limit, the most that is kept back for fitting the members once more."""


class SearchEnded(BaseException):
    """The search is over before its work is done. Not an `Exception`: no error handling may take it."""


@dataclass
class Budget:
    """When the search of a training has to end.

    Args:
        limit: Seconds for all of the training, from now. None: no limit.
        explain: Whether plots are to be drawn in that time.
        is_stopped: Asks whether the user wants the result so far.
    """

    limit: float | None
    explain: bool
    is_stopped: Callable[[], bool] = lambda: False
    refit_seconds: float = 0.0
    """What fitting the members of the ensemble once more would take; kept back from the search."""
    _started: float = field(default_factory=time.monotonic)
    _stopped_at: float | None = None

    @property
    def stopped(self) -> bool:
        """Whether the user wants the result so far; once true, always true."""
        if self._stopped_at is None and self.is_stopped():
            self._stopped_at = self.elapsed
        return self._stopped_at is not None

    @property
    def is_limited(self) -> bool:
        """Whether time is short: there is a limit, or the user has stopped the search."""
        return self.limit is not None or self.stopped

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    @property
    def search_seconds(self) -> float:
        """Seconds left for the search; infinite without a limit, 0 when stopped."""
        if self.stopped:
            return 0.0
        if self.limit is None:
            return float("inf")
        return max(0.0, self.refit_seconds_left - min(self.refit_seconds, REFIT_SHARE * self.limit))

    @property
    def refit_seconds_left(self) -> float:
        """Seconds that the members may take to be fitted once more; infinite without a limit."""
        if self.limit is None:
            return float("inf")
        return max(0.0, self.limit - self._closing_reserve - self._plot_reserve - self.elapsed)

    @property
    def plot_seconds(self) -> float:
        """Seconds left for plots; none when stopped."""
        if self.stopped or not self.explain:
            return 0.0
        return float("inf") if self.limit is None else max(0.0, self.limit - self.elapsed)

    @property
    def search_share(self) -> float:
        """How much of the time of the search has passed, 0 to 1; 0 without a limit."""
        left = self.search_seconds
        return 0.0 if left == float("inf") else self.elapsed / max(1e-9, self.elapsed + left)

    @property
    def closing_seconds(self) -> float:
        """Seconds left for the importance of the columns, when time is short."""
        if self.limit is None or self.stopped:
            return CLOSING_SECONDS[0]
        left = self.limit - self._plot_reserve - self.elapsed - 0.5
        return max(CLOSING_SECONDS[0], min(left, self._closing_reserve))

    @property
    def is_choice_over(self) -> bool:
        """Whether the ensemble has to be settled: of what is kept for the closing, half has passed."""
        if self._stopped_at is not None:
            return self.elapsed > self._stopped_at + CHOICE_SECONDS
        if self.limit is None:
            return False
        return self.elapsed > self.limit - self._plot_reserve - 0.5 * self._closing_reserve

    def check_end(self) -> None:
        """Raise `SearchEnded` when what is left of the limit goes to the closing, or when stopped."""
        if self.stopped or (self.limit is not None and self.elapsed > self.limit - CLOSING_SECONDS[0]):
            raise SearchEnded

    def check_plots(self) -> None:
        """Raise `SearchEnded` when plots have no time left."""
        if self.plot_seconds <= 0.0:
            raise SearchEnded

    def check_search(self) -> None:
        """Raise `SearchEnded` when the search has no time left."""
        if self.search_seconds <= 0.0:
            raise SearchEnded

    @property
    def _closing_reserve(self) -> float:
        least, most = CLOSING_SECONDS
        return min(max(CLOSING_SHARE * (self.limit or 0.0), least), most)

    @property
    def _plot_reserve(self) -> float:
        return min(PLOT_SHARE * (self.limit or 0.0), PLOT_SECONDS) if self.explain else 0.0


class Watch:
    """What is checked often while tasks run: whether the user has cancelled, and whether time is over.

    Args:
        check_cancelled: Raises `Cancelled`.
    """

    def __init__(self, check_cancelled: Callable[[], None]) -> None:
        self._check_cancelled = check_cancelled
        self._deadline: Callable[[], None] | None = None

    def check(self) -> None:
        """Raise `Cancelled` or, in `until`, `SearchEnded`."""
        self._check_cancelled()
        if self._deadline is not None:
            self._deadline()

    def until[Result](
        self,
        deadline: Callable[[], None],
        runner: TaskRunner,
        work: Callable[[], Result],
        otherwise: Result,
    ) -> Result:
        """What `work` returns; when `deadline` raises `SearchEnded` before, its tasks are killed."""
        self._deadline = deadline
        try:
            return work()
        except SearchEnded:
            pass
        finally:
            self._deadline = None
        # Not in the `except`: the exception refers to the pool, which must be gone before its trackers end.
        runner.abandon()
        return otherwise
