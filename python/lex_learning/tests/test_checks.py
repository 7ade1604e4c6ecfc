"""What a training table is refused for: the column is named, and what to do is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from lex_learning import PipelineConfig
from lex_learning.errors import InvalidDataError, LexLearningError, TargetNotFoundError
from lex_learning.preprocessing.checks import MAX_CLASSES, check_row_count, unusual_columns
from lex_learning.preprocessing.roles import take_apart

ROWS = 40


def table(**columns: Any) -> pd.DataFrame:
    good: dict[str, Any] = {"a": np.arange(ROWS), "b": ["x", "y"] * (ROWS // 2), "y": [0, 1] * (ROWS // 2)}
    return pd.DataFrame(good | columns)


def refused(frame: pd.DataFrame, problem_type: str = "classification", **settings: Any) -> LexLearningError:
    settings = {"target_column": "y"} | settings
    with pytest.raises(LexLearningError) as caught:
        take_apart(frame, PipelineConfig(problem_type, **settings))  # type: ignore[arg-type]
    assert caught.value.hint
    return caught.value


def replaced(values: Any, at: int, value: Any) -> list[Any]:
    result = list(values)
    result[at] = value
    return result


@pytest.mark.parametrize("missing", ["Y", "z", " y"])
def test_a_missing_target_is_named_with_what_there_is(missing: str) -> None:
    error = refused(table(), target_column=missing)
    assert isinstance(error, TargetNotFoundError)
    assert error.context["column"] == missing
    assert repr(missing) in error.message
    assert error.context["columns"] == ["a", "b", "y"]
    assert "'y'" in error.hint


def test_the_last_column_is_the_target_by_default() -> None:
    parts = take_apart(table(), PipelineConfig("classification"))  # type: ignore[arg-type]
    assert (list(parts.features), parts.target.name) == (["a", "b"], "y")


@pytest.mark.parametrize("column", ["a", "b", "y"])
@pytest.mark.parametrize("null", [None, np.nan, pd.NA])
def test_nulls_are_counted_by_column(column: str, null: Any) -> None:
    values = replaced(replaced(table()[column].astype(object), 3, null), 7, null)
    error = refused(table(**{column: values}))
    assert f"column {column!r} has a null or NaN in 2 rows" in error.message
    assert (error.context["column"], error.context["nulls"]) == (column, 2)


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_infinite_values_are_refused_by_column(value: float) -> None:
    error = refused(table(c=replaced(np.linspace(0, 1, ROWS), 5, value)))
    assert "column 'c' holds infinite values" in error.message


def test_an_infinite_target_is_refused() -> None:
    error = refused(table(y=replaced(np.linspace(0, 1, ROWS), 5, np.inf)), "regression")
    assert error.context["column"] == "y"


@pytest.mark.parametrize(
    "values",
    [
        pd.date_range("2020-01-01", periods=ROWS),
        pd.date_range("2020-01-01", periods=ROWS, tz="UTC"),
        pd.to_timedelta(np.arange(ROWS)),
        [[1, 2]] * ROWS,
        [{"k": 1}] * ROWS,
        [b"x"] * ROWS,
        [1, "1"] * (ROWS // 2),
        pd.Categorical([1, 2] * (ROWS // 2)),
    ],
)
@pytest.mark.parametrize("column", ["a", "y"])
def test_a_column_of_no_supported_type_is_refused_by_name(column: str, values: Any) -> None:
    error = refused(table(**{column: values}))
    assert error.context["column"] == column
    assert "expected numbers, text or booleans" in error.message


def test_two_columns_of_one_name_are_refused() -> None:
    frame = table().set_axis(["a", "a", "y"], axis="columns")
    assert "two columns are named 'a'" in refused(frame).message
    # Also if they differ only in the type of the name.
    frame = table().set_axis([1, "1", "y"], axis="columns")
    assert "two columns are named '1'" in refused(frame).message


def test_names_that_are_not_text_become_text() -> None:
    parts = take_apart(
        table().set_axis([0, 1, 2], axis="columns"),
        PipelineConfig("classification", target_column="2"),  # type: ignore[arg-type]
    )
    assert (list(parts.features), parts.target.name) == (["0", "1"], "2")


def test_a_table_without_columns_or_rows_is_refused() -> None:
    assert "no columns" in refused(pd.DataFrame()).message
    assert "no rows" in refused(table().iloc[:0]).message


def test_a_table_of_the_target_alone_is_refused() -> None:
    assert "no feature is left beside the target 'y'" in refused(table()[["y"]]).message


@pytest.mark.parametrize(
    ("values", "shown"), [([1] * ROWS, "(1)"), (["no"] * ROWS, "('no')"), ([True] * ROWS, "(True)")]
)
def test_a_single_class_is_refused(values: list[Any], shown: str) -> None:
    error = refused(table(y=values))
    assert f"target 'y' has a single class {shown}" in error.message


@pytest.mark.parametrize(
    ("rare", "common", "shown"),
    [(7, 1, "class 7 "), ("rare", "no", "class 'rare' "), (False, True, "class False ")],
)
def test_a_class_with_one_row_is_refused(rare: Any, common: Any, shown: str) -> None:
    error = refused(table(y=replaced([common] * ROWS, 4, rare)))
    assert shown in error.message
    assert "one row" in error.message
    assert error.context["column"] == "y"


def test_classes_of_two_rows_alone_leave_nothing_to_hold_out() -> None:
    frame = table(y=np.arange(ROWS) // 2)
    error = refused(frame, cv_folds=2)
    assert "no class has more than 2 rows" in error.message


@pytest.mark.parametrize(("kind", "hint"), [("int", "regression"), ("str", "Merge rare classes")])
def test_thousands_of_classes_are_refused(kind: str, hint: str) -> None:
    values = pd.Series(np.arange(6000) // 2).astype(kind)
    frame = pd.DataFrame({"a": np.arange(6000), "y": values})
    error = refused(frame)
    assert f"target 'y' has 3000 classes, more than {MAX_CLASSES}" in error.message
    assert hint in error.hint


def test_an_unused_level_of_a_categorical_target_is_no_class() -> None:
    values = pd.Series(["p", "q"] * (ROWS // 2), dtype=pd.CategoricalDtype(["p", "q", "unused"]))
    take_apart(table(y=values), PipelineConfig("classification"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "values",
    [
        ["1", "2"] * (ROWS // 2),
        [True, False] * (ROWS // 2),
        pd.Categorical(["1", "2"] * (ROWS // 2)),
    ],
)
def test_a_regression_target_that_is_not_numbers_is_refused(values: Any) -> None:
    error = refused(table(y=values), "regression")
    assert "expected numbers for regression" in error.message
    assert "classification" in error.hint


@pytest.mark.parametrize("value", [3, 3.5])
def test_a_constant_target_is_refused(value: float) -> None:
    assert f"target 'y' is constant ({value})" in refused(table(y=[value] * ROWS), "regression").message


@pytest.mark.parametrize(
    ("rows", "folds", "enough"), [(6, 5, True), (5, 5, False), (24, 20, False), (25, 20, True)]
)
def test_the_rows_must_suffice_for_the_folds(rows: int, folds: int, enough: bool) -> None:
    config = PipelineConfig("regression", cv_folds=folds)  # type: ignore[arg-type]
    if enough:
        check_row_count(rows, config)
        return
    with pytest.raises(InvalidDataError, match=f"{rows} rows.*{folds} folds") as caught:
        check_row_count(rows, config)
    assert "cv_folds" in caught.value.hint


def test_constant_features_are_remarked_and_all_of_them_refused() -> None:
    features = pd.DataFrame({"a": [1, 2], "same": [5, 5], "text": ["x", "x"]})
    assert unusual_columns(features) == [
        "column 'same' is constant and tells nothing",
        "column 'text' is constant and tells nothing",
    ]
    with pytest.raises(InvalidDataError, match=r"every feature column is constant \(same, text\)"):
        unusual_columns(features[["same", "text"]])


def test_the_table_is_not_changed() -> None:
    frame = table().set_axis([0, 1, 2], axis="columns")
    before = frame.copy()
    take_apart(frame, PipelineConfig("classification", target_column="2"))  # type: ignore[arg-type]
    pd.testing.assert_frame_equal(frame, before)


def test_a_very_wide_table_is_checked_quickly() -> None:
    wide = pd.DataFrame(np.arange(20 * 10_000).reshape(20, -1)).assign(y=[0, 1] * 10)
    wide = pd.concat([wide, wide[[0]]], axis="columns")
    assert "two columns are named '0'" in refused(wide).message


def test_numbers_as_classes_are_sent_to_regression() -> None:
    frame = pd.DataFrame({"x": range(60), "price": [100.5 + row for row in range(60)]})
    with pytest.raises(InvalidDataError) as caught:
        take_apart(frame, PipelineConfig("classification"))
    assert caught.value.hint.startswith("Choose regression")
