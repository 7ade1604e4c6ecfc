"""Some of the rows: for algorithms whose time grows with their square, for folds, and for threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

ROWS_PER_THREAD = 500
"""Fewer are not worth a thread."""


def sample_rows(classes: NDArray[Any] | None, row_count: int, limit: int, seed: int) -> NDArray[np.intp]:
    """All rows, or a random `limit` of them in order; of each class its share, and at least one."""
    if row_count <= limit:
        return np.arange(row_count)
    random = np.random.default_rng(seed)
    if classes is None:
        return np.sort(random.permutation(row_count)[:limit])
    # Every class gets evenly spaced places from 0 to 1; the first ones of all are taken.
    order = shuffled_by_class(classes, random)
    counts = np.unique(classes, return_counts=True)[1]
    places = np.concatenate([np.arange(count) / count for count in counts])
    return np.sort(order[np.argsort(places, kind="stable")[:limit]])


def shuffled_by_class(classes: NDArray[Any], random: np.random.Generator) -> NDArray[np.intp]:
    """All rows at random, but one class after another."""
    order: NDArray[np.intp] = random.permutation(len(classes))
    return np.take(order, np.argsort(classes[order], kind="stable"))


def taken(values: NDArray[Any] | None, rows: Any) -> NDArray[Any] | None:
    """What belongs to these rows, if there is anything."""
    return None if values is None else values[rows]


def in_parts(answer: Callable[[Any], NDArray[Any]], rows: NDArray[Any], threads: int) -> NDArray[Any]:
    """What `answer` says to all rows, which threads share out among them if they are many.

    Args:
        answer: Gives an entry for each row, whatever the others are, mostly without the interpreter's lock.
        rows: Shape (rows, ...).
        threads: At most.
    """
    part_count = min(threads, len(rows) // ROWS_PER_THREAD)
    if part_count < 2:
        return answer(rows)
    with ThreadPoolExecutor(part_count) as pool:
        return np.concatenate(list(pool.map(answer, np.array_split(rows, part_count))))


def inner_folds(
    classes: NDArray[Any], fold_count: int, seed: int, groups: NDArray[Any] | None = None
) -> NDArray[np.intp]:
    """A fold for each row, to split the rows of a fit once more.

    Rows of a class are dealt to the folds in turn, and -1 stands for rows of classes too rare to be in every
    fold. With `groups`, whole groups are dealt, whatever their classes.

    Args:
        classes: Class codes, shape (rows,).
        fold_count: Number of folds.
        seed: Any integer.
        groups: Codes of the groups, shape (rows,), or None.
    """
    random = np.random.default_rng(seed)
    if groups is not None:
        codes = np.unique(groups, return_inverse=True)[1]
        folds: NDArray[np.intp] = (random.permutation(codes.max() + 1) % fold_count)[codes]
        return folds
    order = shuffled_by_class(classes, random)
    folds = np.empty(len(classes), dtype=np.intp)
    folds[order] = np.arange(len(classes)) % fold_count
    folds[np.bincount(classes)[classes] < fold_count] = -1
    return folds
