"""The settings of a training, their defaults and bounds."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from lex_learning.errors import InvalidConfigError, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lex_learning.config_builder import PipelineConfigBuilder


class ProblemType(StrEnum):
    """What the target is: a class or a number."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"


class Preset(StrEnum):
    """How much work a training does."""

    FAST = "fast"
    BALANCED = "balanced"
    BEST = "best"


class ThresholdMetric(StrEnum):
    """What the probability from which the second of two classes is predicted can be tuned for."""

    F1 = "f1"
    BALANCED_ACCURACY = "balanced_accuracy"


METRICS: dict[ProblemType, tuple[str, ...]] = {
    ProblemType.CLASSIFICATION: (
        "log_loss",
        "accuracy",
        "balanced_accuracy",
        "f1_macro",
        "f1_weighted",
        "roc_auc",
    ),
    ProblemType.REGRESSION: ("rmse", "mae", "median_absolute_error", "mape", "r2"),
}
"""What models can be compared by; the first is the default."""

BALANCED = "balanced"
MOST_WEIGHT = 1e300


@dataclass(frozen=True)
class Bounds:
    """The smallest and largest value allowed, both included."""

    minimum: float
    maximum: float


BOUNDS: dict[str, Bounds] = {
    "top_k_algorithms": Bounds(1, 20),
    "n_trials": Bounds(1, 10_000),
    "cv_folds": Bounds(2, 20),
    "test_size": Bounds(0.05, 0.5),
    "shap_max_samples": Bounds(1, 10_000),
    "random_seed": Bounds(0, 2**64 - 1),
    "n_jobs": Bounds(-1, 1024),
    "interval_coverage": Bounds(0.5, 0.999),
    "time_limit": Bounds(0.001, 31_536_000),
}

ROLES = ("weight_column", "group_column", "time_column")
"""Settings that name a column which is neither a feature nor the target."""


