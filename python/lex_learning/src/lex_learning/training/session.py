"""The temporary folder of one training, gone with it; those of killed processes are swept up."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from lex_learning.core.dataset import load_dataset
from lex_learning.core.lock import lock

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "lex-learning-"
RESERVE_BYTES = 1_000_000
_RESERVE = "reserve"
_MARKER = ".lex-learning-session"
"""A file that the owner of a folder holds locked: the lock ends with the process, however it ends."""


@contextmanager
def session_folder() -> Iterator[Path]:
    """A new folder, removed at the end whatever happens."""
    root = Path(tempfile.gettempdir())
    _sweep(root)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=root))
    try:
        with (folder / "marker").open("w") as marker:
            lock(marker)
            (folder / "marker").rename(folder / _MARKER)  # locked before anybody can find it
            yield folder
    finally:
        # Windows removes no file that is still mapped.
        load_dataset.cache_clear()
        shutil.rmtree(folder, ignore_errors=True)


def keep_room(folder: Path) -> None:
    """Take room on the disk until `give_room` gives it back.

    So what is found can still be put together where fits have filled the disk.
    """
    (folder / _RESERVE).write_bytes(os.urandom(RESERVE_BYTES))


def give_room(folder: Path) -> None:
    """See `keep_room`."""
    (folder / _RESERVE).unlink(missing_ok=True)


def is_full(folder: Path) -> bool:
    """Whether a fit has no room to leave its model there."""
    try:
        return shutil.disk_usage(folder).free < RESERVE_BYTES
    except OSError:
        return False


def _sweep(root: Path) -> None:
    for path in root.glob(f"{_PREFIX}*/{_MARKER}"):
        try:
            with path.open("r+") as marker:
                if lock(marker):
                    shutil.rmtree(path.parent, ignore_errors=True)
        except OSError:
            continue  # somebody else's, or just gone
