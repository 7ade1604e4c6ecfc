"""A trained model: rows, tables, threads, and every input that does not fit."""

# ruff: noqa: PD011

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from conftest import settings
from lex_learning import Pipeline, TrainedModel, __version__
from lex_learning.errors import InferenceError
from lex_learning.inference.row import parse_row

if TYPE_CHECKING:
    from lex_learning import TrainingResult

RESULTS = ["titanic", "penguins", "carseats"]


@pytest.fixture(params=RESULTS)
def trained(request: pytest.FixtureRequest) -> tuple[TrainedModel, pd.DataFrame]:
    result: TrainingResult = request.getfixturevalue(f"{request.param}_result")
    return result.model, request.getfixturevalue(request.param)


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return json.loads(frame.to_json(orient="records"))


def test_a_row_alone_equals_the_row_in_the_table(trained: tuple[TrainedModel, pd.DataFrame]) -> None:
    model, frame = trained
    table = model.predict_table(frame)
    for index, row in enumerate(rows_of(frame)):
        single = model.predict(row)
        if table.probabilities is None:
            assert single.value == pytest.approx(table.values[index], rel=1e-12)
            assert (single.label, single.probabilities) == (None, {})
        else:
            assert model.class_labels is not None
            assert list(single.probabilities) == model.class_labels
            assert list(single.probabilities.values()) == pytest.approx(table.probabilities[index], abs=1e-12)
            assert single.label == model.class_labels[table.values[index]]
            assert single.value is None
        assert single.warnings == []


def test_probabilities_are_probabilities(titanic_result: TrainingResult, titanic: pd.DataFrame) -> None:
    shares = titanic_result.model.predict_table(titanic).probabilities
    assert shares is not None
    assert shares.sum(axis=1) == pytest.approx(1.0)
    assert shares.min() >= 0


def test_a_batch_is_a_frame_with_the_index_of_the_rows(
    titanic_result: TrainingResult, titanic: pd.DataFrame
) -> None:
    part = titanic.sample(50, random_state=0)
    batch = titanic_result.model.predict_batch(part)
    assert batch.index.equals(part.index)
    assert list(batch) == ["prediction", "probability_died", "probability_survived"]
    assert batch["prediction"].dtype == "str"
    expected = np.where(batch["probability_survived"] > 0.5, "survived", "died")
    assert batch["prediction"].tolist() == expected.tolist()


def test_the_order_of_rows_and_columns_does_not_matter(trained: tuple[TrainedModel, pd.DataFrame]) -> None:
    model, frame = trained
    whole = model.predict_batch(frame)
    mixed = frame.sample(frac=1, random_state=1)[sorted(frame.columns, reverse=True)]
    pd.testing.assert_frame_equal(model.predict_batch(mixed).sort_index(), whole, rtol=1e-12)


def test_predicting_changes_neither_table_nor_row(trained: tuple[TrainedModel, pd.DataFrame]) -> None:
    model, frame = trained
    before = frame.copy()
    model.predict_batch(frame)
    pd.testing.assert_frame_equal(frame, before)
    row = rows_of(frame)[0]
    kept = dict(row)
    model.predict(row)
    assert row == kept


def test_an_empty_table_gives_an_empty_one_of_the_same_types(
    trained: tuple[TrainedModel, pd.DataFrame],
) -> None:
    model, frame = trained
    empty = model.predict_batch(frame.iloc[:0])
    assert len(empty) == 0
    pd.testing.assert_series_equal(empty.dtypes, model.predict_batch(frame).dtypes)


def test_a_saved_model_predicts_the_same(trained: tuple[TrainedModel, pd.DataFrame], tmp_path: Any) -> None:
    model, frame = trained
    model.save(tmp_path / "model.pkl")
    loaded = TrainedModel.load(tmp_path / "model.pkl")
    pd.testing.assert_frame_equal(loaded.predict_batch(frame), model.predict_batch(frame), check_exact=True)
    row = rows_of(frame)[3]
    assert loaded.predict(row) == model.predict(row)
    assert loaded.get_info() == model.get_info()


