"""What can go wrong, each with a code that never changes.

Rust holds one variant for each code and decides by the code alone; the text is for people.
"""

from __future__ import annotations

from typing import ClassVar

SHOWN_CHARACTERS = 80


class LexLearningError(Exception):
    """Base of all errors of this package.

    Args:
        message: What failed, on which value, and what was expected.
        hint: What to do next.
        context: JSON-safe facts, such as `column="Age"`.

    Example:
        >>> error = InvalidDataError("column 'Age' holds 3 nulls", hint="Fill or drop them.", column="Age")
        >>> str(error), error.code, error.context
        ("column 'Age' holds 3 nulls. Fill or drop them.", 'data.invalid', {'column': 'Age'})
    """

    code: ClassVar[str] = "python.error"

    def __init__(self, message: str, *, hint: str = "", **context: object) -> None:
        # One argument, as `__init__` takes: it must survive the way back from a worker.
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.context = context

    def __str__(self) -> str:
        return f"{self.message}. {self.hint}" if self.hint else self.message


class InvalidConfigError(LexLearningError):
    """A setting is unknown or outside its bounds."""

    code = "config.invalid"


class InvalidDataError(LexLearningError):
    """The table cannot be trained on as it is."""

    code = "data.invalid"


class TargetNotFoundError(LexLearningError):
    """The target column is not in the table; `context["column"]` names it."""

    code = "data.target_missing"


class TrainingFailedError(LexLearningError):
    """No candidate model could be fitted."""

    code = "training.failed"


class ModelNotFoundError(LexLearningError):
    """There is no file at the path; `context["path"]` names it."""

    code = "model.not_found"


class InvalidModelFileError(LexLearningError):
    """The file is empty, cut, altered, or not a model of this package."""

    code = "model.invalid"


class InferenceError(LexLearningError):
    """A row or table cannot be predicted as it is, or a file cannot be written."""

    code = "inference.failed"


class ExplainabilityError(LexLearningError):
    """The explanation of a model failed; the model itself is fine."""

    code = "explainability.failed"


class ExportError(LexLearningError):
    """A model cannot be written as an ONNX file, or the file does not predict as the model does."""

    code = "export.failed"


class ArrowConversionError(LexLearningError):
    """A table could not cross between Arrow and pandas."""

    code = "arrow.type_conversion"


class Cancelled(BaseException):
    """Training was cancelled. Not an `Exception`, so that no model's error handling swallows it."""

    code: ClassVar[str] = "training.cancelled"


def shown(value: object) -> str:
    """A value as messages quote it: as in code, but None as null, and cut where it is long.

    Example:
        >>> shown("Age"), shown(None), len(shown("x" * 1_000_000))
        ("'Age'", 'null', 80)
    """
    if value is None:
        return "null"
    if isinstance(value, str):
        value = value[:SHOWN_CHARACTERS]
    try:
        text = repr(value)
    except Exception as error:  # noqa: BLE001 - Python refuses to write out huge integers
        return f"a {type(value).__name__} ({type(error).__name__})"
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 3]}..."


def counted(number: int, noun: str) -> str:
    """A number and its noun.

    Example:
        >>> counted(1, "row"), counted(2_000, "row")
        ('1 row', '2000 rows')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def error_codes() -> set[str]:
    """All codes that can cross the border.

    Example:
        >>> "data.target_missing" in error_codes()
        True
    """
    return {LexLearningError.code, Cancelled.code} | {each.code for each in LexLearningError.__subclasses__()}
