"""The neural network beside scikit-learn's, both bagged over the same folds of the same tables.

Run on the bundled interpreter:

    PYTHONPATH=python/lex_learning/src nice python3 benches/quality/network.py FOLDER...

Each FOLDER holds prepared tables, `<name>.clean/{train.parquet,test.parquet,meta.json}`; the harness of
`benches/quality` makes them. Prints a Markdown table: log loss or RMSE of the mean of the folds' predictions
on the test rows, and processor seconds of a fold's fit.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lex_learning.config import ProblemType
from lex_learning.core.dataset import Dataset
from lex_learning.core.metrics import selection_score
from lex_learning.core.schema import Schema
from lex_learning.core.target import Target
from lex_learning.models import model_class
from lex_learning.models.base import Validation
from lex_learning.preprocessing.design import DesignMatrix
from lex_learning.seeds import derive_seed
from lex_learning.training.splits import assign_folds
from lex_learning.training.tasks import limited

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lex_learning.models.base import Matrix

FOLDS = 5
FEWEST_ROWS_TO_STOP = 60
"""Below, scikit-learn cannot set rows aside to stop by."""


@dataclass(frozen=True)
class Table:
    """A prepared table, encoded as a training encodes it."""

    name: str
    data: Dataset
    X_test: Matrix
    y_test: NDArray[Any]

    @classmethod
    def load(cls, folder: Path, most_rows: int, seed: int) -> Table:
        """Read a table; of a larger one, random rows to learn from."""
        facts = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
        train, test = (pd.read_parquet(folder / f"{part}.parquet") for part in ("train", "test"))
        if len(train) > most_rows:
            train = train.sample(most_rows, random_state=seed)
        is_classification = facts["problem"] != "regression"
        name = facts["target"]
        features = train.drop(columns=name)
        schema = Schema.from_frame(features, nullable=True)
        target = Target.from_series(train[name]) if is_classification else Target(name)
        outcome = target.encode(train[name])
        splits = assign_folds(
            outcome, is_classification=is_classification, fold_count=FOLDS, test_size=None, seed=seed
        )
        data = Dataset(schema.encode(features), outcome, splits[None], schema, target)
        return cls(
            folder.name.removesuffix(".clean"),
            data,
            schema.encode(test.drop(columns=name)),
            target.encode(test[name]),
        )


@dataclass(frozen=True)
class Outcome:
    """What one system reaches on one table."""

    loss: float
    fold_loss: float
    seconds: float
    rounds: float


def neural_network(table: Table, fold: int, changes: dict[str, Any], seed: int) -> tuple[Any, int]:
    """Fit ours as `training.tasks` does."""
    rows, held = table.data.rows_to_fit(fold), table.data.rows_of(fold)
    problem = table.data.problem_of(len(rows))
    algorithm = model_class("neural_network")
    params = algorithm.defaults(table.data.problem) | changes
    model = algorithm(problem, params, seed=derive_seed(seed, "fold", fold), threads=1)
    X_held = table.data.take(held)
    model.fit(table.data.take(rows), table.data.outcome[rows], Validation(X_held, table.data.outcome[held]))
    return model, model.rounds or 0


class Peer:
    """scikit-learn's network on scaled numbers and one-hot categories, for a standardised target."""

    def __init__(self, table: Table, fold: int, *, early_stopping: bool, seed: int) -> None:
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        rows = table.data.rows_to_fit(fold)
        self._problem = table.data.problem_of(len(rows))
        y = table.data.outcome[rows]
        kind = MLPRegressor
        self._mean, self._deviation = 0.0, 1.0
        if self._problem.is_classification:
            kind = MLPClassifier
            # Rows to stop by are drawn from each class, so each must have a few.
            early_stopping = early_stopping and np.unique(y, return_counts=True)[1].min() > 1
        else:
            self._mean, self._deviation = y.mean(), y.std()
            y = (y - self._mean) / self._deviation
        early_stopping = early_stopping and len(rows) >= FEWEST_ROWS_TO_STOP
        self._design = DesignMatrix(self._problem)
        X = self._design.fit_transform(table.data.take(rows), table.data.outcome[rows])
        self._network = kind(early_stopping=early_stopping, random_state=derive_seed(seed, "fold", fold))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it has not converged within its default of iterations
            self._network.fit(X, y)

    @property
    def rounds(self) -> int:
        """Iterations over the rows."""
        return int(self._network.n_iter_)

    def predict(self, X: Matrix) -> Matrix:
        """See `Model.predict`."""
        X = self._design.transform(X)
        if self._problem.type is ProblemType.CLASSIFICATION:
            output = np.zeros((len(X), self._problem.class_count))
            output[:, self._network.classes_] = self._network.predict_proba(X)
            return output
        values: Matrix = self._network.predict(X).reshape(-1, 1) * self._deviation + self._mean
        return values


