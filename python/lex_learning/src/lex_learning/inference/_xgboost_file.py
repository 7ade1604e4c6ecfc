"""XGBoost's binary format, UBJSON, read with suspicion: the library itself trusts what it reads."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from lex_learning.models._tree_arrays import are_shallow_trees

_SCALARS = {"i": ">b", "U": ">B", "I": ">h", "l": ">i", "L": ">q", "d": ">f", "D": ">d"}
_CONSTANTS: dict[str, Any] = {"T": True, "F": False, "Z": None}
_MOST_DEPTH = 20
_WHOLE = ("left_children", "right_children", "parents", "split_indices", "split_type", "default_left")
_REAL = ("split_conditions", "base_weights", "loss_changes", "sum_hessian")
_SETS = ("categories_nodes", "categories_segments", "categories_sizes", "categories")


def check(content: bytes) -> None:
    """Refuse a model that could lead the library out of its memory or in circles.

    Raises:
        ValueError: It is so, or not a model.
        Exception: Of any other kind, if it is no UBJSON.
    """
    learner = _Reader(content).whole()["learner"]
    booster = learner["gradient_booster"]
    model, facts = booster["model"], learner["learner_model_param"]
    trees, class_of = model["trees"], np.asarray(model["tree_info"])
    column_count, class_count = int(facts["num_feature"]), max(1, int(facts["num_class"]))
    rounds = np.asarray(model["iteration_indptr"])
    is_sound = (
        booster["name"] == "gbtree"
        and len(trees) > 0
        and int(model["gbtree_model_param"]["num_trees"]) == len(trees) == len(class_of)
        and int(model["gbtree_model_param"]["num_parallel_tree"]) == 1
        and int(facts["num_target"]) == 1
        and ((class_of >= 0) & (class_of < class_count)).all()
        and rounds[0] == 0
        and rounds[-1] == len(trees)
        and (np.diff(rounds) == class_count).all()
        and np.isfinite(np.array(str(facts["base_score"]).strip("[]").split(","), dtype=float)).all()
        and _are_trees(trees, column_count)
    )
    if not is_sound:
        raise ValueError("its trees are not trees")


def _are_trees(trees: list[dict[str, Any]], column_count: int) -> bool:
    """Whether all arrays are as long as they should be, and nodes refer to nodes of their tree."""
    counts = np.array([int(tree["tree_param"]["num_nodes"]) for tree in trees])
    joined = {}
    for name in (*_WHOLE, *_REAL):
        if [len(tree[name]) for tree in trees] != counts.tolist():
            return False
        joined[name] = np.concatenate([tree[name] for tree in trees])
    facts = [tree["tree_param"] for tree in trees]
    own = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    most = np.repeat(counts, counts)
    split = joined["left_children"] >= 0
    columns = joined["split_indices"][split]
    return bool(
        (counts > 0).all()
        and all(int(each["size_leaf_vector"]) in {0, 1} for each in facts)
        and all(int(each["num_feature"]) == column_count for each in facts)
        and ((joined["right_children"] >= 0) == split).all()
        and all(
            ((side < most) & (side >= -1) & ((side > own) | ~split)).all()
            for side in (joined["left_children"], joined["right_children"])
        )
        and _have_parents(joined, counts)
        and _are_shallow(joined, counts)
        and ((columns >= 0) & (columns < column_count)).all()
        and np.isin(joined["split_type"], (0, 1)).all()
        and all(_are_sets(tree) for tree in trees)
    )


def _have_parents(joined: dict[str, Any], counts: Any) -> bool:
    """Whether each node but the roots is the child of its parent, and of no other."""
    roots = np.cumsum(counts) - counts
    offsets = np.repeat(roots, counts)
    own = np.arange(len(offsets))
    split = joined["left_children"] >= 0
    children = np.concatenate(
        [(joined[side] + offsets)[split] for side in ("left_children", "right_children")]
    )
    parents = np.full(len(own), -1)
    parents[children] = np.tile(own[split], 2)
    is_root = np.isin(own, roots)
    given = np.where(is_root, -1, joined["parents"] + offsets)
    is_once = len(np.unique(children)) == len(children) == len(own) - len(roots)
    return is_once and np.array_equal(parents, given)


def _are_shallow(joined: dict[str, Any], counts: Any) -> bool:
    roots = np.cumsum(counts) - counts
    children = np.array([joined["left_children"], joined["right_children"]], dtype=np.int64)
    return are_shallow_trees(roots, np.where(children >= 0, children + np.repeat(roots, counts), -1))


def _are_sets(tree: dict[str, Any]) -> bool:
    """Whether splits on categories refer to sets that are there."""
    kinds = np.asarray(tree["split_type"])
    if not kinds.any():
        return not any(len(tree[name]) for name in _SETS)
    split = np.asarray(tree["left_children"]) >= 0
    nodes, starts, sizes, levels = (np.asarray(tree[name], dtype=np.int64) for name in _SETS)
    ends = np.cumsum(sizes)
    return bool(
        len(nodes) == len(starts) == len(sizes)
        and np.array_equal(nodes, np.flatnonzero(split & (kinds == 1)))
        and (sizes > 0).all()
        and np.array_equal(starts, ends - sizes)
        and (ends[-1] if len(ends) else 0) == len(levels)
        and ((levels >= 0) & (levels < 2**24)).all()
    )


class _Reader:
    """Values of UBJSON, draft 12, as far as XGBoost writes them."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._place = 0

    def whole(self) -> Any:
        value = self._value(0)
        if self._place != len(self._content):
            raise ValueError("there is more after its end")
        return value

    def _take(self, size: int) -> bytes:
        start, self._place = self._place, self._place + size
        if size < 0 or self._place > len(self._content):
            raise ValueError("it is cut")
        return self._content[start : self._place]

    def _mark(self) -> str:
        return self._take(1).decode("ascii")

    def _peek(self) -> str:
        return chr(self._content[self._place])

    def _scalar(self, mark: str) -> Any:
        kind = _SCALARS[mark]
        return struct.unpack(kind, self._take(struct.calcsize(kind)))[0]

    def _text(self) -> str:
        return self._take(self._scalar(self._mark())).decode()

    def _value(self, depth: int, mark: str = "") -> Any:
        if depth > _MOST_DEPTH:
            raise ValueError("it is too deep")
        mark = mark or self._mark()
        if mark == "{":
            return self._object(depth)
        if mark == "[":
            return self._array(depth)
        if mark == "S":
            return self._text()
        return _CONSTANTS[mark] if mark in _CONSTANTS else self._scalar(mark)

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self._peek() != "}":
            name = self._text()
            if name in found:
                raise ValueError(f"{name!r} is there twice")
            found[name] = self._value(depth + 1)
        self._place += 1
        return found

    def _array(self, depth: int) -> Any:
        if self._peek() == "$":
            self._place += 1
            kind = np.dtype(_SCALARS[self._mark()])
            if self._mark() != "#":
                raise ValueError("an array has no size")
            count = self._scalar(self._mark())
            return np.frombuffer(self._take(count * kind.itemsize), kind)
        if self._peek() == "#":
            self._place += 1
            count = self._scalar(self._mark())
            return [self._value(depth + 1) for _ in range(count)]
        found = []
        while self._peek() != "]":
            found.append(self._value(depth + 1))
        self._place += 1
        return found
