"""What goes wrong, and how it is told."""

import copy
import pickle
from pathlib import Path

import polars as pl
import pytest

from features_pipeline import FeaturesError, FittedFeatures, Location, PipelineSteps

STEPS = """
steps:
  - type: ratio
    name: margin
    numerator: Profit
    denominator: Revenue
"""


def fails(function, *arguments) -> FeaturesError:
    with pytest.raises(FeaturesError) as caught:
        function(*arguments)
    return caught.value


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("steps:\n  - { type: ratoi, name: margin }\n", "configuration.invalid", 2, 13),
        (STEPS.replace("numerator", "numeratr"), "configuration.invalid", 5, 5),
        (STEPS + STEPS.replace("\nsteps:\n", ""), "configuration.duplicate_name", 7, 5),
        (STEPS.replace("Revenue", "margin"), "configuration.cycle", 3, 5),
        ("steps: [", "configuration.invalid", 1, None),
    ],
)
def test_an_error_of_the_yaml_has_a_place(text: str, code: str, line: int, column: int | None) -> None:
    error = fails(PipelineSteps.from_yaml, text)
    assert error.code == code
    assert error.location is not None
    assert error.location == Location("<text>", line, column or error.location.column)
    assert error.message.startswith(f"<text>:{line}:")
    assert error.hint
    assert str(error) == f"{error.message}\nhint: {error.hint}"


def test_an_error_of_a_file_names_it(tmp_path: Path) -> None:
    path = tmp_path / "features.yaml"
    path.write_text("steps: 1\n")
    assert fails(PipelineSteps.load_from_yaml, path).location == Location(str(path), 1, 8)
    assert fails(PipelineSteps.load_from_yaml, str(tmp_path / "none.yaml")).code == "file.failed"


@pytest.mark.parametrize(
    ("frame", "code", "words"),
    [
        ({"Profits": [1], "Revenue": [2]}, "column.unknown", ["'margin'", "'Profit'", "'Profits'"]),
        ({"Profit": ["x"], "Revenue": [2]}, "column.type", ["'margin'", "'Profit'", "number", "str"]),
        ({"Profit": [1], "Revenue": [2], "margin": [3]}, "configuration.duplicate_name", ["'margin'"]),
    ],
)
def test_a_frame_that_does_not_fit(frame: dict[str, list[object]], code: str, words: list[str]) -> None:
    steps = PipelineSteps.from_yaml(STEPS)
    for function in [steps.fit, steps.apply, steps.fit_apply]:
        error = fails(function, pl.DataFrame(frame))
        assert (error.code, error.location) == (code, Location("<text>", 3, 5))
        assert all(word in str(error) for word in words), str(error)
    fitted = steps.fit(pl.DataFrame({"Profit": [1], "Revenue": [2]}))
    assert fails(fitted.apply, pl.DataFrame(frame)).code == code


def test_a_frame_without_rows() -> None:
    steps = PipelineSteps.from_yaml(STEPS)
    empty = pl.DataFrame(schema={"Profit": pl.Float64, "Revenue": pl.Float64})
    error = fails(steps.fit, empty)
    assert (error.code, error.location) == ("data.invalid", None)
    # There is nothing to learn from it, but it can be computed.
    fitted = steps.fit(pl.DataFrame({"Profit": [1.0], "Revenue": [2.0]}))
    assert fitted.apply(empty).schema == {"Profit": pl.Float64, "Revenue": pl.Float64, "margin": pl.Float64}


def test_files_that_hold_no_features(tmp_path: Path) -> None:
    path = tmp_path / "features.json"
    assert fails(FittedFeatures.load, path).code == "file.failed"
    path.write_text("{}")
    error = fails(FittedFeatures.load, path)
    assert error.code == "data.invalid"
    assert str(path) in error.message
    fitted = PipelineSteps.from_yaml(STEPS).fit(pl.DataFrame({"Profit": [1], "Revenue": [2]}))
    assert fails(fitted.save, tmp_path / "no such folder" / "features.json").code == "file.failed"


def test_an_error_survives_the_way_between_processes() -> None:
    error = fails(PipelineSteps.from_yaml, "steps: 1")
    for again in [pickle.loads(pickle.dumps(error)), copy.copy(error)]:
        assert (str(again), again.code, again.location) == (str(error), error.code, error.location)
