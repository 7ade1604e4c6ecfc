"""The stages of one training, in order."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from lex_learning.core.dataset import Dataset, load_dataset
from lex_learning.core.machine import core_count
from lex_learning.core.results import ModelInfo, ModelResult, TrainingResult
from lex_learning.core.schema import Schema
from lex_learning.core.target import Target
from lex_learning.errors import InvalidConfigError, TrainingFailedError, counted
from lex_learning.inference.model import TrainedModel
from lex_learning.models import model_class
from lex_learning.preprocessing.checks import split_target, unusual_columns
from lex_learning.progress import ProgressReporter, TrainingStage
from lex_learning.seeds import derive_seed
from lex_learning.training.executor import Failure, TaskRunner
from lex_learning.training.search import TRIALS_IN_A_ROUND, AlgorithmSearch
from lex_learning.training.selection import select_algorithms
from lex_learning.training.session import session_folder
from lex_learning.training.splits import HELD_OUT, assign_folds
from lex_learning.training.tasks import evaluate, explain, fit_final, load_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from lex_learning.config import PipelineConfig
    from lex_learning.core.metrics import Metrics
    from lex_learning.core.problem import Problem
    from lex_learning.progress import ProgressCallback

INLINE_CELLS = 10_000
INLINE_CLASSES = 10
"""Up to this size (rows x columns, and classes) quick algorithms are fitted in this process."""
FEW_HELD_OUT_ROWS = 20
SHARED_CELLS = 4_000_000
"""Above this size one fit at a time has all cores: each copies its rows, and threads have enough to do."""


class Pipeline:
    """Trains models by one configuration.

    Example:
        >>> from lex_learning import Pipeline, PipelineConfig, ProblemType
        >>> config = PipelineConfig.builder().problem_type(ProblemType.REGRESSION).algorithm("ridge").build()
        >>> pipeline = Pipeline.builder().config(config).build()
    """

    def __init__(self, config: PipelineConfig, on_progress: ProgressCallback | None = None) -> None:
        self.config = config
        self._on_progress = on_progress

    @classmethod
    def builder(cls) -> PipelineBuilder:
        """Start a pipeline."""
        return PipelineBuilder()

    def train(self, frame: pd.DataFrame, is_cancelled: Callable[[], bool] | None = None) -> TrainingResult:
        """Find, fit, evaluate and explain the best model for a table.

        Args:
            frame: Features and target; numbers, text and booleans, no nulls.
            is_cancelled: Asked many times a second; true ends the training with `Cancelled`.

        Raises:
            InvalidDataError: The table cannot be trained on; names the column and the remedy.
            TargetNotFoundError: The target column is missing.
            TrainingFailedError: No algorithm could be fitted.
            Cancelled: `is_cancelled` said so.
        """
        with ProgressReporter(self._on_progress, is_cancelled) as report, session_folder() as folder:
            return _Training(self.config, report, folder).run(frame)

    def create_trained_model(self, result: TrainingResult) -> TrainedModel:
        """The winner of a training, ready to predict and to save."""
        return result.model


class PipelineBuilder:
    """Collects what a pipeline needs."""

    def __init__(self) -> None:
        self._config: PipelineConfig | None = None
        self._on_progress: ProgressCallback | None = None

    def config(self, config: PipelineConfig) -> Self:
        """The configuration. Required."""
        self._config = config
        return self

    def on_progress(self, callback: ProgressCallback) -> Self:
        """Called with each progress event, on the training's thread."""
        self._on_progress = callback
        return self

    def build(self) -> Pipeline:
        """The pipeline.

        Raises:
            InvalidConfigError: No configuration was given.
        """
        if self._config is None:
            raise InvalidConfigError(
                "the pipeline has no configuration", hint="Call config() before build()."
            )
        return Pipeline(self._config, self._on_progress)


