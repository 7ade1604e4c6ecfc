"""Seeds: all derived, all different, all of 31 bits."""

from __future__ import annotations

from lex_learning.seeds import derive_seed


def test_a_seed_never_changes_between_releases() -> None:
    # Else saved results could not be repeated.
    assert derive_seed(42, "folds") == 2011421957


def test_each_purpose_and_each_user_seed_gets_its_own() -> None:
    seeds = {
        derive_seed(seed, name, part) for seed in (0, 1, 2**64 - 1) for name in "ab" for part in range(200)
    }
    assert len(seeds) == 3 * 2 * 200


def test_every_seed_has_31_bits() -> None:
    seeds = [derive_seed(2**64 - 1, part) for part in range(2000)]
    assert min(seeds) >= 0
    assert 2**30 < max(seeds) < 2**31
