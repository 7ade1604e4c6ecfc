"""Fitted decision trees as plain arrays, which outlive the release of the library that grew them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lex_learning.models.base import Matrix


MOST_PATHS = 50_000_000
"""Leaves times the square of the depth, of all trees, that TreeSHAP goes through in about 40 ms."""
MOST_DEPTH = 2_000
"""Deeper trees lead the recursion of TreeSHAP out of its memory."""
_KINDS = {
    "starts": ("i4", 1),
    "features": ("i4", 1),
    "thresholds": ("f8", 1),
    "children": ("i4", 2),
    "missing_left": ("b1", 1),
    "values": ("f8", 2),
    "row_counts": ("f8", 1),
    "sets": ("i4", 1),
    "levels": ("b1", 2),
}


def are_shallow_trees(roots: NDArray[Any], children: NDArray[Any]) -> bool:
    """Whether no node has two parents, and none is deeper than 2,000.

    Args:
        roots: The root of each tree.
        children: By node, -1 for none, shape (2, nodes).
    """
    inner = children[children >= 0]
    if len(inner) and np.bincount(inner).max() > 1:
        return False
    nodes = roots
    for _ in range(MOST_DEPTH):
        nodes = children[:, nodes].ravel()
        nodes = nodes[nodes >= 0]
        if not len(nodes):
            return True
    return False


@dataclass(frozen=True)
class TreeArrays:
    """The nodes of some trees, one tree after the other, each from its root on.

    A row goes left where its value is at most the threshold, or in the set of categories; a missing one as
    the node says. Children come after their parents; a leaf is its own child.

    Args:
        starts: The root of each tree, shape (trees,), int32.
        features: The column that a node looks at, 0 for a leaf, shape (nodes,), int32.
        thresholds: Shape (nodes,), float64.
        children: Left ones, then right ones, shape (2, nodes), int32.
        missing_left: Shape (nodes,), bool.
        values: What a row gets that ends there, shape (nodes, outputs), float64.
        row_counts: Training rows that came by, by their weight, shape (nodes,), float64.
        sets: By node, the row of `levels` that holds its set of categories, or -1; shape (nodes,), int32.
        levels: Whether a level is in a set, shape (sets, most levels), bool.
    """

    starts: NDArray[np.int32]
    features: NDArray[np.int32]
    thresholds: Matrix
    children: NDArray[np.int32]
    missing_left: NDArray[np.bool_]
    values: Matrix
    row_counts: Matrix
    sets: NDArray[np.int32]
    levels: NDArray[np.bool_]

    @classmethod
    def join(cls, trees: Sequence[dict[str, NDArray[Any]]], levels: NDArray[np.bool_] | None = None) -> Self:
        """From the arrays of each tree, whose children count from its root, -1 for none."""
        counts = [len(tree["features"]) for tree in trees]
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int32)
        own = np.arange(sum(counts))
        parts: dict[str, NDArray[Any]] = {}
        for name in trees[0]:
            parts[name] = np.concatenate([tree[name] for tree in trees])
        is_leaf = parts["left"] < 0
        offsets = np.repeat(starts, counts)
        sides = [np.where(is_leaf, own, parts[side] + offsets) for side in ("left", "right")]
        return cls(
            starts=starts,
            features=np.where(is_leaf, 0, parts["features"]).astype(np.int32),
            thresholds=np.where(is_leaf, 0.0, parts["thresholds"]),
            children=np.array(sides, dtype=np.int32),
            missing_left=parts["missing_left"].astype(bool),
            values=np.ascontiguousarray(parts["values"], dtype=np.float64),
            row_counts=parts["row_counts"].astype(np.float64),
            sets=parts.get("sets", np.full(len(own), -1)).astype(np.int32),
            levels=np.zeros((0, 0), dtype=bool) if levels is None else levels,
        )

    def check(self, column_count: int, output_count: int) -> None:
        """Refuse what no library would have grown; a walk of it might not end, or leave the arrays.

        Raises:
            ValueError: It is so.
        """
        for name, (kind, dimensions) in _KINDS.items():
            array = getattr(self, name)
            if array.dtype != np.dtype(kind) or array.ndim != dimensions:
                raise ValueError(f"the {name} of its trees are {array.ndim} x {array.dtype}")
        nodes = len(self.features)
        own = np.arange(nodes)
        tree = np.searchsorted(self.starts, own, side="right") - 1
        ends = np.append(self.starts[1:], nodes)
        is_sound = (
            len(self.starts) > 0
            and self.starts[0] == 0
            and bool((np.diff(self.starts) > 0).all())
            and self.children.shape == (2, nodes)
            and self.values.shape == (nodes, output_count)
            and all(
                len(each) == nodes
                for each in (self.thresholds, self.missing_left, self.row_counts, self.sets)
            )
            and bool(((self.features >= 0) & (self.features < column_count)).all())
            and bool((self.children >= own).all())
            and bool((self.children < ends[tree]).all())
            and bool(((self.children[0] == own) == (self.children[1] == own)).all())
            and bool(((self.sets >= -1) & (self.sets < len(self.levels))).all())
            and are_shallow_trees(self.starts, np.where(self.is_leaf, -1, self.children))
        )
        if not is_sound:
            raise ValueError("its trees are not trees")

    @property
    def is_leaf(self) -> NDArray[np.bool_]:
        """By node."""
        leaves: NDArray[np.bool_] = self.children[0] == np.arange(len(self.features))
        return leaves

    @cached_property
    def depth(self) -> int:
        """Steps from a root to the deepest leaf."""
        is_leaf, nodes, steps = self.is_leaf, self.starts, 0
        while True:
            nodes = nodes[~is_leaf[nodes]]
            if not len(nodes):
                return steps
            nodes = self.children[:, nodes].ravel()
            steps += 1

    @property
    def path_count(self) -> int:
        """What TreeSHAP goes through: leaves times the square of the depth."""
        return len(self.features) // 2 * self.depth**2

    def leaves(self, row: Matrix) -> NDArray[np.int32]:
        """The leaf of each tree for one row; all trees take a step at a time.

        Args:
            row: Shape (columns,).
        """
        nodes = self.starts
        is_missing = np.isnan(row)
        has_gaps = bool(is_missing.any())
        for _ in range(self.depth):
            columns = self.features[nodes]
            values = row[columns]
            goes_left = values <= self.thresholds[nodes]
            if len(self.levels):
                sets = self.sets[nodes]
                codes = np.where(has_set := sets >= 0, np.nan_to_num(values, nan=0.0), 0.0).astype(np.intp)
                in_set = self.levels[sets, np.clip(codes, 0, self.levels.shape[1] - 1)]
                goes_left = np.where(has_set, in_set, goes_left)
            if has_gaps:
                goes_left = np.where(is_missing[columns], self.missing_left[nodes], goes_left)
            nodes = self.children[1 - goes_left.astype(np.int8), nodes]
        return nodes

    def split(self) -> list[slice]:
        """The nodes of each tree."""
        ends = [*self.starts[1:].tolist(), len(self.features)]
        return [slice(start, end) for start, end in zip(self.starts.tolist(), ends, strict=True)]

    def to_shap(self, values: Matrix | None = None) -> dict[str, Any]:
        """What `shap.TreeExplainer` takes; trees without sets of categories.

        Args:
            values: In place of `values`, such as a share of them.
        """
        leaves = self.is_leaf
        shown = self.values if values is None else values
        trees = []
        for nodes in self.split():
            left, right = np.where(leaves[nodes], -1, self.children[:, nodes] - nodes.start)
            trees.append(
                {
                    "children_left": left,
                    "children_right": right,
                    "children_default": np.where(self.missing_left[nodes], left, right),
                    "features": np.where(leaves[nodes], -2, self.features[nodes]),
                    "thresholds": self.thresholds[nodes],
                    "values": shown[nodes],
                    "node_sample_weight": self.row_counts[nodes],
                }
            )
        return {"trees": trees}
