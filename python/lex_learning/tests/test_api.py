"""What Rust calls: JSON that is strict, and tables that keep their types."""

from __future__ import annotations

import io
import json
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from conftest import settings
from lex_learning import api
from lex_learning.errors import (
    ArrowConversionError,
    Cancelled,
    InferenceError,
    InvalidConfigError,
    LexLearningError,
)

if TYPE_CHECKING:
    from lex_learning import TrainedModel, TrainingResult

CONTRACT_TYPES = [
    (pa.int32(), [1, -(2**31), 2**31 - 1]),
    (pa.int64(), [1, -(2**63), 2**63 - 1]),
    (pa.float32(), [0.5, -(2.0**100), 3.0]),
    (pa.float64(), [0.1, -1e300, 3.0]),
    (pa.bool_(), [True, False, True]),
    (pa.large_string(), ["é\0🦄", "", "x" * 1000]),
]


def ipc(table: pa.Table | pd.DataFrame) -> bytes:
    """An Arrow IPC file, as Rust writes it: without pandas' own notes."""
    if isinstance(table, pd.DataFrame):
        table = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def read(buffer: Any) -> pa.Table:
    return pa.ipc.open_file(buffer).read_all()


def predictions_of(model: TrainedModel, table: object) -> pa.Buffer:
    buffer, warnings = api.predict_table(model, table)
    assert warnings == []
    return buffer


def strict(text: str) -> Any:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(text, parse_constant=refuse)


def config_json(problem_type: str, **values: Any) -> str:
    return json.dumps(settings(problem_type, **values).to_dict())


@pytest.mark.parametrize(("kind", "values"), CONTRACT_TYPES, ids=[str(kind) for kind, _ in CONTRACT_TYPES])
def test_a_column_of_each_type_comes_back(kind: pa.DataType, values: list[Any]) -> None:
    table = pa.table({"a b 🦄": pa.array(values, type=kind)})
    back = read(api.echo_table(ipc(table)))
    assert back.column_names == ["a b 🦄"]
    assert back["a b 🦄"].type == kind
    assert back["a b 🦄"].to_pylist() == values


@pytest.mark.parametrize("rows", [0, 1])
def test_a_table_of_no_row_and_of_one_comes_back(rows: int) -> None:
    table = pa.table({str(kind): pa.array(values[:rows], type=kind) for kind, values in CONTRACT_TYPES})
    back = read(api.echo_table(ipc(table)))
    assert back.num_rows == rows
    assert back.to_pylist() == table.to_pylist()
    if rows:
        assert back.schema.types == table.schema.types


@pytest.mark.parametrize("name", ["", "__index_level_0__", "index", "\n", 'q"', "x" * 10_000])
def test_odd_column_names_come_back(name: str) -> None:
    table = pa.table({name: [1, 2], "other": ["a", "b"]})
    assert read(api.echo_table(ipc(table))).column_names == [name, "other"]


def test_a_table_in_several_batches_is_one(titanic: pd.DataFrame) -> None:
    table = pa.Table.from_pandas(titanic, preserve_index=False).replace_schema_metadata(None)
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        for batch in table.to_batches(max_chunksize=100):
            writer.write_batch(batch)
    assert read(api.echo_table(sink.getvalue())).num_rows == len(titanic)


