"""One at a time, whatever the system."""

from __future__ import annotations

import errno
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Wait until no other process is between this and the end of its block.

    Where there are no locks, or the file cannot be made, nobody waits.

    Args:
        path: The file that is locked. It stays.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import gettempdir
        >>> with alone(Path(gettempdir(), "lex-learning-example.lock")):
        ...     print("alone")
        alone
    """
    try:
        file = path.open("ab")
    except OSError:
        yield
        return
    with file:
        with suppress(OSError):
            _wait(file)
        yield


def _wait(file: IO[bytes]) -> None:
    try:
        import fcntl
    except ImportError:
        import msvcrt
    else:
        fcntl.flock(file, fcntl.LOCK_EX)
        return
    while True:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # type: ignore[attr-defined]
        except OSError as error:
            # It gives up after ten seconds, and the other may take longer.
            if error.errno != errno.EDEADLK:
                raise
        else:
            return
