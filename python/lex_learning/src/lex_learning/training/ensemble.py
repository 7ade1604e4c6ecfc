"""Greedy ensemble selection (Caruana et al. 2004, "Ensemble Selection from Libraries of Models")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.core.scorer import MetricError
from lex_learning.models._rows import sample_rows, taken

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from lex_learning.core.scorer import Scorer
    from lex_learning.models.base import Matrix

ROUNDS = 40
MOST_ROWS = 100_000
"""In more rows than these, some are drawn for the selection."""
SMALLEST_GAIN = 1e-9
CALLS, FEWEST_CANDIDATES = 2_000, 8
"""Other metrics than the proper scores are computed about so often; only so many candidates take part."""
MOST_ROWS_OF_METRIC = 20_000


@dataclass(frozen=True)
class Fold:
    """What is known of the rows of a fold.

    Args:
        truth: Class codes or values, shape (rows,).
        weights: How much each row counts; None: all the same.
    """

    truth: NDArray[Any]
    weights: NDArray[np.float64] | None = None


def fold_losses(scorer: Scorer, folds: Sequence[Fold], outputs: Sequence[Matrix]) -> list[float]:
    """The loss of each fold's predictions.

    Raises:
        MetricError: The metric has no value for a fold.
    """
    return [
        scorer.loss(fold.truth, output, fold.weights) for fold, output in zip(folds, outputs, strict=True)
    ]


def mean_loss(scorer: Scorer, folds: Sequence[Fold], outputs: Sequence[Matrix]) -> float:
    """The mean over the folds; infinite where the metric has no value."""
    try:
        return float(np.mean(fold_losses(scorer, folds, outputs)))
    except MetricError:
        return float("inf")


def greedy_weights(
    scorer: Scorer,
    folds: Sequence[Fold],
    outputs: Sequence[Sequence[Matrix]],
    rounds: int = ROUNDS,
    *,
    alone: Sequence[float] | None = None,
    is_over: Callable[[], bool] = lambda: False,
) -> NDArray[np.float64]:
    """The share of each candidate in the ensemble with the lowest loss; most are 0.

    Starts from the best candidate. Each round adds, with replacement, the one that lowers the loss of the
    mean most, a candidate that is already in on a tie; the best round counts. So the ensemble is never
    worse than the best candidate on these rows, or on those that are drawn from very many.

    Args:
        scorer: Tells the loss, whose mean over the folds counts.
        folds: The rows.
        outputs: For each candidate, for each fold, what the model that has not seen its rows predicts.
        rounds: Most additions.
        alone: The loss of each candidate alone, where it is known. Default: computed.
        is_over: Asked before each computation of the loss; true ends the selection.

    Raises:
        MetricError: The metric has no value for any candidate.

    Example:
        >>> from lex_learning.config import ProblemType
        >>> from lex_learning.core.problem import Problem
        >>> from lex_learning.core.scorer import Scorer
        >>> scorer = Scorer(Problem(ProblemType.REGRESSION, row_count=2, column_count=1), None)
        >>> low, high = np.array([[0.0], [1.0]]), np.array([[2.0], [3.0]])
        >>> greedy_weights(scorer, [Fold(np.array([1.0, 2.0]))], [[low], [high]]).tolist()
        [0.5, 0.5]
    """
    if len(outputs) == 1:
        return np.ones(1)
    folds, outputs = _sample(folds, outputs, MOST_ROWS if scorer.is_proper else MOST_ROWS_OF_METRIC)
    if scorer.is_proper:
        columns, loss = _proper(folds, outputs)
        return _grow(columns, loss, rounds, is_over)
    loss = _stacked_loss(scorer, folds)
    columns = [np.vstack(each) for each in outputs]
    known = np.array([loss(column) for column in columns] if alone is None else alone)
    if not np.isfinite(known).any():
        raise MetricError(f"{scorer.name} has no value for any model")
    most = max(FEWEST_CANDIDATES, CALLS // (rounds * len(folds)))
    best = np.argsort(known, kind="stable")[:most]
    weights = np.zeros(len(columns))
    weights[best] = _grow([columns[index] for index in best], loss, rounds, is_over, known[best])
    return weights


def _grow(
    columns: Sequence[NDArray[Any]],
    loss: Callable[[NDArray[Any]], float],
    rounds: int,
    is_over: Callable[[], bool],
    alone: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    counts = np.zeros(len(columns), dtype=np.intp)
    total = np.zeros_like(columns[0])
    best_loss, best_counts = np.inf, counts
    for size in range(1, rounds + 1):
        if size == 1 and alone is not None:
            losses = alone
        else:
            # The first round has to tell of each.
            losses = np.array(
                [np.inf if size > 1 and is_over() else loss((total + column) / size) for column in columns]
            )
        if size > 1 and is_over():
            break
        lowest = losses.min()
        if not np.isfinite(lowest):
            break
        near = losses <= lowest + SMALLEST_GAIN * abs(lowest)
        inside = near & (counts > 0)
        chosen = int(np.flatnonzero(inside if inside.any() else near)[0])
        counts = counts.copy()
        counts[chosen] += 1
        total = total + columns[chosen]
        if size == 1 or lowest < best_loss - SMALLEST_GAIN * abs(lowest):
            best_loss, best_counts = float(lowest), counts
    return best_counts / best_counts.sum()


def _proper(
    folds: Sequence[Fold], outputs: Sequence[Sequence[Matrix]]
) -> tuple[list[NDArray[Any]], Callable[[NDArray[Any]], float]]:
    """A number for each row and candidate, and the quick loss of their mean."""
    truth = np.concatenate([fold.truth for fold in folds])
    shares = np.concatenate([_row_shares(fold) for fold in folds])
    starts = np.cumsum([0, *(len(fold.truth) for fold in folds[:-1])])
    if truth.dtype.kind == "i":
        # The loss asks for the probability of the true class alone.
        columns = [_true_shares(np.vstack(each), truth) for each in outputs]

        def log_loss(mean: NDArray[Any]) -> float:
            losses = -np.log(np.clip(mean, 1e-15, 1.0))
            return float(np.add.reduceat(losses * shares, starts).mean())

        return columns, log_loss

    def root_mean_square(mean: NDArray[Any]) -> float:
        return float(np.sqrt(np.add.reduceat((mean - truth) ** 2 * shares, starts)).mean())

    return [np.vstack(each)[:, 0] for each in outputs], root_mean_square


def _stacked_loss(scorer: Scorer, folds: Sequence[Fold]) -> Callable[[NDArray[Any]], float]:
    """`mean_loss` of predictions for the rows of all folds, one after another."""
    ends = np.cumsum([len(fold.truth) for fold in folds])[:-1]

    def loss(mean: NDArray[Any]) -> float:
        return mean_loss(scorer, folds, np.split(mean, ends))

    return loss


def _row_shares(fold: Fold) -> NDArray[np.float64]:
    """What each row counts in the mean of its fold."""
    counts = np.ones(len(fold.truth)) if fold.weights is None else fold.weights
    shares: NDArray[np.float64] = counts / counts.sum()
    return shares


def _sample(
    folds: Sequence[Fold], outputs: Sequence[Sequence[Matrix]], most_rows: int
) -> tuple[Sequence[Fold], Sequence[Sequence[Matrix]]]:
    share = most_rows / sum(len(fold.truth) for fold in folds)
    if share >= 1.0:
        return folds, outputs
    rows = [
        # Of each class its share: a metric may need all of them.
        sample_rows(
            fold.truth if fold.truth.dtype.kind == "i" else None,
            len(fold.truth),
            round(share * len(fold.truth)),
            0,
        )
        for fold in folds
    ]
    drawn = [
        Fold(fold.truth[each], taken(fold.weights, each)) for fold, each in zip(folds, rows, strict=True)
    ]
    return drawn, [[output[each] for output, each in zip(parts, rows, strict=True)] for parts in outputs]


def _true_shares(output: Matrix, truth: NDArray[Any]) -> NDArray[np.float64]:
    shares: NDArray[np.float64] = output[np.arange(len(truth)), truth] / output.sum(axis=1)
    return shares
