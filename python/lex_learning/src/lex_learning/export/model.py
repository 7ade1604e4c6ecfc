"""From a model to a checked ONNX document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lex_learning.errors import ExportError
from lex_learning.export.approximation import cost, refusals, without
from lex_learning.export.check import check, sample
from lex_learning.export.document import to_document
from lex_learning.models.ensemble import Ensemble

if TYPE_CHECKING:
    from lex_learning.core.results import ModelInfo
    from lex_learning.core.schema import Schema
    from lex_learning.core.target import Target
    from lex_learning.export.approximation import Refusal
    from lex_learning.models.base import Predictor


def to_onnx(
    info: ModelInfo, schema: Schema, model: Predictor, target: Target, *, leave_out_members: bool
) -> tuple[bytes, list[str]]:
    """The bytes of the file, and what was lost; see `TrainedModel.export_onnx`.

    Raises:
        ExportError: ONNX cannot express the model, or the file predicts otherwise.
    """
    warnings: list[str] = []
    try:
        document = to_document(info, schema, model, target)
    except ExportError:
        refused = refusals(model)
        if not refused or not isinstance(model, Ensemble):
            raise
        model, warnings = _rest(schema, model, refused, leave_out_members=leave_out_members)
        document = to_document(info, schema, model, target)
    check(document, schema, model, target.labels, info.decision_threshold)
    return document, warnings


def _rest(
    schema: Schema, model: Ensemble, refused: list[Refusal], *, leave_out_members: bool
) -> tuple[Ensemble, list[str]]:
    """The ensemble without the members that ONNX cannot express, and what that costs."""
    rest = without(model, refused)
    _, matrix = sample(schema)
    lost = cost(
        model.predict(matrix), rest.predict(matrix), is_classification=model.problem.is_classification
    )
    if not leave_out_members:
        raise ExportError(
            f"ONNX cannot express {'; '.join(map(str, refused))}. Without it, on made-up rows, {lost}",
            hint="Ask to leave such members out, or train with other algorithms.",
        )
    sentences = [f"left out: {refusal}" for refusal in refused]
    return rest, [*sentences, f"on made-up rows, {lost}"]
