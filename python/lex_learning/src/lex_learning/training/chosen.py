"""The chosen model of a training: which fitted models make it up, how good it is, and what it goes by."""

from __future__ import annotations

import json
import pickle
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.core.dataset import load_dataset
from lex_learning.core.metrics import classification_metrics, regression_metrics, selection_score
from lex_learning.explainability.importance import MAX_EVALUATIONS, permutation_importance
from lex_learning.explainability.sampling import MAX_BACKGROUND_ROWS, MIN_BACKGROUND_ROWS
from lex_learning.models._calibration import sharpened
from lex_learning.models._rows import taken
from lex_learning.models.ensemble import Ensemble, Member, mixture
from lex_learning.seeds import derive_seed
from lex_learning.training.tasks import FINAL_FOLD, limited, model_file, output_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from lex_learning.core.dataset import Dataset
    from lex_learning.core.metrics import Metrics
    from lex_learning.models.base import Matrix, Predictor
    from lex_learning.training.tasks import Candidate

MOST_BACKGROUND_CELLS = 50_000
_MEMBERS_FILE = "members.json"


@dataclass(frozen=True)
class Share:
    """A candidate's part in the model that a training gives back.

    Args:
        candidate: The candidate.
        weight: Its weight in the ensemble.
        folds: Its fitted folds.
        final: The candidate as fitted on all training rows, if that model takes part instead of theirs.
    """

    candidate: Candidate
    weight: float
    folds: tuple[int, ...]
    final: Candidate | None = None

    @property
    def model_count(self) -> int:
        """Fitted models that take part."""
        return len(self.folds) if self.final is None else 1

    def model_files(self, folder: Path) -> list[str]:
        """Names of their files."""
        if self.final is not None:
            return [model_file(folder, self.final, FINAL_FOLD).name]
        return [model_file(folder, self.candidate, fold).name for fold in self.folds]


@dataclass(frozen=True)
class Assessed:
    """How good the chosen model is.

    Args:
        metrics: On rows that it has not seen.
        importance: (column, share), largest first.
        bag_score: Of the models of the folds, on the same rows, where models fitted on all rows took their
            place; log loss or root mean squared error. None: not measured.
    """

    metrics: Metrics
    importance: list[tuple[str, float]]
    bag_score: float | None = None


def choose(
    folder: Path, shares: Sequence[Share], sharpness: float = 1.0, threshold: float | None = None
) -> None:
    """Settle which fitted models make up the model, how it sharpens them and decides; for the tasks below."""
    members = [
        {
            "name": share.candidate.algorithm,
            "weight": share.weight,
            "files": share.model_files(folder),
            "fold_files": [model_file(folder, share.candidate, fold).name for fold in share.folds],
            "first_fold_files": [model_file(folder, share.candidate, 0).name],
            "outputs": [output_file(folder, share.candidate, fold).name for fold in share.folds],
        }
        for share in shares
    ]
    chosen = {"members": members, "sharpness": sharpness, "threshold": threshold}
    (folder / _MEMBERS_FILE).write_text(json.dumps(chosen), encoding="utf-8")


def load_model(folder: Path, threads: int, files: str = "files") -> Predictor:
    """The chosen model: an ensemble, or a plain model where it would be one of a single model.

    With `files="first_fold_files"` it is the one that has not seen the rows of the first fold; with
    `files="fold_files"`, that of the models of all folds.
    """
    chosen = _chosen(folder)
    members = [
        Member(
            each["name"],
            each["weight"],
            # Written by a worker of this training, never by anybody else.
            tuple(pickle.loads((folder / name).read_bytes()) for name in each[files]),  # noqa: S301
        )
        for each in chosen["members"]
    ]
    first = members[0].models[0]
    is_plain = len(members) == len(members[0].models) == chosen["sharpness"] == 1
    model: Predictor = first if is_plain else Ensemble(first.problem, members, chosen["sharpness"])
    model.use_threads(threads)
    return model


def _chosen(folder: Path) -> dict[str, Any]:
    chosen: dict[str, Any] = json.loads((folder / _MEMBERS_FILE).read_text(encoding="utf-8"))
    return chosen


