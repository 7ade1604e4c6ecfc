"""What can go wrong with experiments. It never crosses the border to Rust."""

from __future__ import annotations


class ExperimentError(Exception):
    """A run's files cannot be read, or not be written to MLflow.

    Args:
        message: What failed, on which value, and what was expected.
        hint: What to do next.

    Example:
        >>> str(ExperimentError("runs: not a folder", hint="Name a folder."))
        'runs: not a folder. Name a folder.'
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}. {self.hint}" if self.hint else self.message
