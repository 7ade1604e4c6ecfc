"""Contributions to a score, carried over to what the score stands for, such as a probability.

Along the straight line from the base to the score, a column earns the slope of the function times its share
of the way (Aumann and Shapley 1974; integrated gradients, Sundararajan et al. 2017): what all columns earn is
the change of the function. With a single score that is one factor for all columns, the change of the function
over that of the score (the rescale rule of DeepLIFT, Shrikumar et al. 2017); with several, an integral.

Values are of shape (rows, columns, outputs) and bases of shape (outputs,), here as everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lex_learning.models._calibration import sharpened

if TYPE_CHECKING:
    from collections.abc import Callable

    from lex_learning.models.base import Matrix

    type Contributed = tuple[Matrix, Matrix]

SMALL_CHANGE = 1e-7
"""Below it, a quotient of differences loses more digits than the slope in their middle."""
FEWEST_NODES, MOST_NODES = 32, 256
SMALLEST_SHARE = 1e-300


def carried(
    values: Matrix, base: Matrix, function: Callable[[Matrix], Matrix], slope: Callable[[Matrix], Matrix]
) -> Contributed:
    """Through a function of one number: exact, whatever its shape.

    Example:
        >>> values, base = carried(np.array([[[1.0], [1.0]]]), np.zeros(1), np.exp, np.exp)
        >>> values.round(3).tolist(), base.tolist()
        ([[[3.195], [3.195]]], [1.0])
    """
    change = values.sum(axis=1)
    start = function(base)
    is_small = np.abs(change) < SMALL_CHANGE
    quotients = (function(base + change) - start) / np.where(is_small, 1.0, change)
    factors = np.where(is_small, slope(base + change / 2), quotients)
    return values * factors[:, None, :], start


def carried_to_probabilities(values: Matrix, base: Matrix) -> Contributed:
    """From log-odds to probabilities: of the second class if there is a single output, else of all classes.

    Example:
        >>> values, base = carried_to_probabilities(np.array([[[2.0], [-1.0]]]), np.zeros(1))
        >>> (base + values.sum(axis=1)).round(4).tolist()
        [[0.7311]]
    """
    from scipy.special import expit, softmax

    if len(base) == 1:
        return carried(values, base, expit, lambda score: expit(score) * expit(-score))
    change = values.sum(axis=1)
    earned = np.zeros_like(values)
    # The further apart the scores, the steeper the way of the probabilities.
    reach = float(np.ptp(change, axis=1).max(initial=0.0))
    for node, weight in _line(int(reach)):
        shares = softmax(base + node * change, axis=1)
        mean = (values * shares[:, None, :]).sum(axis=2, keepdims=True)
        earned += weight * shares[:, None, :] * (values - mean)
    start = softmax(base)
    return spread(earned, softmax(base + change, axis=1) - start), start


def carried_to_sharper(values: Matrix, base: Matrix, sharpness: float) -> Contributed:
    """From probabilities to `sharpened` ones; outputs as in `carried_to_probabilities`."""
    if len(base) == 1:

        def sharper(shares: Matrix) -> Matrix:
            shares = np.clip(shares, 0.0, 1.0)
            powers, others = shares**sharpness, (1.0 - shares) ** sharpness
            return powers / (powers + others)

        def slope(shares: Matrix) -> Matrix:
            after = sharper(shares)
            before = np.maximum(shares * (1.0 - shares), SMALLEST_SHARE)
            return sharpness * after * (1.0 - after) / before

        return carried(values, base, sharper, slope)
    change = values.sum(axis=1)
    earned = np.zeros_like(values)
    for node, weight in _line(0):
        shares = np.maximum(base + node * change, SMALLEST_SHARE)
        after = sharpened(shares, sharpness)
        growth = sharpness * values / shares[:, None, :]
        mean = (growth * after[:, None, :]).sum(axis=2, keepdims=True)
        earned += weight * after[:, None, :] * (growth - mean)
    start = sharpened(np.maximum(base[None], 0.0), sharpness)[0]
    end = sharpened(np.maximum(base + change, 0.0), sharpness)
    return spread(earned, end - start), start


def spread(values: Matrix, total: Matrix) -> Matrix:
    """The values with what they lack of the total, shape (rows, outputs), spread over them by their size.

    Example:
        >>> spread(np.array([[[3.0], [-1.0], [0.0]]]), np.array([[2.4]])).round(3).tolist()
        [[[3.3], [-0.9], [0.0]]]
    """
    sizes = np.abs(values)
    whole = sizes.sum(axis=1, keepdims=True)
    even = np.full_like(values, 1.0 / values.shape[1])
    parts = np.divide(sizes, whole, out=even, where=whole > 0)
    return values + parts * (total - values.sum(axis=1))[:, None, :]


def _line(reach: int) -> list[tuple[float, float]]:
    """Nodes between 0 and 1, and their weights, by the rule of Gauss and Legendre."""
    nodes, weights = np.polynomial.legendre.leggauss(min(FEWEST_NODES + reach, MOST_NODES))
    return list(zip((nodes + 1.0) / 2.0, weights / 2.0, strict=True))
