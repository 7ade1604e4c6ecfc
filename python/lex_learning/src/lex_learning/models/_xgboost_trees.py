"""The trees of an XGBoost booster, from its JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from lex_learning.models._tree_arrays import TreeArrays


def read_trees(document: bytes | bytearray) -> tuple[TreeArrays, np.ndarray[Any, Any]]:
    """The trees of `Booster.save_raw("json")`, and what each output starts from, before any link function.

    The library compares in single precision: so must the rows be.
    """
    learner = json.loads(document)["learner"]
    facts = learner["learner_model_param"]
    model = learner["gradient_booster"]["model"]
    start = np.atleast_1d(json.loads(facts["base_score"])).astype(np.float32).astype(np.float64)
    if learner["objective"]["name"] == "binary:logistic":
        start = np.log(start / (1.0 - start))
    trees: list[dict[str, Any]] = []
    sets: list[Any] = []
    for tree in model["trees"]:
        trees.append(_tree(tree, len(sets)))
        sets += _sets(tree)
    width = max((int(each.max()) + 1 for each in sets if len(each)), default=0)
    levels = np.zeros((len(sets), width), dtype=bool)
    for row, members in zip(levels, sets, strict=True):
        row[members] = True
    return TreeArrays.join(trees, levels), start


def _tree(tree: dict[str, Any], set_count: int) -> dict[str, Any]:
    left, right = (np.array(tree[f"{side}_children"], dtype=np.int64) for side in ("left", "right"))
    conditions = np.array(tree["split_conditions"], dtype=np.float32)
    missing_left = np.array(tree["default_left"], dtype=bool)
    sets = np.full(len(left), -1)
    nodes = np.array(tree["categories_nodes"], dtype=np.int64)
    sets[nodes] = set_count + np.arange(len(nodes))
    # Members of a set go right there; below a threshold is at most the next smaller number.
    left[nodes], right[nodes] = right[nodes], left[nodes]
    missing_left[nodes] = ~missing_left[nodes]
    thresholds = np.nextafter(conditions, np.float32(-np.inf)).astype(np.float64)
    return {
        "left": left,
        "right": right,
        "features": np.array(tree["split_indices"], dtype=np.int64),
        "thresholds": np.where(sets < 0, thresholds, 0.0),
        "missing_left": missing_left,
        "values": conditions.astype(np.float64)[:, None],
        "row_counts": np.array(tree["sum_hessian"], dtype=np.float64),
        "sets": sets,
    }


def _sets(tree: dict[str, Any]) -> list[Any]:
    categories = np.array(tree["categories"], dtype=np.int64)
    parts = zip(tree["categories_segments"], tree["categories_sizes"], strict=True)
    return [categories[start : start + size] for start, size in parts]