def test_bytes_that_are_no_table_are_a_typed_error(titanic: pd.DataFrame) -> None:
    good = ipc(titanic)
    source = random.Random(0)
    bad = [b"", b"ARROW1", b"ARROW1\0\0", source.randbytes(1000), good[100:]]
    bad += [good[:length] for length in range(1, len(good), len(good) // 40)]
    for data in bad:
        with pytest.raises(ArrowConversionError) as caught:
            api.echo_table(data)
        assert "cannot be read" in str(caught.value)


def test_a_buffer_is_read_where_it_lies(titanic: pd.DataFrame) -> None:
    for view in (memoryview(ipc(titanic)), bytearray(ipc(titanic)), pa.py_buffer(ipc(titanic))):
        assert read(api.echo_table(view)).num_rows == len(titanic)


# Training.


def test_training_answers_in_json_with_plots_and_a_model(carseats: pd.DataFrame) -> None:
    events: list[str] = []
    config = config_json("regression", algorithm="ridge", enable_explainability=True)
    text, plots, model = api.train(config, ipc(carseats), events.append, lambda: False)
    result = strict(text)
    assert result.keys() == {
        "best_model_name",
        "model_results",
        "metrics",
        "feature_importance",
        "timings",
        "warnings",
    }
    assert result["metrics"]["r2"] > 0.8
    assert result["metrics"]["accuracy"] is None
    assert all(isinstance(name, str) and isinstance(png, bytes) for name, png in plots.items())
    assert strict(api.model_info(model))["metrics"] == result["metrics"]
    progress = [strict(event) for event in events]
    assert progress[-1]["stage"] == "complete"
    assert progress[0].keys() == {"stage", "progress", "message", "current_model", "models_completed"}


def test_a_table_with_text_categories_trains_as_with_text(titanic: pd.DataFrame) -> None:
    table = pa.Table.from_pandas(titanic, preserve_index=False).replace_schema_metadata(None)
    for name in ("pclass", "sex"):
        codes = (
            table[name]
            .cast(pa.string())
            .combine_chunks()
            .dictionary_encode()
            .cast(pa.dictionary(pa.uint32(), pa.large_string()))
        )
        table = table.set_column(table.column_names.index(name), name, codes)
    config = config_json("classification", algorithm="logistic_regression")
    answers = [api.train(config, ipc(each), print, lambda: False) for each in (titanic, table)]
    results = [strict(text)["metrics"] for text, _, _ in answers]
    assert results[0] == results[1]


def test_cancelling_is_asked_for_and_described(titanic: pd.DataFrame) -> None:
    events: list[str] = []
    with pytest.raises(Cancelled) as caught:
        api.train(config_json("classification"), ipc(titanic), events.append, lambda: True)
    assert json.loads(api.describe_error(caught.value))["code"] == "training.cancelled"
    assert strict(events[-1])["stage"] == "cancelled"


@pytest.mark.parametrize(
    "config", ["{", "[]", '{"problem_type": "clustering"}', '{"problem_type": "regression", "n": 1}']
)
def test_a_bad_configuration_is_a_typed_error(config: str, titanic: pd.DataFrame) -> None:
    with pytest.raises(InvalidConfigError):
        api.train(config, ipc(titanic), print, lambda: False)


@pytest.mark.parametrize(
    ("column", "word"),
    [
        (pa.array([None, 1.0, 2.0, 3.0] * 10), "null or NaN"),
        (pa.array([None, True, False, True] * 10), "null or NaN"),
        (pa.array([None] * 40), "null or NaN"),
        (pa.array([0] * 40, type=pa.date32()), "type"),
        (pa.array([0] * 40, type=pa.timestamp("us", "UTC")), "type"),
        (pa.array([[1]] * 40), "type"),
        (pa.array([{"k": 1}] * 40), "type"),
        (pa.array([b"x"] * 40), "type"),
        (pa.array([1] * 40, type=pa.decimal128(5, 2)), "type"),
        (pa.array([0] * 40, type=pa.time64("us")), "type"),
        (pa.array([0] * 40, type=pa.duration("us")), "type"),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else value,
)
def test_a_column_that_cannot_be_used_is_named(column: pa.Array, word: str) -> None:
    table = pa.table({"odd": column, "a": range(40), "y": [0, 1] * 20})
    with pytest.raises(LexLearningError, match=f"column 'odd' .*{word}") as caught:
        api.train(config_json("classification"), ipc(table), print, lambda: False)
    described = json.loads(api.describe_error(caught.value))
    assert (described["code"], described["context"]["column"]) == ("data.invalid", "odd")


# Prediction.


@pytest.fixture
def model(titanic_result: TrainingResult) -> TrainedModel:
    return titanic_result.model


def test_a_row_answers_in_strict_json(
    model: TrainedModel, carseats_result: TrainingResult, carseats: pd.DataFrame
) -> None:
    row = {"pclass": "1st", "sex": "female", "age": 30, "sibsp": 0, "parch": 0}
    answer = strict(api.predict_row(model, json.dumps(row)))
    assert answer["label"] == "survived"
    assert sum(answer["probabilities"].values()) == pytest.approx(1)
    assert (answer["value"], answer["warnings"]) == (None, [])
    row = json.loads(carseats.iloc[0].to_json())
    answer = strict(api.predict_row(carseats_result.model, json.dumps(row)))
    assert (answer["label"], answer["probabilities"]) == (None, {})
    assert 0 < answer["value"] < 20


@pytest.mark.parametrize(
    "text", ["[]", "5", "{", '{"age": NaN}', '{"age": 1e999}', '{"age": 1%s}' % ("0" * 400)]
)
def test_a_bad_row_is_a_typed_error(model: TrainedModel, text: str) -> None:
    with pytest.raises(InferenceError):
        api.predict_row(model, text)


@pytest.mark.parametrize(
    ("classes", "kind"),
    [
        (pa.array([3, 1] * 20), pa.int64()),
        (pa.array([3, 1] * 20, type=pa.int32()), pa.int64()),
        (pa.array([True, False] * 20), pa.bool_()),
        (pa.array([2.5, 1.0] * 20), pa.float64()),
        (pa.array(["é", ""] * 20), pa.large_string()),
        (pa.array([2**64 - 1, 5] * 20, type=pa.uint64()), pa.uint64()),
    ],
    ids=["int64", "int32", "bool", "float", "text", "uint64"],
)
def test_predictions_are_of_the_target_s_type(classes: pa.Array, kind: pa.DataType) -> None:
    table = pa.table({"a": [0, 1] * 20, "b": np.linspace(0, 1, 40), "y": classes})
    config = config_json("classification", algorithm="decision_tree")
    _, _, trained = api.train(config, ipc(table), lambda _: None, lambda: False)
    for part in (table, table.slice(0, 1), table.slice(0, 0), table.drop_columns("y")):
        predicted = read(predictions_of(trained, ipc(part)))
        assert predicted.schema.types == [kind, pa.float64(), pa.float64()]
        assert predicted.num_rows == part.num_rows
        assert predicted.column_names == ["prediction", *trained.probability_columns]
    assert read(predictions_of(trained, ipc(table)))["prediction"].to_pylist() == classes.to_pylist()


def test_a_regressor_predicts_one_column(carseats_result: TrainingResult, carseats: pd.DataFrame) -> None:
    for rows in (0, 1, 400):
        predicted = read(predictions_of(carseats_result.model, ipc(carseats.iloc[:rows])))
        assert (predicted.column_names, predicted.schema.types) == (["prediction"], [pa.float64()])
        assert predicted.num_rows == rows


def test_the_table_and_the_frame_agree(penguins_result: TrainingResult, penguins: pd.DataFrame) -> None:
    predicted = read(predictions_of(penguins_result.model, ipc(penguins))).to_pandas()
    pd.testing.assert_frame_equal(predicted, penguins_result.model.predict_batch(penguins))


def test_a_model_goes_through_bytes_and_files(model: TrainedModel, tmp_path: Any) -> None:
    data = api.model_to_bytes(model)
    for view in (data, bytearray(data), memoryview(data)):
        assert api.model_info(api.model_from_bytes(view)) == api.model_info(model)
    api.save_model(model, str(tmp_path / "m.pkl"))
    assert api.model_info(api.load_model(str(tmp_path / "m.pkl"))) == api.model_info(model)


def test_infos_are_strict_json(titanic_result: TrainingResult, penguins_result: TrainingResult) -> None:
    for result in (titanic_result, penguins_result):
        info = strict(api.model_info(result.model))
        assert info["class_labels"] == result.model.class_labels
        assert [column["kind"] for column in info["schema"]][:2] == ["categorical", "categorical"]


def test_metrics_that_json_cannot_hold_are_null() -> None:
    # A truth so near nought that the error as a share of it is infinite.
    rows = 60
    table = pa.table({"a": np.arange(rows) / 7, "y": [1e-310 * (1 + row % 3) for row in range(rows)]})
    text, _, _ = api.train(
        config_json("regression", algorithm="decision_tree"), ipc(table), lambda _: None, lambda: False
    )
    strict(text)
