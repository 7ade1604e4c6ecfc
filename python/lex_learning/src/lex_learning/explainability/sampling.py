"""Contributions of a model without an exact method: estimates that add up, by a bounded effort."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lex_learning.seeds import derive_seed

if TYPE_CHECKING:
    from collections.abc import Callable

    from lex_learning.models.base import Matrix

MAX_BACKGROUND_ROWS = 50
MIN_BACKGROUND_ROWS = 10
MAX_WALKS = 4
"""Random orders tried, at most, for each pair of a row and a background row."""


@dataclass(frozen=True)
class Plan:
    """What a number of predictions is spent on.

    Args:
        background_rows: Rows of the background.
        rows: Rows to explain.
        walks: Walks from each background row to each of these.
    """

    background_rows: int
    rows: int
    walks: int

    @classmethod
    def within(
        cls, most_evaluations: int, *, row_count: int, column_count: int, background_count: int
    ) -> Plan:
        """The plan whose product with the columns stays in the budget."""
        pairs = max(1, most_evaluations // column_count)
        wanted = min(max(pairs // row_count, MIN_BACKGROUND_ROWS), MAX_BACKGROUND_ROWS)
        chosen = min(wanted, background_count, pairs)
        explained = min(row_count, pairs // chosen)
        return cls(chosen, explained, min(max(pairs // (explained * chosen), 1), MAX_WALKS))


def sampled_contributions(
    output: Callable[[Matrix], Matrix], X: Matrix, background: Matrix, plan: Plan, seed: int
) -> tuple[Matrix, Matrix]:
    """Permutation sampling (Štrumbelj and Kononenko 2014), for all pairs of rows at once.

    For each pair of a row and a background row, a walk turns the background row into the row, one
    column at a time in random order; a column earns the change of the output at its step. The mean
    over the background is an unbiased estimate of the SHAP value, and its sum is exact, as the steps
    of each walk add up to the whole way. Every second walk takes the order of the one before
    backwards, so that columns that act together share evenly (Mitchell et al. 2022).

    All rows are reached by the same walks: what is found for a row does not depend on the others.

    Args:
        output: From rows of shape (rows, columns) to (rows, outputs).
        X: Rows to explain.
        background: More rows than `plan.background_rows` are sampled.
        plan: How many walks to take; of its rows no notice is taken.
        seed: The same seed gives the same walks.

    Returns:
        Values of shape (rows, columns, outputs), and the base of each output.
    """
    random = np.random.default_rng(derive_seed(seed, "contributions"))
    start_rows = np.sort(random.permutation(len(background))[: plan.background_rows])
    starts = np.repeat(background[start_rows], plan.walks, axis=0)
    row_count, column_count = X.shape
    walks = random.permuted(np.tile(np.arange(column_count), (len(starts), 1)), axis=1)
    walks[1::2] = walks[: len(starts) - 1 : 2, ::-1]
    order = np.tile(walks, (row_count, 1))
    pairs = np.arange(row_count * len(starts))
    row = pairs // len(starts)
    goal = np.repeat(X, len(starts), axis=0)
    state = np.tile(starts, (row_count, 1))

    first = output(starts)
    current = np.tile(first, (row_count, 1))
    earned = np.zeros((row_count, column_count, first.shape[1]))
    for step in range(column_count):
        column = order[:, step]
        # Where the two rows agree nothing changes, and the model need not be asked.
        moved = np.flatnonzero(state[pairs, column] != goal[pairs, column])
        if not len(moved):
            continue
        state[moved, column[moved]] = goal[moved, column[moved]]
        after = output(state[moved])
        np.add.at(earned, (row[moved], column[moved]), after - current[moved])
        current[moved] = after
    return earned / len(starts), first.mean(axis=0)
