"""The stages of one training, in order."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from lex_learning.config import Preset
from lex_learning.core.dataset import load_dataset
from lex_learning.core.machine import core_count
from lex_learning.core.metrics import SELECTION_METRIC
from lex_learning.core.results import ModelInfo, ModelResult, TrainingResult
from lex_learning.errors import TrainingFailedError, counted
from lex_learning.inference.model import TrainedModel
from lex_learning.models import model_class
from lex_learning.pipeline.assessment import Assessment
from lex_learning.pipeline.preparation import prepare
from lex_learning.preprocessing.design import design_width
from lex_learning.preprocessing.roles import take_apart
from lex_learning.progress import TrainingStage
from lex_learning.training.budget import Watch
from lex_learning.training.choice import choose_members, half_width
from lex_learning.training.chosen import background_rows, choose, load_model
from lex_learning.training.cluster import ClusterRunner
from lex_learning.training.executor import Failure, TaskRunner, run_task
from lex_learning.training.journal import Journal
from lex_learning.training.portfolio import most_candidates
from lex_learning.training.race import Race, refit_seconds, settle_folds
from lex_learning.training.search import OUT_OF_TIME, TRIALS_IN_A_ROUND, AlgorithmSearch
from lex_learning.training.selection import select_algorithms
from lex_learning.training.session import give_room, is_full, keep_room
from lex_learning.training.tasks import fit_final, fit_fold

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from lex_learning.config import PipelineConfig
    from lex_learning.core.dataset import Dataset
    from lex_learning.core.problem import Problem
    from lex_learning.progress import ProgressReporter
    from lex_learning.training.budget import Budget
    from lex_learning.training.choice import Choice
    from lex_learning.training.chosen import Assessed, Share
    from lex_learning.training.trial import Trial

INLINE_CELLS = 10_000
INLINE_CLASSES = 10
"""Up to this size (rows x columns, and classes) quick algorithms are fitted in this process."""
SHARED_CELLS = 4_000_000
"""Above this size one fit at a time has all cores: each copies its rows, and threads have enough to do."""
SIMPLE_ROWS, FEWEST_SIMPLE_ROWS = 5_000, 200
SIMPLE_CELLS = 1_000_000
"""Of these rows, times columns and classes, a linear model is made when there was no time for others."""


class Training:
    """One training in a folder of its own.

    Args:
        config: The settings.
        report: Takes the progress, and raises `Cancelled`.
        budget: The time.
        folder: Empty; holds what workers share.
    """

    def __init__(
        self, config: PipelineConfig, report: ProgressReporter, budget: Budget, folder: Path
    ) -> None:
        self._config = config
        self._report = report
        self._budget = budget
        self._folder = folder
        self._cores = core_count(config.n_jobs)
        self._warnings: list[str] = []
        self._watch = Watch(report.checkpoint)
        self._journal: Journal | None = None
        self._disk_is_full = False

    def close(self) -> None:
        """Let go of the work folder, whatever became of the training."""
        if self._journal is not None:
            self._journal.close()

    def run(self, frame: pd.DataFrame) -> TrainingResult:
        """Go through all stages; see `Pipeline.train`."""
        config, report = self._config, self._report
        report.enter(TrainingStage.INITIALIZING, "Checking the table")
        table = take_apart(frame, config)
        report.enter(TrainingStage.PREPROCESSING, "Encoding the columns")
        data, self._warnings = prepare(table, config)
        self._keep(data)
        self._classes, self._training_rows = data.target.classes, len(data.training_rows)
        problem = data.problem_of(self._training_rows)
        report.enter(TrainingStage.ALGORITHM_SELECTION, "Choosing algorithms")
        algorithms, skipped = select_algorithms(config, problem)
        with self._runner(problem, algorithms) as runner:
            runner.journal = self._journal
            report.enter(TrainingStage.TRAINING, f"Training {', '.join(algorithms)}")
            searches = {key: self._new_search(runner, problem, key) for key in algorithms}
            search = partial(self._search, runner, problem, searches)
            is_whole = self._watch.until(self._budget.check_search, runner, search, otherwise=False)
            if not is_whole and not any(search.complete_trials for search in searches.values()):
                self._make_do(runner, problem, searches)
            self._disk_is_full = is_full(self._folder)
            give_room(self._folder)
            if self._disk_is_full:
                self._warnings.append(f"the disk of {str(self._folder)!r} is full, so that fits were lost")
            choice, results = self._choose(searches, skipped)
            affordable = self._affordable(runner, choice.members)
            if len(affordable) < len(choice.members):
                left_out = counted(len(choice.members) - len(affordable), "member")
                self._warnings.append(
                    f"{left_out} of the ensemble had to go: there was no time to fit all of them once more"
                )
                choice, results = self._choose(searches, skipped, affordable)
            shares = self._refit(runner, choice.members)
            choose(self._folder, shares, choice.sharpness, choice.threshold)
            winner = results[0]
            report.enter(TrainingStage.EVALUATION, f"Evaluating {winner.name}")
            assessment = Assessment(
                config, runner, budget=self._budget, watch=self._watch, folder=self._folder
            )
            assessed = assessment.evaluate(winner, shares)
            self._warnings += _cost_of_refit(problem, assessed)
            plots: dict[str, bytes] = {}
            if config.enable_explainability:
                report.enter(TrainingStage.EXPLAINABILITY, "Explaining the model")
                plots = assessment.explain([name for name, _ in assessed.importance], winner, shares)
            self._warnings += assessment.warnings
        report.close_timings()
        info = self._info(winner, assessed, choice)
        model = TrainedModel(
            info,
            load_model(self._folder, self._cores),
            self._classes,
            background_rows(self._folder, self._config.random_seed),
        )
        if self._journal is not None:
            self._journal.remove()
        return TrainingResult(
            best_model_name=winner.name,
            model_results=results,
            metrics=assessed.metrics,
            feature_importance=assessed.importance,
            plots=plots,
            timings=dict(report.timings),
            warnings=self._warnings,
            model=model,
        )

    def _keep(self, data: Dataset) -> None:
        """Write the data where workers find it, and where an earlier training may have left fits."""
        if self._config.work_dir is None:
            try:
                data.save(self._folder)
                keep_room(self._folder)
            except OSError as error:
                raise TrainingFailedError(
                    f"the table cannot be written to the temporary folder {str(self._folder)!r}: {error}",
                    hint="Make room there, or name another folder by the variable TMPDIR.",
                ) from error
            return
        self._journal = Journal(self._config, data)
        self._folder = self._journal.folder
        if self._journal.finished:
            taken = counted(self._journal.finished, "finished fit")
            self._warnings.append(f"{taken} of an earlier training were taken over from {self._folder}")

    def _runner(self, problem: Problem, algorithms: list[str]) -> TaskRunner:
        if self._config.engine is not None:
            return ClusterRunner(self._config.engine, self._watch.check)
        return TaskRunner(self._worker_count(problem, algorithms), self._watch.check)

    def _worker_count(self, problem: Problem, algorithms: list[str]) -> int:
        """Workers to start; 0, for none, where a single core has so little to do that no cancel waits."""
        cells = problem.row_count * problem.column_count
        quick = problem.class_count <= INLINE_CLASSES and all(model_class(key).is_quick for key in algorithms)
        is_small = self._cores == 1 and cells <= INLINE_CELLS and quick
        if is_small and not self._config.enable_explainability:
            return 0
        if cells > SHARED_CELLS:
            return 1
        return min(self._cores, max(self._config.cv_folds, TRIALS_IN_A_ROUND))

    def _new_search(self, runner: TaskRunner, problem: Problem, algorithm: str) -> AlgorithmSearch:
        return AlgorithmSearch(
            algorithm,
            folder=self._folder,
            problem=problem,
            config=self._config,
            runner=runner,
            threads=max(1, self._cores // runner.parallel),
        )

    def _search(self, runner: TaskRunner, problem: Problem, searches: dict[str, AlgorithmSearch]) -> bool:
        """Run the search; true when it comes to its end."""
        if self._config.time_limit is not None:

            def tell(algorithm: str, ended: int) -> None:
                message = f"{counted(ended, 'fit')} done, the last one of {algorithm}"
                self._report.advance(self._budget.search_share, message, algorithm)

            most = {
                Preset.FAST: len(searches),
                Preset.BALANCED: most_candidates(problem.row_count),
                Preset.BEST: 2 * most_candidates(problem.row_count),
            }[self._config.preset]
            race = Race(
                searches,
                problem,
                runner=runner,
                budget=self._budget,
                folder=self._folder,
                most=most,
                refits=self._wants_refit,
            )
            try:
                race.run(tell)
            finally:
                settle_folds(searches, race.weights)
            return True
        for done, search in enumerate(searches.values()):

            def advance(trials: int, search: AlgorithmSearch = search, done: int = done) -> None:
                share = (done + trials / search.trial_count) / len(searches)
                message = f"{search.algorithm}: {trials} of {search.trial_count} trials"
                self._report.advance(share, message, search.algorithm, (done, len(searches)))

            advance(0)
            search.run(advance)
            finished = (done + 1, len(searches))
            name = search.algorithm
            self._report.advance(finished[0] / finished[1], f"{name} is done", name, finished)
        return True

    def _is_choice_over(self) -> bool:
        self._watch.check()
        return self._budget.is_choice_over

    def _choose(
        self,
        searches: dict[str, AlgorithmSearch],
        skipped: dict[str, str],
        only: list[Trial] | None = None,
    ) -> tuple[Choice, list[ModelResult]]:
        """What makes up the model, of these trials only if they are given; and the leaderboard."""
        results = [search.result() for search in searches.values()]
        metric = load_dataset(self._folder).scorer.name
        results += [
            ModelResult(key, model_class(key).library, metric, failure=f"left out: {reason}")
            for key, reason in skipped.items()
        ]
        if all(result.score is None for result in results):
            reasons = "; ".join(f"{result.name}: {result.failure}" for result in results)
            hint = "Try another algorithm."
            if self._disk_is_full:
                hint = f"Make room on the disk of {str(self._folder)!r}, or choose another work_dir."
            raise TrainingFailedError(f"no algorithm could be fitted ({reasons})", hint=hint)
        choice = choose_members(
            self._folder,
            list(searches.values()),
            best_alone=self._config.algorithm is not None,
            only=only,
            threshold_metric=self._config.threshold_metric,
            is_over=self._is_choice_over,
        )
        if choice.metric_failure is not None and only is None:
            self._warnings.append(
                f"{choice.metric_failure}; so the models were compared by {results[0].metric}"
            )
        weights: dict[str, float] = {}
        for _, share in choice.members:
            name = share.candidate.algorithm
            weights[name] = weights.get(name, 0.0) + share.weight
        results = [dataclasses.replace(each, weight=weights.get(each.name, 0.0)) for each in results]
        # The winner stands first also where another ties with it.
        first = choice.members[0][0].candidate.algorithm if choice.result is None else None
        results.sort(key=lambda each: (*_rank(each), each.name != first))
        if choice.result is not None:
            results.insert(0, choice.result)
        if not self._budget.is_limited:
            self._warnings += [
                f"{each.name} failed: {each.failure}"
                for each in results
                if each.failure and each.name not in skipped
            ]
        return choice, results

    def _make_do(self, runner: TaskRunner, problem: Problem, searches: dict[str, AlgorithmSearch]) -> None:
        """After a search that ended before anything was complete: fewer folds, or a simple model."""
        settle_folds(searches, {})
        if any(search.complete_trials for search in searches.values()):
            return
        key = "logistic_regression" if problem.is_classification else "ridge"
        search = searches[key] = self._new_search(runner, problem, key)
        search.fold_count = 1
        trial = search.add(model_class(key).defaults(problem))
        most_rows = min(SIMPLE_ROWS, SIMPLE_CELLS // (design_width(problem) * problem.output_count))
        arguments = (self._folder, trial.candidate, 0, self._cores, None, max(FEWEST_SIMPLE_ROWS, most_rows))
        trial.book(0, run_task(fit_fold, arguments))
        if trial.alive:
            self._warnings.append(f"the time was too short for a search: the model is a plain {key}")

    def _affordable(self, runner: TaskRunner, members: list[tuple[Trial, Share]]) -> list[Trial]:
        """Of the members, the heaviest that there is time to fit once more; all if that is not wanted."""
        trials = [trial for trial, _ in members]
        if self._wants_refit and not self._budget.stopped:
            while (
                len(trials) > 1 and refit_seconds(trials, runner.parallel) > self._budget.refit_seconds_left
            ):
                trials = trials[:-1]
        return trials

    @property
    def _wants_refit(self) -> bool:
        config = self._config
        if config.refit is not None:
            return config.refit
        # Along time, the models of the folds lack the newest rows.
        is_named = config.algorithm is not None and config.time_limit is None
        return is_named or config.time_column is not None

    def _refit(self, runner: TaskRunner, members: list[tuple[Trial, Share]]) -> list[Share]:
        """The members fitted once more on all training rows, if that is wanted."""
        shares = [share for _, share in members]
        if self._budget.stopped or not self._wants_refit:
            return shares
        finals = [trial.final_candidate for trial, _ in members]
        names = ", ".join(dict.fromkeys(final.algorithm for final in finals))
        self._report.advance(1.0, f"Fitting {names} on all training rows", finals[0].algorithm)
        threads = max(1, self._cores // min(runner.parallel, len(finals)))
        tasks = [(fit_final, (self._folder, final, threads)) for final in finals]
        outcomes = self._watch.until(
            self._budget.check_end, runner, partial(runner.run, tasks), [Failure(OUT_OF_TIME)]
        )
        failures = [each.reason for each in outcomes if isinstance(each, Failure)]
        if not failures:
            return [
                dataclasses.replace(share, final=final) for share, final in zip(shares, finals, strict=True)
            ]
        self._warnings.append(
            f"the models of the folds were kept: fitting on all rows failed ({failures[0]})"
        )
        return shares

    def _info(
        self,
        winner: ModelResult,
        assessed: Assessed,
        choice: Choice,
    ) -> ModelInfo:
        from lex_learning import __version__

        coverage = self._config.interval_coverage
        data = load_dataset(self._folder)
        return ModelInfo(
            problem_type=str(self._config.problem_type),
            target_column=data.target.name,
            feature_names=data.schema.names,
            class_labels=data.target.labels or None,
            best_model_name=winner.name,
            metrics=assessed.metrics,
            feature_importance=assessed.importance,
            hyperparameters=winner.hyperparameters,
            training_rows=self._training_rows,
            library_version=__version__,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            schema=data.schema.to_dict(),
            interval_coverage=coverage,
            interval_half_width=None if coverage is None else half_width(choice.residuals, coverage),
            decision_threshold=choice.threshold,
            unused_columns=self._config.role_columns,
        )


def _rank(result: ModelResult) -> tuple[bool, float]:
    """Orders the leaderboard, best first: lines with a value of the metric lead, those without any end."""
    if result.score is None:
        return True, np.inf
    return result.metric_failure is not None, -result.score if result.greater_is_better else result.score


def _cost_of_refit(problem: Problem, assessed: Assessed) -> list[str]:
    if assessed.bag_score is None:
        return []
    metric = SELECTION_METRIC[problem.is_classification]
    score = getattr(assessed.metrics, metric)
    return [
        f"fitted once more on all training rows, the model has a {metric} of {score:.4g} on the held-out "
        f"rows; as the models of the folds, {assessed.bag_score:.4g}"
    ]