def test_info_says_all_there_is(titanic_result: TrainingResult, titanic: pd.DataFrame) -> None:
    model = titanic_result.model
    info = model.get_info()
    assert info.problem_type == model.problem_type == "classification"
    assert info.target_column == model.target_column == "survived"
    assert info.feature_names == model.feature_names == ["pclass", "sex", "age", "sibsp", "parch"]
    assert info.class_labels == model.class_labels == ["died", "survived"]
    assert info.best_model_name == model.best_model_name == "logistic_regression"
    assert info.metrics == model.metrics == titanic_result.metrics
    assert info.feature_importance == model.feature_importance == titanic_result.feature_importance
    assert info.hyperparameters.keys() == {"C"}
    assert info.training_rows == len(titanic) - round(0.2 * len(titanic))
    assert info.library_version == __version__
    assert pd.Timestamp(info.created).utcoffset() == pd.Timedelta(0)
    age = next(column for column in info.schema if column["name"] == "age")
    assert (age["minimum"], age["maximum"]) == (titanic["age"].min(), titanic["age"].max())
    sex = next(column for column in info.schema if column["name"] == "sex")
    assert sex["levels"] == ["female", "male"]
    json.dumps(info.to_dict(), allow_nan=False)


def test_a_regressor_has_no_classes(carseats_result: TrainingResult) -> None:
    model = carseats_result.model
    assert (model.class_labels, model.probability_columns, model.target.classes) == (None, [], ())


# What does not fit.

PASSENGER = {"pclass": "3rd", "sex": "male", "age": 30.0, "sibsp": 0, "parch": 0}


@pytest.fixture
def model(titanic_result: TrainingResult) -> TrainedModel:
    return titanic_result.model


def test_the_target_may_be_among_the_columns(model: TrainedModel) -> None:
    assert model.predict({**PASSENGER, "survived": "nonsense"}) == model.predict(PASSENGER)


def test_an_unseen_category_predicts_and_says_so(model: TrainedModel) -> None:
    result = model.predict({**PASSENGER, "pclass": "steerage"})
    assert result.label in {"died", "survived"}
    assert result.warnings == ["column 'pclass': category 'steerage' was not seen in training"]
    frame = pd.DataFrame([PASSENGER, {**PASSENGER, "pclass": "steerage"}])
    table = model.predict_table(frame)
    assert table.warnings == ["column 'pclass': a category not seen in training in 1 row"]
    assert table.probabilities is not None
    assert table.probabilities[1].tolist() == pytest.approx(list(result.probabilities.values()))


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (130, "column 'age': 130 is outside the training range 0.166700006 to 80"),
        (-0.5, "column 'age': -0.5 is outside the training range 0.166700006 to 80"),
        (80.0000001, "column 'age': 80.0000001 is outside the training range 0.166700006 to 80"),
        (80, None),
        (0.166700006, None),
    ],
)
def test_a_number_out_of_range_predicts_and_says_so(
    model: TrainedModel, age: float, told: str | None
) -> None:
    result = model.predict({**PASSENGER, "age": age})
    assert result.label in {"died", "survived"}
    assert result.warnings == ([told] if told else [])
    table = model.predict_table(pd.DataFrame([PASSENGER, {**PASSENGER, "age": age}]))
    sentence = "column 'age': a value outside the training range 0.166700006 to 80 in 1 row"
    assert table.warnings == ([sentence] if told else [])


def test_each_column_of_a_table_is_told_of_once(model: TrainedModel) -> None:
    odd = pd.DataFrame([PASSENGER, {**PASSENGER, "age": 99.0, "sibsp": 40}, {**PASSENGER, "age": -1.0}])
    assert model.predict_table(odd).warnings == [
        "column 'age': a value outside the training range 0.166700006 to 80 in 2 rows",
        "column 'sibsp': a value outside the training range 0 to 8 in 1 row",
    ]


@pytest.mark.parametrize(
    ("change", "column", "words"),
    [
        ({"age": None}, "age", "null"),
        ({"age": "30"}, "age", "'30'"),
        ({"age": float("nan")}, "age", "nan"),
        ({"age": True}, "age", "True"),
        pytest.param({"age": 10**400}, "age", "1000", id="huge"),
        ({"sex": None}, "sex", "text"),
        ({"sex": 1}, "sex", "text"),
        ({"sex": ["male"]}, "sex", "text"),
        ({"cabin": "C85"}, "cabin", "not in the training table"),
    ],
)
def test_a_row_that_does_not_fit_is_refused_by_column(
    model: TrainedModel, change: dict[str, Any], column: str, words: str
) -> None:
    with pytest.raises(InferenceError) as caught:
        model.predict({**PASSENGER, **change})
    assert caught.value.context["column"] == column
    assert words in caught.value.message
    assert caught.value.hint


