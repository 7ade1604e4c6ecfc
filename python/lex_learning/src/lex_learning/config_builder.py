"""The settings of a training, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from lex_learning.config import PipelineConfig

if TYPE_CHECKING:
    from collections.abc import Callable

    from lex_learning.config import Preset, ProblemType, ThresholdMetric


class PipelineConfigBuilder:
    """Collects settings; each method is named as the setting and returns the builder."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}

    def _set(self, name: str, value: Any) -> Self:
        self._values[name] = value
        return self

    def problem_type(self, value: ProblemType | str) -> Self:
        """Classification or regression. Required."""
        return self._set("problem_type", value)

    def target_column(self, value: str) -> Self:
        """The column to predict."""
        return self._set("target_column", value)

    def algorithm(self, value: str) -> Self:
        """Train this algorithm alone."""
        return self._set("algorithm", value)

    def top_k_algorithms(self, value: int) -> Self:
        """How many algorithms to try."""
        return self._set("top_k_algorithms", value)

    def optimize_hyperparams(self, value: bool) -> Self:
        """Search for better settings."""
        return self._set("optimize_hyperparams", value)

    def n_trials(self, value: int) -> Self:
        """Settings tried for each algorithm."""
        return self._set("n_trials", value)

    def cv_folds(self, value: int) -> Self:
        """Folds of the cross-validation."""
        return self._set("cv_folds", value)

    def test_size(self, value: float) -> Self:
        """Share of the rows held out."""
        return self._set("test_size", value)

    def enable_neural_networks(self, value: bool) -> Self:
        """Let the neural network take part."""
        return self._set("enable_neural_networks", value)

    def enable_explainability(self, value: bool) -> Self:
        """Draw the SHAP plots."""
        return self._set("enable_explainability", value)

    def shap_max_samples(self, value: int) -> Self:
        """Rows explained."""
        return self._set("shap_max_samples", value)

    def random_seed(self, value: int) -> Self:
        """The seed of all randomness."""
        return self._set("random_seed", value)

    def n_jobs(self, value: int) -> Self:
        """Worker processes, or -1 for one a core."""
        return self._set("n_jobs", value)

    def time_limit(self, value: float) -> Self:
        """Seconds for all of the training."""
        return self._set("time_limit", value)

    def preset(self, value: Preset | str) -> Self:
        """How much work a training does."""
        return self._set("preset", value)

    def engine(self, value: str) -> Self:
        """Address of a Dask cluster."""
        return self._set("engine", value)

    def work_dir(self, value: str) -> Self:
        """Folder in which finished fits are kept until the training is complete."""
        return self._set("work_dir", value)

    def hold_out(self, value: bool) -> Self:
        """Hold rows out for the final metrics."""
        return self._set("hold_out", value)

    def interval_coverage(self, value: float) -> Self:
        """Share of values that are to lie between the bounds of each prediction."""
        return self._set("interval_coverage", value)

    def refit(self, value: bool) -> Self:
        """Fit the chosen models once more on all training rows."""
        return self._set("refit", value)

    def weight_column(self, value: str) -> Self:
        """Column that holds the weight of each row."""
        return self._set("weight_column", value)

    def group_column(self, value: str) -> Self:
        """Column whose rows of one value stay together in every split."""
        return self._set("group_column", value)

    def time_column(self, value: str) -> Self:
        """Column by which every split trains on the past and tests on the future."""
        return self._set("time_column", value)

    def class_weights(self, value: str | dict[str, float]) -> Self:
        """How much the rows of each class count."""
        return self._set("class_weights", value)

    def metric(self, value: str | Callable[..., float]) -> Self:
        """What models are compared by."""
        return self._set("metric", value)

    def threshold_metric(self, value: ThresholdMetric | str) -> Self:
        """What the probability is tuned for from which the second of two classes is predicted."""
        return self._set("threshold_metric", value)

    def allow_missing(self, value: bool) -> Self:
        """Accept nulls in feature columns."""
        return self._set("allow_missing", value)

    def build(self) -> PipelineConfig:
        """The checked configuration.

        Raises:
            InvalidConfigError: `problem_type` is missing, or a value is out of its bounds.
        """
        return PipelineConfig.from_dict(self._values)
