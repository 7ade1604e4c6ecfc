"""The trees of a CatBoost booster, and how its splits on categories come out.

A split on categories asks for one level, or for a statistic of the levels of some columns: for every row,
what it answers hangs on these levels alone. So the booster itself is asked for the answer to each of them.
"""

from __future__ import annotations

import json
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.errors import ExportError, counted
from lex_learning.models._tree_arrays import TreeArrays

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.export.graph import Graph
    from lex_learning.models.base import Matrix

MOST_COMBINATIONS = 50_000
"""Of levels of columns whose statistics a split asks for."""
MOST_ANSWERS = 50_000_000
"""Of all splits on categories: megabytes."""
ASKED_ROWS = 2_000

type Axis = tuple[int, float | None]
"""A categorical column, or a number's column and the border that it is above or not."""


@dataclass(frozen=True)
class Answers:
    """What some splits answer to each combination of what they look at.

    Args:
        axes: What they look at; the last one runs fastest.
        sizes: Answers of each axis: levels and one for none, or no and yes.
        table: Shape (combinations, splits).
    """

    axes: tuple[Axis, ...]
    sizes: tuple[int, ...]
    table: NDArray[np.bool_]

    def to_graph(self, graph: Graph, features: str, numbers: str) -> str:
        """Shape (rows, splits), 0 and 1."""
        place = ""
        for (column, border), size in zip(self.axes, self.sizes, strict=True):
            if border is None:
                code = graph.columns(features, [column])
                code = graph.add("Where", graph.add("IsNaN", code), size - 1.0, code)
            else:
                code = graph.to_double(graph.add("Greater", graph.columns(numbers, [column]), border))
            place = graph.add("Add", graph.add("Mul", place, float(size)), code) if place else code
        index = graph.add("Squeeze", graph.to_integer(place), np.array([1]))
        return graph.to_double(graph.add("Gather", self.table, index, axis=0))


@dataclass(frozen=True)
class SymmetricTrees:
    """A booster as trees over the features in single precision, and after them the answers of `answers`."""

    trees: TreeArrays
    answers: list[Answers]
    scale: float
    bias: Matrix


def read_trees(booster: Any, problem: Problem, leaves_of: Callable[[Matrix], NDArray[Any]]) -> SymmetricTrees:
    """Read a booster.

    Args:
        booster: Fitted.
        problem: What it has learned.
        leaves_of: The leaf of each tree for rows of features, shape (rows, trees).

    Raises:
        ExportError: It asks for statistics of too many combinations of levels.
    """
    with tempfile.TemporaryDirectory(prefix="lex-learning-catboost-") as folder:
        path = Path(folder) / "model.json"
        booster.save_model(str(path), format="json")
        document = json.loads(path.read_text(encoding="utf-8"))
    found = [tree["splits"] or [] for tree in document["oblivious_trees"]]
    axes_of = _axes(document, problem)
    # Where each split is first met, for the booster tells but the leaves.
    first: dict[int, tuple[int, int]] = {}
    for tree, splits in enumerate(found):
        for place, split in enumerate(splits):
            first.setdefault(split["split_index"], (tree, place))
    groups: dict[tuple[Axis, ...], list[int]] = {}
    for index in sorted(first):
        if index in axes_of:
            groups.setdefault(axes_of[index], []).append(index)
    columns: dict[int, int] = {}
    answers, cells = [], 0
    for axes, indices in groups.items():
        sizes = tuple(_size(axis, problem) for axis in axes)
        cells += math.prod(sizes) * len(indices)
        if math.prod(sizes) > MOST_COMBINATIONS or cells > MOST_ANSWERS:
            raise ExportError(
                f"CatBoost asks for statistics of {counted(math.prod(sizes), 'combination')} of levels, of "
                f"columns {sorted({column for column, _ in axes})} counted from 0"
            )
        for index in indices:
            columns[index] = problem.column_count + len(columns)
        places = [first[index] for index in indices]
        answers.append(Answers(axes, sizes, _ask(axes, sizes, places, problem.column_count, leaves_of)))
    treatments = [each["nan_value_treatment"] for each in document["features_info"].get("float_features", [])]
    trees = []
    for tree, splits in zip(document["oblivious_trees"], found, strict=True):
        tests = []
        for split in splits:
            column = columns.get(split["split_index"])
            if column is None:
                number = split["float_feature_index"]
                is_left = treatments[number] != "AsTrue"
                tests.append((problem.numeric_columns[number], split["border"], is_left))
            else:
                tests.append((column, 0.5, True))
        trees.append(_tree(tests, tree))
    scale, bias = document["scale_and_bias"]
    return SymmetricTrees(
        TreeArrays.join(trees), answers, float(scale), np.atleast_1d(bias).astype(np.float64)
    )


