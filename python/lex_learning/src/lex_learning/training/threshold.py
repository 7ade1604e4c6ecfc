"""From which probability on the second of two classes is predicted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.config import ThresholdMetric

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALLEST_GAIN = 1e-9


def best_threshold(
    metric: ThresholdMetric,
    truth: NDArray[Any],
    shares: NDArray[np.float64],
    weights: NDArray[np.float64] | None = None,
) -> float:
    """The probability of the second class with the best metric, or 0.5 where none is better.

    The best of all places between two probabilities that occur; of equals, the one nearest to 0.5.

    Args:
        metric: F1 of the second class, or the mean recall of both.
        truth: Class codes, 0 or 1, shape (rows,).
        shares: Out-of-fold probabilities of the second class.
        weights: How much each row counts; None: all the same.

    Example:
        >>> truth = np.array([0, 0, 0, 1])
        >>> best_threshold(ThresholdMetric.F1, truth, np.array([0.1, 0.1, 0.2, 0.4]))
        0.3
    """
    counts = np.ones(len(truth)) if weights is None else weights
    order = np.argsort(-shares, kind="stable")
    sorted_shares = shares[order]
    found = np.cumsum(counts[order] * truth[order])
    claimed = np.cumsum(counts[order])
    positive, total = found[-1], claimed[-1]
    if positive in {0.0, total}:
        return 0.5
    # A threshold lies between two probabilities, and takes in all rows above it.
    ends = np.flatnonzero(sorted_shares[:-1] > sorted_shares[1:])
    thresholds = (sorted_shares[ends] + sorted_shares[ends + 1]) / 2.0
    scores = _score(metric, found[ends], claimed[ends], positive, total)
    above = sorted_shares >= 0.5
    usual = _score(
        metric,
        (counts * truth)[order][above].sum(keepdims=True),
        counts[order][above].sum(keepdims=True),
        positive,
        total,
    )
    if not len(ends) or scores.max() <= usual[0] + SMALLEST_GAIN:
        return 0.5
    best = thresholds[scores >= scores.max() - SMALLEST_GAIN]
    return float(best[np.abs(best - 0.5).argmin()])


def _score(
    metric: ThresholdMetric,
    found: NDArray[np.float64],
    claimed: NDArray[np.float64],
    positive: float,
    total: float,
) -> NDArray[np.float64]:
    """The metric, given the rows of the second class that are predicted so, and all that are."""
    if metric is ThresholdMetric.F1:
        f1: NDArray[np.float64] = 2.0 * found / (claimed + positive)
        return f1
    negative = total - positive
    recalls: NDArray[np.float64] = (found / positive + (negative - (claimed - found)) / negative) / 2.0
    return recalls
