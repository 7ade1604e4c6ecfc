"""The column schema: every type in, one matrix out, and whatever does not fit refused by name."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lex_learning.core.column import ColumnKind
from lex_learning.core.schema import Schema
from lex_learning.errors import InferenceError, InvalidDataError

ODD_NAMES = [
    "with space",
    'it\'s "quoted"',
    "🦄",
    "new\nline",
    "prediction",
    "probability_x",
    "target",
    "index",
    "__index_level_0__",
    "",
    "\0",
    "x" * 5000,
    "ß́",
    "f0",
]
ODD_TEXTS = ["", " ", "a", "A", "a\0", "a\0b", "a\0c", "\n", "é", "é", "🦄", "nan", "None", "y" * 100_000]


def frame_of(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(columns)


def refused(schema: Schema, frame: pd.DataFrame) -> InferenceError:
    with pytest.raises(InferenceError) as caught:
        schema.encode(frame)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        *[(f"{sign}int{bits}", ColumnKind.INTEGER) for sign in ("", "u") for bits in (8, 16, 32, 64)],
        ("float32", ColumnKind.FLOAT),
        ("float64", ColumnKind.FLOAT),
        ("Int64", ColumnKind.INTEGER),
        ("Float32", ColumnKind.FLOAT),
    ],
)
def test_numbers_of_every_width_keep_their_values(dtype: str, kind: ColumnKind) -> None:
    frame = pd.DataFrame({"a": pd.Series([1, 2, 100], dtype=dtype)})
    schema = Schema.from_frame(frame)
    assert schema.columns[0].kind is kind
    assert (schema.columns[0].minimum, schema.columns[0].maximum) == (1.0, 100.0)
    assert schema.encode(frame).tolist() == [[1.0], [2.0], [100.0]]


@pytest.mark.parametrize("dtype", ["bool", "boolean"])
def test_booleans_become_0_and_1(dtype: str) -> None:
    frame = pd.DataFrame({"a": pd.Series([True, False], dtype=dtype)})
    schema = Schema.from_frame(frame)
    assert schema.columns[0].kind is ColumnKind.BOOLEAN
    assert schema.encode(frame).tolist() == [[1.0], [0.0]]
    assert schema.encode_row({"a": True})[0].tolist() == [[1.0]]


@pytest.mark.parametrize("dtype", ["str", "object", "category", "string"])
def test_text_of_any_unicode_has_one_code_each(dtype: str) -> None:
    texts = list(dict.fromkeys(ODD_TEXTS))
    frame = pd.DataFrame({"a": pd.Series([*texts, *texts[::-1]], dtype=dtype)})
    schema = Schema.from_frame(frame)
    assert list(schema.columns[0].levels) == sorted(texts)
    codes = schema.encode(frame)[:, 0]
    assert [sorted(texts)[int(code)] for code in codes] == [*texts, *texts[::-1]]
    by_row = [schema.encode_row({"a": text})[0][0, 0] for text in texts]
    assert by_row == codes[: len(texts)].tolist()


def test_codes_come_from_training_and_not_from_the_frame_at_hand() -> None:
    schema = Schema.from_frame(frame_of(a=["b", "c", "a"]))
    other = pd.Series(["c", "c", "b"], dtype=pd.CategoricalDtype(["c", "x", "b", "a"], ordered=True))
    assert schema.encode(frame_of(a=other)).tolist() == [[2.0], [2.0], [1.0]]


def test_a_level_that_no_row_has_is_no_level() -> None:
    series = pd.Series(["a", "b"], dtype=pd.CategoricalDtype(["a", "b", "unused"]))
    assert Schema.from_frame(frame_of(a=series)).columns[0].levels == ("a", "b")


@pytest.mark.parametrize("name", ODD_NAMES, ids=range(len(ODD_NAMES)))
def test_an_odd_column_name_is_a_name(name: str) -> None:
    frame = pd.DataFrame({name: ["x", "y"], "number": [1, 2]})
    schema = Schema.from_dict(json.loads(json.dumps(Schema.from_frame(frame).to_dict())))
    assert schema.names == [name, "number"]
    assert schema.encode(frame[["number", name]]).tolist() == [[0.0, 1.0], [1.0, 2.0]]
    assert schema.encode_row({"number": 2, name: "y"})[0].tolist() == [[1.0, 2.0]]
    error = refused(schema, frame[["number"]])
    assert error.context["column"] == name


def test_integer_column_names_are_found_again() -> None:
    frame = pd.DataFrame({0: [1.0, 2.0], 1: ["a", "b"]})
    schema = Schema.from_frame(frame.set_axis(["0", "1"], axis="columns"))
    assert schema.encode(frame).tolist() == [[1.0, 0.0], [2.0, 1.0]]


def test_a_schema_survives_json() -> None:
    frame = frame_of(a=[1, 2], b=[0.5, 1.5], c=[True, False], d=["x", "y"])
    schema = Schema.from_frame(frame)
    assert Schema.from_dict(json.loads(json.dumps(schema.to_dict()))).columns == schema.columns


SCHEMA = Schema.from_frame(frame_of(age=[1.5, 2.5], sex=["f", "m"], adult=[True, False], rooms=[1, 2]))
GOOD = {"age": 2.0, "sex": "f", "adult": True, "rooms": 3}


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("age", ["a"]),
        ("age", [True]),
        ("age", pd.to_datetime(["2020-01-01"])),
        ("age", [2 + 1j]),
        ("sex", [1]),
        ("sex", [True]),
        ("sex", pd.Categorical([5])),
        ("sex", [b"f"]),
        ("sex", [["f"]]),
        ("adult", [1]),
        ("adult", ["true"]),
        ("rooms", ["1"]),
        ("rooms", [False]),
    ],
)
def test_a_column_of_another_type_is_refused_by_name(column: str, values: Any) -> None:
    error = refused(SCHEMA, pd.DataFrame({**{name: [value] for name, value in GOOD.items()}, column: values}))
    assert error.context["column"] == column
    assert f"column {column!r} is of type" in error.message


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("age", [np.nan]),
        ("age", pd.Series([None], dtype="object")),
        ("rooms", pd.Series([None], dtype="Int64")),
        ("sex", pd.Series([None], dtype="str")),
        ("sex", pd.Series([np.nan], dtype="object")),
        ("sex", pd.Series([None], dtype="category")),
        ("adult", pd.Series([None], dtype="object")),  # as Arrow gives booleans with nulls
    ],
)
def test_a_null_is_refused_as_a_null_whatever_type_it_makes_the_column(column: str, values: Any) -> None:
    error = refused(SCHEMA, pd.DataFrame({**{name: [value] for name, value in GOOD.items()}, column: values}))
    assert error.context["column"] == column
    assert f"column {column!r} has a null or NaN in 1 row" in error.message


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_an_infinite_value_is_refused_by_name(value: float) -> None:
    error = refused(SCHEMA, pd.DataFrame([{**GOOD, "age": value}]))
    assert "'age' holds an infinite value" in error.message


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("age", "2.5"),
        ("age", None),
        ("age", True),
        ("age", float("nan")),
        ("age", float("inf")),
        pytest.param("age", 10**400, id="age-huge"),
        pytest.param("age", 10**5000, id="age-huger"),
        ("age", [1]),
        ("age", {}),
        ("age", 1j),
        ("sex", 1),
        ("sex", None),
        ("sex", b"f"),
        ("adult", 1),
        ("adult", "true"),
        ("adult", None),
        ("rooms", "3"),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(column: str, value: object) -> None:
    with pytest.raises(InferenceError) as caught:
        SCHEMA.encode_row({**GOOD, column: value})
    assert caught.value.context["column"] == column
    assert caught.value.hint
    assert len(str(caught.value)) < 300


def test_numpy_values_are_values() -> None:
    row = {"age": np.float32(2), "sex": np.str_("f"), "adult": np.bool_(True), "rooms": np.uint8(3)}
    assert np.array_equal(SCHEMA.encode_row(row)[0], SCHEMA.encode_row(GOOD)[0])


def test_missing_and_extra_columns_are_refused_and_counted() -> None:
    frame = pd.DataFrame([GOOD])
    assert "column 'sex' is missing (and 1 more)" in str(
        refused(SCHEMA, frame.drop(columns=["sex", "rooms"]))
    )
    extra = refused(SCHEMA, frame.assign(x=1, y=2))
    assert "column 'x' was not in the training table (and 1 more)" in str(extra)
    twice = pd.concat([frame, frame[["sex"]]], axis="columns")
    assert "column 'sex' is there twice" in str(refused(SCHEMA, twice))


def test_the_target_may_be_there_and_is_ignored() -> None:
    row, _ = SCHEMA.encode_row({**GOOD, "y": "anything"}, ignore="y")
    assert np.array_equal(row, SCHEMA.encode(pd.DataFrame([{**GOOD, "y": 5}]), ignore="y"))
    with pytest.raises(InferenceError, match="'y' was not in the training table"):
        SCHEMA.encode_row({**GOOD, "y": "anything"})


def test_a_wrong_name_in_place_of_a_right_one_is_refused() -> None:
    row = {**GOOD, "Age": 2.0}
    del row["age"]
    with pytest.raises(InferenceError, match="'age' is missing"):
        SCHEMA.encode_row(row)


def test_an_unseen_category_is_nan_and_said() -> None:
    matrix, warnings = SCHEMA.encode_row({**GOOD, "rooms": 2, "sex": "x" * 10**6})
    assert np.isnan(matrix[0, 1])
    assert len(warnings) == 1
    assert "column 'sex': category 'xxx" in warnings[0]
    assert len(warnings[0]) < 200
    known = {**GOOD, "rooms": 2}
    frame = pd.DataFrame([known, {**known, "sex": "?"}, {**known, "sex": "!"}])
    table = SCHEMA.encode(frame)
    assert np.isnan(table[:, 1]).tolist() == [False, True, True]
    assert SCHEMA.remarks(frame, table) == ["column 'sex': a category not seen in training in 2 rows"]


def test_an_empty_table_has_no_rows_whatever_its_types() -> None:
    empty = pd.DataFrame({name: pd.Series([], dtype="datetime64[ns]") for name in GOOD})
    assert SCHEMA.encode(empty).shape == (0, 4)


def test_a_number_column_takes_integers_and_floats() -> None:
    assert SCHEMA.encode(pd.DataFrame([{**GOOD, "age": 2, "rooms": 2.5}]))[0, [0, 3]].tolist() == [2.0, 2.5]


@pytest.mark.parametrize(
    "values",
    [
        pd.to_datetime(["2020-01-01", "2021-01-01"]),
        pd.to_timedelta([1, 2]),
        [[1], [2]],
        [{"a": 1}, {"a": 2}],
        [1j, 2j],
        pd.Categorical([1, 2]),
        [b"a", b"b"],
        ["a", 1],
        pd.Series(["2020-01", "2020-02"]).astype("period[M]"),
    ],
)
def test_a_column_of_no_supported_type_is_refused_by_name(values: Any) -> None:
    with pytest.raises(
        InvalidDataError, match=r"column 'odd' is of type .* expected numbers, text or booleans"
    ):
        Schema.from_frame(frame_of(odd=values))


def test_constant_columns_know_it() -> None:
    schema = Schema.from_frame(frame_of(a=[1, 1], b=["x", "x"], c=[True, True], d=[1, 2]))
    assert [column.is_constant for column in schema.columns] == [True, True, True, False]
