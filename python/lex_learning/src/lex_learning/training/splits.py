"""Hold-out and folds, stratified for classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.seeds import derive_seed

if TYPE_CHECKING:
    from numpy.typing import NDArray

HELD_OUT = -1


def assign_folds(
    outcome: NDArray[Any], *, is_classification: bool, fold_count: int, test_size: float | None, seed: int
) -> NDArray[np.int8]:
    """The fold of each row, from 0, or -1 for a held-out row.

    The held-out share is taken from each class; a class keeps at least two rows for training, so that
    every fit sees it.

    Args:
        outcome: Class codes or values, shape (rows,).
        is_classification: Whether to stratify.
        fold_count: Number of folds.
        test_size: Share held out, or None to hold out no row.
        seed: Any integer.
    """
    folds = np.zeros(len(outcome), dtype=np.int8)
    if test_size is not None:
        folds[_held_out_rows(outcome, is_classification, test_size, seed)] = HELD_OUT
    training = np.flatnonzero(folds != HELD_OUT)
    # Dealt like cards, the rows of a class are in as many folds as they can be.
    order = _order(outcome[training], is_classification, np.random.default_rng(derive_seed(seed, "folds")))
    folds[training[order]] = np.arange(len(training)) % fold_count
    return folds


def _held_out_rows(
    outcome: NDArray[Any], is_classification: bool, test_size: float, seed: int
) -> NDArray[np.intp]:
    random = np.random.default_rng(derive_seed(seed, "hold-out"))
    order = _order(outcome, is_classification, random)
    count = max(1, round(len(outcome) * test_size))
    # Evenly spaced over the sorted classes, each gives its share, whatever is left of it by rounding.
    chosen = order[((np.arange(count) + random.random()) * len(order) / count).astype(np.intp)]
    if is_classification:
        chosen = np.concatenate([_spare(outcome, chosen, code) for code in np.unique(outcome)])
        if not len(chosen):
            commonest = np.flatnonzero(outcome == np.bincount(outcome).argmax())
            chosen = random.choice(commonest, 1)
    return chosen


def _order(outcome: NDArray[Any], is_classification: bool, random: np.random.Generator) -> NDArray[np.intp]:
    """All rows at random, but for classes one after another."""
    order: NDArray[np.intp] = random.permutation(len(outcome))
    return np.take(order, np.argsort(outcome[order], kind="stable")) if is_classification else order


def _spare(outcome: NDArray[Any], chosen: NDArray[np.intp], code: int) -> NDArray[np.intp]:
    """Those of the chosen rows of a class that leave two for training."""
    rows = chosen[np.flatnonzero(outcome[chosen] == code)]
    return rows[: max(0, int((outcome == code).sum()) - 2)]
