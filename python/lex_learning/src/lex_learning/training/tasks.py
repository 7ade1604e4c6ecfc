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
from lex_learning.core.metrics import selection_score
from lex_learning.models import model_class
from lex_learning.models._rows import sample_rows
from lex_learning.seeds import derive_seed
from lex_learning.training.splits import HELD_OUT

if TYPE_CHECKING:
    from pathlib import Path

    from lex_learning.core.dataset import Dataset
    from lex_learning.models.base import Matrix, Model

FINAL_FOLD = -1
"""Stands for a fit on all training rows."""


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
    with limited(threads):
        model.fit(data.take(rows), data.outcome[rows], validation)
        fitted = time.monotonic()
        output = model.predict(validation[0])
        row_seconds = (time.monotonic() - fitted) / len(held)
        score = selection_score(model.problem, validation[1], output)
    if not np.isfinite(score):
        raise ArithmeticError(f"the score of fold {fold} is {score}")
    np.save(output_file(folder, candidate, fold), output)
    size = _save_model(folder, candidate, fold, model)
    return FoldScore(score, time.monotonic() - started, model.rounds, row_seconds, size)


def fit_final(folder: Path, candidate: Candidate, threads: int) -> None:
    """Fit on all training rows; leaves the model in the folder."""
    data = load_dataset(folder)
    rows = np.flatnonzero(data.folds != HELD_OUT)
    model = _new_model(data, candidate, len(rows), derive_seed(candidate.seed, "final"), threads)
    with limited(threads):
        model.fit(data.take(rows), data.outcome[rows])
    _save_model(folder, candidate, FINAL_FOLD, model)


def fold_output(folder: Path, candidate: Candidate, fold: int) -> Matrix:
    """What the model that `fit_fold` left predicts for the rows of its fold."""
    output: Matrix = np.load(output_file(folder, candidate, fold))
    return output


def is_fitted(folder: Path, candidate: Candidate, fold: int) -> bool:
    """Whether `fit_fold` has left what it leaves."""
    return model_file(folder, candidate, fold).exists() and output_file(folder, candidate, fold).exists()


def warm_up(folder: Path, candidate: Candidate) -> None:
    """Load what the models of an algorithm need, by loading one."""
    with suppress(Exception):  # the file may be gone already
        pickle.loads(model_file(folder, candidate, 0).read_bytes())  # noqa: S301 - a worker of this training wrote it


def forget(folder: Path, candidate: Candidate) -> None:
    """Remove what the fits of a candidate left."""
    for path in folder.glob(f"{candidate.key}_*"):
        path.unlink(missing_ok=True)


def _new_model(data: Dataset, candidate: Candidate, row_count: int, seed: int, threads: int) -> Model:
    return model_class(candidate.algorithm)(
        data.problem_of(row_count), candidate.params, seed=seed, threads=threads
    )


def model_file(folder: Path, candidate: Candidate, fold: int) -> Path:
    """Where a fitted model is."""
    return folder / f"{candidate.key}_{fold}.pkl"


def output_file(folder: Path, candidate: Candidate, fold: int) -> Path:
    """Where its predictions are for the rows of its fold."""
    return folder / f"{candidate.key}_{fold}.npy"


def _save_model(folder: Path, candidate: Candidate, fold: int, model: Model) -> int:
    return model_file(folder, candidate, fold).write_bytes(pickle.dumps(model))


def limited(threads: int) -> Any:
    """Keeps numerical libraries to so many threads, as a context manager."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(threads)
