"""Hold-out and folds: stratified for classes, between groups, or along time."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.core.dataset import HELD_OUT
from lex_learning.errors import InvalidDataError, counted
from lex_learning.models._rows import shuffled_by_class, taken
from lex_learning.seeds import derive_seed

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_STRATIFIED_GROUPS = 2_000
"""With more groups, chance balances the classes well enough."""
DRAWS = 10
"""Of groups to hold out; the best one counts."""


def assign_folds(
    outcome: NDArray[Any],
    *,
    is_classification: bool,
    fold_count: int,
    test_size: float | None,
    seed: int,
    groups: NDArray[np.int32] | None = None,
    times: NDArray[np.int32] | None = None,
    repeat: int = 0,
) -> NDArray[np.int8]:
    """The fold of each row, from 0, or -1 for a held-out row.

    The held-out share is taken from each class; a class keeps at least two rows for training, so that
    every fit sees it. With `groups`, those of a row stay together, and classes are balanced as well as they
    can be. With `times`, the newest rows are held out, fold 0 is of the newest of the others, and the oldest
    rows, which no fold tests on, have the number `fold_count`: a fold learns from those of greater numbers.

    Args:
        outcome: Class codes or values, shape (rows,).
        is_classification: Whether to stratify.
        fold_count: Number of folds.
        test_size: Share held out, or None to hold out no row.
        seed: Any integer.
        groups: Codes of the groups, or None.
        times: Ranks of the rows in time, the same for the same time, or None.
        repeat: Other numbers give other folds of the same rows. Along time there is but one split.

    Raises:
        InvalidDataError: There are too few groups, or too few points in time.
    """
    if groups is not None:
        strata = outcome if is_classification else None
        return _between_groups(
            groups, strata, fold_count, test_size, seed=derive_seed(seed, "groups"), repeat=repeat
        )
    if times is not None:
        return _along_time(times, fold_count, test_size)
    folds = np.zeros(len(outcome), dtype=np.int8)
    if test_size is not None:
        folds[_held_out_rows(outcome, is_classification, test_size, seed)] = HELD_OUT
    training = np.flatnonzero(folds != HELD_OUT)
    # Dealt like cards, the rows of a class are in as many folds as they can be.
    fold_seed = derive_seed(seed, "folds") if repeat == 0 else derive_seed(seed, "folds", repeat)
    order = _order(outcome[training], is_classification, np.random.default_rng(fold_seed))
    folds[training[order]] = np.arange(len(training)) % fold_count
    return folds


def _between_groups(
    groups: NDArray[np.int32],
    strata: NDArray[Any] | None,
    fold_count: int,
    test_size: float | None,
    *,
    seed: int,
    repeat: int,
) -> NDArray[np.int8]:
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    group_count = len(np.unique(groups))
    needed = fold_count + (test_size is not None)
    if group_count < needed:
        raise InvalidDataError(
            f"the rows are of {counted(group_count, 'group')}, fewer than the {needed} parts of the split",
            hint="Choose another group_column, or fewer cv_folds.",
        )

    folds = np.zeros(len(groups), dtype=np.int8)
    if test_size is not None:
        folds[np.isin(groups, _held_out_groups(groups, strata, fold_count, test_size, seed))] = HELD_OUT
    rows = np.flatnonzero(folds != HELD_OUT)
    of_rows = taken(strata, rows)
    # The library stratifies only if some class has a row for each part, and takes long for many groups.
    is_stratified = (
        of_rows is not None
        and np.bincount(of_rows).max() >= fold_count
        and group_count <= MOST_STRATIFIED_GROUPS
    )
    splitter = (StratifiedGroupKFold if is_stratified else GroupKFold)(
        fold_count, shuffle=True, random_state=(seed + repeat) % 2**32
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of rare classes, which are where they can be
        for fold, (_, held) in enumerate(splitter.split(rows, of_rows, groups[rows])):
            folds[rows[held]] = fold
    return folds


def _held_out_groups(
    groups: NDArray[np.int32],
    strata: NDArray[Any] | None,
    fold_count: int,
    test_size: float,
    seed: int,
) -> NDArray[np.intp]:
    """Of some random draws, that which comes nearest to the share wanted and to the shares of the classes."""
    sizes = np.bincount(groups)
    codes = np.flatnonzero(sizes)
    wanted = test_size * len(groups)
    random = np.random.default_rng(seed)
    best, best_distance = codes[np.argsort(sizes[codes], kind="stable")[:1]], np.inf
    for _ in range(DRAWS):
        chosen: list[int] = []
        count = 0
        for code in random.permutation(codes).tolist():
            if len(chosen) == len(codes) - fold_count:
                break
            if abs(count + sizes[code] - wanted) < abs(count - wanted):
                chosen.append(code)
                count += int(sizes[code])
        if not chosen:
            continue
        distance = abs(count - wanted) / len(groups)
        if strata is not None:
            held = np.isin(groups, chosen)
            shares = [
                np.bincount(strata[part], minlength=strata.max() + 1) / part.sum() for part in (held, ~held)
            ]
            distance += float(np.abs(shares[0] - shares[1]).sum()) / 2.0
        if distance < best_distance:
            best, best_distance = np.array(chosen), distance
    return best


def _along_time(times: NDArray[np.int32], fold_count: int, test_size: float | None) -> NDArray[np.int8]:
    counts = np.bincount(times)
    needed = fold_count + 1 + (test_size is not None)
    if len(counts) < needed:
        raise InvalidDataError(
            f"the rows are of {counted(len(counts), 'point')} in time, "
            f"fewer than the {needed} parts of the split",
            hint="Choose another time_column, or fewer cv_folds.",
        )
    held_share = test_size or 0.0
    shares = [(1.0 - held_share) / (fold_count + 1)] * (fold_count + 1) + [held_share] * (
        test_size is not None
    )
    # Each part ends with the point in time nearest to its share of the rows, and has at least one.
    before = np.concatenate([[0], np.cumsum(counts)])
    ends = [0]
    for index, goal in enumerate(np.cumsum(shares)[:-1] * len(times)):
        nearest = int(np.abs(before - goal).argmin())
        left = len(shares) - 1 - index
        ends.append(min(max(nearest, ends[-1] + 1), len(counts) - left))
    ends.append(len(counts))
    labels = [*range(fold_count, -1, -1), *[HELD_OUT] * (test_size is not None)]
    of_time = np.repeat(np.array(labels, dtype=np.int8), np.diff(ends))
    folds: NDArray[np.int8] = of_time[times]
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
    return shuffled_by_class(outcome, random) if is_classification else random.permutation(len(outcome))


def _spare(outcome: NDArray[Any], chosen: NDArray[np.intp], code: int) -> NDArray[np.intp]:
    """Those of the chosen rows of a class that leave two for training."""
    rows = chosen[np.flatnonzero(outcome[chosen] == code)]
    return rows[: max(0, int((outcome == code).sum()) - 2)]
