"""Which candidates make up the model, and with which weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.core.dataset import load_dataset
from lex_learning.core.results import ModelResult
from lex_learning.core.scorer import MetricError
from lex_learning.models._calibration import sharpened
from lex_learning.models._rows import taken
from lex_learning.models.ensemble import mixture
from lex_learning.training.calibration import best_sharpness
from lex_learning.training.chosen import Share
from lex_learning.training.ensemble import Fold, fold_losses, greedy_weights, mean_loss
from lex_learning.training.search import score_facts
from lex_learning.training.tasks import fold_output
from lex_learning.training.threshold import best_threshold

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from lex_learning.config import ThresholdMetric
    from lex_learning.core.scorer import Scorer
    from lex_learning.models.base import Matrix
    from lex_learning.training.search import AlgorithmSearch
    from lex_learning.training.trial import Trial

ENSEMBLE = "ensemble"
FEWEST_WEIGHT = 0.02
"""Members of less weight are not worth the fits of further splits."""


@dataclass(frozen=True)
class Choice:
    """What makes up the model.

    Args:
        members: Trials and their shares, heaviest first.
        sharpness: Of the ensemble's probabilities.
        threshold: See `best_threshold`; None if it is not tuned.
        residuals: Absolute out-of-fold errors of a regression, sorted; else empty.
        result: The ensemble's line on the leaderboard; None for a single member.
        metric_failure: Why the models were compared by the proper score, not by the metric; or None.
    """

    members: list[tuple[Trial, Share]]
    sharpness: float
    threshold: float | None
    residuals: NDArray[np.float64]
    result: ModelResult | None
    metric_failure: str | None = None


@dataclass(frozen=True)
class _Pool:
    """Candidates and what their fold models predict out of fold.

    Args:
        folder: Of the training.
        trials: The candidates.
        folds: The rows of each fold.
        outputs: For each candidate, for each fold.
    """

    folder: Path
    trials: list[Trial]
    folds: list[Fold]
    outputs: list[list[Matrix]]

    @classmethod
    def of(cls, folder: Path, trials: list[Trial], fold_count: int) -> _Pool:
        data = load_dataset(folder)
        rows = [data.rows_of(fold) for fold in range(fold_count)]
        folds = [Fold(data.outcome[each], data.weights_of(each)) for each in rows]
        outputs = [
            [fold_output(folder, trial.candidate, fold) for fold in range(fold_count)] for trial in trials
        ]
        return cls(folder, trials, folds, outputs)

    @property
    def fold_count(self) -> int:
        return len(self.folds)

    def with_all_splits(self, weights: NDArray[np.float64]) -> _Pool | None:
        """Those with as many folds as all members have; None if these are of the first split alone."""
        members = [self.trials[index] for index in np.flatnonzero(weights >= FEWEST_WEIGHT)]
        most = min(trial.leading_folds for trial in members)
        if not load_dataset(self.folder).fold_count == self.fold_count < most:
            return None
        return _Pool.of(self.folder, [trial for trial in self.trials if trial.leading_folds >= most], most)

    def mixed(self, weights: NDArray[np.float64]) -> list[Matrix]:
        """For each fold, the weighted mean."""
        order = np.flatnonzero(weights)
        return [
            mixture([self.outputs[index][fold] for index in order], weights[order])
            for fold in range(self.fold_count)
        ]

    def share(self, index: int, weight: float) -> Share:
        """The part of a candidate."""
        trial = self.trials[index]
        return Share(trial.candidate, weight, tuple(range(trial.leading_folds)))

    def loss(self, scorer: Scorer, weights: NDArray[np.float64], fold_count: int) -> float:
        """Of the ensemble, on the first folds; infinite where the metric has no value."""
        return mean_loss(scorer, self.folds[:fold_count], self.mixed(weights)[:fold_count])

    def losses(self, scorer: Scorer) -> list[float]:
        """Of each candidate alone, on the folds of the first split."""
        if scorer.is_proper:
            scores = [
                [trial.folds[fold].proper_score for fold in range(trial.fold_count)] for trial in self.trials
            ]
            return [float(np.mean(each)) for each in scores]
        return [trial.loss for trial in self.trials]

    def weights(self, scorer: Scorer, is_over: Callable[[], bool]) -> NDArray[np.float64]:
        """See `greedy_weights`."""
        alone = self.losses(scorer)
        return greedy_weights(scorer, self.folds, self.outputs, alone=alone, is_over=is_over)


def choose_members(
    folder: Path,
    searches: Sequence[AlgorithmSearch],
    *,
    best_alone: bool,
    only: Sequence[Trial] | None = None,
    threshold_metric: ThresholdMetric | None = None,
    is_over: Callable[[], bool] = lambda: False,
) -> Choice:
    """The ensemble of all complete trials, or of `only` these, or the best of them alone.

    See `greedy_weights` for `is_over`.
    """
    trials = [trial for search in searches for trial in search.complete_trials if trial.kept]
    if only is not None:
        trials = list(only)
    data = load_dataset(folder)
    scorer, failure = data.scorer, None
    scored = [trial for trial in trials if trial.metric_failure is None]
    if scored:
        trials = scored
    else:
        scorer, failure = scorer.proper, trials[0].metric_failure
    if best_alone:
        trials = [min(trials, key=lambda trial: trial.loss)]
    first_split = min(trial.fold_count for trial in trials)
    pool = _Pool.of(folder, trials, first_split)
    try:
        weights = pool.weights(scorer, is_over)
    except MetricError as error:
        scorer, failure = scorer.proper, str(error)
        weights = pool.weights(scorer, is_over)
    repeated = pool.with_all_splits(weights)
    if repeated is not None:
        again = repeated.weights(scorer, is_over)
        # More folds tell more; yet on those of the first split, no single candidate may be better.
        if repeated.loss(scorer, again, first_split) <= min(pool.losses(scorer)):
            pool, weights = repeated, again
    order = [int(index) for index in np.argsort(-weights, kind="stable") if weights[index] > 0]
    members = [(pool.trials[index], pool.share(index, float(weights[index]))) for index in order]
    folds, mixed = pool.folds, pool.mixed(weights)
    sharpness, threshold, residuals = 1.0, None, np.empty(0)
    if data.problem.is_classification:
        sharpness = best_sharpness(folds, mixed)
        mixed = [sharpened(output, sharpness) for output in mixed]
        if threshold_metric is not None:
            rows = np.concatenate([data.rows_of(fold) for fold in range(len(folds))])
            # As the metrics of the result: by the rows' weights, not by those of the classes.
            row_weights = taken(data.weights, rows)
            shares = np.vstack(mixed)[:, 1]
            threshold = best_threshold(threshold_metric, data.outcome[rows], shares, row_weights)
    else:
        truth = np.concatenate([fold.truth for fold in folds])
        residuals = np.sort(np.abs(np.vstack(mixed)[:, 0] - truth))
    result = None
    if len(members) > 1:
        seconds = sum(search.seconds for search in searches)
        facts = {"trials": len(trials), "seconds": seconds}
        result = _result(members, scorer, folds[:first_split], mixed[:first_split], failure, **facts)
    return Choice(members, sharpness, threshold, residuals, result, failure)


def half_width(residuals: NDArray[np.float64], coverage: float) -> float:
    """How far to either side of a prediction the value is, with a probability of at least `coverage`.

    The quantile of split conformal prediction (Lei et al. 2018), of errors out of fold.

    Example:
        >>> half_width(np.arange(1.0, 10.0), coverage=0.8)
        8.0
    """
    place = int(np.ceil((len(residuals) + 1) * coverage)) - 1
    return float(residuals[min(place, len(residuals) - 1)])


def _result(
    members: list[tuple[Trial, Share]],
    scorer: Scorer,
    folds: Sequence[Fold],
    mixed: Sequence[Matrix],
    failure: str | None,
    **facts: Any,
) -> ModelResult:
    fits = [score for trial, _ in members for score in trial.folds.values()]
    named = [
        {
            "name": share.candidate.algorithm,
            "weight": share.weight,
            "models": share.model_count,
            "params": share.candidate.params,
        }
        for _, share in members
    ]
    try:
        losses = fold_losses(scorer, folds, mixed)
    except MetricError as error:
        failure, scorer = str(error), scorer.proper
        losses = fold_losses(scorer, folds, mixed)
    return ModelResult(
        name=ENSEMBLE,
        library="lex-learning",
        hyperparameters={"members": named},
        metric_failure=failure,
        **score_facts(scorer, losses, fits),
        **facts,
    )
