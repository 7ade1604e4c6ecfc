"""The search for the best settings of each algorithm.

Trials go in rounds of a fixed size, and results are told in order, so that the same seed gives the
same search however many workers there are and whichever ends first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.config import Preset
from lex_learning.core.results import ModelResult
from lex_learning.core.scorer import Scorer
from lex_learning.models import model_class
from lex_learning.models._logarithm import LOG_TARGET
from lex_learning.seeds import derive_seed
from lex_learning.training.portfolio import learns_logarithm
from lex_learning.training.suggestions import Suggestions
from lex_learning.training.tasks import Candidate, FoldScore, fit_fold, forget
from lex_learning.training.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    import optuna

    from lex_learning.config import PipelineConfig
    from lex_learning.core.problem import Problem
    from lex_learning.training.executor import TaskRunner

TRIALS_IN_A_ROUND = 4
OUT_OF_TIME = "the time was over before it had finished"
KEPT_TRIALS = 5
"""Best trials of an algorithm whose fitted models stay, for the ensemble."""


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
        self._suggestions = Suggestions(self._space, derive_seed(self._seed, "search"))
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
        is_worth_it = default.failure is None and self.trial_count > 1
        if is_worth_it and learns_logarithm(self.algorithm, self._problem):
            self._run_round([self.add(default.candidate.params | {LOG_TARGET: True})])
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
                self._suggestions.prune(trial, fold)
        for trial in batch:
            self.tell(trial)
        self.drop_models()

    def suggest(self) -> Trial:
        """A new trial of what Optuna suggests."""
        params, suggestion = self._suggestions.ask()
        trial = self.add(params)
        trial.suggestion = suggestion
        return trial

    def _space(self, suggestion: optuna.trial.BaseTrial) -> dict[str, Any]:
        params = self._model.search_space(suggestion, self._problem)  # type: ignore[arg-type]
        if self._problem.has_skewed_target:
            params[LOG_TARGET] = suggestion.suggest_categorical(LOG_TARGET, [False, True])
        return params

    def tell(self, trial: Trial) -> None:
        """Let Optuna learn from a trial, whether it has suggested it or not."""
        self._suggestions.tell(trial)

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
