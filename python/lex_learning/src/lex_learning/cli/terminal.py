"""What a terminal adds to a training: a progress bar, and Ctrl-C."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lex_learning import ProgressUpdate

CELLS = 24


@contextmanager
def ctrl_c_cancels(*, quiet: bool) -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C into a question answered with yes, which the training asks many times a second.

    After one Ctrl-C, all others are ignored, up to the end of the process: nothing may come between a
    training and its cleaning up.
    """
    asked = threading.Event()

    def ask(number: int, frame: object) -> None:  # noqa: ARG001
        if not quiet and not asked.is_set():
            # Not by print, which fails if this has interrupted another one.
            os.write(sys.stderr.fileno(), b"\ncancelling\n")
        asked.set()

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN if asked.is_set() else before)


@contextmanager
def progress_bar() -> Iterator[Callable[[ProgressUpdate], None]]:
    """A line on standard error that moves; plain ASCII, for any terminal."""
    width = 0

    def draw(line: str) -> None:
        nonlocal width
        line = line[: shutil.get_terminal_size().columns - 1]
        # Blanks over the old line: not every terminal knows escape sequences.
        sys.stderr.write(f"\r{line:<{width}}")
        sys.stderr.flush()
        width = len(line)

    def show(update: ProgressUpdate) -> None:
        cells = int(update.progress * CELLS)
        draw(f"[{'#' * cells:.<{CELLS}}] {update.progress:4.0%} {update.message}")

    try:
        yield show
    finally:
        draw("")
        sys.stderr.write("\r")
