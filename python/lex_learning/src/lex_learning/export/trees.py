"""Trees as nodes of ONNX's `TreeEnsemble`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lex_learning.export.graph import Graph
    from lex_learning.models._tree_arrays import TreeArrays
    from lex_learning.models.base import Matrix

AT_MOST, MEMBER = 0, 6
"""How a node compares: with a threshold, or with a set."""
SUM = 1
NO_LEVEL = -1.0
"""The member of an empty set."""


def sum_of_trees(graph: Graph, matrix: str, trees: TreeArrays, outputs: int = 1) -> str:
    """The sum of what all trees give a row, shape (rows, outputs).

    Args:
        graph: Takes the nodes.
        matrix: What the trees look at, float64.
        trees: Of a single value each.
        outputs: Tree `i` adds to output `i % outputs`.
    """
    targets = np.arange(len(trees.starts)) % outputs
    return _tree_ensemble(graph, matrix, trees, targets=targets, values=trees.values[:, 0], outputs=outputs)


def sum_of_rows(graph: Graph, matrix: str, trees: TreeArrays) -> str:
    """As `sum_of_trees`, of trees that give several values each.

    A leaf of ONNX holds one number: here it is the number of the leaf, by which its values are looked up.
    """
    leaves = np.flatnonzero(trees.is_leaf)
    numbers = np.zeros(len(trees.features))
    numbers[leaves] = np.arange(len(leaves))
    count = len(trees.starts)
    found = _tree_ensemble(graph, matrix, trees, targets=np.arange(count), values=numbers, outputs=count)
    values = graph.add("Gather", trees.values[leaves], graph.to_integer(found), axis=0)
    return graph.add("ReduceSum", values, np.array([1]), keepdims=0)


def _tree_ensemble(
    graph: Graph,
    matrix: str,
    trees: TreeArrays,
    *,
    targets: NDArray[np.intp],
    values: Matrix,
    outputs: int,
) -> str:
    is_leaf = trees.is_leaf
    inner, leaves = np.flatnonzero(~is_leaf), np.flatnonzero(is_leaf)
    # ONNX has no tree of a leaf alone: that gets a node whose children are equal.
    alone = trees.starts[is_leaf[trees.starts]]
    place = np.zeros(len(is_leaf), dtype=np.int64)
    place[inner], place[leaves] = np.arange(len(inner)), np.arange(len(leaves))
    roots = place[trees.starts]
    roots[is_leaf[trees.starts]] = len(inner) + np.arange(len(alone))
    left, right = np.hstack([trees.children[:, inner], np.vstack([alone, alone])])
    twins = np.concatenate([leaves, alone])
    place_right = place[right]
    place_right[len(inner) :] = len(leaves) + np.arange(len(alone))
    nodes = np.concatenate([inner, alone])
    sets = trees.sets[inner]
    modes = np.zeros(len(nodes), dtype=np.uint8)
    modes[: len(inner)][sets >= 0] = MEMBER
    attributes: dict[str, Any] = {}
    if (sets >= 0).any():
        attributes["membership_values"] = _members(trees.levels[sets[sets >= 0]])
    tree = np.searchsorted(trees.starts, twins, side="right") - 1
    return graph.add(
        "TreeEnsemble",
        matrix,
        aggregate_function=SUM,
        leaf_targetids=targets[tree].tolist(),
        leaf_weights=values[twins],
        n_targets=outputs,
        nodes_falseleafs=is_leaf[right].astype(int).tolist(),
        nodes_falsenodeids=place_right.tolist(),
        nodes_featureids=trees.features[nodes].tolist(),
        nodes_missing_value_tracks_true=trees.missing_left[nodes].astype(int).tolist(),
        nodes_modes=modes,
        nodes_splits=trees.thresholds[nodes],
        nodes_trueleafs=is_leaf[left].astype(int).tolist(),
        nodes_truenodeids=place[left].tolist(),
        post_transform=0,
        tree_roots=roots.tolist(),
        **attributes,
    )


def _members(sets: NDArray[np.bool_]) -> Matrix:
    """The levels of each set, and NaN after each."""
    parts: list[NDArray[Any]] = []
    for members in sets:
        found = np.flatnonzero(members).astype(np.float64)
        parts += [found if len(found) else np.array([NO_LEVEL]), np.array([np.nan])]
    return np.concatenate(parts)
