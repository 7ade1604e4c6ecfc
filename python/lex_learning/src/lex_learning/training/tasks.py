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
from lex_learning.core.machine import memory_reason
from lex_learning.core.metrics import selection_score
from lex_learning.core.scorer import MetricError
from lex_learning.models import model_class
from lex_learning.models._logarithm import LOG_SCALE, LOG_TARGET, LogTarget
from lex_learning.models._rows import sample_rows
from lex_learning.models.base import Validation
from lex_learning.seeds import derive_seed

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

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
        loss: By the metric that candidates are compared by (`Scorer.loss`); lower is better.
        proper_score: See `selection_score`.
        seconds: Time of fit and prediction.
        rounds: The best round of a model that stops early.
        row_seconds: Time to predict a row, as part of a batch.
        size: Bytes of the fitted model.
        metric_failure: Why the metric could not be computed; `loss` is then the proper score.
        log_scale: Of a model that learned logarithms; see `LogTarget`.
    """

    loss: float
    proper_score: float
    seconds: float
    rounds: int | None
    row_seconds: float = 0.0
    size: int = 0
    metric_failure: str | None = None
    log_scale: float | None = None


class NoMemoryError(Exception):
    """A fit would take more memory than there is."""


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
    rows, held = data.rows_to_fit(fold), data.rows_of(fold)
    if most_rows is not None:
        seed = derive_seed(candidate.seed, "rows")
        rows = rows[
            sample_rows(data.outcome[rows] if data.target.classes else None, len(rows), most_rows, seed)
        ]
    validation = Validation(data.take(held), data.outcome[held], data.weights_of(held))
    seed = derive_seed(candidate.seed, "fold", fold)
    with limited(threads):
        model = _fitted(data, candidate, rows, validation, seed=seed, threads=threads, time_limit=time_limit)
        fitted = time.monotonic()
        output = _predicted(model, validation)
        row_seconds = (time.monotonic() - fitted) / len(held)
        score = selection_score(model.problem, validation.y, output, validation.weights)
        if not np.isfinite(score):
            raise ArithmeticError(f"the score of fold {fold} is {score}")
        loss, metric_failure = score, None
        try:
            loss = data.scorer.loss(validation.y, output, validation.weights)
        except MetricError as error:
            metric_failure = str(error)
    np.save(output_file(folder, candidate, fold), output)
    size = _save_model(folder, candidate, fold, model)
    seconds = time.monotonic() - started
    log_scale = model.scale if isinstance(model, LogTarget) else None
    return FoldScore(loss, score, seconds, model.rounds, row_seconds, size, metric_failure, log_scale)


def fit_final(folder: Path, candidate: Candidate, threads: int) -> None:
    """Fit on all training rows; leaves the model in the folder."""
    data = load_dataset(folder)
    seed = derive_seed(candidate.seed, "final")
    with limited(threads):
        model = _fitted(data, candidate, data.training_rows, None, seed=seed, threads=threads)
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


def _predicted(model: Model | LogTarget, validation: Validation) -> Matrix:
    if isinstance(model, LogTarget):
        return model.predict_validation(validation)
    return model.predict(validation.X)


def _fitted(
    data: Dataset,
    candidate: Candidate,
    rows: NDArray[np.intp],
    validation: Validation | None,
    *,
    seed: int,
    threads: int,
    time_limit: float | None = None,
) -> Model | LogTarget:
    problem = data.problem_of(len(rows))
    algorithm = model_class(candidate.algorithm)
    reason = memory_reason(algorithm.memory_bytes(problem))
    if reason is not None:
        raise NoMemoryError(reason)
    params = {name: value for name, value in candidate.params.items() if name not in {LOG_TARGET, LOG_SCALE}}
    inner = algorithm(problem, params, seed=seed, threads=threads)
    inner.time_limit = time_limit
    inner.groups = data.groups_of(rows)
    scale = candidate.params.get(LOG_SCALE, 1.0)
    model = LogTarget(inner, scale) if candidate.params.get(LOG_TARGET) else inner
    model.fit(data.take(rows), data.outcome[rows], validation, data.weights_of(rows))
    inner.groups = None
    return model


def model_file(folder: Path, candidate: Candidate, fold: int) -> Path:
    """Where a fitted model is."""
    return folder / f"{candidate.key}_{fold}.pkl"


def output_file(folder: Path, candidate: Candidate, fold: int) -> Path:
    """Where its predictions are for the rows of its fold."""
    return folder / f"{candidate.key}_{fold}.npy"


def _save_model(folder: Path, candidate: Candidate, fold: int, model: Model | LogTarget) -> int:
    return model_file(folder, candidate, fold).write_bytes(pickle.dumps(model))


def limited(threads: int) -> Any:
    """Keeps numerical libraries to so many threads, as a context manager."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(threads)
