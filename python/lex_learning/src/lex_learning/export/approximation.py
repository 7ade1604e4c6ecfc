"""What remains of an ensemble without the members that ONNX cannot express."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lex_learning.errors import ExportError
from lex_learning.export.document import FEATURES
from lex_learning.export.graph import Graph
from lex_learning.models.ensemble import Ensemble, Member

if TYPE_CHECKING:
    from lex_learning.models.base import Matrix, Predictor


class Refusal(NamedTuple):
    """A member that ONNX cannot express.

    Args:
        member: The member.
        reason: Why.
    """

    member: Member
    reason: str

    def __str__(self) -> str:
        return f"{self.member.name}, of weight {self.member.weight:.3g}: {self.reason}"


def refusals(model: Predictor) -> list[Refusal]:
    """The members of an ensemble that ONNX cannot express; none of another model."""
    found = []
    for member in model.members if isinstance(model, Ensemble) else ():
        try:
            for each in member.models:
                each.to_graph(Graph([FEATURES]), FEATURES)
        except ExportError as error:
            found.append(Refusal(member, error.message))
    return found


def without(ensemble: Ensemble, refused: list[Refusal]) -> Ensemble:
    """The ensemble of the other members, their weights in the same proportion.

    Raises:
        ExportError: There are none.
    """
    gone = [refusal.member for refusal in refused]
    kept = [member for member in ensemble.members if not any(member is each for each in gone)]
    if not kept:
        raise ExportError(
            f"ONNX can express no member of the ensemble ({'; '.join(map(str, refused))})",
            hint="Train with an algorithm that it can, such as lightgbm.",
        )
    total = sum(member.weight for member in kept)
    shares = [Member(member.name, member.weight / total, member.models) for member in kept]
    return Ensemble(ensemble.problem, shares, ensemble.sharpness)


def cost(whole: Matrix, rest: Matrix, *, is_classification: bool) -> str:
    """A sentence on how far the predictions of the rest are from those of the whole, for the same rows."""
    distance = float(np.abs(rest - whole).mean())
    if not is_classification:
        spread = float(whole.std())
        return f"its values are off by {distance:.3g} on average, where they spread by {spread:.3g}"
    same = float((rest.argmax(axis=1) == whole.argmax(axis=1)).mean())
    return (
        f"its probabilities are off by {distance:.3g} on average, and {same:.1%} of its classes are the same"
    )
