"""Several fitted models that answer as one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lex_learning.models._calibration import sharpened
from lex_learning.models._carried import carried_to_probabilities, carried_to_sharper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lex_learning.core.problem import Problem
    from lex_learning.export.graph import Graph
    from lex_learning.models.base import Matrix, Model

    type Answer = Callable[[Matrix], Matrix]


@dataclass(frozen=True)
class Member:
    """One candidate in an ensemble.

    Args:
        name: The algorithm's key.
        weight: Its share; the shares of all members add up to 1.
        models: Its fitted models, one for each fold, or a single one. They count equally.
    """

    name: str
    weight: float
    models: tuple[Model, ...]


class Ensemble:
    """The weighted mean of its members' outputs; answers wherever a fitted `Model` does.

    Args:
        problem: What the members have learned.
        members: At least one.
        sharpness: See `sharpened`. Default 1: as they are.
    """

    explains_probabilities: ClassVar = True

    def __init__(self, problem: Problem, members: Sequence[Member], sharpness: float = 1.0) -> None:
        self.problem = problem
        self.members = tuple(members)
        self.sharpness = sharpness

    def predict(self, X: Matrix) -> Matrix:
        """See `Model.predict`."""
        total = np.zeros((len(X), self.problem.output_count))
        for share, model in self._parts():
            total += share * model.predict(X)
        return sharpened(total, self.sharpness) if self.problem.is_classification else total

    def to_graph(self, graph: Graph, features: str) -> str:
        """See `Model.to_graph`."""
        total = ""
        for share, model in self._parts():
            part = graph.add("Mul", model.to_graph(graph, features), share)
            total = graph.add("Add", total, part) if total else part
        if not self.problem.is_classification:
            return total
        if self.sharpness != 1.0:
            most = graph.add("ReduceMax", total, np.array([1]), keepdims=1)
            total = graph.add("Pow", graph.add("Div", total, most), self.sharpness)
        return graph.add("Div", total, graph.add("ReduceSum", total, np.array([1]), keepdims=1))

    def use_threads(self, threads: int) -> None:
        """See `Model.use_threads`."""
        for _, model in self._parts():
            model.use_threads(threads)

    @property
    def explains_exactly(self) -> bool:
        """See `Model.explains_exactly`."""
        return not self.inexact_members

    @property
    def inexact_members(self) -> list[str]:
        """The algorithms of those of its models that have no exact contributions, a name for each model."""
        return [
            member.name for member in self.members for model in member.models if not model.explains_exactly
        ]

    def contributions(
        self, X: Matrix, estimate: Callable[[Answer], tuple[Matrix, Matrix]] | None = None
    ) -> tuple[Matrix, Matrix] | None:
        """See `Model.contributions`; those of its members, carried over from log-odds to probabilities.

        Args:
            X: Shape (rows, columns).
            estimate: Gives contributions to the sum of what members without an exact method add to the
                output. Default: none, and if there is such a member, no contributions at all.
        """
        outputs = 1 if self.problem.class_count == 2 else self.problem.output_count
        values, base = np.zeros((len(X), X.shape[1], outputs)), np.zeros(outputs)
        others = []
        for share, model in self._parts():
            found = model.contributions(X)
            if found is None:
                if estimate is None:
                    return None
                others.append((share, model))
                continue
            if self.problem.is_classification and not model.explains_probabilities:
                found = carried_to_probabilities(*found)
            values += share * found[0]
            base += share * found[1]
        if estimate is not None and others:
            found = estimate(
                lambda rows: mixture(
                    [model.predict(rows) for _, model in others], [share for share, _ in others]
                )
            )
            values += found[0]
            base += found[1]
        if self.sharpness == 1.0 or not self.problem.is_classification:
            return values, base
        return carried_to_sharper(values, base, self.sharpness)

    def _parts(self) -> list[tuple[float, Model]]:
        return [
            (member.weight / len(member.models), model) for member in self.members for model in member.models
        ]


def mixture(outputs: Sequence[Matrix], weights: Iterable[float]) -> Matrix:
    """The weighted mean of the outputs of some models."""
    total = np.zeros(outputs[0].shape)
    for output, weight in zip(outputs, weights, strict=True):
        total += weight * output
    return total