def _axes(document: dict[str, Any], problem: Problem) -> dict[int, tuple[Axis, ...]]:
    """What each split on categories looks at, by its index: the library counts numbers first, then levels."""
    facts = document["features_info"]
    index = sum(len(each["borders"]) for each in facts.get("float_features", []) if each["borders"])
    found: dict[int, tuple[Axis, ...]] = {}
    for each in facts.get("categorical_features", []):
        column = problem.categorical_columns[each["feature_index"]]
        for _ in each.get("values") or []:
            found[index] = ((column, None),)
            index += 1
    for each in facts.get("ctrs", []):
        axes: set[Axis] = set()
        for element in each["elements"]:
            if "cat_feature_index" in element:
                axes.add((problem.categorical_columns[element["cat_feature_index"]], None))
            else:
                axes.add((problem.numeric_columns[element["float_feature_index"]], element["border"]))
        ordered = tuple(sorted(axes, key=lambda axis: (axis[0], axis[1] or 0.0)))
        for _ in each["borders"]:
            found[index] = ordered
            index += 1
    return found


def _size(axis: Axis, problem: Problem) -> int:
    column, border = axis
    return problem.categorical_levels[column] + 1 if border is None else 2


def _ask(
    axes: tuple[Axis, ...],
    sizes: tuple[int, ...],
    places: list[tuple[int, int]],
    column_count: int,
    leaves_of: Callable[[Matrix], NDArray[Any]],
) -> NDArray[np.bool_]:
    """The bits of the leaves that tell of the splits, given by tree and place in it."""
    count = math.prod(sizes)
    trees, bits = np.array(places).T
    table = np.empty((count, len(places)), dtype=bool)
    for start in range(0, count, ASKED_ROWS):
        rows = np.arange(start, min(start + ASKED_ROWS, count))
        X = np.zeros((len(rows), column_count))
        # Of several borders of a column the highest says how many the number is above.
        numbers: dict[int, Matrix] = {}
        for (column, border), size, code in zip(axes, sizes, np.unravel_index(rows, sizes), strict=True):
            if border is None:
                X[:, column] = np.where(code == size - 1, np.nan, code)
            else:
                above = float(np.nextafter(np.float32(border), np.float32(np.inf)))
                known = numbers.get(column, np.full(len(rows), -np.finfo(np.float32).max))
                numbers[column] = np.where(code > 0, np.maximum(known, above), known)
        for column, values in numbers.items():
            X[:, column] = values
        table[rows] = (leaves_of(X)[:, trees] >> bits) & 1
    return table


def _tree(tests: list[tuple[int, float, bool]], tree: dict[str, Any]) -> dict[str, NDArray[Any]]:
    """A symmetric tree as nodes, level by level: the test of a level is a bit of the leaf's number."""
    depth = len(tests)
    inner = 2**depth - 1
    left, right = np.full((2, inner + 2**depth), -1)
    features, thresholds = np.zeros((2, len(left)))
    missing_left = np.zeros(len(left), dtype=bool)
    for level, (column, border, is_left) in enumerate(tests):
        nodes = 2**level - 1 + np.arange(2**level)
        left[nodes] = 2 ** (level + 1) - 1 + np.arange(2**level)
        right[nodes] = left[nodes] + 2**level
        features[nodes], thresholds[nodes], missing_left[nodes] = column, border, is_left
    leaves = np.array(tree["leaf_values"], dtype=np.float64).reshape(2**depth, -1)
    return {
        "left": left,
        "right": right,
        "features": features,
        "thresholds": thresholds,
        "missing_left": missing_left,
        "values": np.vstack([np.zeros((inner, leaves.shape[1])), leaves]),
        "row_counts": np.zeros(len(left)),
    }
