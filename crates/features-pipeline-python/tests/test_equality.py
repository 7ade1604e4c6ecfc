"""The same YAML gives the same columns here, in Rust and in pandas."""

import json
import subprocess
from pathlib import Path

import polars as pl
from polars.testing import assert_frame_equal, assert_series_equal

from conftest import REPOSITORY, RUST_TESTS
from features_pipeline import FittedFeatures, PipelineSteps

EVERY = 13  # Every 13th row of what pandas computed is stored.


def run(command: str, yaml: Path, folder: Path, *options: str) -> Path:
    """The folder in which `features-pipeline features` has written."""
    entrypoint = folder / "entrypoint.yaml"
    table = REPOSITORY / "tests/data/titanic.csv"
    settings = {"input": str(table), "features": str(yaml), "output": str(folder), "format": "ipc"}
    entrypoint.write_text(json.dumps(settings))  # JSON is YAML.
    output = folder / "output"
    arguments = ["features", "--config", str(entrypoint), "--output", str(output), *options]
    subprocess.run([command, *arguments], check=True, capture_output=True)
    return output


def test_python_and_the_command_learn_the_same(
    titanic: pl.DataFrame, every_kind: Path, command: str, tmp_path: Path
) -> None:
    result = PipelineSteps.load_from_yaml(every_kind).apply(titanic)
    written = pl.read_ipc(run(command, every_kind, tmp_path) / "output.arrow")
    # The command reads the table in pieces: sums add up in another order, not always the same.
    assert_frame_equal(result, written, rel_tol=1e-12, abs_tol=1e-12)


def test_what_one_has_learned_the_other_applies(
    titanic: pl.DataFrame, every_kind: Path, command: str, tmp_path: Path
) -> None:
    fitted = PipelineSteps.load_from_yaml(every_kind).fit(titanic.head(700))
    fitted.save(tmp_path / "features.json")
    output = run(command, every_kind, tmp_path, "--fitted", str(tmp_path / "features.json"))
    applied = pl.read_ipc(output / "output.arrow")
    assert_frame_equal(fitted.apply(titanic), applied, check_exact=True)
    again = FittedFeatures.load(output / "features.json").apply(titanic)
    assert_frame_equal(again, applied, check_exact=True)


def test_every_kind_agrees_with_pandas(titanic: pl.DataFrame, every_kind: Path) -> None:
    result = PipelineSteps.load_from_yaml(every_kind).apply(titanic)
    expected = json.loads((RUST_TESTS / "titanic_expected.json").read_text())
    assert set(result.columns) == set(titanic.columns) | set(expected)
    for name, values in expected.items():
        found = result[name].gather_every(EVERY).to_list()
        dtype = pl.Float64 if result.schema[name].is_numeric() else pl.String
        found, stored = pl.Series(name, found, dtype), pl.Series(name, values, dtype)
        assert_series_equal(found, stored, rel_tol=1e-9, abs_tol=1e-9)


def test_all_ways_give_the_same(titanic: pl.DataFrame, every_kind: Path) -> None:
    steps = PipelineSteps.load_from_yaml(every_kind)
    fitted, result = steps.fit_apply(titanic)
    assert_frame_equal(steps.apply(titanic), result, check_exact=True)
    # A target encoding sees all folds of new rows.
    again = steps.fit(titanic).apply(titanic).drop("class_survival")
    assert_frame_equal(again, result.drop("class_survival"), check_exact=True)
    assert fitted.columns == result.columns[titanic.width :]
