"""The search for the best settings of each algorithm.

Trials go in rounds of a fixed size, and results are told in order, so that the same seed gives the
same search however many workers there are and whichever ends first.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.config import Preset
from lex_learning.core.results import ModelResult
from lex_learning.core.scorer import Scorer
from lex_learning.models import model_class
from lex_learning.models._logarithm import LOG_TARGET
from lex_learning.seeds import derive_seed
from lex_learning.training.executor import Failure
from lex_learning.training.portfolio import with_logarithm
from lex_learning.training.tasks import Candidate, FoldScore, fit_fold, forget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    import optuna

    from lex_learning.config import PipelineConfig
    from lex_learning.core.problem import Problem
    from lex_learning.training.executor import TaskRunner

TRIALS_IN_A_ROUND = 4
STARTUP_TRIALS = 8
OUT_OF_TIME = "the time was over before it had finished"
KEPT_TRIALS = 5
"""Best trials of an algorithm whose fitted models stay, for the ensemble."""


@dataclass
class Trial:
    """One candidate and the scores of its folds so far.

    Args:
        candidate: The candidate.
        fold_count: Folds that make it complete: those from 0.
        folds: Scores by fold.
        failure: Why it was given up, or None.
        pruned: Whether it was given up as hopeless.
        suggestion: Optuna's side of it.
        kept: Whether its fitted models are still there.
    """

    candidate: Candidate
    fold_count: int
    folds: dict[int, FoldScore] = field(default_factory=dict)
    failure: str | None = None
    pruned: bool = False
    suggestion: optuna.Trial | None = None
    kept: bool = True

    @property
    def alive(self) -> bool:
        """Whether its next fold is worth fitting."""
        return self.failure is None and not self.pruned

    @property
    def is_complete(self) -> bool:
        """Whether every fold has a score."""
        return self.alive and all(fold in self.folds for fold in range(self.fold_count))

    @property
    def loss(self) -> float:
        """Mean loss of the folds so far; infinite if there is none or it was given up."""
        return float(np.mean(self.fold_losses)) if self.fold_losses and self.alive else np.inf

    @property
    def fold_losses(self) -> list[float]:
        """The losses of the folds so far, in the order of the folds; only of those that count.

        By the metric, or by the proper score where the metric has failed.
        """
        folds = [self.folds[fold] for fold in sorted(self.folds) if fold < self.fold_count]
        has_failed = self.metric_failure is not None
        return [fold.proper_score if has_failed else fold.loss for fold in folds]

    @property
    def metric_failure(self) -> str | None:
        """Why the metric has no value for it, or None."""
        return next(filter(None, (fold.metric_failure for fold in self.folds.values())), None)

    @property
    def rank(self) -> tuple[bool, float]:
        """Orders trials, best first: those that the metric has a value for lead."""
        return self.metric_failure is not None, self.loss

    @property
    def leading_folds(self) -> int:
        """How many folds have a score, from 0 to the first that has none."""
        return next(fold for fold in range(len(self.folds) + 1) if fold not in self.folds)

    @property
    def standing(self) -> str:
        """How far it came, in words."""
        return f"given up after {len(self.folds)} of {self.fold_count} folds, with a loss of {self.loss:.4g}"

    def book(self, fold: int, outcome: FoldScore | Failure) -> None:
        """Enter the outcome of a fold."""
        if isinstance(outcome, Failure):
            self.failure = outcome.reason
        else:
            self.folds[fold] = outcome

    @property
    def final_candidate(self) -> Candidate:
        """The candidate for all rows: trained for the mean of the folds' best rounds."""
        rounds = [fold.rounds for fold in self.folds.values() if fold.rounds is not None]
        if not rounds:
            return self.candidate
        params = self.candidate.params | {"rounds": max(1, round(float(np.mean(rounds))))}
        return Candidate(self.candidate.algorithm, params, self.candidate.seed)


