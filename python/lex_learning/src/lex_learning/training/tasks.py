"""The units of work: module-level functions of small arguments, so that any executor can run them.

They leave what is large (fitted models, predictions) in the folder of the training.
"""

from __future__ import annotations

import hashlib
import json
import pickle
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.core.dataset import load_dataset
from lex_learning.core.metrics import classification_metrics, regression_metrics, selection_score
from lex_learning.explainability.importance import MAX_EVALUATIONS, permutation_importance
from lex_learning.models import model_class
from lex_learning.models._rows import sample_rows
from lex_learning.models.ensemble import Ensemble, Member, sharpened
from lex_learning.seeds import derive_seed
from lex_learning.training.splits import HELD_OUT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from lex_learning.core.dataset import Dataset
    from lex_learning.core.metrics import Metrics
    from lex_learning.models.base import Matrix, Model

BACKGROUND_ROWS = 50
FINAL_FOLD = -1
"""Stands for a fit on all training rows."""
_MEMBERS_FILE = "members.json"


@dataclass(frozen=True)
class Candidate:
    """An algorithm with settings.

    Args:
        algorithm: The algorithm's key.
        params: Its settings, complete.
        seed: Seed of its fits.
    """

    algorithm: str
    params: dict[str, Any]
    seed: int

    @property
    def key(self) -> str:
        """A name for its files."""
        text = json.dumps([self.params, self.seed], sort_keys=True)
        return f"{self.algorithm}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


@dataclass(frozen=True)
class FoldScore:
    """The outcome of one fold.

    Args:
        score: See `selection_score`; lower is better.
        seconds: Time of fit and prediction.
        rounds: The best round of a model that stops early.
        row_seconds: Time to predict a row, as part of a batch.
        size: Bytes of the fitted model.
    """

    score: float
    seconds: float
    rounds: int | None
    row_seconds: float = 0.0
    size: int = 0


def fit_fold(
    folder: Path,
    candidate: Candidate,
    fold: int,
    threads: int,
    time_limit: float | None = None,
    most_rows: int | None = None,
) -> FoldScore:
    """Fit on all folds but one, and score on that one; leaves the model and its predictions there.

    With `time_limit` (seconds), a model that stops early stops by then; with `most_rows`, it learns from no
    more than these.
    """
    started = time.monotonic()
    data = load_dataset(folder)
    rows = np.flatnonzero((data.folds != fold) & (data.folds != HELD_OUT))
    held = np.flatnonzero(data.folds == fold)
    if most_rows is not None:
        seed = derive_seed(candidate.seed, "rows")
        rows = rows[
            sample_rows(data.outcome[rows] if data.target.classes else None, len(rows), most_rows, seed)
        ]
    validation = data.take(held), data.outcome[held]
    model = _new_model(data, candidate, len(rows), derive_seed(candidate.seed, "fold", fold), threads)
    model.time_limit = time_limit
    with _limited(threads):
        model.fit(data.take(rows), data.outcome[rows], validation)
        fitted = time.monotonic()
        output = model.predict(validation[0])
        row_seconds = (time.monotonic() - fitted) / len(held)
        score = selection_score(model.problem, validation[1], output)
    if not np.isfinite(score):
        raise ArithmeticError(f"the score of fold {fold} is {score}")
    np.save(_output_file(folder, candidate, fold), output)
    size = _save_model(folder, candidate, fold, model)
    return FoldScore(score, time.monotonic() - started, model.rounds, row_seconds, size)


def fit_final(folder: Path, candidate: Candidate, threads: int) -> None:
    """Fit on all training rows; leaves the model in the folder."""
    data = load_dataset(folder)
    rows = np.flatnonzero(data.folds != HELD_OUT)
    model = _new_model(data, candidate, len(rows), derive_seed(candidate.seed, "final"), threads)
    with _limited(threads):
        model.fit(data.take(rows), data.outcome[rows])
    _save_model(folder, candidate, FINAL_FOLD, model)


def fold_output(folder: Path, candidate: Candidate, fold: int) -> Matrix:
    """What the model that `fit_fold` left predicts for the rows of its fold."""
    output: Matrix = np.load(_output_file(folder, candidate, fold))
    return output


def warm_up(folder: Path, candidate: Candidate) -> None:
    """Load what the models of an algorithm need, by loading one."""
    with suppress(Exception):  # the file may be gone already
        pickle.loads(_model_file(folder, candidate, 0).read_bytes())  # noqa: S301 - see `load_model`


def forget(folder: Path, candidate: Candidate) -> None:
    """Remove what the fits of a candidate left."""
    for path in folder.glob(f"{candidate.key}_*"):
        path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Share:
    """A candidate's part in the model that a training gives back.

    Args:
        candidate: The candidate.
        weight: Its weight in the ensemble.
        folds: Its fitted folds.
        is_refit: Whether it takes part with a model fitted on all training rows instead of theirs.
    """

    candidate: Candidate
    weight: float
    folds: tuple[int, ...]
    is_refit: bool = False

    @property
    def models(self) -> tuple[int, ...]:
        """The folds whose models take part."""
        return (FINAL_FOLD,) if self.is_refit else self.folds


