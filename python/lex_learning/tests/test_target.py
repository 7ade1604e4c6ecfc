"""The target: class codes, labels, and values of the type that came in."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lex_learning.core.target import Target


@pytest.mark.parametrize(
    ("values", "dtype", "labels", "decoded"),
    [
        (["b", "a", "b"], "str", ["a", "b"], "object"),
        (["b", "a", "b"], "object", ["a", "b"], "object"),
        (["b", "a", "b"], "category", ["a", "b"], "object"),
        (["10", "9", "1"], "str", ["1", "10", "9"], "object"),
        ([10, 9, 1], "int8", ["1", "9", "10"], "int64"),
        ([10, 9, 1], "uint16", ["1", "9", "10"], "int64"),
        ([10, 9, 1], "Int64", ["1", "9", "10"], "int64"),
        ([2**64 - 1, 0, 5], "uint64", ["0", "5", str(2**64 - 1)], "uint64"),
        ([True, False, True], "bool", ["false", "true"], "bool"),
        ([2.0, 1.0, 2.0], "float64", ["1.0", "2.0"], "float64"),
        (["", "a\0", "a"], "str", ["", "a", "a\0"], "object"),
    ],
)
def test_classes_go_to_codes_and_back(values: list[Any], dtype: str, labels: list[str], decoded: str) -> None:
    series = pd.Series(values, dtype=dtype, name="y")
    target = Target.from_series(series)
    assert target.labels == labels
    codes = target.encode(series)
    assert codes.dtype == np.int32
    back = target.decode(codes)
    assert back.dtype == decoded
    assert back.tolist() == values


def test_classes_survive_json() -> None:
    for values in (["a", "b"], [1, 2], [True, False], [0.5, 1.5], [2**64 - 1, 1]):
        classes = Target.from_series(pd.Series(values, name="y")).classes
        back = tuple(json.loads(json.dumps(classes)))
        assert back == classes
        assert [type(value) for value in back] == [type(value) for value in classes]


def test_text_that_looks_like_a_number_stays_text() -> None:
    target = Target.from_series(pd.Series(["1", "0", "1"], name="y"))
    assert target.classes == ("0", "1")
    assert target.decode(np.array([1]))[0] == "1"


def test_a_regression_target_is_numbers() -> None:
    encoded = Target("y").encode(pd.Series([1, 2], dtype="int16"))
    assert encoded.dtype == np.float64
    assert encoded.tolist() == [1.0, 2.0]
    assert Target("y").labels == []


def test_codes_do_not_depend_on_the_order_of_the_rows() -> None:
    one = Target.from_series(pd.Series(["x", "y", "z"], name="t"))
    two = Target.from_series(pd.Series(["z", "x", "y"], name="t"))
    assert one == two
    assert two.encode(pd.Series(["z", "y"])).tolist() == [2, 1]
