"""Which candidates make up the model, and with which weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lex_learning.core.dataset import load_dataset
from lex_learning.core.metrics import SELECTION_METRIC, selection_score
from lex_learning.core.results import ModelResult
from lex_learning.models.ensemble import sharpened
from lex_learning.training.calibration import best_sharpness
from lex_learning.training.ensemble import greedy_weights
from lex_learning.training.search import standard_error
from lex_learning.training.tasks import Share, fold_output

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from lex_learning.models.base import Matrix
    from lex_learning.training.search import AlgorithmSearch, Trial

ENSEMBLE = "ensemble"


def choose_shares(
    folder: Path, searches: Sequence[AlgorithmSearch], *, best_alone: bool
) -> tuple[list[tuple[Trial, Share]], float, ModelResult | None]:
    """The ensemble of all complete trials, or the best of them alone.

    Returns:
        The members, heaviest first; the sharpness of their probabilities; and the ensemble's line on the
        leaderboard, None for a single member.
    """
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
    if len(members) == 1:
        return members, sharpness, None
    if problem.is_classification:
        mixed = [sharpened(output, sharpness) for output in mixed]
    scores = [selection_score(problem, truth, output) for truth, output in zip(truths, mixed, strict=True)]
    folds = [score for trial, _ in members for score in trial.folds.values()]
    return (
        members,
        sharpness,
        ModelResult(
            name=ENSEMBLE,
            library="lex-learning",
            metric=SELECTION_METRIC[problem.is_classification],
            score=float(np.mean(scores)),
            fold_scores=scores,
            hyperparameters={
                "members": [
                    {
                        "name": share.candidate.algorithm,
                        "weight": share.weight,
                        "params": share.candidate.params,
                    }
                    for _, share in members
                ]
            },
            trials=len(trials),
            seconds=sum(search.seconds for search in searches),
            standard_error=standard_error(scores),
            predict_microseconds=1e6 * sum(score.row_seconds for score in folds),
            megabytes=sum(score.size for score in folds) / 1e6,
        ),
    )


def mixture(outputs: Sequence[Matrix], weights: Iterable[float]) -> Matrix:
    """The weighted mean of the outputs of some models."""
    total = np.zeros(outputs[0].shape)
    for output, weight in zip(outputs, weights, strict=True):
        total += weight * output
    return total
