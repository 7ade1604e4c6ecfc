"""The same YAML gives the same columns here, in Rust and in pandas."""

import json
import subprocess
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

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


def test_python_and_the_command_give_the_same_bits(
    titanic: pl.DataFrame, every_kind: Path, command: str, tmp_path: Path
) -> None:
    fitted, result = PipelineSteps.load_from_yaml(every_kind).fit_apply(titanic)
    output = run(command, every_kind, tmp_path)
    assert_frame_equal(result, pl.read_ipc(output / "output.arrow", memory_map=False), check_exact=True)
    fitted.save(tmp_path / "features.json")
    assert (tmp_path / "features.json").read_bytes() == (output / "features.json").read_bytes()


def test_what_one_has_learned_the_other_applies(
    titanic: pl.DataFrame, every_kind: Path, command: str, tmp_path: Path
) -> None:
    fitted = PipelineSteps.load_from_yaml(every_kind).fit(titanic.head(700))
    fitted.save(tmp_path / "features.json")
    output = run(command, every_kind, tmp_path, "--fitted", str(tmp_path / "features.json"))
    applied = pl.read_ipc(output / "output.arrow", memory_map=False)
    assert_frame_equal(fitted.apply(titanic), applied, check_exact=True)
    again = FittedFeatures.load(output / "features.json").apply(titanic)
    assert_frame_equal(again, applied, check_exact=True)


def test_every_kind_agrees_with_pandas(titanic: pl.DataFrame, every_kind: Path) -> None:
    result = PipelineSteps.load_from_yaml(every_kind).apply(titanic)
    expected = json.loads((RUST_TESTS / "titanic_expected.json").read_text())
    assert set(result.columns) == set(titanic.columns) | set(expected)
    for name, values in expected.items():
        found = result[name].gather_every(EVERY).to_list()
        assert found == pytest.approx(values, rel=1e-9, abs=1e-9), name


def test_all_ways_give_the_same(titanic: pl.DataFrame, every_kind: Path) -> None:
    steps = PipelineSteps.load_from_yaml(every_kind)
    fitted, result = steps.fit_apply(titanic)
    assert_frame_equal(steps.apply(titanic), result, check_exact=True)
    # A target encoding sees all folds of new rows.
    again = steps.fit(titanic).apply(titanic).drop("class_survival")
    assert_frame_equal(again, result.drop("class_survival"), check_exact=True)
    assert fitted.columns == result.columns[titanic.width :]
