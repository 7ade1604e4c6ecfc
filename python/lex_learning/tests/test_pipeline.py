"""Whole trainings: the result, its determinism, cancelling, and tables at the edge."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import psutil
import pytest

from conftest import settings
from lex_learning import Cancelled, Pipeline, TrainedModel, TrainingStage
from lex_learning.errors import InvalidConfigError, InvalidDataError, TargetNotFoundError, TrainingFailedError
from lex_learning.models import model_class

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from lex_learning import ProgressUpdate, TrainingResult


def train(frame: pd.DataFrame, problem_type: str = "classification", **values: Any) -> TrainingResult:
    return Pipeline(settings(problem_type, **values)).train(frame)


def test_a_classifier_learns_the_titanic(titanic: pd.DataFrame, titanic_result: TrainingResult) -> None:
    result = titanic_result
    assert result.metrics.accuracy is not None
    assert result.metrics.roc_auc is not None
    assert result.metrics.accuracy > 0.72
    assert result.metrics.roc_auc > 0.78
    assert np.sum(result.metrics.confusion_matrix) == round(len(titanic) * 0.2)  # type: ignore[arg-type]
    assert result.feature_importance[0][0] == "sex"
    assert result.model_results[0].trials == 3
    assert len(result.model_results[0].fold_scores) == 3
    assert result.model_results[0].score == pytest.approx(np.mean(result.model_results[0].fold_scores))
    assert result.warnings == []
    assert result.plots == {}


def test_a_classifier_learns_the_penguins(penguins_result: TrainingResult) -> None:
    metrics = penguins_result.metrics
    assert metrics.accuracy is not None
    assert metrics.accuracy > 0.94
    assert metrics.per_class is not None
    assert [each.label.split()[0] for each in metrics.per_class] == ["Adelie", "Chinstrap", "Gentoo"]


def test_a_regressor_learns_the_car_seats(carseats_result: TrainingResult) -> None:
    assert carseats_result.metrics.r2 is not None
    assert carseats_result.metrics.r2 > 0.8
    assert {name for name, _ in carseats_result.feature_importance[:2]} == {"Price", "ShelveLoc"}


def test_the_leaderboard_is_sorted_and_led_by_the_winner(carseats: pd.DataFrame) -> None:
    result = train(carseats, "regression", top_k_algorithms=3, optimize_hyperparams=False)
    scores = [each.score for each in result.model_results]
    assert len(scores) == 4
    assert result.model_results[0].name == "ensemble"
    assert scores == sorted(scores)  # type: ignore[type-var]
    assert result.best_model_name == result.model_results[0].name == result.model.best_model_name
    assert result.model.get_info().hyperparameters == result.model_results[0].hyperparameters


def test_plots_are_drawn_if_wanted(penguins: pd.DataFrame) -> None:
    result = train(penguins, algorithm="lightgbm", optimize_hyperparams=False, enable_explainability=True)
    assert "summary" in result.plots
    assert all(png.startswith(b"\x89PNG") for png in result.plots.values())


def test_a_model_without_plots_is_still_a_model(
    penguins: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("no fonts")

    monkeypatch.setattr("lex_learning.explainability.plots.draw_plots", fail)
    # In this process, or drawing would not be broken.
    monkeypatch.setattr("lex_learning.pipeline.training.Training._worker_count", lambda *_: 0)
    result = train(penguins, algorithm="decision_tree", enable_explainability=True)
    assert result.plots == {}
    assert result.warnings == ["the model could not be explained: RuntimeError: no fonts"]


def test_a_pipeline_needs_a_configuration() -> None:
    with pytest.raises(InvalidConfigError, match="no configuration"):
        Pipeline.builder().build()


def test_the_builder_makes_the_same_pipeline(carseats: pd.DataFrame, carseats_result: TrainingResult) -> None:
    events: list[ProgressUpdate] = []
    pipeline = (
        Pipeline.builder()
        .config(settings("regression", algorithm="ridge"))
        .on_progress(events.append)
        .build()
    )
    result = pipeline.train(carseats)
    assert events[-1].stage is TrainingStage.COMPLETE
    model = pipeline.create_trained_model(result)
    assert model is result.model
    pd.testing.assert_frame_equal(
        model.predict_batch(carseats), carseats_result.model.predict_batch(carseats)
    )


# Determinism.


def fingerprint(result: TrainingResult, frame: pd.DataFrame) -> Any:
    values = result.to_dict()
    del values["timings"]
    for each in values["model_results"]:
        del each["seconds"], each["predict_microseconds"]
    return values, result.model.predict_table(frame).values.tolist()  # noqa: PD011


def test_the_same_seed_gives_the_same_model_and_another_another(titanic: pd.DataFrame) -> None:
    def outcome(seed: int) -> Any:
        return fingerprint(train(titanic, algorithm="lightgbm", n_trials=2, random_seed=seed), titanic)

    assert outcome(1) == outcome(1)
    assert outcome(1)[0]["model_results"] != outcome(2)[0]["model_results"]


@pytest.mark.usefixtures("no_children")
@pytest.mark.parametrize(
    ("table", "kind", "algorithm"),
    [("titanic", "classification", "lightgbm"), ("carseats", "regression", "catboost")],
)
def test_workers_and_threads_change_nothing(
    table: str, kind: str, algorithm: str, request: pytest.FixtureRequest
) -> None:
    frame = request.getfixturevalue(table)
    outcomes = [
        fingerprint(train(frame, kind, algorithm=algorithm, n_trials=2, n_jobs=jobs), frame)
        for jobs in (1, 2)
    ]
    assert outcomes[0] == outcomes[1]


def test_the_order_in_which_folds_end_changes_nothing(
    titanic: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lex_learning.training.executor import TaskRunner

    orderly = fingerprint(train(titanic, algorithm="logistic_regression", n_trials=6), titanic)
    run_in_order = TaskRunner.run_unordered

    def backwards(self: TaskRunner, tasks: Any) -> Any:
        count = len(tasks)
        for index, result in run_in_order(self, tasks[::-1]):
            yield count - 1 - index, result

    monkeypatch.setattr(TaskRunner, "run_unordered", backwards)
    assert fingerprint(train(titanic, algorithm="logistic_regression", n_trials=6), titanic) == orderly


# Cancelling.


def slow_table() -> pd.DataFrame:
    """What a support vector machine takes minutes for."""
    random = np.random.default_rng(0)
    features = random.normal(size=(19_000, 20))
    return pd.DataFrame(features, columns=[f"c{index}" for index in range(20)]).assign(
        y=(features[:, 0] * features[:, 1] + random.normal(size=len(features)) > 0).astype(int)
    )


def folders() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob(f"lex-learning-{os.getpid()}-*"))


@pytest.mark.usefixtures("no_children")
@pytest.mark.parametrize(("algorithm", "moment"), [("svm", 0.5), ("svm", 4.0), ("gradient_boosting", 3.0)])
def test_a_long_fit_is_cancelled(algorithm: str, moment: float) -> None:
    frame = slow_table()
    before = folders()
    events: list[ProgressUpdate] = []
    started = time.monotonic()

    def is_cancelled() -> bool:
        return time.monotonic() - started > moment

    config = settings("classification", algorithm=algorithm, n_jobs=2, n_trials=50)
    with pytest.raises(Cancelled):
        Pipeline(config, events.append).train(frame, is_cancelled)
    assert events[-1].stage is TrainingStage.CANCELLED
    assert psutil.Process().children(recursive=True) == []
    assert folders() == before


@pytest.mark.parametrize("stage", list(TrainingStage)[:6])
def test_cancelling_works_in_every_stage(stage: TrainingStage, penguins: pd.DataFrame) -> None:
    events: list[ProgressUpdate] = []
    before = folders()
    config = settings("classification", algorithm="decision_tree", enable_explainability=True)

    def is_cancelled() -> bool:
        return bool(events) and events[-1].stage is stage

    with pytest.raises(Cancelled):
        Pipeline(config, events.append).train(penguins, is_cancelled)
    assert [event.stage for event in events][-2:] == [stage, TrainingStage.CANCELLED]
    assert folders() == before
    assert train(penguins, algorithm="decision_tree").best_model_name == "decision_tree"


@pytest.mark.usefixtures("no_children")
def test_two_trainings_at_once(titanic: pd.DataFrame, carseats: pd.DataFrame) -> None:
    expected = [
        fingerprint(train(titanic, algorithm="lightgbm"), titanic),
        fingerprint(train(carseats, "regression", algorithm="ridge"), carseats),
    ]
    found: dict[int, Any] = {}

    def work(index: int, frame: pd.DataFrame, kind: str, algorithm: str) -> None:
        found[index] = fingerprint(train(frame, kind, algorithm=algorithm, n_jobs=2), frame)

    threads = [
        threading.Thread(target=work, args=(0, titanic, "classification", "lightgbm")),
        threading.Thread(target=work, args=(1, carseats, "regression", "ridge")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert [found[0], found[1]] == expected


# Tables at the edge.


def small(rows: int = 12, **columns: Any) -> pd.DataFrame:
    good: dict[str, Any] = {"a": np.arange(rows) % 5, "b": np.arange(rows) / 7, "y": np.arange(rows) % 2}
    return pd.DataFrame(good | columns)


def test_six_rows_train() -> None:
    for kind, algorithm in (("classification", "logistic_regression"), ("regression", "ridge")):
        frame = small(6, y=[0, 0, 1, 1, 0, 1])
        result = train(frame, kind, algorithm=algorithm, cv_folds=2)
        assert len(result.model.predict_batch(frame)) == 6


def test_twenty_folds_of_small_classes_train() -> None:
    # A fifth of 27 rows leaves 22, and three rows a class must not lose two of them.
    frame = small(27, y=[f"class {row % 9}" for row in range(27)])
    result = train(frame, algorithm="knn", cv_folds=20)
    assert len(result.model_results[0].fold_scores) == 20


def test_a_rare_class_is_known_to_the_model() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"a": rng.normal(size=102), "y": ["p", "q"] * 50 + ["rare"] * 2})
    for algorithm in ("logistic_regression", "lightgbm"):
        result = train(frame, algorithm=algorithm, cv_folds=5)
        assert result.model.class_labels == ["p", "q", "rare"]


ODD = [
    "a b",
    "q\"uo'te",
    "🦄",
    "new\nline",
    "prediction",
    "probability_x",
    "target",
    "index",
    "__index_level_0__",
    "",
]


@pytest.mark.parametrize("algorithm", ["logistic_regression", "lightgbm", "xgboost", "catboost"])
def test_odd_column_names_and_texts_train_and_predict(algorithm: str) -> None:
    rng = np.random.default_rng(0)
    texts = ["", " ", "a\0", "a\0b", "\n", "é", "🦄", "nan", "z" * 10_000]
    columns: dict[str, Any] = {name: rng.normal(size=90) for name in ODD[::2]}
    columns |= {name: [texts[row % len(texts)] for row in range(90)] for name in ODD[1::2]}
    frame = pd.DataFrame(columns).assign(**{"[y] <€>\n": [texts[row % 3] for row in range(90)]})
    result = train(frame, algorithm=algorithm, optimize_hyperparams=False)
    assert result.model.feature_names == list(columns)
    assert result.model.class_labels == sorted(texts[:3])
    model = TrainedModel.from_bytes(result.model.to_bytes(onnx=False))
    batch = model.predict_batch(frame)
    row = model.predict({name: frame[name].iloc[4] for name in columns})
    assert batch["prediction"].iloc[4] == row.label


@pytest.mark.parametrize("algorithm", ["ridge", "lightgbm"])
def test_every_type_of_column_trains(algorithm: str) -> None:
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {
        f"{sign}int{bits}": pd.Series(rng.integers(0, 100, 60), dtype=f"{sign}int{bits}")
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    }
    columns |= {
        "float32": pd.Series(rng.normal(size=60), dtype="float32"),
        "bool": rng.random(60) > 0.5,
        "nullable": pd.Series(rng.integers(0, 9, 60), dtype="Int64"),
        "category": pd.Categorical(rng.choice(["u", "v"], 60)),
        "object": pd.Series(rng.choice(["u", "v"], 60), dtype="object"),
        "str": pd.Series(rng.choice(["u", "v"], 60), dtype="str"),
    }
    frame = pd.DataFrame(columns).assign(y=pd.Series(rng.normal(size=60), dtype="float32"))
    result = train(frame, "regression", algorithm=algorithm)
    kinds = {column["name"]: column["kind"] for column in result.model.get_info().schema}
    assert kinds["int8"] == kinds["uint64"] == kinds["nullable"] == "integer"
    assert (kinds["float32"], kinds["bool"]) == ("float", "boolean")
    assert kinds["category"] == kinds["object"] == kinds["str"] == "categorical"
    assert result.model.predict_batch(frame)["prediction"].dtype == np.float64


@pytest.mark.parametrize(
    ("classes", "dtype", "labels"),
    [
        ([3, 1], "int8", ["1", "3"]),
        ([True, False], "bool", ["false", "true"]),
        ([2.0, 1.0], "float32", ["1.0", "2.0"]),
        (["1", "0"], "object", ["0", "1"]),
        (["no", "yes"], "category", ["no", "yes"]),
    ],
)
def test_every_type_of_class(classes: list[Any], dtype: str, labels: list[str]) -> None:
    frame = small(30)
    frame["y"] = pd.Series([classes[row % 2] for row in range(30)], dtype=dtype)
    model = train(frame, algorithm="decision_tree").model
    assert model.class_labels == labels
    batch = model.predict_batch(frame)
    assert list(batch) == ["prediction", *[f"probability_{label}" for label in labels]]
    assert set(batch["prediction"].tolist()) <= set(classes)
    assert model.predict({"a": 1, "b": 0.5}).label in labels


def test_integer_column_names_work_end_to_end() -> None:
    frame = small(30).set_axis([0, 1, 2], axis="columns")
    model = train(frame, algorithm="decision_tree", target_column="2").model
    assert model.feature_names == ["0", "1"]
    assert len(model.predict_batch(frame[[1, 0]])) == 30


def test_a_constant_column_is_remarked() -> None:
    result = train(small(150, same="x")[["same", "a", "b", "y"]], algorithm="logistic_regression")
    assert result.warnings == ["column 'same' is constant and tells nothing"]


@pytest.mark.parametrize(
    ("frame", "error", "message"),
    [
        (small(a=1, b=2.0), InvalidDataError, "every feature column is constant"),
        (small(a=[None, *range(11)]), InvalidDataError, "column 'a' has a null or NaN in 1 row"),
        (small()[["y"]], InvalidDataError, "no feature is left"),
        (small().rename(columns={"y": "z"}), TargetNotFoundError, "no column 'y'"),
        (small(4), InvalidDataError, "no class has more than 2 rows"),
        (small(3, y=[1, 1, 1]), InvalidDataError, "single class"),
    ],
)
def test_a_bad_table_is_refused_before_anything_is_fitted(
    frame: pd.DataFrame, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        train(frame, target_column="y")


def test_numbers_too_large_to_square_fail_with_a_reason() -> None:
    frame = small(40, y=np.linspace(-1e200, 1e200, 40))
    with pytest.raises(TrainingFailedError) as caught:
        train(frame, "regression", algorithm="linear_regression")
    assert "linear_regression" in caught.value.message


def test_a_missing_optional_library_is_told(penguins: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "TensorFlow is not installed"
    monkeypatch.setattr(model_class("neural_network"), "unavailable_reason", classmethod(lambda cls: reason))
    with pytest.raises(TrainingFailedError, match=reason):
        train(penguins, algorithm="neural_network")


# What a training does to the process around it.


SILENT = """
import sys
import pandas as pd
from lex_learning import Pipeline, PipelineConfig

