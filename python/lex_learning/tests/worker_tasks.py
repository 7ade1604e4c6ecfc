"""What the executor's tests run in worker processes, which import this file by its name."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


class NeedsTwoError(Exception):
    """Cannot be unpickled: its arguments are not those of its constructor."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


def double(value: int, seconds: float = 0.0) -> int:
    time.sleep(seconds)
    return 2 * value


def process_id(seconds: float = 0.0) -> int:
    time.sleep(seconds)
    return os.getpid()


def fail(text: str) -> None:
    raise ValueError(text)


def fail_unpicklably() -> None:
    raise NeedsTwoError(1, 2)


def fail_with_a_typed_error() -> None:
    from lex_learning.errors import ExplainabilityError

    raise ExplainabilityError("no plots", hint="Try again.", column="a")


def kill_itself() -> None:
    time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGKILL)


def leave() -> None:
    os._exit(3)


def take_memory(limit: int) -> int:
    """Fails for want of memory, as the operating system grants no more than `limit` bytes."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
    return len(bytearray(8 * limit))


def write_process_id(folder: str, seconds: float) -> None:
    Path(folder, str(os.getpid())).touch()
    time.sleep(seconds)


def library_warning() -> int:
    import warnings

    warnings.warn("a library's remark", stacklevel=1)
    return 1


def environment_of_worker() -> dict[str, object]:
    import sys

    return {
        "executable": sys.executable,
        "safe_path": sys.flags.safe_path,
        "no_user_site": sys.flags.no_user_site,
        "utf8_mode": sys.flags.utf8_mode,
        "dont_write_bytecode": sys.dont_write_bytecode,
    }
