"""Hold-out and folds, stratified for classes."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.seeds import derive_seed

if TYPE_CHECKING:
    from numpy.typing import NDArray

HELD_OUT = -1


def assign_folds(
    outcome: NDArray[Any], *, is_classification: bool, fold_count: int, test_size: float, seed: int
) -> NDArray[np.int8]:
    """The fold of each row, from 0, or -1 for a held-out row.

    The held-out share is taken from each class; a class keeps at least two rows for training, so that
    every fit sees it.

    Args:
        outcome: Class codes or values, shape (rows,).
        is_classification: Whether to stratify.
        fold_count: Number of folds.
        test_size: Share held out.
        seed: Any integer.
    """
    random = np.random.default_rng(derive_seed(seed, "hold-out"))
    folds = np.zeros(len(outcome), dtype=np.int8)
    groups = [np.flatnonzero(outcome == code) for code in np.unique(outcome)] if is_classification else []
    for rows in groups or [np.arange(len(outcome))]:
        count = min(round(len(rows) * test_size), len(rows) - 2)
        folds[random.permutation(rows)[: max(count, 0)]] = HELD_OUT
    if not (folds == HELD_OUT).any():
        largest = max(groups, key=len) if groups else np.arange(len(outcome))
        folds[random.choice(largest)] = HELD_OUT
    training = np.flatnonzero(folds != HELD_OUT)
    folds[training] = _fold_numbers(outcome[training], is_classification, fold_count, seed)
    return folds


def _fold_numbers(
    outcome: NDArray[Any], is_classification: bool, fold_count: int, seed: int
) -> NDArray[np.int8]:
    from sklearn.model_selection import KFold, StratifiedKFold

    kind = StratifiedKFold if is_classification and np.bincount(outcome).max() >= fold_count else KFold
    splitter = kind(fold_count, shuffle=True, random_state=derive_seed(seed, "folds"))
    numbers = np.zeros(len(outcome), dtype=np.int8)
    with warnings.catch_warnings():
        # A class with fewer rows than folds is allowed: it is absent from some validation parts.
        warnings.simplefilter("ignore", UserWarning)
        for number, (_, rows) in enumerate(splitter.split(outcome, outcome)):
            numbers[rows] = number
    return numbers
