"""Greedy ensemble selection (Caruana et al. 2004, "Ensemble Selection from Libraries of Models")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.models.base import Matrix

ROUNDS = 40
MOST_ROWS = 100_000
"""In more rows than these, some are drawn for the selection."""
SMALLEST_GAIN = 1e-9


def greedy_weights(
    problem: Problem,
    truths: Sequence[NDArray[Any]],
    outputs: Sequence[Sequence[Matrix]],
    rounds: int = ROUNDS,
) -> NDArray[np.float64]:
    """The share of each candidate in the ensemble with the lowest score; most are 0.

    Starts from the best candidate. Each round adds, with replacement, the one that lowers the score of the
    mean most, a candidate that is already in on a tie; the best round counts. So the ensemble is never
    worse than the best candidate on these rows, or on the 100,000 that are drawn from more.

    Args:
        problem: What is to be learned. The score is the mean over the folds of `selection_score`.
        truths: Class codes or values of the rows of each fold.
        outputs: For each candidate, for each fold, what the model that has not seen its rows predicts.
        rounds: Most additions.

    Example:
        >>> from lex_learning.config import ProblemType
        >>> from lex_learning.core.problem import Problem
        >>> problem = Problem(ProblemType.REGRESSION, row_count=2, column_count=1)
        >>> low, high = np.array([[0.0], [1.0]]), np.array([[2.0], [3.0]])
        >>> greedy_weights(problem, [np.array([1.0, 2.0])], [[low], [high]]).tolist()
        [0.5, 0.5]
    """
    truths, outputs = _sample(truths, outputs)
    truth = np.concatenate(truths)
    starts = np.cumsum([0, *(len(each) for each in truths[:-1])])
    sizes = np.array([len(each) for each in truths])
    if problem.is_classification:
        # The loss asks for the probability of the true class alone.
        columns = [_true_shares(np.vstack(folds), truth) for folds in outputs]
    else:
        columns = [np.vstack(folds)[:, 0] for folds in outputs]

    def score(mean: NDArray[Any]) -> float:
        if problem.is_classification:
            losses = -np.log(np.clip(mean, 1e-15, 1.0))
            return float((np.add.reduceat(losses, starts) / sizes).mean())
        return float(np.sqrt(np.add.reduceat((mean - truth) ** 2, starts) / sizes).mean())

    counts = np.zeros(len(columns), dtype=np.intp)
    total = np.zeros(len(truth))
    best_score, best_counts = np.inf, counts
    for size in range(1, rounds + 1):
        scores = np.array([score((total + column) / size) for column in columns])
        lowest = scores.min()
        near = scores <= lowest + SMALLEST_GAIN * abs(lowest)
        inside = near & (counts > 0)
        chosen = int(np.flatnonzero(inside if inside.any() else near)[0])
        counts = counts.copy()
        counts[chosen] += 1
        total = total + columns[chosen]
        if lowest < best_score - SMALLEST_GAIN * abs(lowest):
            best_score, best_counts = float(lowest), counts
    return best_counts / best_counts.sum()


def _sample(
    truths: Sequence[NDArray[Any]], outputs: Sequence[Sequence[Matrix]]
) -> tuple[list[NDArray[Any]], list[list[Matrix]]]:
    share = min(1.0, MOST_ROWS / sum(len(truth) for truth in truths))
    random = np.random.default_rng(0)
    rows = [
        np.arange(len(truth)) if share == 1.0 else random.permutation(len(truth))[: round(share * len(truth))]
        for truth in truths
    ]
    return (
        [truth[each] for truth, each in zip(truths, rows, strict=True)],
        [[output[each] for output, each in zip(folds, rows, strict=True)] for folds in outputs],
    )


def _true_shares(output: Matrix, truth: NDArray[Any]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = output[np.arange(len(truth)), truth] / output.sum(axis=1)
    return shares
