"""What can go wrong, each with a code that never changes. The codes are those of Rust."""

from __future__ import annotations

from typing import NamedTuple


class Location(NamedTuple):
    """A place in a YAML file."""

    path: str
    """The file as it was named, or `<text>` for YAML that came as text."""
    line: int
    """The line, from 1."""
    column: int
    """The column in characters, from 1."""


class FeaturesError(Exception):
    """What failed, on which value, and what was expected.

    Args:
        message: The failure, with its place in front where it is about a YAML file.
        code: The stable code, such as `column.unknown`. Decide by it, never by the text.
        hint: What to do about it, where something can be said.
        location: Where in a YAML file it is, where it is about one.

    Example:
        >>> import polars as pl
        >>> from features_pipeline import FeaturesError, PipelineSteps
        >>> steps = PipelineSteps.from_yaml(
        ...     "steps: [{ type: ratio, name: margin, numerator: Profit, denominator: Revenue }]"
        ... )
        >>> try:
        ...     steps.apply(pl.DataFrame({"Profits": [1.0], "Revenue": [2.0]}))
        ... except FeaturesError as error:
        ...     print(error.code, error.location, error.hint, sep=" | ")
        column.unknown | Location(path='<text>', line=1, column=9) | did you mean 'Profits'?
    """

    def __init__(
        self, message: str, code: str, hint: str | None = None, location: tuple[str, int, int] | None = None
    ) -> None:
        # All arguments, so that it survives the way between processes.
        super().__init__(message, code, hint, location)
        self.message = message
        self.code = code
        self.hint = hint
        self.location = Location(*location) if location is not None else None

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message
