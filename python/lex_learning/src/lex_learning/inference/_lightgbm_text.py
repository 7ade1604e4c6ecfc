"""LightGBM's text format, read with suspicion: the library itself trusts every number of it."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from lex_learning.models._lightgbm_trees import read_fields
from lex_learning.models._tree_arrays import are_shallow_trees

# Gains and weights, which may be infinite, are of no use to predictions and to TreeSHAP.
_WHOLE = ("split_feature", "decision_type", "left_child", "right_child", "leaf_count", "internal_count")
_REAL = ("threshold", "leaf_value")
_SETS = ("cat_boundaries", "cat_threshold")
_OF_LEAVES = frozenset({"leaf_value", "leaf_count"})
_OBJECTIVES = r"regression|binary sigmoid:1|multiclass num_class:\d+"
_MOST_NUMBER = 2**31

type _Blocks = list[dict[str, str]]


def checked(text: str, column_count: int) -> str:
    """The same model in text that cannot lead the library out of its memory, in circles or to an abort.

    Header, trees and nothing else: the library's parameters and statistics are left out.

    Args:
        text: The model.
        column_count: Columns that it was fitted to.

    Raises:
        ValueError: The text is not of a model that this package makes.
    """
    header, blocks = read_fields(text)
    class_count = int(header["num_class"])
    trees_a_round = int(header["num_tree_per_iteration"])
    objective = header["objective"]
    is_sound = (
        bool(re.fullmatch(_OBJECTIVES, objective))
        and int(header["max_feature_idx"]) + 1 == column_count
        and class_count == trees_a_round
        and (class_count == 1 or objective == f"multiclass num_class:{class_count}")
        and len(blocks) > 0
        and len(blocks) % class_count == 0
        and _are_trees(blocks, column_count)
    )
    if not is_sound:
        raise ValueError("its trees are not trees")
    names = " ".join(f"Column_{index}" for index in range(column_count))
    lines = [
        "tree",
        "version=v4",
        f"num_class={class_count}",
        f"num_tree_per_iteration={trees_a_round}",
        "label_index=0",
        f"max_feature_idx={column_count - 1}",
        f"objective={objective}",
        f"feature_names={names}",
        f"feature_infos={' '.join(['none'] * column_count)}",
        "",
    ]
    order = ("num_leaves", "num_cat", *_WHOLE, *_REAL, *_SETS)
    for index, block in enumerate(blocks):
        lines.append(f"Tree={index}")
        lines.extend(f"{name}={block[name]}" for name in order if name in block)
        lines += ["is_linear=0", "shrinkage=1", "", ""]
    return "\n".join([*lines, "end of trees", ""])


def _are_trees(blocks: _Blocks, column_count: int) -> bool:
    """Whether all numbers are numbers, as many as there should be, and belong together."""
    leaf_counts, set_counts = (_numbers(blocks, name) for name in ("num_leaves", "num_cat"))
    if len(leaf_counts) != len(blocks) or len(set_counts) != len(blocks) or (leaf_counts < 1).any():
        return False
    if any("is_linear" in block and block["is_linear"] != "0" for block in blocks):
        return False
    found: dict[str, Any] = {}
    for name in (*_WHOLE, *_REAL):
        sizes = leaf_counts if name in _OF_LEAVES else leaf_counts - 1
        found[name] = _numbers(blocks, name, sizes, whole=name in _WHOLE)
        # A tree that is a single leaf may leave out all but its value.
        if found[name] is None:
            return False
    return _are_nodes(found, leaf_counts - 1, column_count) and _are_sets(
        blocks, set_counts, leaf_counts - 1, found
    )


def _are_nodes(found: dict[str, Any], split_counts: Any, column_count: int) -> bool:
    """Whether nodes refer to nodes of their tree and to columns that there are."""
    ends = np.cumsum(split_counts)
    starts = np.repeat(ends - split_counts, split_counts)
    own, splits = np.arange(split_counts.sum()) - starts, np.repeat(split_counts, split_counts)
    children = np.array([found["left_child"], found["right_child"]])
    # The library numbers a child after its parent, and a leaf by its complement.
    is_right = np.where(children >= 0, (children > own) & (children < splits), ~children <= splits)
    columns = found["split_feature"]
    if not is_right.all() or not ((columns >= 0) & (columns < column_count)).all():
        return False
    roots = (ends - split_counts)[split_counts > 0]
    return are_shallow_trees(roots, np.where(children >= 0, children + starts, -1))


def _are_sets(blocks: _Blocks, set_counts: Any, split_counts: Any, found: dict[str, Any]) -> bool:
    """Whether splits on categories refer to sets that are there."""
    kinds = found["decision_type"]
    is_set = (kinds & 1).astype(bool)
    places = found["threshold"][is_set]
    if not ((places >= 0) & (places < np.repeat(set_counts, split_counts)[is_set])).all():
        return False
    with_sets = [block for block in blocks if block["num_cat"] != "0"]
    if any(name in block for block in blocks if block["num_cat"] == "0" for name in _SETS):
        return False
    for block, count in zip(with_sets, set_counts[set_counts != 0], strict=True):
        bounds = _numbers([block], "cat_boundaries")
        words = _numbers([block], "cat_threshold", most=2**32)
        if len(bounds) != count + 1 or bounds[0] != 0 or bounds[-1] != len(words):
            return False
        if (np.diff(bounds) < 0).any() or (words < 0).any():
            return False
    return True


def _numbers(
    blocks: _Blocks, name: str, sizes: Any = None, *, whole: bool = True, most: int = _MOST_NUMBER
) -> Any:
    """All numbers of a name, tree after tree; None if those of a tree are not as many as its size."""
    texts = [block.get(name, "") for block in blocks]
    if sizes is not None:
        counts = [text.count(" ") + 1 if text else 0 for text in texts]
        # A tree that is a single leaf may leave out all but its value.
        is_right = np.equal(counts, sizes) | ((np.equal(counts, 0) & (sizes == 1)) & (name != "leaf_value"))
        if not is_right.all():
            return None
    joined = " ".join(text for text in texts if text)
    if not re.fullmatch(r"[-0-9 ]*" if whole else r"[-+.e0-9 ]*", joined):
        raise ValueError(f"its {name} are not numbers")
    numbers = np.fromstring(joined, np.float64, sep=" ") if joined else np.empty(0)
    # It ends where it understands no more.
    is_whole = len(numbers) == (joined.count(" ") + 1 if joined else 0)
    if not is_whole or not np.isfinite(numbers).all() or (whole and (np.abs(numbers) > most).any()):
        raise ValueError(f"its {name} are not numbers")
    return numbers.astype(np.int64) if whole else numbers
