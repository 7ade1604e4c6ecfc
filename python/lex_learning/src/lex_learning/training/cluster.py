"""Tasks on the workers of a Dask cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, override

from lex_learning.errors import InvalidConfigError
from lex_learning.training.executor import TaskRunner

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

CONNECT_SECONDS = 10


class ClusterRunner(TaskRunner):
    """Runs tasks where a `dask.distributed` scheduler sends them; its workers must see the same files.

    A fit that has started there cannot be killed: after a cancel it ends on its own, and is ignored.

    Args:
        address: Of the scheduler, such as `tcp://localhost:8786`.
        checkpoint: See `TaskRunner`.

    Raises:
        InvalidConfigError: `distributed` is not installed, or nobody answers.
    """

    def __init__(self, address: str, checkpoint: Callable[[], None]) -> None:
        self._client = _connect(address)
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        super().__init__(sum(int(worker["nthreads"]) for worker in workers), checkpoint)

    @override
    def _open(self) -> Executor:
        executor: Executor = self._client.get_executor(pure=False)
        return executor

    @override
    def _end(self, executor: Executor, *, kill: bool) -> bool:
        executor.shutdown(wait=not kill)  # without waiting, it cancels what it has not started
        return False

    @override
    def __exit__(self, *outcome: Any) -> None:
        super().__exit__(*outcome)
        self._client.close()


def _connect(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError:
        raise InvalidConfigError(
            f"engine is {address!r}, and distributed is not installed",
            hint="Run pip install 'lex-learning[dask]', or leave engine out.",
            field="engine",
        ) from None
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise InvalidConfigError(
            f"no Dask scheduler answers at {address!r} ({error})",
            hint="Start one, such as `dask scheduler`, or leave engine out.",
            field="engine",
        ) from error
