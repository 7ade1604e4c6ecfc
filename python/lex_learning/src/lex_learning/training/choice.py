"""Which candidates make up the model, and with which weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.core.dataset import load_dataset
from lex_learning.core.metrics import SELECTION_METRIC, selection_score
from lex_learning.core.results import ModelResult
from lex_learning.models.ensemble import mixture, sharpened
from lex_learning.training.calibration import best_sharpness
from lex_learning.training.chosen import Share
from lex_learning.training.ensemble import greedy_weights
from lex_learning.training.search import score_facts
from lex_learning.training.tasks import fold_output

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from lex_learning.training.search import AlgorithmSearch, Trial

ENSEMBLE = "ensemble"


@dataclass(frozen=True)
class Choice:
    """What makes up the model.

    Args:
        members: Trials and their shares, heaviest first.
        sharpness: Of the ensemble's probabilities.
        residuals: Absolute out-of-fold errors of a regression, sorted; else empty.
        result: The ensemble's line on the leaderboard; None for a single member.
    """

    members: list[tuple[Trial, Share]]
    sharpness: float
    residuals: NDArray[np.float64]
    result: ModelResult | None


def choose_members(folder: Path, searches: Sequence[AlgorithmSearch], *, best_alone: bool) -> Choice:
    """The ensemble of all complete trials, or the best of them alone."""
    trials = [trial for search in searches for trial in search.complete_trials if trial.kept]
    if best_alone:
        trials = [min(trials, key=lambda trial: trial.score)]
    fold_count = min(trial.fold_count for trial in trials)
    data = load_dataset(folder)
    problem = data.problem_of(len(data.folds))
    truths = [data.outcome[data.folds == fold] for fold in range(fold_count)]
    outputs = [[fold_output(folder, trial.candidate, fold) for fold in range(fold_count)] for trial in trials]
    weights = greedy_weights(problem, truths, outputs)
    order = [int(index) for index in np.argsort(-weights, kind="stable") if weights[index] > 0]
    members = [
        (
            trials[index],
            Share(trials[index].candidate, float(weights[index]), tuple(range(trials[index].leading_folds))),
        )
        for index in order
    ]
    mixed = [mixture([outputs[index][fold] for index in order], weights[order]) for fold in range(fold_count)]
    sharpness = best_sharpness(problem, truths, mixed)
    if problem.is_classification:
        mixed = [sharpened(output, sharpness) for output in mixed]
        residuals = np.empty(0)
    else:
        residuals = np.sort(np.abs(np.vstack(mixed)[:, 0] - np.concatenate(truths)))
    scores = [selection_score(problem, truth, output) for truth, output in zip(truths, mixed, strict=True)]
    result = None
    if len(members) > 1:
        metric = SELECTION_METRIC[problem.is_classification]
        seconds = sum(search.seconds for search in searches)
        result = _result(members, scores, metric=metric, trials=len(trials), seconds=seconds)
    return Choice(members, sharpness, residuals, result)


def half_width(residuals: NDArray[np.float64], coverage: float) -> float:
    """How far to either side of a prediction the value is, with a probability of at least `coverage`.

    The quantile of split conformal prediction (Lei et al. 2018), of errors out of fold.

    Example:
        >>> half_width(np.arange(1.0, 10.0), coverage=0.8)
        8.0
    """
    place = int(np.ceil((len(residuals) + 1) * coverage)) - 1
    return float(residuals[min(place, len(residuals) - 1)])


def _result(members: list[tuple[Trial, Share]], scores: list[float], **facts: Any) -> ModelResult:
    folds = [score for trial, _ in members for score in trial.folds.values()]
    shares = [share for _, share in members]
    named = [
        {"name": share.candidate.algorithm, "weight": share.weight, "params": share.candidate.params}
        for share in shares
    ]
    return ModelResult(
        name=ENSEMBLE,
        library="lex-learning",
        hyperparameters={"members": named},
        **score_facts(scores, folds),
        **facts,
    )
