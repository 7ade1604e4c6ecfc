"""Rows that come as JSON."""

from __future__ import annotations

import json

from lex_learning.errors import InferenceError, shown


def parse_row(text: str | bytes) -> dict[str, object]:
    """Read a row from a JSON object.

    Raises:
        InferenceError: The text is not a JSON object.
    """
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InferenceError(
            f"the row is not JSON ({error})", hint="Give an object of column: value."
        ) from None
    if not isinstance(row, dict):
        raise InferenceError(
            f"the row is {shown(row)}, expected a JSON object", hint="Give {column: value, ...}."
        )
    return row
