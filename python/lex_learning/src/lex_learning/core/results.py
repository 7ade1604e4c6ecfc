"""What a training gives back."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from lex_learning.core.metrics import Metrics  # noqa: TC001 - read from files by its type

if TYPE_CHECKING:
    from lex_learning.inference.model import TrainedModel


@dataclass(frozen=True)
class ModelResult:
    """One line of the leaderboard.

    Args:
        name: The algorithm's key, or `ensemble`.
        library: The library that it comes from.
        metric: What the score is, such as `log_loss`.
        score: Mean over the folds of the cross-validation, or None if it failed.
        fold_scores: One score a fold.
        hyperparameters: The settings behind the score.
        trials: Settings tried.
        seconds: Time spent on this algorithm, summed over workers.
        standard_error: Of the score, from the spread of the folds; None for a single fold.
        weight: Its share in the ensemble, 0 to 1; None for the ensemble itself.
        predict_microseconds: Time for a row within a batch, of all its fold models on one core.
        megabytes: Size of its fold models.
        failure: Why it has no score, or None.
        greater_is_better: Whether a greater score is better; false for log loss and root mean squared error.
        metric_failure: Why the metric that was asked for has no value for it; `score` is then log loss or
            root mean squared error.
    """

    name: str
    library: str
    metric: str
    score: float | None = None
    fold_scores: list[float] = field(default_factory=list)
    hyperparameters: dict[str, Any] = field(default_factory=dict)
    trials: int = 0
    seconds: float = 0.0
    standard_error: float | None = None
    weight: float | None = None
    predict_microseconds: float | None = None
    megabytes: float | None = None
    failure: str | None = None
    greater_is_better: bool = False
    metric_failure: str | None = None


@dataclass(frozen=True)
class TrainingResult:
    """The outcome of one training.

    Args:
        best_model_name: The winner's key, or `ensemble`.
        model_results: The leaderboard, best first, failures last.
        metrics: Of the winner on the held-out rows.
        feature_importance: (column, share), largest first; see `explainability.importance`.
        plots: PNG files by name, such as `summary` and `dependence_age`.
        timings: Seconds by stage, and `total`.
        warnings: What the user should know about the table or the run.
        model: The winner, ready to predict.
    """

    best_model_name: str
    model_results: list[ModelResult]
    metrics: Metrics
    feature_importance: list[tuple[str, float]]
    plots: dict[str, bytes]
    timings: dict[str, float]
    warnings: list[str]
    model: TrainedModel

    def to_dict(self) -> dict[str, Any]:
        """All but plots and model, JSON-safe."""
        return {
            "best_model_name": self.best_model_name,
            "model_results": [asdict(each) for each in self.model_results],
            "metrics": self.metrics.to_dict(),
            "feature_importance": self.feature_importance,
            "timings": self.timings,
            "warnings": self.warnings,
        }


@dataclass(frozen=True)
class PredictionResult:
    """The prediction for one row.

    Args:
        label: The most probable class, or that of a tuned threshold, as text; None for regression.
        value: The predicted number; None for classification.
        probabilities: Probability by label; empty for regression.
        lower: Lower bound of the value, if the training was asked for `interval_coverage`.
        upper: Upper bound.
        warnings: What is unusual about the row, such as an unseen category.
    """

    label: str | None = None
    value: float | None = None
    probabilities: dict[str, float] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    lower: float | None = None
    upper: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe form."""
        return asdict(self)


@dataclass(frozen=True)
class ClassExplanation:
    """What each column adds to the output for one class; see `Explanation`.

    Args:
        base: The output for an average row.
        contributions: By column.
        output: Their sum.
    """

    base: float
    contributions: dict[str, float]
    output: float


@dataclass(frozen=True)
class Explanation:
    """Why a row is predicted as it is: `base` plus the sum of `contributions` is `output`.

    Args:
        label: The class that is explained: of two the second, of more the predicted one; None for regression.
        space: What the numbers are: `log-odds` or `probability` of that class, or the predicted `value`.
        base: The output for an average row.
        contributions: What each column of the row adds, in training order.
        output: What the model answers.
        by_class: With more than two classes, the same for each, by label; else empty.
        approximate: Whether they were sampled, all or in part.
        warnings: What is unusual about the row, and how far the contributions may be trusted.
        waterfall: From the base to the output, column by column, as a PNG picture.
    """

    label: str | None
    space: str
    base: float
    contributions: dict[str, float]
    output: float
    by_class: dict[str, ClassExplanation]
    approximate: bool
    warnings: list[str]
    waterfall: bytes = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """All but the picture, JSON-safe."""
        values = asdict(self)
        del values["waterfall"]
        return values


@dataclass(frozen=True)
class ModelInfo:
    """What a model knows about itself.

    Args:
        problem_type: `classification` or `regression`.
        target_column: The predicted column.
        feature_names: The columns it needs, in training order.
        class_labels: Class names, or None for regression.
        best_model_name: The algorithm's key.
        metrics: On the held-out rows.
        feature_importance: (column, share), largest first.
        hyperparameters: Its settings.
        training_rows: Rows that it learned from.
        library_version: Version of this package that made it.
        created: Time of training, ISO 8601, UTC.
        schema: The columns with kinds, levels and ranges.
        interval_coverage: Share of values that lie between the bounds of the predictions; None without.
        interval_half_width: Distance of the bounds from the prediction, in the target's unit.
        decision_threshold: Probability of the second class from which it is predicted; None: the most
            probable class is.
        unused_columns: Columns of the training table that are no features, such as that of the weights.
            They may be present in a table to predict.
    """

    problem_type: str
    target_column: str
    feature_names: list[str]
    class_labels: list[str] | None
    best_model_name: str
    metrics: Metrics
    feature_importance: list[tuple[str, float]]
    hyperparameters: dict[str, Any]
    training_rows: int
    library_version: str
    created: str
    schema: list[dict[str, Any]]
    interval_coverage: float | None = None
    interval_half_width: float | None = None
    decision_threshold: float | None = None
    unused_columns: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """JSON-safe form."""
        return asdict(self)
