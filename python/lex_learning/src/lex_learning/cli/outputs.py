"""Files that a command writes, checked before hours of work are lost."""

from __future__ import annotations

import os
import re
import tempfile
from typing import TYPE_CHECKING

from lex_learning.cli.outcome import CommandError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def check_file(path: Path, table: Path) -> None:
    """Refuse a file that cannot be written, or is the table that is read."""
    if path.exists() and not (path.is_file() and os.access(path, os.W_OK)):
        raise _unwritable(path, "it is no file that may be replaced")
    if path.exists() and table.exists() and path.samefile(table):
        raise _unwritable(path, "it is the table itself")
    try:
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise _unwritable(path, f"{str(path.parent)!r}: {error.strerror}") from error


def make_folder(folder: Path) -> None:
    """Make a folder for plots; refuse one that cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise _unwritable(folder, str(error.strerror)) from error


def write_file(path: Path, data: bytes) -> None:
    """Write a file."""
    try:
        path.write_bytes(data)
    except OSError as error:
        raise _unwritable(path, str(error.strerror)) from error


def write_plots(folder: Path | None, plots: dict[str, bytes]) -> dict[str, str]:
    """Write each plot, unless there is no folder; their paths by name."""
    if folder is None:
        return {}
    paths = {name: folder / file for name, file in zip(plots, file_names(plots), strict=True)}
    for name, path in paths.items():
        write_file(path, plots[name])
    return {name: str(path) for name, path in paths.items()}


def file_names(plots: Iterable[str]) -> list[str]:
    """A file name for each plot that every file system takes, all different even without regard to case.

    Example:
        >>> file_names(["bar", "dependence_km/h", "dependence_km:h"])
        ['bar.png', 'dependence_km_h.png', 'dependence_km_h-2.png']
    """
    names: dict[str, str] = {}
    for plot in plots:
        # 60 characters are at most 240 bytes, and file systems take 255.
        name = stem = re.sub(r"[^\w().+=-]+", "_", plot)[:60]
        count = 1
        while name.casefold() in names:
            count += 1
            name = f"{stem}-{count}"
        names[name.casefold()] = f"{name}.png"
    return list(names.values())


def _unwritable(path: Path, reason: str) -> CommandError:
    hint = "Choose a place that exists, is writable and has room."
    return CommandError("file.unwritable", f"{str(path)!r} cannot be written: {reason}", hint, path=str(path))