@dataclass(frozen=True)
class PipelineConfig:
    """The settings of one training; checked when made.

    Args:
        problem_type: Classification or regression.
        target_column: The column to predict. Default: the last one.
        algorithm: Train this one alone, by its name; the best settings found make up the model. Default: try
            several, and weigh them into an ensemble.
        top_k_algorithms: How many algorithms to try, 1 to 20. Default 3.
        optimize_hyperparams: Search for better settings with Optuna. Default true.
        n_trials: Settings tried for each algorithm, 1 to 10,000. Default 20.
        cv_folds: Folds of the cross-validation, 2 to 20. Default 5.
        test_size: Share of the rows held out for the final metrics, 0.05 to 0.5. Default 0.2.
        enable_neural_networks: Let the neural network take part. Default true.
        enable_explainability: Draw the SHAP plots. Default true.
        shap_max_samples: Rows explained, 1 to 10,000. Default 100.
        random_seed: The same seed and table give the same model. Default 42.
        n_jobs: Worker processes, 1 to 1,024, or -1 for one a core. Default -1.
        time_limit: Seconds for all of the training, 0.001 to 31,536,000. All algorithms that suit the table
            then take part. Default: no limit, and the other settings bound the work.
        preset: `fast` tries default settings alone; `best` tries every algorithm that suits the table, also
            without a limit, and twice as many settings against the clock. Default `balanced`.
        engine: Address of a Dask cluster whose workers fit the models, such as `tcp://localhost:8786`; they
            must see the same files. Default: worker processes of this machine.
        work_dir: Folder in which finished fits are kept until the training is complete: after a crash or a
            kill, a training of the same table and settings goes on from them. Default: none are kept.
        hold_out: Hold rows out for the final metrics. Without, all rows train, and the metrics are those of
            the cross-validation, a little flattering. Default true.
        interval_coverage: For a regression, the share of values, 0.5 to 0.999, that are to lie between the
            bounds that come with each prediction. Default: no bounds.
        refit: Fit the chosen models once more on all training rows: a smaller and quicker model, at some cost
            in accuracy. Default: only if `algorithm` is named and there is no `time_limit`; else the models
            of the folds make up the model. With a `time_column`, true: the newest rows matter most.
        weight_column: Column that holds the weight of each row, 0 or more: how much it counts in fits, in the
            comparison of models and in the metrics. No feature. Default: all rows count the same.
        group_column: Column whose rows of one value, such as a patient, stay together in every split. No
            feature. Not together with `time_column`.
        time_column: Column of numbers or sortable text by which rows are ordered: every split trains on the
            past and tests on the future. No feature.
        class_weights: How much the rows of each class count in fits and in the comparison of models:
            `balanced`, for the same total in every class, or weights by label, 1 for a label not named. The
            probabilities are then those of a table so weighted. Default: all the same.
        metric: What models are compared by and the ensemble is chosen for, one of `METRICS`. Default: log
            loss or root mean squared error. In Python also a function of the true values and the predictions,
            which returns a number: values and shape (rows,) for a regression; for classes, codes (places
            among the sorted classes) and probabilities, shape (rows, classes). Lower is better, unless the
            function has an attribute `greater_is_better` that is true. It is given no weights.
        threshold_metric: For two classes, tune the probability from which the second one (in sorted order) is
            predicted, out of fold, for `f1` or `balanced_accuracy`. Default: the more probable class.
        allow_missing: Accept nulls in feature columns. Default false.

    Raises:
        InvalidConfigError: A value is of the wrong type or out of its bounds.

    Example:
        >>> PipelineConfig(ProblemType.REGRESSION, target_column="price").cv_folds
        5
    """

    problem_type: ProblemType
    target_column: str | None = None
    algorithm: str | None = None
    top_k_algorithms: int = 3
    optimize_hyperparams: bool = True
    n_trials: int = 20
    cv_folds: int = 5
    test_size: float = 0.2
    enable_neural_networks: bool = True
    enable_explainability: bool = True
    shap_max_samples: int = 100
    random_seed: int = 42
    n_jobs: int = -1
    time_limit: float | None = None
    preset: Preset = Preset.BALANCED
    engine: str | None = None
    work_dir: str | None = None
    hold_out: bool = True
    interval_coverage: float | None = None
    refit: bool | None = None
    weight_column: str | None = None
    group_column: str | None = None
    time_column: str | None = None
    class_weights: str | dict[str, float] | None = None
    metric: str | Callable[..., float] | None = None
    threshold_metric: ThresholdMetric | None = None
    allow_missing: bool = False

    def __post_init__(self) -> None:
        for name, kind in (("problem_type", ProblemType), ("preset", Preset)):
            object.__setattr__(self, name, _one_of(name, getattr(self, name), list(kind)))
        if self.threshold_metric is not None:
            chosen = _one_of("threshold_metric", self.threshold_metric, list(ThresholdMetric))
            object.__setattr__(self, "threshold_metric", chosen)
        for field in dataclasses.fields(self):
            _check_type(field.name, str(field.type), getattr(self, field.name))
        for name, bounds in BOUNDS.items():
            if getattr(self, name) is not None:
                _check_bounds(name, getattr(self, name), bounds)
        if self.n_jobs == 0:
            raise InvalidConfigError(
                "n_jobs is 0, expected -1 or 1 to 1024", hint="Use -1 for all cores.", field="n_jobs"
            )
        self._check_texts()
        if self.interval_coverage is not None and self.problem_type is not ProblemType.REGRESSION:
            raise InvalidConfigError(
                f"interval_coverage is {self.interval_coverage}, and classes have no intervals",
                hint="Leave it out, or choose regression.",
                field="interval_coverage",
            )
        for name in ("class_weights", "threshold_metric"):
            if getattr(self, name) is not None and self.problem_type is not ProblemType.CLASSIFICATION:
                raise InvalidConfigError(
                    f"{name} is {shown(getattr(self, name))}, and only classes have one",
                    hint="Leave it out, or choose classification.",
                    field=name,
                )
        _check_class_weights(self.class_weights)
        if self.metric is not None and not callable(self.metric):
            _one_of("metric", self.metric, METRICS[self.problem_type])
        self._check_roles()
        if self.algorithm is not None:
            _check_algorithm(self.algorithm, self.problem_type)

    def _check_texts(self) -> None:
        for name in ("target_column", "engine", "work_dir", *ROLES):
            if getattr(self, name) == "":
                raise InvalidConfigError(
                    f"{name} is empty, expected some text", hint="Leave it out for the default.", field=name
                )

    def _check_roles(self) -> None:
        if self.group_column is not None and self.time_column is not None:
            raise InvalidConfigError(
                "group_column and time_column are both set, and a split can honour but one of them",
                hint="Keep the one by which new rows will differ from these.",
                field="group_column",
            )
        taken = {self.target_column: "target_column"}
        for role in ROLES:
            name = getattr(self, role)
            if name is not None and taken.setdefault(name, role) != role:
                raise InvalidConfigError(
                    f"{role} and {taken[name]} are both {shown(name)}",
                    hint="Give each a column of its own.",
                    field=role,
                )

    @property
    def role_columns(self) -> list[str]:
        """Columns that are neither features nor the target."""
        return [name for name in (getattr(self, role) for role in ROLES) if name is not None]

    @classmethod
    def builder(cls) -> PipelineConfigBuilder:
        """Start a configuration, one setting at a time.

        Example:
            >>> PipelineConfig.builder().problem_type(ProblemType.REGRESSION).n_trials(5).build().n_trials
            5
        """
        from lex_learning.config_builder import PipelineConfigBuilder

        return PipelineConfigBuilder()

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read the settings from a JSON object with the field names of this class.

        Example:
            >>> PipelineConfig.from_json('{"problem_type": "regression"}').test_size
            0.2
        """
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidConfigError(
                f"the settings are not JSON ({error})", hint="Give an object of setting: value."
            ) from None
        if not isinstance(values, dict):
            raise InvalidConfigError(
                f"the settings are a JSON {type(values).__name__}, expected an object",
                hint="Give {setting: value, ...}.",
            )
        return cls.from_dict(values)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """As the constructor, with unknown names refused by a helpful message."""
        names = [field.name for field in dataclasses.fields(cls)]
        for name in values:
            if name not in names:
                raise InvalidConfigError(
                    f"unknown setting {shown(name)}", hint=_nearest(str(name), names), field=str(name)
                )
        if "problem_type" not in values:
            raise InvalidConfigError(
                "problem_type is not set",
                hint="Set it to 'classification' or 'regression'.",
                field="problem_type",
            )
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """All settings by name, JSON-safe; a function by its name."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return values | {"metric": metric_name(self.metric)}