class AlgorithmSearch:
    """The trials of one algorithm: its defaults, then what Optuna suggests."""

    def __init__(
        self,
        algorithm: str,
        *,
        folder: Path,
        problem: Problem,
        config: PipelineConfig,
        runner: TaskRunner,
        threads: int,
    ) -> None:
        self.algorithm = algorithm
        self.trials: list[Trial] = []
        self._folder = folder
        self._problem = problem
        self._config = config
        self._runner = runner
        self._threads = threads
        self.fold_count = config.cv_folds
        self._model = model_class(algorithm)
        self._seed = derive_seed(config.random_seed, algorithm)
        self._study: optuna.Study | None = None
        self._known: list[Trial] = []
        """Trials of settings known to be good that Optuna has not been told of."""
        self._scorer = Scorer(problem, config.metric)

    @property
    def trial_count(self) -> int:
        """Trials in all, the defaults included."""
        searches = self._config.optimize_hyperparams and self._config.preset is not Preset.FAST
        return self._config.n_trials if searches else 1

    def run(self, advance: Callable[[int], None]) -> ModelResult:
        """Run all trials.

        Args:
            advance: Told the number of finished trials after each step.

        Returns:
            The leaderboard line of the best trial, or of the failure.
        """
        if self._model.unavailable_reason() is not None:
            return self.result()
        default = self.add(self._model.defaults(self._problem))
        tasks = [self.task(default, fold) for fold in range(self.fold_count)]
        for fold, outcome in self._runner.run_unordered(tasks):
            default.book(fold, outcome)
        self.tell(default)
        advance(1)
        logarithm = with_logarithm(self.algorithm, self._problem)
        if default.failure is None and logarithm is not None and self.trial_count > 1:
            self._run_round([self.add(logarithm)])
            advance(2)
        while default.failure is None and len(self.trials) < self.trial_count:
            self.tune(min(TRIALS_IN_A_ROUND, self.trial_count - len(self.trials)))
            advance(len(self.trials))
        return self.result()

    @property
    def complete_trials(self) -> list[Trial]:
        """Trials with a score for each fold, best first, the earlier on a tie."""
        return sorted((trial for trial in self.trials if trial.is_complete), key=lambda trial: trial.rank)

    @property
    def best(self) -> Trial:
        """The first of `complete_trials`."""
        return self.complete_trials[0]

    def add(self, params: dict[str, Any]) -> Trial:
        """A new trial of these settings."""
        trial = Trial(Candidate(self.algorithm, params, self._seed), self.fold_count)
        self.trials.append(trial)
        return trial

    def tune(self, size: int) -> None:
        """Run a round of `size` trials that Optuna suggests."""
        self._run_round([self.suggest() for _ in range(size)])

    def _run_round(self, batch: list[Trial]) -> None:
        for fold in range(self.fold_count):
            alive = [trial for trial in batch if trial.alive]
            outcomes = self._runner.run([self.task(trial, fold) for trial in alive])
            for trial, outcome in zip(alive, outcomes, strict=True):
                trial.book(fold, outcome)
                _prune(trial, fold)
        for trial in batch:
            self.tell(trial)
        self.drop_models()

    def suggest(self) -> Trial:
        """A new trial of what Optuna suggests."""
        if self._study is None:
            self._study = _new_study(derive_seed(self._seed, "search"))
        while self._known:
            known = self._known.pop(0)
            if known.alive and known.metric_failure is None:
                _warm_up(self._study, self._space, known)
        suggestion = self._study.ask()
        trial = self.add(self._space(suggestion))
        trial.suggestion = suggestion
        return trial

    def _space(self, suggestion: optuna.trial.BaseTrial) -> dict[str, Any]:
        params = self._model.search_space(suggestion, self._problem)  # type: ignore[arg-type]
        if self._problem.has_skewed_target:
            params[LOG_TARGET] = suggestion.suggest_categorical(LOG_TARGET, [False, True])
        return params

    def tell(self, trial: Trial) -> None:
        """Let Optuna learn from a trial, whether it has suggested it or not."""
        if trial.suggestion is None:
            self._known.append(trial)
        elif self._study is not None:
            _tell(self._study, trial)

    @property
    def seconds(self) -> float:
        """Time spent on all fits, summed over workers."""
        return sum(fold.seconds for trial in self.trials for fold in trial.folds.values())

    def drop_models(self) -> None:
        """Remove the fitted models of all but the best trials."""
        best = {id(trial) for trial in self.complete_trials[:KEPT_TRIALS]}
        ended = [trial for trial in self.trials if trial.is_complete or not trial.alive]
        dropped = [trial for trial in ended if trial.kept and id(trial) not in best]
        for trial in dropped:
            trial.kept = False
        # Optuna may suggest the same twice: twins share their files.
        needed = {trial.candidate.key for trial in self.trials if trial.kept}
        for trial in dropped:
            if trial.candidate.key not in needed:
                forget(self._folder, trial.candidate)

    def task(self, trial: Trial, fold: int, time_limit: float | None = None) -> Any:
        """The task that fits one fold of a trial."""
        return fit_fold, (self._folder, trial.candidate, fold, self._threads, time_limit)

    def result(self) -> ModelResult:
        """The leaderboard line of the best trial, or of the failure."""
        common: dict[str, Any] = {
            "name": self.algorithm,
            "library": self._model.library,
            "trials": len(self.trials),
            "seconds": self.seconds,
        }
        scorer = self._scorer
        if not self.complete_trials:
            failures = [self._model.unavailable_reason(), *(trial.failure for trial in self.trials)]
            failures += [trial.standing for trial in self.trials if trial.folds]
            failure = next(filter(None, failures), OUT_OF_TIME)
            return ModelResult(**common, metric=scorer.name, failure=failure)
        best = self.best
        return ModelResult(
            **common,
            hyperparameters=best.final_candidate.params,
            metric_failure=best.metric_failure,
            **score_facts(
                scorer if best.metric_failure is None else scorer.proper,
                best.fold_losses,
                best.folds.values(),
            ),
        )