if __name__ == "__main__":
    frame = pd.read_csv(sys.argv[1])
    quick = {"n_trials": 3, "cv_folds": 2, "n_jobs": int(sys.argv[4])}
    config = PipelineConfig(sys.argv[2], algorithm=sys.argv[3], **quick)
    Pipeline(config).train(frame)
"""


@pytest.mark.parametrize(
    ("table", "kind", "algorithm", "jobs"),
    [
        ("titanic", "classification", "lightgbm", 2),
        ("penguins", "classification", "catboost", 1),
        ("titanic", "classification", "svm", 1),
        ("carseats", "regression", "xgboost", 1),
    ],
)
def test_a_training_prints_nothing(
    table: str,
    kind: str,
    algorithm: str,
    jobs: int,
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    from conftest import REPOSITORY

    path = REPOSITORY / "tests" / "data" / f"{table}.csv"
    ended = run_python(SILENT, str(path), kind, algorithm, str(jobs))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_the_import_is_light(run_python: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    heavy = ["pandas", "sklearn", "scipy", "joblib", "matplotlib", "shap", "optuna", "tensorflow", "keras"]
    heavy += ["lightgbm", "xgboost", "catboost", "pyarrow"]
    ended = run_python(
        "import sys, lex_learning, lex_learning.api\n"
        "print([name for name in sys.argv[1:] if name in sys.modules])\n",
        *heavy,
    )
    assert ended.stdout == "[]\n"


def test_global_random_state_is_neither_used_nor_changed(penguins: pd.DataFrame) -> None:
    import random

    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    before = random.getstate(), np.random.get_state()[1].tolist()  # type: ignore[index]  # noqa: NPY002
    one = fingerprint(train(penguins, algorithm="random_forest", optimize_hyperparams=False), penguins)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # type: ignore[index]  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002
    assert (
        fingerprint(train(penguins, algorithm="random_forest", optimize_hyperparams=False), penguins) == one
    )


def test_the_table_is_not_changed(titanic: pd.DataFrame) -> None:
    before = titanic.copy()
    train(titanic, algorithm="decision_tree")
    pd.testing.assert_frame_equal(titanic, before)


def test_metrics_come_from_rows_that_no_fit_has_seen() -> None:
    # Noise can be learned by heart, but not predicted.
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(400, 5))).assign(y=rng.integers(0, 2, 400))
    metrics = train(frame, algorithm="decision_tree", optimize_hyperparams=False).metrics
    assert metrics.roc_auc is not None
    assert 0.3 < metrics.roc_auc < 0.7
