"""Writes the model files of `data/models`, which hold every algorithm. Only for a new format.

python store_models.py v2
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conftest import read, settings
from lex_learning import Pipeline, TrainedModel
from lex_learning.models import available_algorithms, model_class
from lex_learning.models._logarithm import LogTarget
from lex_learning.models.ensemble import Ensemble, Member

if TYPE_CHECKING:
    import pandas as pd

    from lex_learning.core.problem import Problem

ROWS = 150
TABLES = {"titanic": "classification", "penguins": "classification", "carseats": "regression"}
SMALL = {"rounds": 5, "epochs": 3, "n_estimators": 5, "n_neighbors": 5, "width": 16}


def small_model(key: str, problem: Problem, X: Any, y: Any) -> Any:
    params = model_class(key).defaults(problem)
    params |= {name: value for name, value in SMALL.items() if name in params}
    model = model_class(key)(problem, params, seed=0, threads=1)
    if key == "lightgbm" and not problem.is_classification:
        model = LogTarget(model, scale=1.02)
    model.fit(X, y)
    return model


def stored_model(name: str, kind: str) -> tuple[TrainedModel, pd.DataFrame]:
    table = read(name).sample(ROWS, random_state=0)
    config = settings(
        kind, target_column=str(table.columns[-1]), algorithm="decision_tree", optimize_hyperparams=False
    )
    trained = Pipeline(config).train(table).model
    X = trained._schema.encode(table.iloc[:, :-1])
    y = trained.target.encode(table.iloc[:, -1])
    problem = replace(trained._model.problem, row_count=ROWS)
    keys = available_algorithms(problem.type)
    members = [Member(key, 1.0 / len(keys), (small_model(key, problem, X, y),)) for key in keys]
    ensemble = Ensemble(problem, members, sharpness=1.1 if problem.is_classification else 1.0)
    info = replace(trained.get_info(), best_model_name="ensemble")
    return TrainedModel(info, ensemble, trained.target.classes), table


def main(version: str) -> None:
    folder = Path(__file__).parent / "data" / "models"
    for name, kind in TABLES.items():
        model, table = stored_model(name, kind)
        path = folder / f"{version}-{name}.lex"
        model.save(path)
        rows = [json.loads(table.iloc[place, :-1].to_json()) for place in range(5)]
        text = next(column for column, value in rows[0].items() if isinstance(value, str))
        rows.append(rows[0] | {text: "unseen"})
        cases = [{"row": row, **model.predict(row).to_dict()} for row in rows]
        path.with_suffix(".json").write_text(json.dumps(cases, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
