"""How a command ends, well or not, and how that is shown."""

from __future__ import annotations

import json
import sys
from typing import Any

type Outcome = tuple[dict[str, Any], str]
"""The document that `--json` prints, and the text printed without it. Under `error` and `warnings`, the
document holds what then goes to standard error."""

FAILED, CANCELLED = 1, 130
EXIT_CODES = {
    "usage.invalid": 2,
    "config.invalid": 2,
    "data.invalid": 3,
    "data.target_missing": 3,
    "arrow.type_conversion": 3,
    "file.not_found": 4,
    "file.unreadable": 4,
    "file.unwritable": 4,
    "model.not_found": 4,
    "model.invalid": 4,
    "training.cancelled": CANCELLED,
}
"""Exit code by error code; all others are `FAILED`."""


class CommandError(Exception):
    """What only a command can get wrong: its arguments and its files.

    As `LexLearningError`, but its codes, keys of `EXIT_CODES`, never cross the border to Rust.
    """

    def __init__(self, code: str, message: str, hint: str = "", **context: object) -> None:
        super().__init__(message)
        self.code, self.message, self.hint, self.context = code, message, hint, context


def failure(code: str, message: str, hint: str = "", context: dict[str, Any] | None = None) -> Outcome:
    """The outcome of an error."""
    return {"error": {"code": code, "message": message, "hint": hint, "context": context or {}}}, ""


def show(outcome: Outcome, *, as_json: bool) -> int:
    """Print an outcome; the exit code."""
    document, text = outcome
    error = document.get("error", {})
    # ASCII: an escaped character survives any terminal and any file name.
    sys.stdout.write(json.dumps(document, indent=2, default=str) + "\n" if as_json else text)
    sys.stdout.flush()
    if not as_json:
        warnings = [("warning", sentence) for sentence in document.get("warnings", [])]
        for name, line in [("error", error.get("message")), ("hint", error.get("hint")), *warnings]:
            if line:
                sys.stderr.write(f"{name}: {' '.join(line.split())}\n")
    return EXIT_CODES.get(error["code"], FAILED) if error else 0
