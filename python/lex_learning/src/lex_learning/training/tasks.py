"""The units of work: module-level functions of small arguments, so that any executor can run them."""

from __future__ import annotations

import pickle
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.core.dataset import load_dataset
from lex_learning.core.metrics import classification_metrics, regression_metrics, selection_score
from lex_learning.models import model_class
from lex_learning.seeds import derive_seed
from lex_learning.training.splits import HELD_OUT

if TYPE_CHECKING:
    from pathlib import Path

    from lex_learning.core.dataset import Dataset
    from lex_learning.core.metrics import Metrics
    from lex_learning.models.base import Model

BACKGROUND_ROWS = 50
MODEL_FILE = "model.pkl"


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


@dataclass(frozen=True)
class FoldScore:
    """The outcome of one fold.

    Args:
        score: See `selection_score`; lower is better.
        seconds: Time of fit and prediction.
        rounds: The best round of a model that stops early.
    """

    score: float
    seconds: float
    rounds: int | None


def fit_fold(folder: Path, candidate: Candidate, fold: int, threads: int) -> FoldScore:
    """Fit on all folds but one, and score on that one."""
    started = time.monotonic()
    data = load_dataset(folder)
    rows = np.flatnonzero((data.folds != fold) & (data.folds != HELD_OUT))
    held = np.flatnonzero(data.folds == fold)
    validation = data.take(held), data.outcome[held]
    model = _new_model(data, candidate, len(rows), derive_seed(candidate.seed, "fold", fold), threads)
    with _limited(threads):
        model.fit(data.take(rows), data.outcome[rows], validation)
        score = selection_score(model.problem, validation[1], model.predict(validation[0]))
    if not np.isfinite(score):
        raise ArithmeticError(f"the score of fold {fold} is {score}")
    return FoldScore(score, time.monotonic() - started, model.rounds)


def fit_final(folder: Path, candidate: Candidate, threads: int) -> None:
    """Fit on all training rows; leaves the model in the folder, for the tasks below."""
    data = load_dataset(folder)
    rows = np.flatnonzero(data.folds != HELD_OUT)
    model = _new_model(data, candidate, len(rows), derive_seed(candidate.seed, "final"), threads)
    with _limited(threads):
        model.fit(data.take(rows), data.outcome[rows])
    (folder / MODEL_FILE).write_bytes(pickle.dumps(model))


def load_model(folder: Path, threads: int) -> Model:
    """The model that `fit_final` left."""
    # Written by a worker of this training, never by anybody else.
    model: Model = pickle.loads((folder / MODEL_FILE).read_bytes())  # noqa: S301
    model.use_threads(threads)
    return model


def evaluate(folder: Path, seed: int, threads: int) -> tuple[Metrics, list[tuple[str, float]]]:
    """Metrics on the held-out rows, and the importance of each column."""
    from lex_learning.explainability.importance import permutation_importance

    data = load_dataset(folder)
    model = load_model(folder, threads)
    held = np.flatnonzero(data.folds == HELD_OUT)
    X, y = data.take(held), data.outcome[held]
    with _limited(threads):
        output = model.predict(X)
        metrics = (
            classification_metrics(y, output, data.target.labels)
            if data.target.classes
            else regression_metrics(y, output)
        )
        importance = permutation_importance(model, X, y, model.problem, seed=seed)
    return metrics, [(data.schema.names[index], share) for index, share in importance]


def explain(
    folder: Path, important: list[str], row_count: int, seed: int, threads: int
) -> tuple[dict[str, bytes], list[str]]:
    """SHAP plots of up to `row_count` held-out rows as PNG files by name, and warnings."""
    from lex_learning.explainability.contributions import explain as contributions_of
    from lex_learning.explainability.plots import draw_plots

    data = load_dataset(folder)
    model = load_model(folder, threads)
    random = np.random.default_rng(derive_seed(seed, "explain"))
    held, training = np.flatnonzero(data.folds == HELD_OUT), np.flatnonzero(data.folds != HELD_OUT)
    rows = np.sort(random.permutation(held)[:row_count])
    background = np.sort(random.permutation(training)[:BACKGROUND_ROWS])
    order = [data.schema.names.index(name) for name in important]
    X = data.take(rows)
    with _limited(threads):
        contributions = contributions_of(model, X, data.take(background), model.problem, seed=seed)
    plots = draw_plots(contributions, X, data.schema, data.target, model.problem, order)
    return plots, contributions.warnings


def _new_model(data: Dataset, candidate: Candidate, row_count: int, seed: int, threads: int) -> Model:
    return model_class(candidate.algorithm)(
        data.problem_of(row_count), candidate.params, seed=seed, threads=threads
    )


def _limited(threads: int) -> Any:
    from threadpoolctl import threadpool_limits

    return threadpool_limits(threads)
