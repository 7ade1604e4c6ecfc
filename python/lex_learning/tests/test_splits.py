"""Hold-out and folds: every fit sees every class, and the shares are as asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lex_learning.core.dataset import HELD_OUT
from lex_learning.training.splits import assign_folds


def folds_of(
    outcome: Any, *, classify: bool = True, folds: int = 5, share: float = 0.2, seed: int = 42
) -> np.ndarray:
    outcome = np.asarray(outcome, dtype=np.int32 if classify else np.float64)
    return assign_folds(outcome, is_classification=classify, fold_count=folds, test_size=share, seed=seed)


def assert_every_fit_sees_every_class(outcome: Any, folds: np.ndarray, count: int) -> None:
    outcome = np.asarray(outcome)
    for fold in range(count):
        seen = outcome[(folds != fold) & (folds != HELD_OUT)]
        assert set(seen) == set(outcome), f"fold {fold}"


@pytest.mark.parametrize("classify", [True, False])
@pytest.mark.parametrize("share", [0.05, 0.2, 0.33, 0.5])
def test_the_held_out_share_is_kept(classify: bool, share: float) -> None:
    outcome = np.arange(401) % (2 if classify else 401)
    folds = folds_of(outcome, classify=classify, share=share)
    assert abs((folds == HELD_OUT).sum() - 401 * share) <= 1


def test_the_share_is_kept_also_with_many_small_classes() -> None:
    folds = folds_of(np.repeat(np.arange(30), 9), share=0.05)
    assert (folds == HELD_OUT).sum() in {13, 14}


@pytest.mark.parametrize("classify", [True, False])
@pytest.mark.parametrize("count", [2, 5, 20])
def test_folds_are_of_equal_size(classify: bool, count: int) -> None:
    folds = folds_of(np.arange(203) % (3 if classify else 203), classify=classify, folds=count)
    sizes = np.bincount(folds[folds != HELD_OUT], minlength=count)
    assert len(sizes) == count
    assert sizes.max() - sizes.min() <= 1


def test_classes_keep_their_shares_everywhere() -> None:
    outcome = np.repeat([0, 1, 2], [600, 300, 100])
    folds = folds_of(outcome)
    for part in range(-1, 5):
        rows = outcome[folds == part]
        shares = np.bincount(rows, minlength=3) / len(rows)
        assert np.abs(shares - [0.6, 0.3, 0.1]).max() < 0.02


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("count", [2, 5, 10])
def test_a_class_of_two_rows_is_in_every_training_part(count: int, seed: int) -> None:
    outcome = np.repeat([0, 1, 2], [60, 30, 2])
    folds = folds_of(outcome, folds=count, seed=seed)
    assert (folds[outcome == 2] != HELD_OUT).all()
    assert_every_fit_sees_every_class(outcome, folds, count)


@pytest.mark.parametrize("seed", range(10))
def test_classes_smaller_than_the_folds_are_spread(seed: int) -> None:
    # None has as many rows as there are folds.
    outcome = np.repeat(np.arange(9), 3)
    folds = folds_of(outcome, folds=18, seed=seed)
    assert_every_fit_sees_every_class(outcome, folds, 18)


def test_the_rows_left_suffice_for_the_folds_that_were_allowed() -> None:
    # 27 rows less a fifth are 22: enough for 20 folds, however they fall on the classes.
    folds = folds_of(np.repeat(np.arange(9), 3), folds=20)
    assert set(range(20)) <= set(folds.tolist())


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_six_rows_are_enough(share: float) -> None:
    for outcome in ([0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 1, 1]):
        folds = folds_of(outcome, folds=2, share=share)
        assert (folds == HELD_OUT).any()
        assert_every_fit_sees_every_class(outcome, folds, 2)
    folds = folds_of(np.arange(6), classify=False, folds=3, share=share)
    assert {HELD_OUT, 0, 1, 2} == set(folds.tolist())


def test_the_same_seed_gives_the_same_folds_and_another_gives_others() -> None:
    outcome = np.arange(100) % 2
    assert np.array_equal(folds_of(outcome), folds_of(outcome))
    assert not np.array_equal(folds_of(outcome), folds_of(outcome, seed=43))


def test_sorted_rows_are_mixed() -> None:
    folds = folds_of(np.arange(1000), classify=False)
    held = np.flatnonzero(folds == HELD_OUT)
    assert 400 < held.mean() < 600
    assert not np.array_equal(held, np.sort(held)[0] + 5 * np.arange(len(held)))


@pytest.mark.parametrize("groups", [None, np.arange(300, dtype=np.int32) % 40])
def test_a_repeat_deals_the_same_rows_anew(groups: Any) -> None:
    outcome = np.random.default_rng(0).integers(2, size=300)
    options: dict[str, Any] = {"is_classification": True, "fold_count": 4, "test_size": 0.2, "seed": 3}
    first, second, again = (
        assign_folds(outcome, **options, groups=groups, repeat=repeat) for repeat in (0, 1, 1)
    )
    assert np.array_equal(first == HELD_OUT, second == HELD_OUT)
    assert not np.array_equal(first, second)
    assert np.array_equal(second, again)
