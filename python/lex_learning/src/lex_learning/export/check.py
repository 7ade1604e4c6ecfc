"""Whether an ONNX document predicts as the model does that it was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.core.column import ColumnKind
from lex_learning.core.metrics import predicted_codes
from lex_learning.errors import ExportError
from lex_learning.export.document import LABEL, OUTPUT, is_truth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lex_learning.core.column import Column
    from lex_learning.core.schema import Schema
    from lex_learning.models.base import Matrix, Predictor

ROWS = 200
OUTSIDE_SHARE, ODD_SHARE = 0.2, 0.1
"""How far beyond the training's range numbers go, and how many values are missing or of no known level."""
MOST_DIFFERENCE = 1e-5
SMALLEST = 1e-9
"""Of what the largest output is: below it, differences are rounding."""


def sample(schema: Schema, seed: int = 0) -> tuple[dict[str, NDArray[Any]], Matrix]:
    """Made-up rows: a column each as ONNX takes it, by name, and their encoding.

    Numbers are spread over the training's range and a little beyond, some of them its lower end; some texts
    are of no known level; where a value may be missing, some are.
    """
    random = np.random.default_rng(seed)
    matrix = np.column_stack([_codes(column, random) for column in schema.columns])
    return {
        column.name: _given(column, codes)[:, None]
        for column, codes in zip(schema.columns, matrix.T, strict=True)
    }, matrix


def _codes(column: Column, random: np.random.Generator) -> Matrix:
    if column.kind is ColumnKind.CATEGORICAL:
        codes = random.integers(max(1, len(column.levels)), size=ROWS).astype(np.float64)
        return np.where(random.random(ROWS) < ODD_SHARE, np.nan, codes) if column.levels else codes * np.nan
    low, high = column.minimum or 0.0, column.maximum or 0.0
    if column.kind is ColumnKind.BOOLEAN:
        values = random.integers(2, size=ROWS).astype(np.float64)
    else:
        margin = OUTSIDE_SHARE * (high - low)
        values = random.uniform(low - margin, high + margin, ROWS)
        if not np.isfinite(values).all():
            values = random.uniform(low / 2.0, high / 2.0, ROWS)
        values[random.random(ROWS) < ODD_SHARE] = low
        if column.kind is ColumnKind.INTEGER:
            values = np.round(values)
    if column.nullable:
        values[random.random(ROWS) < ODD_SHARE] = np.nan
    return values


def _given(column: Column, codes: Matrix) -> NDArray[Any]:
    if column.kind is ColumnKind.CATEGORICAL:
        unknown = next(
            text for text in ("", *map(str, range(len(column.levels) + 1))) if text not in column.levels
        )
        texts = np.array([*column.levels, unknown], dtype=object)
        return texts[np.nan_to_num(codes, nan=len(column.levels)).astype(np.intp)]
    return codes.astype(bool) if is_truth(column) else codes


def run(document: bytes, columns: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """What ONNX Runtime predicts, by the names of the outputs.

    Raises:
        ExportError: It refuses the document, or is not installed.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise ExportError(
            f"the file cannot be checked: ONNX Runtime is not installed ({error})",
            hint="Export on another machine; there is none for macOS on Intel.",
        ) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(document, options, providers=["CPUExecutionProvider"])
        # The order of the inputs is the schema's; a name may have had to change.
        named = {
            each.name: column for each, column in zip(session.get_inputs(), columns.values(), strict=True)
        }
        names = [each.name for each in session.get_outputs()]
        return dict(zip(names, session.run(names, named), strict=True))
    except Exception as error:  # its errors have no common base but this
        raise ExportError(f"ONNX Runtime cannot run the file: {error}") from error


def check(
    document: bytes, schema: Schema, model: Predictor, labels: list[str], threshold: float | None
) -> None:
    """Compare the document with the model on made-up rows.

    Args:
        document: See `to_document`.
        schema: Of the model.
        model: What it was made of.
        labels: Of the classes; empty for numbers.
        threshold: Probability of the second class from which it is predicted, or None.

    Raises:
        ExportError: They differ by more than 0.001 %.
    """
    columns, matrix = sample(schema)
    found, expected = run(document, columns), model.predict(matrix)
    difference = relative_difference(found[OUTPUT], expected)
    if not difference <= MOST_DIFFERENCE:
        raise ExportError(
            f"the file predicts otherwise than the model: by {difference:.2g} of the value, expected "
            f"{MOST_DIFFERENCE} at most",
            hint="Export another model.",
        )
    if not labels:
        return
    if threshold is None:
        top = np.sort(expected, axis=1)
        margin = top[:, -1] - top[:, -2]
    else:
        margin = np.abs(expected[:, 1] - threshold)
    right = np.array(labels, dtype=object)[predicted_codes(expected, threshold)]
    # Where two classes are equally probable, either is right.
    wrong = int(((margin > MOST_DIFFERENCE) & (found[LABEL] != right)).sum())
    if wrong:
        raise ExportError(f"the file gives another label than the model in {wrong} of {ROWS} made-up rows")


def relative_difference(found: Matrix, expected: Matrix) -> float:
    """The largest of all values, relative to the expected one; NaN or infinite where one is none."""
    floor = SMALLEST * max(float(np.abs(expected).max()), np.finfo(np.float64).tiny)
    return float((np.abs(found - expected) / np.maximum(np.abs(expected), floor)).max())
