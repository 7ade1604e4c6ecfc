"""Writes a LightGBM model of 500 trees and 20 columns as ONNX, its rows, and the library's own times as JSON."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import lightgbm
import numpy as np
from onnx import TensorProto, helper

from lex_learning.export.graph import Graph
from lex_learning.export.trees import sum_of_trees
from lex_learning.models._lightgbm_trees import read_trees

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS, COLUMNS, TREES, LEAVES = 20_000, 20, 500, 31


def median_seconds(repeats: int, work: Callable[[], object]) -> float:
    """Of one call."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


def description(names: list[str]) -> str:
    """What a file says of its model."""
    columns = [{"name": name, "kind": "float", "levels": [], "minimum": -9.0, "maximum": 9.0} for name in names]
    info = {
        "problem_type": "regression",
        "target_column": "target",
        "feature_names": names,
        "class_labels": None,
        "best_model_name": "lightgbm",
        "metrics": {},
        "feature_importance": [],
        "hyperparameters": {},
        "training_rows": ROWS,
        "library_version": "0",
        "created": "",
        "schema": columns,
    }
    return json.dumps({"format": 1, "info": info})


def main() -> None:
    """Write everything into the folder that is named."""
    folder = Path(sys.argv[1])
    random = np.random.default_rng(0)
    rows = random.normal(size=(ROWS, COLUMNS))
    target = rows[:, 0] * rows[:, 1] + np.sin(3 * rows[:, 2]) + rows[:, 3] ** 2 + random.normal(size=ROWS)
    settings = {"num_leaves": LEAVES, "learning_rate": 0.05, "verbose": -1}
    booster = lightgbm.train(settings, lightgbm.Dataset(rows, target), TREES)
    graph = Graph(["features", "output"])
    total = sum_of_trees(graph, "features", read_trees(booster.model_to_string()))
    graph.add("Identity", total, name="output")
    given = helper.make_tensor_value_info("features", TensorProto.DOUBLE, ["rows", COLUMNS])
    found = helper.make_tensor_value_info("output", TensorProto.DOUBLE, ["rows", 1])
    document = helper.make_model(helper.make_graph(graph.nodes, "model", [given], [found], graph.constants))
    helper.set_model_props(document, {"lex_learning": description([f"x{index}" for index in range(COLUMNS)])})
    (folder / "model.onnx").write_bytes(document.SerializeToString())
    rows.T.tofile(folder / "columns.f64")
    booster.predict(rows, num_threads=1).tofile(folder / "predictions.f64")
    times = {
        "row": median_seconds(2_000, lambda: booster.predict(rows[:1], num_threads=1)),
        "batch": median_seconds(5, lambda: booster.predict(rows, num_threads=1)),
    }
    sys.stdout.write(json.dumps(times))


main()
