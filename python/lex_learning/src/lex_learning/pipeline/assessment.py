"""The last stages of a training: how good the model is, and what it goes by, in the time that is left."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from lex_learning.core.machine import core_count
from lex_learning.errors import TrainingFailedError
from lex_learning.seeds import derive_seed
from lex_learning.training.chosen import evaluate, explain
from lex_learning.training.executor import Failure
from lex_learning.training.search import OUT_OF_TIME

if TYPE_CHECKING:
    from pathlib import Path

    from lex_learning.config import PipelineConfig
    from lex_learning.core.results import ModelResult
    from lex_learning.training.budget import Budget, Watch
    from lex_learning.training.chosen import Assessed, Share
    from lex_learning.training.executor import TaskRunner

EVALUATIONS = 100_000
"""Rows that a model predicts for the importance of its columns, and as many for its plots."""
FEWEST_EVALUATIONS = 500
FEWEST_METRIC_ROWS = 500
METRIC_SECONDS = 0.5
"""For the metrics, where time is short; with as few rows as this is too little for, it may be more."""
DRAWING_SECONDS = 1.5
"""What plots take beside the predictions: a worker to start, and the drawing."""


class Assessment:
    """Measures and explains the chosen model.

    Args:
        config: The settings.
        runner: Runs the steps.
        budget: The time.
        watch: Ends plots that take too long.
        folder: Of the training.
    """

    def __init__(
        self, config: PipelineConfig, runner: TaskRunner, *, budget: Budget, watch: Watch, folder: Path
    ) -> None:
        self._config = config
        self._runner = runner
        self._budget = budget
        self._watch = watch
        self._folder = folder
        self._cores = core_count(config.n_jobs)
        self.warnings: list[str] = []

    def evaluate(self, winner: ModelResult, shares: list[Share]) -> Assessed:
        """Metrics, and the importance of each column.

        Raises:
            TrainingFailedError: The step failed.
        """
        seed = derive_seed(self._config.random_seed, "evaluate")
        arguments = (self._folder, seed, self._cores)
        is_refitted = bool(self._config.refit) and all(share.final for share in shares)
        measure = partial(evaluate, compare_folds=is_refitted)
        if self._budget.is_limited:
            # Here, where the models are needed anyway: new workers would first have to load the libraries.
            speed = self._row_seconds(winner)
            rows = max(FEWEST_METRIC_ROWS, int(METRIC_SECONDS / speed))
            models = sum(share.model_count for share in shares) / len(shares)
            evaluations = int(0.5 * self._budget.closing_seconds * models / speed)
            most = max(FEWEST_EVALUATIONS, min(evaluations, EVALUATIONS - 1))
            return measure(*arguments, rows, most)
        outcome = self._runner.run([(measure, (*arguments, None, self._evaluations(shares)))])[0]
        if isinstance(outcome, Failure):
            raise TrainingFailedError(f"the evaluation failed: {outcome.reason}")
        assessed: Assessed = outcome
        return assessed

    def explain(self, important: list[str], winner: ModelResult, shares: list[Share]) -> dict[str, bytes]:
        """Plots by name; none, and a warning, if time or the step fails."""
        seed = derive_seed(self._config.random_seed, "explain")
        evaluations, seconds = self._evaluations(shares), math.inf
        if self._budget.is_limited:
            seconds = self._budget.plot_seconds - DRAWING_SECONDS
            evaluations = min(evaluations, int(seconds / self._row_seconds(winner)))
            if evaluations < FEWEST_EVALUATIONS:
                self.warnings.append("the model was not explained: there was no time left")
                return {}
        arguments = (
            self._folder,
            important,
            self._config.shap_max_samples,
            seed,
            self._cores,
            evaluations,
            seconds,
        )
        draw = partial(self._runner.run, [(explain, arguments)])
        outcome = self._watch.until(self._budget.check_plots, self._runner, draw, [Failure(OUT_OF_TIME)])[0]
        if isinstance(outcome, Failure):
            # A model without plots is worth more than no model.
            self.warnings.append(f"the model could not be explained: {outcome.reason}")
            return {}
        plots, remarks = outcome
        self.warnings += remarks
        return dict(plots)

    def _evaluations(self, shares: list[Share]) -> int:
        """Rows that the model may predict: the fewer the more models it is made of."""
        models = sum(share.model_count for share in shares)
        return max(FEWEST_EVALUATIONS, EVALUATIONS // models)

    def _row_seconds(self, winner: ModelResult) -> float:
        return max(1e-9, (winner.predict_microseconds or 0.0) / 1e6)
