"""Frames on their way in and out."""

import threading
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features_pipeline import PipelineSteps

INTEGERS = [pl.Int8, pl.Int16, pl.Int32, pl.Int128, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64, pl.UInt128]
FLOATS = [pl.Float16, pl.Float32, pl.Float64]
DOUBLE = PipelineSteps.from_yaml(
    "steps: [{ type: arithmetic, name: double, left: number, operation: add, right: number }]"
)


def test_columns_that_no_feature_uses_come_back_as_they_were() -> None:
    instant = datetime(2024, 2, 29, 12, 30, tzinfo=timezone.utc)
    frame = pl.DataFrame(
        {
            "number": [1, None],
            "null": [None, None],
            "truth": [True, None],
            "text": ["Ωmega 日本 🛋", None],
            "binary": [b"\x00\xff", None],
            "date": [date(2024, 2, 29), None],
            "time": [time(12, 30), None],
            "instant": [datetime(2024, 2, 29), None],
            "duration": [timedelta(days=1, microseconds=1), None],
            "decimal": [Decimal("1.25"), None],
            "list": [[1, None], None],
            "struct": [{"a": 1, "b": "x"}, None],
        }
    ).with_columns(
        pl.lit(instant).dt.convert_time_zone("Europe/Berlin").alias("zoned"),
        pl.Series("categorical", ["a", None], pl.Categorical),
        pl.Series("enum", ["b", None], pl.Enum(["a", "b"])),
        pl.Series("array", [[1.0, 2.0], None], pl.Array(pl.Float64, 2)),
        *(pl.Series(str(kind), [1, None], kind) for kind in INTEGERS),
        *(pl.Series(str(kind), [0.5, None], kind) for kind in FLOATS),
    )
    result = DOUBLE.apply(frame)
    assert result["double"].to_list() == [2, None]
    assert_frame_equal(result.drop("double"), frame, check_exact=True)


def test_categories_are_texts_to_features() -> None:
    steps = PipelineSteps.from_yaml(
        "steps: [{ type: one_hot_encoding, name: is, column: a },"
        " { type: text, name: n, column: a, operation: length }]"
    )
    for kind in [pl.String, pl.Categorical, pl.Enum(["x", "yy"])]:
        result = steps.apply(pl.DataFrame({"a": pl.Series(["yy", "x", None], dtype=kind)}))
        assert result["is_x"].to_list() == [0, 1, 0]
        assert result["n"].to_list() == [2, 1, None]


def test_parts_of_instants_are_those_of_their_time_zone() -> None:
    steps = PipelineSteps.from_yaml("steps: [{ type: date_part, name: hour, column: at, part: hour }]")
    utc = pl.DataFrame({"at": [datetime(2024, 7, 1, 10, tzinfo=timezone.utc)]})
    assert steps.apply(utc)["hour"].to_list() == [10]
    berlin = utc.with_columns(pl.col("at").dt.convert_time_zone("Europe/Berlin"))
    assert steps.apply(berlin)["hour"].to_list() == [12]


def test_frames_in_several_chunks_and_slices() -> None:
    part = pl.DataFrame({"number": np.arange(1000), "text": [f"row {row}" for row in range(1000)]})
    frame = pl.concat([part.slice(3, 500), part.head(0), part.slice(17)], rechunk=False)
    frame = frame.with_columns(frame["text"].rechunk())
    result = DOUBLE.apply(frame)
    assert_frame_equal(result.drop("double"), frame, check_exact=True)
    assert (result["double"] == result["number"] * 2).all()


def test_odd_names_survive() -> None:
    frame = pl.DataFrame(
        {name: [1] for name in ["number", "", " ", "🛋", "new\nline", "nul\0 inside", "nul\0"]}
    )
    assert_frame_equal(DOUBLE.apply(frame).drop("double"), frame)
    steps = PipelineSteps.from_yaml("steps: [{ type: one_hot_encoding, name: is, column: a }]")
    assert steps.apply(pl.DataFrame({"a": ["x\0y"]})).columns == ["a", "is_x\0y"]


def test_the_given_frame_is_unchanged() -> None:
    frame = pl.DataFrame({"number": [1, 2]})
    result = DOUBLE.apply(frame)
    assert frame.columns == ["number"]
    del frame
    assert result["number"].to_list() == [1, 2]


@pytest.mark.parametrize(
    ("frame", "found"),
    [
        (pl.LazyFrame({"number": [1]}), "polars.lazyframe.frame.LazyFrame"),
        ({"number": [1]}, "dict"),
        (None, "NoneType"),
        (pl.DataFrame({"thing": pl.Series([object()], dtype=pl.Object)}), "'thing' holds Python objects"),
    ],
)
def test_what_is_no_frame_is_refused(frame: object, found: str) -> None:
    with pytest.raises(TypeError, match=found):
        DOUBLE.apply(frame)  # type: ignore[arg-type]


def test_other_threads_run_while_rust_computes() -> None:
    steps = PipelineSteps.from_yaml(
        "steps: [{ type: window, name: rank, column: number, operation: rank, by: [group] },"
        " { type: window, name: std, column: number, operation: rolling_std, by: [group], window: 50 }]"
    )
    rows = np.random.default_rng(0)
    count = 200_000
    frame = pl.DataFrame({"number": rows.normal(size=count), "group": rows.integers(0, 20_000, count)})
    computing = threading.Thread(target=steps.apply, args=(frame,))
    turns = 0
    computing.start()
    while computing.is_alive():
        computing.join(0.0001)
        turns += 1
    # With the lock held there would be one or two: before the call, and after it.
    assert turns > 20
