"""The search for the best settings of each algorithm.

Trials go in rounds of a fixed size, and results are told in order, so that the same seed gives the
same search however many workers there are and whichever ends first.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.core.metrics import SELECTION_METRIC
from lex_learning.core.results import ModelResult
from lex_learning.models import model_class
from lex_learning.seeds import derive_seed
from lex_learning.training.executor import Failure
from lex_learning.training.tasks import Candidate, FoldScore, fit_fold

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import optuna

    from lex_learning.config import PipelineConfig
    from lex_learning.core.problem import Problem
    from lex_learning.training.executor import TaskRunner

TRIALS_IN_A_ROUND = 4
STARTUP_TRIALS = 8


@dataclass
class Trial:
    """One candidate and the scores of its folds so far."""

    candidate: Candidate
    folds: list[FoldScore] = field(default_factory=list)
    failure: str | None = None
    pruned: bool = False
    suggestion: optuna.Trial | None = None

    @property
    def alive(self) -> bool:
        """Whether its next fold is worth fitting."""
        return self.failure is None and not self.pruned

    @property
    def score(self) -> float:
        """Mean score of its folds; infinite if it has none or did not finish."""
        return float(np.mean([fold.score for fold in self.folds])) if self.folds and self.alive else np.inf

    @property
    def final_candidate(self) -> Candidate:
        """The candidate for all rows: trained for the mean of the folds' best rounds."""
        rounds = [fold.rounds for fold in self.folds if fold.rounds is not None]
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
        self._model = model_class(algorithm)
        self._seed = derive_seed(config.random_seed, algorithm)

    @property
    def trial_count(self) -> int:
        """Trials in all, the defaults included."""
        return self._config.n_trials if self._config.optimize_hyperparams else 1

    def run(self, advance: Callable[[int], None]) -> ModelResult:
        """Run all trials.

        Args:
            advance: Told the number of finished trials after each step.

        Returns:
            The leaderboard line of the best trial, or of the failure.
        """
        reason = self._model.unavailable_reason()
        if reason is not None:
            return self._result(failure=reason)
        default = Trial(Candidate(self.algorithm, self._model.defaults(self._problem), self._seed))
        self._fit_all_folds(default)
        advance(1)
        if default.failure is None:
            self._optimise(advance)
        return self._result(failure=default.failure)

    @property
    def best(self) -> Trial:
        """The trial with the lowest score; the earlier on a tie."""
        return min(self.trials, key=lambda trial: trial.score)

    def _fit_all_folds(self, trial: Trial) -> None:
        self.trials.append(trial)
        tasks = [self._task(trial, fold) for fold in range(self._config.cv_folds)]
        for outcome in self._runner.run(tasks):
            _book(trial, outcome)

    def _optimise(self, advance: Callable[[int], None]) -> None:
        study = _new_study(derive_seed(self._seed, "search"))
        while len(self.trials) < self.trial_count:
            size = min(TRIALS_IN_A_ROUND, self.trial_count - len(self.trials))
            batch = [self._suggest(study) for _ in range(size)]
            self.trials += batch
            for fold in range(self._config.cv_folds):
                alive = [trial for trial in batch if trial.alive]
                outcomes = self._runner.run([self._task(trial, fold) for trial in alive])
                for trial, outcome in zip(alive, outcomes, strict=True):
                    _book(trial, outcome)
                    _prune(trial, fold)
            for trial in batch:
                _tell(study, trial)
            advance(len(self.trials))

    def _suggest(self, study: optuna.Study) -> Trial:
        suggestion = study.ask()
        params = self._model.search_space(suggestion, self._problem)
        return Trial(Candidate(self.algorithm, params, self._seed), suggestion=suggestion)

    def _task(self, trial: Trial, fold: int) -> Any:
        return fit_fold, (self._folder, trial.candidate, fold, self._threads)

    def _result(self, failure: str | None) -> ModelResult:
        seconds = sum(fold.seconds for trial in self.trials for fold in trial.folds)
        common: dict[str, Any] = {
            "name": self.algorithm,
            "library": self._model.library,
            "metric": SELECTION_METRIC[self._problem.is_classification],
            "trials": len(self.trials),
            "seconds": seconds,
        }
        if failure is not None:
            return ModelResult(**common, failure=failure)
        best = self.best
        return ModelResult(
            **common,
            score=best.score,
            fold_scores=[fold.score for fold in best.folds],
            hyperparameters=best.final_candidate.params,
        )


def _book(trial: Trial, outcome: FoldScore | Failure) -> None:
    if isinstance(outcome, Failure):
        trial.failure = outcome.reason
    else:
        trial.folds.append(outcome)


def _prune(trial: Trial, fold: int) -> None:
    if trial.suggestion is None or not trial.alive:
        return
    trial.suggestion.report(trial.score, fold)
    trial.pruned = trial.suggestion.should_prune()


def _tell(study: optuna.Study, trial: Trial) -> None:
    from optuna.trial import TrialState

    if trial.suggestion is None:
        return
    if trial.failure is not None:
        study.tell(trial.suggestion, state=TrialState.FAIL)
    elif trial.pruned:
        study.tell(trial.suggestion, state=TrialState.PRUNED)
    else:
        study.tell(trial.suggestion, trial.score)


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
