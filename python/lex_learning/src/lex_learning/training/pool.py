"""Worker processes: joblib's loky pool on `sys.executable`, spawned, never forked.

In a Rust host `sys.executable` is the bundled interpreter. Workers end with the pool, with a kill, and
with the death of the host.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
import warnings
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from lex_learning._bootstrap import worker_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

COLLECTION_SECONDS = 1.0
_ENVIRONMENT = {"OMP_WAIT_POLICY": "PASSIVE"}
"""A thread that waits for the others leaves its core to the other workers."""

_lock = threading.Lock()
_open_count = 0
_own_trackers: list[Any] = []
"""Those that run for our pools; any other serves somebody else, whose resources would end with it."""


def open_pool(workers: int) -> Any:
    """A loky `ProcessPoolExecutor`, its processes on their way."""
    from joblib.externals.loky.process_executor import ProcessPoolExecutor

    global _open_count  # noqa: PLW0603 - the trackers are one for the process, too
    with _lock:
        _own_trackers.extend(tracker for tracker in _trackers() if tracker._fd is None)
        pool = ProcessPoolExecutor(
            max_workers=workers,
            initializer=prepare_worker,
            initargs=(os.getpid(),),
            env=_ENVIRONMENT | worker_environment(),
        )
        _open_count += 1
    with _ctrl_c_blocked():
        pool.submit(os.getpid)  # the first task starts the processes
    return pool


@contextmanager
def _ctrl_c_blocked() -> Iterator[None]:
    """Keep Ctrl-C from processes started here until `prepare_worker` does: they inherit the block."""
    if sys.platform == "win32":
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # started later, it would lift the block
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_workers(pool: Any, *, kill: bool) -> None:
    """End the processes of a pool: when idle, or at once.

    The processes are killed under the pool, which then takes itself for broken. Its own way,
    `shutdown(kill_workers=True)`, trips over tasks that it has not handed out yet.
    """
    with warnings.catch_warnings():
        # The pool would tell of each killed worker.
        warnings.simplefilter("ignore")
        if kill:
            for process in list(pool._processes.values()):
                _kill(process)
        pool.shutdown(wait=True)


def _kill(process: Any) -> None:
    if os.name == "nt":
        process.terminate()
        return
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)


def release_trackers() -> None:
    """After the last pool, also end the helper processes that clean up after workers.

    To be called when no reference to the pool is left. A tracker that ends before the pool's locks are
    collected would report them as lost; if some stay, it stays. Trackers start again when needed.
    """
    global _open_count  # noqa: PLW0603
    with _lock:
        _open_count -= 1
        if _open_count == 0 and _locks_are_gone():
            _stop_trackers()


def _locks_are_gone() -> bool:
    import multiprocessing
    from multiprocessing.util import _finalizer_registry  # type: ignore[attr-defined]

    from joblib.externals.loky.backend.synchronize import SemLock

    # Dying workers and the pool's threads hold theirs for a moment longer.
    deadline = time.monotonic() + COLLECTION_SECONDS
    while True:
        multiprocessing.active_children()
        gc.collect()
        # Not by `gc.get_objects()`: a tuple that it hands out while another thread builds it fails there.
        if not any(each._callback is SemLock._cleanup for each in _finalizer_registry.copy().values()):
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)


def _trackers() -> list[Any]:
    from multiprocessing import resource_tracker as standard

    from joblib.externals.loky.backend import resource_tracker as loky

    return [loky._resource_tracker, vars(standard)["_resource_tracker"]]


def _stop_trackers() -> None:
    while _own_trackers:
        _own_trackers.pop()._stop()


def prepare_worker(parent: int) -> None:
    """Silence library warnings in a worker, leave Ctrl-C to its parent, and end it when that is gone."""
    from joblib.externals.loky import process_executor

    warnings.simplefilter("ignore")
    # The library ends a worker that has grown by 300 MB, as any that reads a large table has.
    process_executor._MAX_MEMORY_LEAK_SIZE = float("inf")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
