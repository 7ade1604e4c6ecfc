"""The trees of a LightGBM booster, from its text."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.models._tree_arrays import TreeArrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

IS_CATEGORICAL, GOES_LEFT = 1, 2
"""Bits of a node's `decision_type`; the next two tell what is missing."""
MISSING_SHIFT, MISSING_NONE = 2, 0


def read_trees(text: str) -> TreeArrays:
    """The trees of `Booster.model_to_string`, a value in each leaf."""
    trees: list[dict[str, NDArray[Any]]] = []
    sets: list[NDArray[np.bool_]] = []
    for facts in read_fields(text)[1]:
        tree, own = _tree(facts, len(sets))
        trees.append(tree)
        sets += own
    width = max((len(each) for each in sets), default=0)
    levels = np.zeros((len(sets), width), dtype=bool)
    for row, members in zip(levels, sets, strict=True):
        row[: len(members)] = members
    return TreeArrays.join(trees, levels)


def read_fields(text: str) -> tuple[dict[str, str], list[dict[str, str]]]:
    """The lines `name=value` of the header, and those of each tree."""
    head, *parts = text.partition("\nend of trees")[0].split("\nTree=")
    return _fields(head), [_fields(part.partition("\n")[2]) for part in parts]


def _fields(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.split("\n") if "=" in line)


def _tree(facts: dict[str, str], set_count: int) -> tuple[dict[str, NDArray[Any]], list[NDArray[np.bool_]]]:
    """Inner nodes first, then leaves, which the library counts from -1 downwards; and its sets of levels."""

    def numbers(name: str, kind: type = np.float64) -> NDArray[Any]:
        return np.array(facts.get(name, "").split(), dtype=kind)

    leaves = numbers("leaf_value")
    decisions, thresholds = numbers("decision_type", np.int64), numbers("threshold")
    # A tree of a leaf alone may have names without values.
    inner = len(leaves) - 1
    decisions, thresholds = decisions[:inner], thresholds[:inner]
    is_set = (decisions & IS_CATEGORICAL) > 0
    missing_left = (decisions & GOES_LEFT) > 0
    # What the training never missed counts as 0; a level that is none is in no set.
    is_zero = (decisions >> MISSING_SHIFT) == MISSING_NONE
    missing_left = np.where(is_zero, thresholds >= 0.0, missing_left) & ~is_set
    sets: list[NDArray[np.bool_]] = []
    if is_set.any():
        bounds, words = numbers("cat_boundaries", np.int64), numbers("cat_threshold", np.uint32)
        parts = [words[start:end] for start, end in pairwise(bounds)]
        sets = [np.unpackbits(part.view(np.uint8), bitorder="little").astype(bool) for part in parts]

    def extended(values: NDArray[Any], rest: Any) -> NDArray[Any]:
        return np.append(values, np.full(len(leaves), rest))

    children = [numbers(name, np.int64)[:inner] for name in ("left_child", "right_child")]
    left, right = (extended(np.where(each < 0, inner - 1 - each, each), -1) for each in children)
    counts = numbers("leaf_count")
    return {
        "left": left,
        "right": right,
        "features": extended(numbers("split_feature", np.int64)[:inner], 0),
        "thresholds": extended(np.where(is_set, 0.0, thresholds), 0.0),
        "missing_left": extended(missing_left, False),
        "values": np.append(np.zeros(inner), leaves)[:, None],
        "row_counts": np.append(numbers("internal_count")[:inner], counts if len(counts) else [0.0]),
        "sets": extended(np.where(is_set, thresholds + set_count, -1), -1),
    }, sets
