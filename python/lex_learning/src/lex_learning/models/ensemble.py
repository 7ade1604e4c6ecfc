"""Several fitted models that answer as one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lex_learning.core.problem import Problem
    from lex_learning.models.base import Matrix, Model


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
    """

    explains_probabilities: ClassVar = True

    def __init__(self, problem: Problem, members: Sequence[Member]) -> None:
        self.problem = problem
        self.members = tuple(members)

    def predict(self, X: Matrix) -> Matrix:
        """See `Model.predict`."""
        total = np.zeros((len(X), self.problem.output_count))
        for share, model in self._parts():
            total += share * model.predict(X)
        if self.problem.is_classification:
            # Single-precision members leave sums a little off 1.
            total /= total.sum(axis=1, keepdims=True)
        return total

    def use_threads(self, threads: int) -> None:
        """See `Model.use_threads`."""
        for _, model in self._parts():
            model.use_threads(threads)

    def contributions(self, X: Matrix) -> tuple[Matrix, Matrix] | None:
        """See `Model.contributions`; values add up over members as outputs do, log-odds do not."""
        if self.problem.is_classification:
            return None
        values = np.zeros((len(X), X.shape[1], 1))
        base = np.zeros(1)
        for share, model in self._parts():
            found = model.contributions(X)
            if found is None:
                return None
            values += share * found[0]
            base += share * found[1]
        return values, base

    def _parts(self) -> list[tuple[float, Model]]:
        return [
            (member.weight / len(member.models), model) for member in self.members for model in member.models
        ]
