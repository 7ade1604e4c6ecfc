"""What the engine is compared to, in a Python of its own: answers lines of `task repeats` with seconds for all."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np


def polars_to_pandas(path: Path) -> Callable[[], object]:
    """Python polars' own conversion."""
    import polars

    frame = polars.read_ipc(path / "numbers.arrow")
    return frame.to_pandas


def fitted_model(path: Path, rows: int) -> Callable[[], object]:
    """The fitted model alone, on a prepared matrix."""
    import pandas as pd

    from lex_learning import TrainedModel

    model = TrainedModel.load(path)
    frame = pd.read_feather(path.parent / "rows.arrow").head(rows)
    matrix = model._schema.encode(frame, ignore=model.target_column)
    if rows > 1:
        matrix = np.ascontiguousarray(matrix)
    return lambda: model._model.predict(matrix)


def lightgbm_alone(path: Path) -> None:
    """A user's script: read, fit 300 rounds on all rows, predict nothing."""
    import lightgbm
    import pandas as pd

    frame = pd.read_feather(path)
    features = frame.drop(columns="target")
    lightgbm.LGBMRegressor(n_estimators=300, num_leaves=100, learning_rate=0.05, verbose=-1).fit(
        features, frame["target"]
    )


def main() -> None:
    """Serve until the input ends."""
    folder = Path(sys.argv[1])
    if len(sys.argv) > 2:
        lightgbm_alone(folder)
        return
    ready: dict[str, Callable[[], object]] = {}
    for line in sys.stdin:
        task, repeats = line.split()
        if task not in ready:
            name, _, rows = task.partition(":")
            ready[task] = (
                polars_to_pandas(folder) if name == "polars_to_pandas" else fitted_model(folder / f"{name}.lex", int(rows))
            )
            ready[task]()
        start = time.perf_counter()
        for _ in range(int(repeats)):
            ready[task]()
        print(time.perf_counter() - start, flush=True)


if __name__ == "__main__":
    main()
