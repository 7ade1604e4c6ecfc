"""Files that are replaced whole or not at all; what killed processes have left is swept up."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from lex_learning.core.lock import lock


def replace_file(target: Path, data: bytes) -> None:
    """Put a new file in the place of an old one, which keeps its permissions.

    Raises:
        OSError: The place cannot be written; the old file is untouched.
        ValueError: It is no path.
    """
    _sweep(target)
    file, temporary = _claim(target)
    try:
        with file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            with suppress(FileNotFoundError):
                shutil.copymode(target, temporary)
            if os.name == "nt":
                file.close()  # Windows moves no open file
            temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if os.name == "posix":
        _sync_folder(target.parent)


def _prefix(target: Path) -> str:
    # The start of the name: the whole one and the addition may be longer than a name can be.
    return f".{target.name[:30]}.lex-learning-"


def _claim(target: Path) -> tuple[BinaryIO, Path]:
    """A new file beside the target, locked until it is closed: its process lives."""
    while True:
        temporary = target.with_name(f"{_prefix(target)}{secrets.token_hex(8)}")
        file = temporary.open("xb")
        lock(file, wait=True)
        if temporary.exists():
            return file, temporary
        file.close()  # it was swept up before it was locked


def _sweep(target: Path) -> None:
    """Remove what saves to this target have left that were killed: nobody holds it locked.

    Where there are no locks, it stays.
    """
    name = re.compile(re.escape(_prefix(target)) + "[0-9a-f]{16}")
    with suppress(OSError), os.scandir(target.parent) as entries:
        for entry in entries:
            if name.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                _remove_unlocked(Path(entry.path))


def _remove_unlocked(path: Path) -> None:
    with suppress(OSError), path.open("r+b") as file:
        if lock(file):
            path.unlink()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
