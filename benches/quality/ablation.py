"""What each ingredient of the search is worth: the same trainings with one of them left out at a time.

    python ablation.py TABLES [--seconds 30] [--seeds 1,2] [--only whole,catboost] [--out results.jsonl]

TABLES is a folder of folders `<table>.clean`, each with `train.parquet`, `test.parquet` and `meta.json`, as the
comparison's harness prepares them. Each training runs in a process of its own, on the interpreter that runs this.
Prints a Markdown table: how much worse the loss on the test rows is without the ingredient, in percent.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import mean
from typing import Any

WHOLE = "whole"
FAMILIES = (
    "lightgbm catboost xgboost gradient_boosting extra_trees random_forest knn svm linear neural_network"
).split()
LINEAR = {"logistic_regression", "ridge", "lasso"}
KERNEL = {"svm", "svr"}


def leave_out(ingredient: str) -> None:
    """Change the engine in this process so that it does without an ingredient."""
    from lex_learning.pipeline import preparation, training
    from lex_learning.training import choice, portfolio, race

    if ingredient in FAMILIES:
        names = {"linear": LINEAR, "svm": KERNEL}.get(ingredient, {ingredient})
        select = training.select_algorithms

        def others(*arguments: Any) -> tuple[list[str], dict[str, str]]:
            chosen, skipped = select(*arguments)
            return [each for each in chosen if each not in names], skipped

        training.select_algorithms = others
    elif ingredient == "known good settings":
        portfolio._VARIANTS = portfolio._OF_FEW_ROWS = ()
    elif ingredient == "tuning":
        race.Race._tuned_trial = lambda _: None
    elif ingredient == "calibration":
        choice.best_sharpness = lambda *_: 1.0
    elif ingredient == "ensemble":
        choose = training.choose_members
        training.choose_members = lambda *a, **k: choose(*a, **(k | {"best_alone": True}))
    elif ingredient == "bagging":
        training.Training._wants_refit = True
    elif ingredient == "further splits":
        preparation.SPLITS = 1
    elif ingredient != WHOLE:
        raise SystemExit(f"unknown ingredient {ingredient!r}")


INGREDIENTS = [
    WHOLE,
    "ensemble",
    "bagging",
    "further splits",
    "tuning",
    "known good settings",
    "calibration",
    *FAMILIES,
]


def loss_of(folder: Path, ingredient: str, seconds: float, seed: int) -> float:
    """Log loss or root mean squared error on the test rows of a table."""
    import pandas as pd

    from lex_learning import Pipeline, PipelineConfig
    from lex_learning.config import ProblemType
    from lex_learning.core.metrics import selection_score
    from lex_learning.core.problem import Problem

    facts = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    kind = ProblemType.REGRESSION if facts["problem"] == "regression" else ProblemType.CLASSIFICATION
    leave_out(ingredient)
    config = PipelineConfig(
        kind,
        target_column=facts["target"],
        time_limit=seconds,
        hold_out=False,
        enable_explainability=False,
        random_seed=seed,
    )
    model = Pipeline(config).train(pd.read_parquet(folder / "train.parquet")).model
    test = pd.read_parquet(folder / "test.parquet")
    predicted = model.predict_table(test.drop(columns=facts["target"]))
    output = predicted.values[:, None] if predicted.probabilities is None else predicted.probabilities
    problem = Problem(kind, len(test), 1, len(model.target.classes))
    return selection_score(problem, model.target.encode(test[facts["target"]]), output)


def main() -> None:
    """Run what is missing from the results, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tables", type=Path)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--only", default=",".join(INGREDIENTS))
    parser.add_argument("--out", type=Path, default=Path("ablation.jsonl"))
    parser.add_argument("--child", nargs=2, metavar=("INGREDIENT", "SEED"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        ingredient, seed = options.child
        print(json.dumps(loss_of(options.tables, ingredient, options.seconds, int(seed))))
        return
    folders = sorted(options.tables.glob("*.clean"))
    done = [json.loads(line) for line in options.out.read_text().splitlines()] if options.out.exists() else []
    known = {(each["table"], each["ingredient"], each["seed"]) for each in done}
    for seed in map(int, options.seeds.split(",")):
        for folder in folders:
            for ingredient in options.only.split(","):
                if (folder.stem, ingredient, seed) in known:
                    continue
                command = [sys.executable, "-P", __file__, str(folder), "--seconds", str(options.seconds)]
                command += ["--child", ingredient, str(seed)]
                ended = subprocess.run(command, capture_output=True, text=True, check=False)
                loss = json.loads(ended.stdout.splitlines()[-1]) if ended.returncode == 0 else None
                line = {"table": folder.stem, "ingredient": ingredient, "seed": seed, "loss": loss}
                done.append(line)
                with options.out.open("a") as file:
                    file.write(json.dumps(line) + "\n")
                print(line, file=sys.stderr, flush=True)
    show(done)


def show(done: list[dict[str, Any]]) -> None:
    """Print by how many percent the loss grows without each ingredient, by table and on average."""
    losses: dict[tuple[str, str], list[float]] = defaultdict(list)
    for each in done:
        if each["loss"] is not None:
            losses[each["table"], each["ingredient"]].append(each["loss"])
    tables = sorted({table for table, _ in losses})
    print("| without | " + " | ".join(tables) + " | mean |")
    print("|---" * (len(tables) + 2) + "|")
    for ingredient in INGREDIENTS[1:]:
        growth = [
            100.0 * (mean(losses[table, ingredient]) / mean(losses[table, WHOLE]) - 1.0)
            for table in tables
            if losses[table, ingredient] and losses[table, WHOLE]
        ]
        if growth:
            cells = " | ".join(f"{each:+.1f}" for each in [*growth, mean(growth)])
            print(f"| {ingredient} | {cells} |")


if __name__ == "__main__":
    main()
