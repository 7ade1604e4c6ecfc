"""The pipeline: what users train with."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Self

from lex_learning.errors import InvalidConfigError
from lex_learning.pipeline.training import Training
from lex_learning.progress import ProgressReporter
from lex_learning.training.budget import Budget
from lex_learning.training.session import session_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from lex_learning.config import PipelineConfig
    from lex_learning.core.results import TrainingResult
    from lex_learning.inference.model import TrainedModel
    from lex_learning.progress import ProgressCallback


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

    def train(
        self,
        frame: pd.DataFrame,
        is_cancelled: Callable[[], bool] | None = None,
        is_stopped: Callable[[], bool] | None = None,
    ) -> TrainingResult:
        """Find, fit, evaluate and explain the best model for a table.

        Args:
            frame: Features and target; numbers, text and booleans, no nulls unless `allow_missing`.
            is_cancelled: Asked many times a second; true ends the training with `Cancelled`.
            is_stopped: Asked as often; true ends the search, and the best model so far is the result.

        Raises:
            InvalidDataError: The table cannot be trained on; names the column and the remedy.
            TargetNotFoundError: The target column is missing.
            TrainingFailedError: No algorithm could be fitted.
            Cancelled: `is_cancelled` said so.
        """
        config = self.config
        budget = Budget(config.time_limit, config.enable_explainability, is_stopped or (lambda: False))
        with (
            ProgressReporter(self._on_progress, is_cancelled) as report,
            session_folder() as folder,
            closing(Training(config, report, budget, folder)) as training,
        ):
            return training.run(frame)

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