class _Training:
    def __init__(self, config: PipelineConfig, report: ProgressReporter, folder: Path) -> None:
        self._config = config
        self._report = report
        self._folder = folder
        self._warnings: list[str] = []

    def run(self, frame: pd.DataFrame) -> TrainingResult:
        config, report = self._config, self._report
        report.enter(TrainingStage.INITIALIZING, "Checking the table")
        features, target = split_target(frame, config)
        report.enter(TrainingStage.PREPROCESSING, "Encoding the columns")
        problem = self._prepare(features, target)
        report.enter(TrainingStage.ALGORITHM_SELECTION, "Choosing algorithms")
        algorithms, skipped = select_algorithms(config, problem)
        self._warnings += skipped
        cores = core_count(config.n_jobs)
        with TaskRunner(self._worker_count(problem, algorithms, cores), report.checkpoint) as runner:
            report.enter(TrainingStage.TRAINING, f"Training {', '.join(algorithms)}")
            searches, results = self._search(runner, problem, algorithms, max(1, cores // runner.parallel))
            winner = searches[results[0].name].best.final_candidate
            report.advance(1.0, f"Fitting {winner.algorithm} on all training rows", winner.algorithm)
            self._one(runner, fit_final, winner, cores)
            report.enter(TrainingStage.EVALUATION, f"Evaluating {winner.algorithm}")
            seed = derive_seed(config.random_seed, "evaluate")
            metrics, importance = self._one(runner, evaluate, seed, cores)
            plots: dict[str, bytes] = {}
            if config.enable_explainability:
                report.enter(TrainingStage.EXPLAINABILITY, "Explaining the model")
                plots = self._explain(runner, [name for name, _ in importance], cores)
        report.close_timings()
        info = self._info(results[0], metrics, importance)
        return TrainingResult(
            best_model_name=results[0].name,
            model_results=results,
            metrics=metrics,
            feature_importance=importance,
            plots=plots,
            timings=dict(report.timings),
            warnings=self._warnings,
            model=TrainedModel(info, load_model(self._folder, cores), self._classes),
        )

    def _prepare(self, features: pd.DataFrame, target: pd.Series[Any]) -> Problem:
        self._warnings += unusual_columns(features)
        classify = self._config.problem_type == "classification"
        column = Target.from_series(target) if classify else Target(str(target.name))
        schema = Schema.from_frame(features)
        outcome = column.encode(target)
        folds = assign_folds(
            outcome,
            is_classification=classify,
            fold_count=self._config.cv_folds,
            test_size=self._config.test_size,
            seed=self._config.random_seed,
        )
        data = Dataset(schema.encode(features), outcome, folds, schema, column)
        data.save(self._folder)
        self._classes = column.classes
        self._training_rows = int((folds != HELD_OUT).sum())
        held_out = len(folds) - self._training_rows
        if held_out < FEW_HELD_OUT_ROWS:
            self._warnings.append(
                f"the metrics rest on {counted(held_out, 'row')} alone: take them as a hint"
            )
        return data.problem_of(self._training_rows)

    def _worker_count(self, problem: Problem, algorithms: list[str], cores: int) -> int:
        """Workers to start; 0, for none, where a single core has so little to do that no cancel waits."""
        cells = problem.row_count * problem.column_count
        quick = problem.class_count <= INLINE_CLASSES and all(model_class(key).is_quick for key in algorithms)
        if cores == 1 and cells <= INLINE_CELLS and quick and not self._config.enable_explainability:
            return 0
        if cells > SHARED_CELLS:
            return 1
        return min(cores, max(self._config.cv_folds, TRIALS_IN_A_ROUND))

    def _search(
        self, runner: TaskRunner, problem: Problem, algorithms: list[str], threads: int
    ) -> tuple[dict[str, AlgorithmSearch], list[ModelResult]]:
        searches: dict[str, AlgorithmSearch] = {}
        results: list[ModelResult] = []
        for done, key in enumerate(algorithms):
            search = AlgorithmSearch(
                key,
                folder=self._folder,
                problem=problem,
                config=self._config,
                runner=runner,
                threads=threads,
            )
            searches[key] = search

            def advance(trials: int, search: AlgorithmSearch = search, done: int = done) -> None:
                share = (done + trials / search.trial_count) / len(algorithms)
                message = f"{search.algorithm}: {trials} of {search.trial_count} trials"
                self._report.advance(share, message, search.algorithm, (done, len(algorithms)))

            advance(0)
            results.append(search.run(advance))
            finished = (done + 1, len(algorithms))
            self._report.advance(finished[0] / finished[1], f"{key} is done", key, finished)
        results.sort(key=lambda result: np.inf if result.score is None else result.score)
        if results[0].score is None:
            reasons = "; ".join(f"{result.name}: {result.failure}" for result in results)
            raise TrainingFailedError(
                f"no algorithm could be fitted ({reasons})", hint="Try another algorithm."
            )
        self._warnings += [f"{each.name} failed: {each.failure}" for each in results if each.failure]
        return searches, results

    def _one(self, runner: TaskRunner, function: Callable[..., Any], *arguments: Any) -> Any:
        outcome = runner.run([(function, (self._folder, *arguments))])[0]
        if isinstance(outcome, Failure):
            raise TrainingFailedError(f"the {function.__name__} step failed: {outcome.reason}")
        return outcome

    def _explain(self, runner: TaskRunner, important: list[str], threads: int) -> dict[str, bytes]:
        seed = derive_seed(self._config.random_seed, "explain")
        arguments = (self._folder, important, self._config.shap_max_samples, seed, threads)
        outcome = runner.run([(explain, arguments)])[0]
        if isinstance(outcome, Failure):
            # A model without plots is worth more than no model.
            self._warnings.append(f"the model could not be explained: {outcome.reason}")
            return {}
        plots, remarks = outcome
        self._warnings += remarks
        return dict(plots)

    def _info(self, winner: ModelResult, metrics: Metrics, importance: list[tuple[str, float]]) -> ModelInfo:
        from lex_learning import __version__

        data = load_dataset(self._folder)
        return ModelInfo(
            problem_type=str(self._config.problem_type),
            target_column=data.target.name,
            feature_names=data.schema.names,
            class_labels=data.target.labels or None,
            best_model_name=winner.name,
            metrics=metrics,
            feature_importance=importance,
            hyperparameters=winner.hyperparameters,
            training_rows=self._training_rows,
            library_version=__version__,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            schema=data.schema.to_dict(),
        )
