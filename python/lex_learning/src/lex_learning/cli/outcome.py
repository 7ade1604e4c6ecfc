"""How a command ends, well or not, and how that is shown."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import Any

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


@dataclass(frozen=True)
class Outcome:
    """The end of a command.

    Args:
        document: What `--json` prints, and nothing else.
        text: Standard output without `--json`.
        remarks: Lines for standard error without `--json`.
        exit_code: See `EXIT_CODES`.
    """

    document: dict[str, Any]
    text: str = ""
    remarks: list[str] = field(default_factory=list)
    exit_code: int = 0


def failure(code: str, message: str, hint: str = "", context: dict[str, Any] | None = None) -> Outcome:
    """The outcome of an error."""
    facts = {"code": code, "message": message, "hint": hint, "context": context or {}}
    lines = {"error": message, "hint": hint}
    remarks = [f"{name}: {' '.join(text.split())}" for name, text in lines.items() if text]
    return Outcome({"error": facts}, "", remarks, EXIT_CODES.get(code, FAILED))


def warned(sentences: list[str]) -> list[str]:
    """Warnings as remarks."""
    return [f"warning: {sentence}" for sentence in sentences]


def show(outcome: Outcome, *, as_json: bool) -> None:
    """Print an outcome."""
    # ASCII: an escaped character survives any terminal and any file name.
    text = json.dumps(outcome.document, indent=2, default=str) + "\n" if as_json else outcome.text
    sys.stdout.write(text)
    sys.stdout.flush()
    if not as_json:
        sys.stderr.writelines(f"{line}\n" for line in outcome.remarks)