def test_a_missing_column_is_named_and_all_are_listed(model: TrainedModel) -> None:
    row = {name: value for name, value in PASSENGER.items() if name != "sex"}
    for attempt in (lambda: model.predict(row), lambda: model.predict_batch(pd.DataFrame([row]))):
        with pytest.raises(InferenceError, match="column 'sex' is missing") as caught:
            attempt()
        assert "pclass, sex, age, sibsp, parch" in caught.value.hint


@pytest.mark.parametrize("row", [[1, 2], list(PASSENGER), "row", 5, None, pd.Series(PASSENGER)])
def test_a_row_that_is_no_mapping_is_refused(model: TrainedModel, row: Any) -> None:
    with pytest.raises(InferenceError, match="expected a mapping"):
        model.predict(row)


@pytest.mark.parametrize(
    "text",
    ["[1, 2]", "5", "null", '"text"', "true", "", "{", "{'age': 1}", '{"a": 1}}', "[" * 10**6, "1" * 10**5],
)
def test_json_that_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(InferenceError, match="the row is") as caught:
        parse_row(text)
    assert len(str(caught.value)) < 400


def test_a_nested_row_is_refused_by_column(model: TrainedModel) -> None:
    with pytest.raises(InferenceError) as caught:
        model.predict(parse_row(json.dumps({**PASSENGER, "age": {"value": 30}})))
    assert caught.value.context["column"] == "age"


def test_a_prediction_that_is_no_number_is_an_error(
    carseats_result: TrainingResult, carseats: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = TrainedModel.from_bytes(carseats_result.model.to_bytes(onnx=False))
    outputs = np.ones((400, 1))
    outputs[7] = np.nan
    monkeypatch.setattr(broken._model, "predict", lambda X: outputs[: len(X)] if len(X) > 1 else outputs[7:8])
    with pytest.raises(InferenceError, match="row 7 is not a finite number"):
        broken.predict_batch(carseats)
    with pytest.raises(InferenceError, match="not a finite number"):
        broken.predict(rows_of(carseats)[0])


# Threads.


def test_eight_threads_predict_what_one_does(trained: tuple[TrainedModel, pd.DataFrame]) -> None:
    model, frame = trained
    rows = rows_of(frame)[:40]
    expected = [model.predict(row) for row in rows], model.predict_batch(frame)
    barrier = threading.Barrier(8)

    def work(_: int) -> bool:
        barrier.wait()
        same = [model.predict(row) for row in rows] == expected[0]
        return same and model.predict_batch(frame).equals(expected[1])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_predictions_go_on_during_a_training(model: TrainedModel, titanic: pd.DataFrame) -> None:
    expected = model.predict(PASSENGER)
    done = threading.Event()
    errors: list[BaseException] = []

    def train() -> None:
        try:
            Pipeline(settings("classification", algorithm="lightgbm", n_trials=3)).train(titanic)
        except BaseException as error:  # noqa: BLE001 - told by the test
            errors.append(error)
        finally:
            done.set()

    thread = threading.Thread(target=train)
    thread.start()
    count = 0
    while not done.is_set():
        assert model.predict(PASSENGER) == expected
        count += 1
    thread.join()
    assert errors == []
    assert count > 10


def test_a_row_is_predicted_in_milliseconds(model: TrainedModel) -> None:
    import timeit

    # 0.1 ms on an idle core; the bound leaves room for a busy one.
    assert min(timeit.repeat(lambda: model.predict(PASSENGER), number=20, repeat=5)) / 20 < 0.01


@pytest.mark.parametrize("coverage", [0.5, 0.9])
def test_intervals_cover_what_they_state(coverage: float) -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(3_000, 3)), columns=list("abc"))
    frame["y"] = 2 * frame["a"] + random.standard_t(4, size=len(frame))
    config = settings("regression", algorithm="ridge", interval_coverage=coverage)
    model = Pipeline(config).train(frame.head(1_000)).model
    unseen = frame.tail(2_000)
    found = model.predict_batch(unseen)
    assert found.columns.tolist() == ["prediction", "lower", "upper"]
    assert unseen["y"].between(found["lower"], found["upper"]).mean() == pytest.approx(coverage, abs=0.03)
    single = model.predict({"a": 0.1, "b": 0.2, "c": 0.3})
    assert single.lower is not None
    assert single.upper is not None
    assert single.value is not None
    assert single.upper - single.value == pytest.approx(single.value - single.lower)
    assert model.get_info().interval_coverage == coverage
    again = TrainedModel.from_bytes(model.to_bytes(onnx=False)).predict_batch(unseen)
    pd.testing.assert_frame_equal(again, found)
    assert model.predict_batch(unseen.head(0)).columns.tolist() == ["prediction", "lower", "upper"]