def score_facts(scorer: Scorer, losses: list[float], fits: Iterable[FoldScore]) -> dict[str, Any]:
    """The fields of a leaderboard line that follow from the losses of the folds and the fits behind them."""
    fits = list(fits)
    scores = [scorer.score(loss) for loss in losses]
    return {
        "metric": scorer.name,
        "greater_is_better": scorer.greater_is_better,
        "score": float(np.mean(scores)),
        "fold_scores": scores,
        "standard_error": float(np.std(scores, ddof=1) / len(scores) ** 0.5) if len(scores) > 1 else None,
        "predict_microseconds": 1e6 * sum(fit.row_seconds for fit in fits),
        "megabytes": sum(fit.size for fit in fits) / 1e6,
    }


def _prune(trial: Trial, fold: int) -> None:
    if trial.suggestion is None or not trial.alive:
        return
    trial.suggestion.report(trial.loss, fold)
    trial.pruned = trial.suggestion.should_prune()


def _tell(study: optuna.Study, trial: Trial) -> None:
    from optuna.trial import TrialState

    if trial.suggestion is None:
        return
    if trial.failure is not None or trial.metric_failure is not None:
        study.tell(trial.suggestion, state=TrialState.FAIL)
    elif trial.pruned:
        study.tell(trial.suggestion, state=TrialState.PRUNED)
    else:
        study.tell(trial.suggestion, trial.loss)


def _new_study(seed: int) -> optuna.Study:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(
            seed=seed, multivariate=True, constant_liar=True, n_startup_trials=STARTUP_TRIALS
        )
    pruner = optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS // 2)
    return optuna.create_study(direction="minimize", sampler=sampler, pruner=pruner)


def _warm_up(
    study: optuna.Study, space: Callable[[optuna.trial.BaseTrial], dict[str, Any]], known: Trial
) -> None:
    """Let Optuna start from a trial that it has not suggested; values outside the space are moved inside."""
    import optuna

    fixed = optuna.trial.FixedTrial({LOG_TARGET: False, **known.candidate.params})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of values outside the space
            space(fixed)
        distributions = fixed.distributions
        params = {name: _inside(fixed.params[name], each) for name, each in distributions.items()}
        trial = optuna.trial.create_trial(params=params, distributions=distributions, value=known.loss)
    except ValueError:
        return  # a setting that the space does not know
    study.add_trial(trial)


def _inside(value: Any, distribution: optuna.distributions.BaseDistribution) -> Any:
    low, high = getattr(distribution, "low", None), getattr(distribution, "high", None)
    return value if low is None or high is None else min(max(value, low), high)
