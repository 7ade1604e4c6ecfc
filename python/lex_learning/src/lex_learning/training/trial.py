"""A candidate on its way through the folds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.models._logarithm import LOG_SCALE
from lex_learning.training.executor import Failure
from lex_learning.training.tasks import Candidate, FoldScore

if TYPE_CHECKING:
    import optuna


@dataclass
class Trial:
    """One candidate and the scores of its folds so far.

    Args:
        candidate: The candidate.
        fold_count: Folds that make it complete: those from 0.
        folds: Scores by fold.
        failure: Why it was given up, or None.
        pruned: Whether it was given up as hopeless.
        suggestion: Optuna's side of it.
        kept: Whether its fitted models are still there.
    """

    candidate: Candidate
    fold_count: int
    folds: dict[int, FoldScore] = field(default_factory=dict)
    failure: str | None = None
    pruned: bool = False
    suggestion: optuna.Trial | None = None
    kept: bool = True

    @property
    def alive(self) -> bool:
        """Whether its next fold is worth fitting."""
        return self.failure is None and not self.pruned

    @property
    def is_complete(self) -> bool:
        """Whether every fold has a score."""
        return self.alive and all(fold in self.folds for fold in range(self.fold_count))

    @property
    def loss(self) -> float:
        """Mean loss of the folds so far; infinite if there is none or it was given up."""
        return float(np.mean(self.fold_losses)) if self.fold_losses and self.alive else np.inf

    @property
    def fold_losses(self) -> list[float]:
        """The losses of the folds so far, in the order of the folds; only of those that count.

        By the metric, or by the proper score where the metric has failed.
        """
        folds = [self.folds[fold] for fold in sorted(self.folds) if fold < self.fold_count]
        has_failed = self.metric_failure is not None
        return [fold.proper_score if has_failed else fold.loss for fold in folds]

    @property
    def metric_failure(self) -> str | None:
        """Why the metric has no value for it, in a fold that counts; or None."""
        counted = [self.folds[fold].metric_failure for fold in sorted(self.folds) if fold < self.fold_count]
        return next(filter(None, counted), None)

    @property
    def rank(self) -> tuple[bool, float]:
        """Orders trials, best first: those that the metric has a value for lead."""
        return self.metric_failure is not None, self.loss

    @property
    def leading_folds(self) -> int:
        """How many folds have a score, from 0 to the first that has none."""
        return next(fold for fold in range(len(self.folds) + 1) if fold not in self.folds)

    @property
    def standing(self) -> str:
        """How far it came, in words."""
        return f"given up after {len(self.folds)} of {self.fold_count} folds, with a loss of {self.loss:.4g}"

    def book(self, fold: int, outcome: FoldScore | Failure) -> None:
        """Enter the outcome of a fold."""
        if isinstance(outcome, Failure):
            self.failure = outcome.reason
        else:
            self.folds[fold] = outcome

    @property
    def final_candidate(self) -> Candidate:
        """The candidate for all rows: with the mean of the folds' best rounds, and of their scales."""
        rounds = [fold.rounds for fold in self.folds.values() if fold.rounds is not None]
        scales = [fold.log_scale for fold in self.folds.values() if fold.log_scale is not None]
        found: dict[str, Any] = {}
        if rounds:
            found["rounds"] = max(1, round(float(np.mean(rounds))))
        if scales:
            found[LOG_SCALE] = float(np.mean(scales))
        if not found:
            return self.candidate
        return Candidate(self.candidate.algorithm, self.candidate.params | found, self.candidate.seed)