def peer(early_stopping: bool) -> Callable[[Table, int, dict[str, Any], int], tuple[Any, int]]:
    """A system: `Peer` with one choice made."""

    def fit(table: Table, fold: int, _: dict[str, Any], seed: int) -> tuple[Any, int]:
        model = Peer(table, fold, early_stopping=early_stopping, seed=seed)
        return model, model.rounds

    return fit


SYSTEMS: dict[str, Callable[[Table, int, dict[str, Any], int], tuple[Any, int]]] = {
    "ours": neural_network,
    "MLP, stopped early": peer(early_stopping=True),
    "MLP": peer(early_stopping=False),
}


def measure(system: str, table: Table, changes: dict[str, Any], fold_count: int, seed: int) -> Outcome:
    """Fit the folds, and predict the test rows by the mean of their models."""
    problem = table.data.problem
    outputs, fold_losses, seconds, rounds = [], [], [], []
    for fold in range(fold_count):
        with limited(1):
            started = time.process_time()
            model, rounds_of_fold = SYSTEMS[system](table, fold, changes, seed)
            seconds.append(time.process_time() - started)
            held = table.data.rows_of(fold)
            fold_output = model.predict(table.data.take(held))
            fold_losses.append(selection_score(problem, table.data.outcome[held], fold_output))
            outputs.append(model.predict(table.X_test))
        rounds.append(rounds_of_fold)
    loss = selection_score(problem, table.y_test, np.mean(outputs, axis=0))
    return Outcome(loss, float(np.mean(fold_losses)), float(np.mean(seconds)), float(np.mean(rounds)))


def report(results: list[tuple[Table, dict[str, Outcome]]]) -> str:
    """The Markdown table; the last line is the mean of the losses relative to the first system's, and seconds."""
    systems = list(results[0][1])
    lines = [
        f"| table | rows | {' | '.join(f'{name} | s' for name in systems)} |",
        f"|---|---|{'---|---|' * len(systems)}",
    ]
    for table, found in results:
        best = min(each.loss for each in found.values())
        cells = [
            f"{'**' * (each.loss == best)}{each.loss:#.4g}{'**' * (each.loss == best)} | {each.seconds:.1f}"
            for each in found.values()
        ]
        lines.append(f"| {table.name} | {len(table.data.outcome):,} | {' | '.join(cells)} |")
    means = []
    for name in systems:
        ratios = [np.log(found[name].loss / found[systems[0]].loss) for _, found in results]
        means.append(f"{np.exp(np.mean(ratios)):.3f} | {np.mean([f[name].seconds for _, f in results]):.1f}")
    lines.append(f"| relative loss (geometric mean), mean seconds | | {' | '.join(means)} |")
    return "\n".join(lines)


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path, help="folders of prepared tables")
    parser.add_argument("--tables", nargs="*", help="only these")
    parser.add_argument("--systems", nargs="*", choices=SYSTEMS, default=list(SYSTEMS))
    parser.add_argument("--folds", type=int, default=FOLDS, help="fit only so many of the five")
    parser.add_argument("--most-rows", type=int, default=8_000, help="to learn from")
    parser.add_argument("--params", type=json.loads, default={}, help="changes of our settings, as JSON")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="a file to which each outcome is added, as JSON lines")
    arguments = parser.parse_args()
    found = {folder.name: folder for each in arguments.folders for folder in sorted(each.glob("*.clean"))}
    results = []
    for name, folder in found.items():
        if arguments.tables and name.removesuffix(".clean") not in arguments.tables:
            continue
        table = Table.load(folder, arguments.most_rows, arguments.seed)
        outcomes = {}
        for system in arguments.systems:
            outcomes[system] = measure(system, table, arguments.params, arguments.folds, arguments.seed)
            line = {"table": table.name, "system": system} | vars(outcomes[system])
            print(json.dumps(line), file=sys.stderr, flush=True)
            if arguments.out:
                with arguments.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
        results.append((table, outcomes))
    print(report(results))


if __name__ == "__main__":
    main()