def metric_name(metric: str | Callable[..., float] | None) -> str | None:
    """The name of a metric, which may be a function."""
    return getattr(metric, "__name__", type(metric).__name__) if callable(metric) else metric


def _one_of[Text: str](name: str, value: object, known_values: Sequence[Text]) -> Text:
    for each in known_values:
        if isinstance(value, str) and value == each:
            return each
    known = [f"'{each}'" for each in known_values]
    raise InvalidConfigError(
        f"{name} is {shown(value)}, expected {', '.join(known[:-1])} or {known[-1]}",
        hint=f"Set {name} to one of them.",
        field=name,
    )


def _check_type(name: str, annotation: str, value: object) -> None:
    kinds: dict[str, tuple[type, ...]] = {
        "int": (int,),
        "float": (int, float),
        "float | None": (int, float, type(None)),
        "bool": (bool,),
        "bool | None": (bool, type(None)),
        "str | None": (str, type(None)),
    }
    expected = kinds.get(annotation)
    if expected is None:
        return
    if not isinstance(value, expected) or (isinstance(value, bool) and "bool" not in annotation):
        raise InvalidConfigError(
            f"{name} is {shown(value)}, expected {annotation}",
            hint=f"Give {name} a value of that type.",
            field=name,
        )


def _check_class_weights(weights: object) -> None:
    if weights is None or weights == BALANCED:
        return
    fine = isinstance(weights, dict) and weights and all(isinstance(label, str) for label in weights)
    if not fine:
        raise InvalidConfigError(
            f"class_weights is {shown(weights)}, expected '{BALANCED}' or weights by label",
            hint=f"Set class_weights to '{BALANCED}', or to such as {{'yes': 5.0}}.",
            field="class_weights",
        )
    for label, weight in weights.items():  # type: ignore[attr-defined]
        is_number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not is_number or not 0 < weight <= MOST_WEIGHT:
            raise InvalidConfigError(
                f"class_weights gives {shown(label)} a weight of {shown(weight)}, expected a number above 0",
                hint="Leave a class out for a weight of 1.",
                field="class_weights",
            )


def _check_bounds(name: str, value: float, bounds: Bounds) -> None:
    if not bounds.minimum <= value <= bounds.maximum:
        raise InvalidConfigError(
            f"{name} is {shown(value)}, expected {bounds.minimum} to {bounds.maximum}",
            hint=f"Set {name} within these bounds.",
            field=name,
        )


def _check_algorithm(name: str, problem_type: ProblemType) -> None:
    from lex_learning.models import available_algorithms

    names = available_algorithms(problem_type)
    if name not in names:
        raise InvalidConfigError(
            f"unknown algorithm {shown(name)} for {problem_type}",
            hint=_nearest(name, names),
            field="algorithm",
        )


def _nearest(name: str, names: list[str]) -> str:
    close = get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    known = f"Known: {', '.join(names)}."
    return f"Did you mean {close[0]!r}? {known}" if close else known
