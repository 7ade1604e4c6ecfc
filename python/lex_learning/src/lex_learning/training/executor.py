"""Where tasks run: in this process, or in worker processes that can be killed."""

from __future__ import annotations

import warnings
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from lex_learning.training.pool import end_workers, open_pool, release_trackers

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from types import TracebackType

    from lex_learning.training.journal import Journal

POLL_SECONDS = 0.05

type Task = tuple[Callable[..., Any], tuple[Any, ...]]


@dataclass(frozen=True)
class Failure:
    """A task that gave no result, and why."""

    reason: str


_DIED = Failure("the worker process died, likely out of memory")


class InlineExecutor(Executor):
    """Runs each task at once, in the calling thread."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run it; the future is done."""
        future: Future[Any] = Future()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as in a worker
            future.set_result(fn(*args, **kwargs))  # `run_task` raises nothing
        return future


class TaskRunner:
    """Runs batches of tasks and survives dead workers; a context manager.

    Args:
        workers: Worker processes; 0 to run in this process.
        checkpoint: Called often while waiting; raises to end the work.

    With a `journal`, what it knows is not run again, and what has run is noted there.

    Example:
        >>> with TaskRunner(workers=0, checkpoint=lambda: None) as runner:
        ...     runner.run([(len, ("abc",)), (int, ("x",))])
        [3, Failure(reason="ValueError: invalid literal for int() with base 10: 'x'")]
    """

    def __init__(self, workers: int, checkpoint: Callable[[], None]) -> None:
        self._workers = workers
        self._checkpoint = checkpoint
        self._executor: Executor | None = None
        self.journal: Journal | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close(kill=error is not None)

    @property
    def parallel(self) -> int:
        """Tasks that run at the same time."""
        return max(1, self._workers)

    def run(self, tasks: Sequence[Task]) -> list[Any]:
        """The result of each task in order, or a `Failure` in its place."""
        results: list[Any] = [None] * len(tasks)
        for index, result in self.run_unordered(tasks):
            results[index] = result
        return results

    def run_unordered(self, tasks: Iterable[Task | None]) -> Iterator[tuple[int, Any]]:
        """(index, result or `Failure`) of each task as it ends.

        A task is fetched when it can be started. None stands for "none as long as these run".
        """
        waiting = enumerate(tasks)
        while suspects := (yield from self._work_off(waiting, self.parallel)):
            # A worker died, and which task killed it is unknown: each that was running runs alone.
            for index, task in sorted(suspects, key=lambda suspect: suspect[0]):
                if (yield from self._work_off(iter([(index, task)]), 1)):
                    yield index, _DIED

    def _work_off(
        self, waiting: Iterator[tuple[int, Task | None]], parallel: int
    ) -> Generator[tuple[int, Any], None, list[tuple[int, Task]]]:
        """Take from `waiting` until nothing is left or a worker dies; returns the tasks that ran then."""
        running: dict[Future[Any], tuple[int, Task]] = {}
        suspects: list[tuple[int, Task]] = []
        while True:
            self._checkpoint()
            while len(running) < parallel and not suspects:
                index, task = next(waiting, (-1, None))
                if task is None:
                    break
                known = None if self.journal is None else self.journal.find(task)
                if known is not None:
                    yield index, known
                else:
                    running[self._submit(task)] = index, task
            if not running:
                break
            done, _ = wait(running, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=lambda future: running[future][0]):
                each, result = running.pop(future), _outcome(future)
                if result is _DIED:
                    suspects.append(each)
                else:
                    if self.journal is not None:
                        self.journal.note(each[1], result)
                    yield each[0], result
        if suspects:
            self._close(kill=True)
        return suspects

    def abandon(self) -> None:
        """End all tasks that run, at once. Later ones are run as ever."""
        self._close(kill=True)

    def _submit(self, task: Task) -> Future[Any]:
        if self._executor is None:
            self._executor = self._open()
        try:
            return self._executor.submit(run_task, *task)
        except RuntimeError as error:  # the pool broke under the tasks before this one
            future: Future[Any] = Future()
            future.set_exception(error)
            return future

    def _close(self, *, kill: bool) -> None:
        executor, self._executor = self._executor, None
        if executor is None:
            return
        leaves_trackers = self._end(executor, kill=kill)
        del executor  # before its trackers
        if leaves_trackers:
            release_trackers()

    def _open(self) -> Executor:
        return open_pool(self._workers) if self._workers else InlineExecutor()

    def _end(self, executor: Executor, *, kill: bool) -> bool:
        """End it; returns whether its helper processes are left."""
        if isinstance(executor, InlineExecutor):
            return False
        end_workers(executor, kill=kill)
        return True


def run_task(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """What the task returns, or a `Failure` for what it raises."""
    try:
        return function(*arguments)
    except Exception as error:  # noqa: BLE001 - the boundary of a task; some errors break the pool on their way
        return Failure(f"{type(error).__name__}: {error}")


def _outcome(future: Future[Any]) -> Any:
    from concurrent.futures.process import BrokenProcessPool

    if future.cancelled():
        return Failure("the cluster has given the task up")
    error = future.exception()
    if error is None:
        return future.result()
    return _DIED if isinstance(error, BrokenProcessPool) else Failure(f"{type(error).__name__}: {error}")
