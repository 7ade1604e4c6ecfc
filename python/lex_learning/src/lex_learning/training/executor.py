"""Where tasks run: in this process, or in worker processes that can be killed.

Workers are joblib's loky processes: spawned, never forked, on `sys.executable`, which the runtime
has set to the bundled interpreter.
"""

from __future__ import annotations

import gc
import os
import threading
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self


from lex_learning._bootstrap import worker_environment
from lex_learning.training.tasks import prepare_worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import TracebackType

POLL_SECONDS = 0.05

type Task = tuple[Callable[..., Any], tuple[Any, ...]]


@dataclass(frozen=True)
class Failure:
    """A task that gave no result, and why."""

    reason: str


class InlineExecutor(Executor):
    """Runs each task at once, in the calling thread."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run it; the future is done."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - the boundary of a task
            future.set_exception(error)
        return future


def core_count(n_jobs: int) -> int:
    """Cores that `n_jobs` stands for: itself, or all that this process may use for -1."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return available if n_jobs == -1 else n_jobs


class TaskRunner:
    """Runs batches of tasks and survives dead workers; a context manager.

    Args:
        workers: Worker processes; 0 to run in this process.
        checkpoint: Called often while waiting; raises to end the work.
    """

    def __init__(self, workers: int, checkpoint: Callable[[], None]) -> None:
        self._workers = workers
        self._checkpoint = checkpoint
        self._executor: Executor | None = None

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

    def run_unordered(self, tasks: Sequence[Task]) -> Iterator[tuple[int, Any]]:
        """(index, result or `Failure`) of each task as it ends."""
        suspects: list[int] = []
        futures = {}
        for index, task in enumerate(tasks):
            self._checkpoint()
            try:
                futures[self._submit(task)] = index
            except RuntimeError:  # the pool broke under the tasks before this one
                suspects.append(index)
        for index, result, died in self._collect(futures):
            if died:
                suspects.append(index)
            else:
                yield index, result
        # A worker died, and which task killed it is unknown: each one left runs alone.
        for index in sorted(suspects):
            self._close(kill=True)
            for _, result, _ in self._collect({self._submit(tasks[index]): index}):
                yield index, result
        if suspects:
            self._close(kill=True)

    def _submit(self, task: Task) -> Future[Any]:
        if self._executor is None:
            self._executor = _new_pool(self._workers) if self._workers else InlineExecutor()
        return self._executor.submit(task[0], *task[1])

    def _collect(self, futures: dict[Future[Any], int]) -> Iterator[tuple[int, Any, bool]]:
        from concurrent.futures.process import BrokenProcessPool

        pending = set(futures)
        while pending:
            done, pending = wait(pending, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
            self._checkpoint()
            for future in sorted(done, key=futures.__getitem__):
                error = future.exception()
                if isinstance(error, BrokenProcessPool):
                    yield futures[future], Failure("the worker process died, likely out of memory"), True
                elif error is not None:
                    yield futures[future], Failure(f"{type(error).__name__}: {error}"), False
                else:
                    yield futures[future], future.result(), False

    def _close(self, *, kill: bool) -> None:
        executor, self._executor = self._executor, None
        if executor is not None and not isinstance(executor, InlineExecutor):
            _close_pool(executor, kill=kill)


_open_pools = 0
_pools_lock = threading.Lock()


def _new_pool(workers: int) -> Executor:
    from joblib.externals.loky.process_executor import ProcessPoolExecutor

    global _open_pools  # noqa: PLW0603 - the resource trackers are one a process, too
    with _pools_lock:
        _open_pools += 1
    pool: Executor = ProcessPoolExecutor(
        max_workers=workers,
        initializer=prepare_worker,
        initargs=(os.getpid(),),
        env=worker_environment(),
    )
    return pool


def _close_pool(pool: Any, *, kill: bool) -> None:
    """End the workers, and with the last pool also the resource trackers that served them."""
    global _open_pools  # noqa: PLW0603
    pool.shutdown(wait=True, kill_workers=kill)
    with _pools_lock:
        _open_pools -= 1
        if not _open_pools:
            del pool
            gc.collect()
            stop_trackers()


def stop_trackers() -> None:
    """End the helper processes of loky and multiprocessing; they start again when needed."""
    from multiprocessing import resource_tracker as standard

    from joblib.externals.loky.backend import resource_tracker as loky

    for tracker in (loky._resource_tracker, standard._resource_tracker):  # type: ignore[attr-defined]
        tracker._stop()


