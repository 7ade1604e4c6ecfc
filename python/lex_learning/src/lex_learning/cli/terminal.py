"""What a terminal adds to a training: a progress bar, and Ctrl-C."""

from __future__ import annotations

import shutil
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lex_learning import ProgressUpdate


@contextmanager
def ctrl_c_cancels() -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C into a question answered with yes, which the training asks many times a second.

    All further ones are ignored, up to the end of the process: nothing may come between a training and
    its cleaning up.
    """
    asked = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: asked.set())
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN if asked.is_set() else before)


@contextmanager
def progress_bar() -> Iterator[Callable[[ProgressUpdate], None]]:
    """A line on standard error that moves; plain ASCII, for any terminal."""
    width = 0

    def show(update: ProgressUpdate) -> None:
        nonlocal width
        line = f"[{'#' * int(update.progress * 24):.<24}] {update.progress:4.0%} {update.message}"
        line = line[: shutil.get_terminal_size().columns - 1]
        # Blanks over the old line: not every terminal knows escape sequences.
        sys.stderr.write(f"\r{line:<{width}}")
        sys.stderr.flush()
        width = len(line)

    try:
        yield show
    finally:
        sys.stderr.write(f"\r{'':{width}}\r")