def evaluate(
    folder: Path,
    seed: int,
    threads: int,
    most_rows: int | None = None,
    most_evaluations: int = MAX_EVALUATIONS,
    *,
    compare_folds: bool = False,
) -> Assessed:
    """Measure the model on the held-out rows, or out of fold if there are none.

    Args:
        folder: Of the training.
        seed: Of the shuffling.
        threads: Threads that it may use.
        most_rows: Held-out rows used, at most. Default: all, and no haste. With it, the models of the first
            fold alone stand for the model in the importance.
        most_evaluations: Rows predicted for the importance, at most.
        compare_folds: Measure the models of the folds as well, if there are held-out rows.
    """
    data = load_dataset(folder)
    held_out = data.held_out_rows
    has_held_out = bool(len(held_out))
    is_quick = most_rows is not None
    random = np.random.default_rng(derive_seed(seed, "rows"))
    rows = held_out if has_held_out else data.rows_of(0)
    rows = np.sort(random.permutation(rows)[:most_rows])
    X, y = data.take(rows), data.outcome[rows]
    chosen, bag_score = _chosen(folder), None
    with limited(threads):
        if has_held_out:
            model = load_model(folder, threads)
            known, output = rows, model.predict(X)
        else:
            known, output = _out_of_fold(folder, data)
        truth = data.outcome[known]
        weights = taken(data.weights, known)
        metrics = (
            classification_metrics(truth, output, data.target.labels, weights, chosen["threshold"])
            if data.target.classes
            else regression_metrics(truth, output, weights)
        )
        if compare_folds and has_held_out:
            bag = load_model(folder, threads, "fold_files").predict(X)
            bag_score = selection_score(data.problem, truth, bag, weights)
        if is_quick or not has_held_out:
            model = load_model(folder, threads, "first_fold_files")
        importance = permutation_importance(
            model, X, y, model.problem, seed=seed, most_evaluations=most_evaluations, in_haste=is_quick
        )
    named = [(data.schema.names[index], share) for index, share in importance]
    return Assessed(metrics, named, bag_score)


def _out_of_fold(folder: Path, data: Dataset) -> tuple[NDArray[np.intp], Matrix]:
    """The rows of all fitted folds, and their predictions."""
    chosen = _chosen(folder)
    members = chosen["members"]
    # Of the first split alone: each row once.
    fold_count = min(data.fold_count, *(len(each["outputs"]) for each in members))
    outputs = [
        mixture(
            [np.load(folder / each["outputs"][fold]) for each in members],
            [each["weight"] for each in members],
        )
        for fold in range(fold_count)
    ]
    output = np.vstack(outputs)
    if data.target.classes:
        output = sharpened(output, chosen["sharpness"])
    return np.concatenate([data.rows_of(fold) for fold in range(fold_count)]), output


def background_rows(folder: Path, seed: int) -> Matrix:
    """Some training rows, encoded, shape (rows, columns): what explanations are estimated by."""
    data = load_dataset(folder)
    random = np.random.default_rng(derive_seed(seed, "background"))
    most = max(MIN_BACKGROUND_ROWS, min(MAX_BACKGROUND_ROWS, MOST_BACKGROUND_CELLS // len(data.schema.names)))
    return data.take(np.sort(random.permutation(data.training_rows)[:most]))


def explain(
    folder: Path,
    important: list[str],
    row_count: int,
    seed: int,
    threads: int,
    most_evaluations: int,
    most_seconds: float,
) -> tuple[dict[str, bytes], list[str]]:
    """SHAP plots of up to `row_count` held-out rows as PNG files by name, and warnings."""
    from lex_learning.explainability.contributions import explain_in_time, fewest_evaluations
    from lex_learning.explainability.plots import draw_plots

    end = time.monotonic() + most_seconds
    data = load_dataset(folder)
    model = load_model(folder, threads)
    random = np.random.default_rng(derive_seed(seed, "explain"))
    held, training = data.held_out_rows, data.training_rows
    order = [data.schema.names.index(name) for name in important]
    rows = random.permutation(held if len(held) else training)[:row_count]
    X = data.take(rows[: max(1, most_evaluations // fewest_evaluations(model, len(order)))])
    background = np.sort(random.permutation(training)[:MAX_BACKGROUND_ROWS])
    with limited(threads):
        contributions = explain_in_time(
            model,
            X,
            data.take(background),
            model.problem,
            seed=seed,
            row_evaluations=most_evaluations // len(X),
            most_seconds=end - time.monotonic(),
        )
    plots = draw_plots(contributions, X, data.schema, data.target, model.problem, order)
    warnings = contributions.warnings
    if len(contributions.rows) < len(rows):
        explained = f"{len(contributions.rows)} of {len(rows)} rows were explained"
        warnings = [*warnings, f"{explained}: more would take too long"]
    return plots, warnings
