"""What a training can be told about its rows and its goal."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from conftest import settings
from lex_learning import Pipeline, TrainedModel
from lex_learning.config import METRICS, ProblemType
from lex_learning.core.dataset import HELD_OUT
from lex_learning.core.problem import Problem
from lex_learning.core.scorer import MetricError, Scorer
from lex_learning.errors import InvalidConfigError, InvalidDataError
from lex_learning.models import available_algorithms, model_class
from lex_learning.training.splits import assign_folds
from lex_learning.training.threshold import ThresholdMetric, best_threshold

if TYPE_CHECKING:
    from lex_learning import TrainingResult

ALGORITHMS = available_algorithms(ProblemType.CLASSIFICATION)


def skip_if_absent(algorithm: str) -> None:
    """Its library is an optional part of the runtime."""
    reason = model_class(algorithm).unavailable_reason()
    if reason is not None:
        pytest.skip(reason)


def train(frame: pd.DataFrame, target: str, **values: Any) -> TrainingResult:
    defaults = {"algorithm": "logistic_regression", "target_column": target}
    return Pipeline(settings("classification", **(defaults | values))).train(frame)


def share_of(result: TrainingResult, frame: pd.DataFrame, label: str) -> float:
    return float(result.model.predict_batch(frame)[f"probability_{label}"].mean())


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_heavy_rows_count_more(titanic: pd.DataFrame, algorithm: str) -> None:
    skip_if_absent(algorithm)
    weighty = titanic.assign(weight=np.where(titanic["survived"] == "survived", 5.0, 1.0))
    plain = train(titanic, "survived", algorithm=algorithm)
    weighted = train(weighty, "survived", algorithm=algorithm, weight_column="weight")
    assert "weight" not in weighted.model.feature_names
    assert share_of(weighted, weighty, "survived") > share_of(plain, titanic, "survived") + 0.1


def test_a_row_of_weight_two_is_like_the_row_twice(carseats: pd.DataFrame) -> None:
    options = {"algorithm": "ridge", "hold_out": False, "cv_folds": 2}
    doubled = Pipeline(settings("regression", **options)).train(pd.concat([carseats, carseats.iloc[:100]]))
    weights = np.r_[np.full(100, 2.0), np.ones(len(carseats) - 100)]
    weighted = Pipeline(settings("regression", weight_column="w", target_column="Sales", **options)).train(
        carseats.assign(w=weights)
    )
    first, second = (each.model.predict_batch(carseats)["prediction"] for each in (doubled, weighted))
    np.testing.assert_allclose(first, second, atol=0.05)  # scaling knows no weights


def test_metrics_count_rows_by_their_weight(titanic: pd.DataFrame) -> None:
    # Women alone count: what is said of men does not show.
    weight = np.where(titanic["sex"] == "female", 1.0, 1e-9)
    result = train(titanic.assign(weight=weight), "survived", weight_column="weight")
    assert result.metrics.accuracy == pytest.approx(0.74, abs=0.09)
    assert result.metrics.log_loss is not None


def test_rows_of_no_weight_are_left_out_and_told(titanic: pd.DataFrame) -> None:
    weighted = titanic.assign(weight=(np.arange(len(titanic)) % 4 > 0).astype(int))
    result = train(weighted, "survived", weight_column="weight")
    assert "328 rows with a weight of 0 were left out" in result.warnings
    assert result.model.get_info().training_rows == pytest.approx(0.8 * 981, abs=1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([-1.0], "-1.0 in row 0"),
        ([np.nan], "has a null or NaN in 1 row"),
        ([np.inf], "inf in row 0"),
        (None, "is 0 in every row"),
        (["heavy"], "expected numbers"),
    ],
)
def test_weights_that_make_no_sense_are_refused(
    titanic: pd.DataFrame, values: list[Any] | None, message: str
) -> None:
    column = pd.Series(np.zeros(len(titanic)), dtype=object)
    if values is not None:
        column[:] = 1.0 if isinstance(values[0], float) else "light"
        column[0] = values[0]
    frame = titanic.assign(weight=column.astype(float) if values != ["heavy"] else column.astype("str"))
    with pytest.raises(InvalidDataError, match=message) as caught:
        train(frame, "survived", weight_column="weight")
    assert caught.value.context["column"] == "weight"


def test_columns_with_a_role_may_be_there_in_a_prediction_and_need_not(titanic: pd.DataFrame) -> None:
    grouped = titanic.assign(weight=1.0, cabin=np.arange(len(titanic)) % 50)
    result = train(grouped, "survived", weight_column="weight", group_column="cabin")
    assert result.model.get_info().unused_columns == ["weight", "cabin"]
    loaded = TrainedModel.from_bytes(result.model.to_bytes(onnx=False))
    with_them = loaded.predict_batch(grouped)
    assert with_them.equals(loaded.predict_batch(titanic))


@pytest.mark.parametrize("is_classification", [True, False])
@pytest.mark.parametrize("group_count", [4, 5, 7, 60])
def test_no_split_tears_a_group_apart(is_classification: bool, group_count: int) -> None:
    random = np.random.default_rng(group_count)
    groups = random.integers(group_count, size=500).astype(np.int32)
    outcome = random.integers(3, size=500) if is_classification else random.normal(size=500)
    folds = assign_folds(
        outcome, is_classification=is_classification, fold_count=3, test_size=0.2, seed=1, groups=groups
    )
    assert set(folds.tolist()) == {HELD_OUT, 0, 1, 2}
    for group in range(group_count):
        assert len(np.unique(folds[groups == group])) == 1


@pytest.mark.parametrize("test_size", [None, 0.25])
def test_every_split_goes_from_the_past_to_the_future(test_size: float | None) -> None:
    random = np.random.default_rng(0)
    times = random.integers(40, size=800).astype(np.int32)
    folds = assign_folds(
        random.normal(size=800),
        is_classification=False,
        fold_count=4,
        test_size=test_size,
        seed=1,
        times=times,
    )
    if test_size is not None:
        assert times[folds == HELD_OUT].min() > times[folds != HELD_OUT].max()
        assert (folds == HELD_OUT).mean() == pytest.approx(test_size, abs=0.03)
    for fold in range(4):
        assert times[folds > fold].max() < times[folds == fold].min()


def test_groups_that_share_their_outcome_are_not_learned_by_heart() -> None:
    # Each group has a level of its own, and a feature that names it: between groups nothing can be known.
    random = np.random.default_rng(0)
    group = np.repeat(np.arange(60), 10)
    level = random.normal(size=60)[group]
    frame = pd.DataFrame({"x": group + random.normal(scale=0.1, size=600), "g": group, "y": level})
    options = {"algorithm": "decision_tree", "target_column": "y"}
    leaky = Pipeline(settings("regression", **options)).train(frame.drop(columns="g"))
    honest = Pipeline(settings("regression", group_column="g", **options)).train(frame)
    assert leaky.metrics.r2 is not None
    assert honest.metrics.r2 is not None
    assert leaky.metrics.r2 > 0.8
    assert honest.metrics.r2 < 0.3


@pytest.mark.parametrize("role", ["group_column", "time_column"])
def test_one_group_or_one_time_is_refused(titanic: pd.DataFrame, role: str) -> None:
    with pytest.raises(InvalidDataError, match="column 'one'") as caught:
        train(titanic.assign(one=1), "survived", **{role: "one"})
    assert caught.value.context["column"] == "one"


@pytest.mark.parametrize("role", ["weight_column", "group_column", "time_column"])
def test_a_role_of_no_column_is_refused_by_name(titanic: pd.DataFrame, role: str) -> None:
    with pytest.raises(InvalidDataError, match="no column 'sxe'") as caught:
        train(titanic, "survived", **{role: "sxe"})
    assert "'sex'" in caught.value.hint


def test_groups_and_time_together_are_refused() -> None:
    with pytest.raises(InvalidConfigError, match="group_column and time_column"):
        settings("classification", group_column="a", time_column="b")


def test_a_fold_of_a_single_class_is_refused(titanic: pd.DataFrame) -> None:
    with pytest.raises(InvalidDataError, match="single class"):
        train(titanic.assign(g=titanic["survived"]), "survived", group_column="g", hold_out=False, cv_folds=2)


def test_along_time_the_model_learns_from_the_newest_rows() -> None:
    # The newest third of the training rows are of another level; no fold model has seen all of them.
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"x": random.normal(size=400), "day": np.arange(400)})
    frame["y"] = np.where(frame["day"] < 213, 0.0, 9.0) + random.normal(scale=0.1, size=400)
    options = {"target_column": "y", "time_column": "day", "algorithm": "ridge"}
    refitted = Pipeline(settings("regression", **options)).train(frame)
    folds = Pipeline(settings("regression", refit=False, **options)).train(frame)
    levels = [each.model.predict_batch(frame)["prediction"].mean() for each in (refitted, folds)]
    assert levels[0] == pytest.approx(9.0 * 107 / 320, abs=0.1)
    assert levels[1] < levels[0] - 1.0


def test_held_out_groups_are_of_about_the_share_asked_for() -> None:
    # One group is most of the table.
    groups = np.repeat(np.arange(11), [600, *[40] * 10]).astype(np.int32)
    outcome = np.random.default_rng(0).integers(2, size=1_000)
    for seed in range(6):
        for test_size in (0.2, 0.45):
            folds = assign_folds(
                outcome, is_classification=True, fold_count=3, test_size=test_size, seed=seed, groups=groups
            )
            assert (folds == HELD_OUT).mean() == pytest.approx(test_size, abs=0.16)


def test_balanced_classes_count_by_the_weights_of_their_rows(titanic: pd.DataFrame) -> None:
    weighted = titanic.assign(weight=np.where(titanic["survived"] == "survived", 20.0, 1.0))
    result = train(weighted, "survived", class_weights="balanced", weight_column="weight")
    assert share_of(result, weighted, "survived") == pytest.approx(0.47, abs=0.06)


def test_weights_near_the_largest_number_are_weights_like_any_other(titanic: pd.DataFrame) -> None:
    plain = train(titanic, "survived")
    heavy = train(titanic.assign(weight=1e306), "survived", weight_column="weight")
    first, second = (each.model.predict_batch(titanic)["probability_survived"] for each in (plain, heavy))
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_a_metric_that_needs_all_classes_gets_them_from_a_large_table() -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"x": random.normal(size=60_000)})
    frame["y"] = np.where(np.arange(60_000) % 6_000 == 0, "rare", "common")
    result = train(frame, "y", metric="roc_auc", algorithm="decision_tree")
    assert result.model_results[0].metric == "roc_auc"


def test_a_threshold_is_tuned_for_the_metric_that_is_reported() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=3_000)
    frame = pd.DataFrame({"x": x, "y": np.where(x + random.normal(size=3_000) > 2.6, "yes", "no")})
    reported = [
        train(frame, "y", class_weights="balanced", threshold_metric=metric).metrics.per_class
        for metric in (None, "f1")
    ]
    plain, tuned = (each[1].f1 for each in reported if each is not None)
    assert tuned > plain


@pytest.mark.parametrize("algorithm", available_algorithms(ProblemType.REGRESSION))
def test_a_column_that_a_fold_has_no_value_of_is_no_obstacle(carseats: pd.DataFrame, algorithm: str) -> None:
    skip_if_absent(algorithm)
    sparse = np.full(len(carseats), np.nan)
    sparse[7] = 1.0
    config = settings("regression", algorithm=algorithm, allow_missing=True, target_column="Sales")
    result = Pipeline(config).train(carseats.assign(sparse=sparse))
    assert result.model_results[0].failure is None


def test_missing_values_of_pandas_are_taken_in_a_row(titanic: pd.DataFrame) -> None:
    model = train(with_nulls(titanic), "survived", allow_missing=True).model
    row = with_nulls(titanic).iloc[0].drop("survived").to_dict()
    missing = [model.predict(row | {"alone": value}).probabilities for value in (None, float("nan"), pd.NA)]
    assert missing[0] == missing[1] == missing[2]


def test_a_class_that_only_the_test_rows_of_a_fold_have_is_no_obstacle() -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"x": random.normal(size=200), "g": np.repeat(np.arange(4), 50)})
    frame["y"] = np.where(frame["g"] == 3, "c", np.where(frame["x"] > 0, "a", "b"))
    for algorithm in ("catboost", "gradient_boosting", "lightgbm", "svm"):
        result = train(frame, "y", group_column="g", algorithm=algorithm, hold_out=False, cv_folds=4)
        assert result.model_results[0].failure is None


def test_balanced_classes_count_the_same_in_sum(titanic: pd.DataFrame) -> None:
    balanced = train(titanic, "survived", class_weights="balanced")
    assert share_of(balanced, titanic, "survived") == pytest.approx(0.47, abs=0.06)
    by_label = train(titanic, "survived", class_weights={"survived": 20.0})
    assert share_of(by_label, titanic, "survived") > 0.75


def test_a_weight_for_no_class_is_refused(titanic: pd.DataFrame) -> None:
    with pytest.raises(InvalidConfigError, match="'survivd'") as caught:
        train(titanic, "survived", class_weights={"survivd": 2.0})
    assert "'survived'" in caught.value.hint


@pytest.mark.parametrize("metric", METRICS[ProblemType.CLASSIFICATION])
def test_the_leaderboard_is_in_the_metric_asked_for(titanic: pd.DataFrame, metric: str) -> None:
    result = Pipeline(
        settings("classification", metric=metric, top_k_algorithms=2, optimize_hyperparams=False)
    ).train(titanic)
    scores = [each.score or 0.0 for each in result.model_results]
    assert {each.metric for each in result.model_results} == {metric}
    assert scores == sorted(scores, reverse=result.model_results[0].greater_is_better)
    assert result.model_results[0].greater_is_better == (metric != "log_loss")
    assert getattr(result.metrics, metric) == pytest.approx(scores[0], abs=0.12)


@pytest.mark.parametrize("metric", METRICS[ProblemType.REGRESSION])
def test_numbers_have_metrics_of_their_own(carseats: pd.DataFrame, metric: str) -> None:
    frame = carseats[carseats["Sales"] > 0]
    result = Pipeline(settings("regression", metric=metric, algorithm="ridge")).train(frame)
    line = result.model_results[0]
    assert (line.metric, line.greater_is_better) == (metric, metric == "r2")
    assert getattr(result.metrics, metric) == pytest.approx(line.score, rel=0.3)


def test_a_function_can_be_the_metric(titanic: pd.DataFrame) -> None:
    def gain(truth: np.ndarray, shares: np.ndarray) -> float:
        assert shares.shape == (len(truth), 2)
        return float(((shares[:, 1] > 0.3) * (2 * truth - 1)).sum())

    gain.greater_is_better = True  # type: ignore[attr-defined]
    result = train(titanic, "survived", metric=gain)
    line = result.model_results[0]
    assert (line.metric, line.greater_is_better, line.metric_failure) == ("gain", True, None)
    assert line.score is not None
    assert line.score > 30


@pytest.mark.parametrize("value", ["raises", "nan", "text"])
def test_a_metric_that_fails_is_named_and_the_run_goes_on(titanic: pd.DataFrame, value: str) -> None:
    def broken(truth: np.ndarray, shares: np.ndarray) -> Any:
        if value == "raises":
            raise ValueError("no such thing")
        return float("nan") if value == "nan" else "much"

    result = train(titanic, "survived", metric=broken)
    line = result.model_results[0]
    assert line.metric == "log_loss"
    assert line.score == pytest.approx(0.46, abs=0.03)
    assert line.metric_failure is not None
    assert line.metric_failure.startswith("broken ")
    assert any("broken" in each and "log_loss" in each for each in result.warnings)


def test_models_that_the_metric_cannot_judge_come_last(titanic: pd.DataFrame) -> None:
    def timid(truth: np.ndarray, shares: np.ndarray) -> float:
        if shares.max() > 0.99:
            raise ValueError("too sure")
        return 1.0

    config = settings("classification", metric=timid, top_k_algorithms=3, optimize_hyperparams=False)
    lines = Pipeline(config).train(titanic).model_results
    judged = [each.metric_failure is None for each in lines if each.score is not None]
    assert judged == sorted(judged, reverse=True)
    assert len(set(judged)) == 2


def test_a_metric_that_cannot_travel_is_refused(titanic: pd.DataFrame) -> None:
    lock = threading.Lock()

    def locked(truth: np.ndarray, shares: np.ndarray) -> float:
        with lock:
            return 0.0

    with pytest.raises(InvalidConfigError, match="'locked' cannot be sent"):
        train(titanic, "survived", metric=locked)


def test_scores_are_those_of_scikit_learn() -> None:
    from sklearn import metrics

    random = np.random.default_rng(3)
    truth, shares = random.integers(3, size=300), random.dirichlet(np.ones(3), size=300)
    weights = random.uniform(size=300)
    problem = Problem(ProblemType.CLASSIFICATION, 300, 2, 3)
    guess = shares.argmax(axis=1)
    expected = {
        "accuracy": metrics.accuracy_score(truth, guess, sample_weight=weights),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, guess, sample_weight=weights),
        "f1_macro": metrics.f1_score(truth, guess, average="macro", sample_weight=weights),
        "f1_weighted": metrics.f1_score(truth, guess, average="weighted", sample_weight=weights),
        "roc_auc": metrics.roc_auc_score(truth, shares, multi_class="ovr", sample_weight=weights),
        "log_loss": metrics.log_loss(truth, shares, sample_weight=weights),
    }
    for name, value in expected.items():
        scorer = Scorer(problem, name)
        assert scorer.score(scorer.loss(truth, shares, weights)) == pytest.approx(value), name
    with pytest.raises(MetricError):
        Scorer(problem, "roc_auc").loss(truth[truth < 2], shares[truth < 2])


@pytest.mark.parametrize("metric", list(ThresholdMetric))
@pytest.mark.parametrize("seed", range(5))
def test_no_threshold_is_better(metric: ThresholdMetric, seed: int) -> None:
    from sklearn.metrics import balanced_accuracy_score, f1_score

    score = {ThresholdMetric.F1: f1_score, ThresholdMetric.BALANCED_ACCURACY: balanced_accuracy_score}[metric]
    random = np.random.default_rng(seed)
    truth = (random.uniform(size=120) < 0.2).astype(int)
    shares = np.clip(0.25 * truth + random.normal(0.3, 0.15, size=120), 0, 1).round(2)
    weights = random.uniform(size=120)
    chosen = best_threshold(metric, truth, shares, weights)
    scores = [score(truth, shares >= value, sample_weight=weights) for value in np.linspace(0, 1, 203)]
    assert score(truth, shares >= chosen, sample_weight=weights) == pytest.approx(max(scores))


def test_a_tuned_threshold_decides_everywhere(titanic: pd.DataFrame) -> None:
    result = train(titanic, "survived", threshold_metric="f1")
    model = TrainedModel.from_bytes(result.model.to_bytes(onnx=False))
    threshold = model.get_info().decision_threshold
    assert threshold is not None
    assert threshold != 0.5
    predicted = model.predict_batch(titanic)
    assert ((predicted["prediction"] == "survived") == (predicted["probability_survived"] >= threshold)).all()
    undecided = predicted["probability_survived"].between(min(threshold, 0.5), max(threshold, 0.5))
    row = titanic[undecided].iloc[0].drop("survived").to_dict()
    assert model.predict(row).label == predicted["prediction"][undecided].iloc[0]


def test_no_threshold_for_three_classes(penguins: pd.DataFrame) -> None:
    with pytest.raises(InvalidConfigError, match="3 classes"):
        train(penguins, str(penguins.columns[-1]), threshold_metric="f1")


def with_nulls(titanic: pd.DataFrame) -> pd.DataFrame:
    """Nulls in columns of numbers, text and booleans."""
    random = np.random.default_rng(0)
    frame = titanic.assign(alone=(titanic["sibsp"] + titanic["parch"] == 0).astype(object))
    for column in ("age", "sex", "alone"):
        frame[column] = frame[column].where(random.uniform(size=len(frame)) > 0.3, None)
    return frame[[*(name for name in frame if name != "survived"), "survived"]]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_takes_nulls(titanic: pd.DataFrame, algorithm: str) -> None:
    skip_if_absent(algorithm)
    frame = with_nulls(titanic)
    result = train(frame, "survived", algorithm=algorithm, allow_missing=True, cv_folds=2)
    assert result.metrics.log_loss is not None
    assert result.metrics.log_loss < 0.66
    features = frame.drop(columns="survived")
    table = result.model.predict_batch(features)
    for place in (0, 1, 2, 3):
        row = {name: None if pd.isna(value) else value for name, value in features.iloc[place].items()}
        alone = result.model.predict(row).probabilities["survived"]
        assert alone == pytest.approx(table["probability_survived"].iloc[place], abs=1e-9)


def test_nulls_are_refused_unless_allowed(titanic: pd.DataFrame) -> None:
    with pytest.raises(InvalidDataError, match="allow_missing"):
        train(with_nulls(titanic), "survived")


def test_nulls_that_training_did_not_have_are_remarked(titanic: pd.DataFrame) -> None:
    model = train(titanic, "survived", allow_missing=True).model
    row = titanic.iloc[0].drop("survived").to_dict() | {"age": None, "sex": None}
    assert model.predict(row).warnings == [
        "column 'sex' has no value, and none was missing in training",
        "column 'age' has no value, and none was missing in training",
    ]
    table = model.predict_table(pd.DataFrame([row, row]))
    assert table.warnings[0] == "column 'sex': no value in 2 rows, and none was missing in training"


def test_plots_are_drawn_of_columns_with_nulls(titanic: pd.DataFrame) -> None:
    options = {"enable_explainability": True, "shap_max_samples": 30, "allow_missing": True}
    result = train(with_nulls(titanic), "survived", algorithm="lightgbm", **options)
    assert {"summary", "bar", "waterfall"} <= set(result.plots)
    assert not [each for each in result.warnings if "explain" in each]


def test_a_column_without_any_value_is_refused(titanic: pd.DataFrame) -> None:
    with pytest.raises(InvalidDataError, match="'age' has no value at all"):
        train(titanic.assign(age=np.nan), "survived", allow_missing=True)
