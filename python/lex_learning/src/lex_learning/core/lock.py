"""Locks of files: they end with the process that holds them, however it ends."""

from __future__ import annotations

from typing import IO, Any


def lock(file: IO[Any], *, wait: bool = False) -> bool:
    """Lock an open file until it is closed; false where there are no such locks.

    Args:
        file: Open for writing.
        wait: For whoever holds it. Default: false if another does.
    """
    try:
        import fcntl
    except ImportError:
        return False  # Windows
    try:
        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