def choose(folder: Path, shares: Sequence[Share], sharpness: float = 1.0) -> None:
    """Settle which fitted models make up the model, and how it sharpens them; for the tasks below."""
    members = [
        {
            "name": share.candidate.algorithm,
            "weight": share.weight,
            "files": [_model_file(folder, share.candidate, fold).name for fold in share.models],
            "first_fold_files": [_model_file(folder, share.candidate, 0).name],
            "outputs": [_output_file(folder, share.candidate, fold).name for fold in share.folds],
        }
        for share in shares
    ]
    chosen = {"members": members, "sharpness": sharpness}
    (folder / _MEMBERS_FILE).write_text(json.dumps(chosen), encoding="utf-8")


def load_model(folder: Path, threads: int, files: str = "files") -> Model | Ensemble:
    """The chosen model: an ensemble, or a plain model where it would be one of a single model.

    With `files="first_fold_files"` it is the one that has not seen the rows of the first fold.
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
    model: Model | Ensemble = first if is_plain else Ensemble(first.problem, members, chosen["sharpness"])
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
) -> tuple[Metrics, list[tuple[str, float]]]:
    """Metrics on the held-out rows, or out of fold if there are none, and the importance of each column.

    Args:
        folder: Of the training.
        seed: Of the shuffling.
        threads: Threads that it may use.
        most_rows: Held-out rows used, at most. Default: all, and no haste. With it, the models of the first
            fold alone stand for the model in the importance.
        most_evaluations: Rows predicted for the importance, at most.
    """
    data = load_dataset(folder)
    has_held_out = bool((data.folds == HELD_OUT).any())
    is_quick = most_rows is not None
    random = np.random.default_rng(derive_seed(seed, "rows"))
    unseen = np.flatnonzero(data.folds == (HELD_OUT if has_held_out else 0))
    unseen = np.sort(random.permutation(unseen)[:most_rows])
    X, y = data.take(unseen), data.outcome[unseen]
    with _limited(threads):
        if has_held_out:
            truth, output = y, load_model(folder, threads).predict(X)
        else:
            truth, output = _out_of_fold(folder, data)
        metrics = (
            classification_metrics(truth, output, data.target.labels)
            if data.target.classes
            else regression_metrics(truth, output)
        )
        model = load_model(folder, threads, "files" if has_held_out and not is_quick else "first_fold_files")
        importance = permutation_importance(
            model, X, y, model.problem, seed=seed, most_evaluations=most_evaluations
        )
    return metrics, [(data.schema.names[index], share) for index, share in importance]


def _out_of_fold(folder: Path, data: Dataset) -> tuple[NDArray[Any], Matrix]:
    """Outcome and predictions of the rows of all fitted folds."""
    chosen = _chosen(folder)
    members = chosen["members"]
    fold_count = min(len(each["outputs"]) for each in members)
    outputs = [
        sum(each["weight"] * np.load(folder / each["outputs"][fold]) for each in members)
        for fold in range(fold_count)
    ]
    truths = [data.outcome[data.folds == fold] for fold in range(fold_count)]
    output = np.vstack(outputs)
    if data.target.classes:
        output = sharpened(output, chosen["sharpness"])
    return np.concatenate(truths), output


def explain(
    folder: Path, important: list[str], row_count: int, seed: int, threads: int, most_evaluations: int
) -> tuple[dict[str, bytes], list[str]]:
    """SHAP plots of up to `row_count` held-out rows as PNG files by name, and warnings."""
    from lex_learning.explainability.contributions import explain as contributions_of
    from lex_learning.explainability.plots import draw_plots

    data = load_dataset(folder)
    model = load_model(folder, threads)
    random = np.random.default_rng(derive_seed(seed, "explain"))
    held, training = np.flatnonzero(data.folds == HELD_OUT), np.flatnonzero(data.folds != HELD_OUT)
    rows = np.sort(random.permutation(held if len(held) else training)[:row_count])
    background = np.sort(random.permutation(training)[:BACKGROUND_ROWS])
    order = [data.schema.names.index(name) for name in important]
    X = data.take(rows)
    with _limited(threads):
        contributions = contributions_of(
            model, X, data.take(background), model.problem, seed=seed, most_evaluations=most_evaluations
        )
    plots = draw_plots(contributions, X, data.schema, data.target, model.problem, order)
    return plots, contributions.warnings


def _new_model(data: Dataset, candidate: Candidate, row_count: int, seed: int, threads: int) -> Model:
    return model_class(candidate.algorithm)(
        data.problem_of(row_count), candidate.params, seed=seed, threads=threads
    )


def _model_file(folder: Path, candidate: Candidate, fold: int) -> Path:
    return folder / f"{candidate.key}_{fold}.pkl"


def _output_file(folder: Path, candidate: Candidate, fold: int) -> Path:
    return folder / f"{candidate.key}_{fold}.npy"


def _save_model(folder: Path, candidate: Candidate, fold: int, model: Model) -> int:
    return _model_file(folder, candidate, fold).write_bytes(pickle.dumps(model))


def _limited(threads: int) -> Any:
    from threadpoolctl import threadpool_limits

    return threadpool_limits(threads)
