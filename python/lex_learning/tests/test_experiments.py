"""Runs that were tracked by the Rust crate, read from their files."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lex_learning.experiments import ExperimentError, RunStatus, experiment_names, read_run, read_runs
from lex_learning.experiments.mlflow_export import mlflow_names

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

STORED = Path(__file__).parents[3] / "tests" / "data" / "experiments"
"""Written by `ExperimentRun`, and compared with it in the tests of the Rust crate."""

HOLDS = """
import fcntl, sys
from lex_learning.experiments import read_run
with open(sys.argv[1] + "/.lock", "wb") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    print(read_run(sys.argv[1]).status)
print(read_run(sys.argv[1]).status)
"""


@pytest.fixture
def experiments(tmp_path: Path) -> Path:
    return Path(shutil.copytree(STORED, tmp_path / "experiments"))


def test_a_run_is_read_with_all_that_was_logged(experiments: Path) -> None:
    assert experiment_names(experiments) == ["feature-pipeline"]
    listing = read_runs(experiments)
    assert listing.broken == []
    run = listing.runs[0]
    assert (run.experiment, run.run_id) == ("feature-pipeline", "20251114_172412")
    assert run.status is RunStatus.COMPLETED
    assert run.params == {"num_features": 9, "columns": ["Units Sold", "Stückpreis"]}
    assert run.metric("rmse") == 145234.56
    assert [(point.step, point.value) for point in run.metrics["loss"]] == [(0, 0.75), (1, 0.5), (2, 0.375)]
    assert run.metric("r3") is None
    assert run.tags == {"dataset": "sales_records"}
    assert [path.read_text() for path in run.artifacts] == ["target_column: Total Profit\n"]
    assert run.data[0].bytes == 1234
    assert run.started_at == datetime(2025, 11, 14, 17, 24, 12, tzinfo=UTC)
    assert run.git_commit == "0123456789abcdef0123456789abcdef01234567"


def test_a_run_whose_process_is_gone_has_failed(experiments: Path) -> None:
    run = read_runs(experiments).runs[1]
    assert (run.run_id, run.status, run.ended_at) == ("20251114_180530", RunStatus.FAILED, None)


def test_a_run_is_running_while_its_lock_is_held(
    experiments: Path, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    pytest.importorskip("fcntl")
    ended = run_python(HOLDS, str(experiments / "feature-pipeline" / "20251114_180530"))
    assert ended.stdout.split() == ["running", "failed"], ended.stderr


def test_a_run_that_was_killed_at_once_has_failed_and_is_empty(experiments: Path) -> None:
    folder = experiments / "feature-pipeline" / "20251114_190000_2"
    folder.mkdir()
    run = read_run(folder)
    assert (run.status, run.params, run.artifacts) == (RunStatus.FAILED, {}, [])
    assert run.started_at == datetime(2025, 11, 14, 19, tzinfo=UTC)


def test_values_that_the_file_does_not_have_yet_are_in_the_journal(experiments: Path) -> None:
    folder = experiments / "feature-pipeline" / "20251114_172412"
    stored = json.loads((folder / "metrics.json").read_text())
    count = sum(len(points) for points in stored.values())
    point = stored["loss"][0]
    # One that the file has already, two new ones, and half a line.
    new = [{"number": count - 1 + place, "name": "loss", **point, "step": 2 + place} for place in range(3)]
    lines = [*map(json.dumps, new), '{"number": 7, "na']
    (folder / "metrics.jsonl").write_text("\n".join(lines))
    assert [point.step for point in read_run(folder).metrics["loss"]] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"rmse": 3}', '{"rmse": [{"value": "x"}]}', "\0"])
def test_a_broken_run_hides_no_other(experiments: Path, text: str) -> None:
    (experiments / "feature-pipeline" / "20251114_172412" / "metrics.json").write_text(text)
    listing = read_runs(experiments)
    assert [run.run_id for run in listing.runs] == ["20251114_180530"]
    assert len(listing.broken) == 1
    assert "20251114_172412" in str(listing.broken[0])


def test_files_of_a_later_version_are_refused(experiments: Path) -> None:
    path = experiments / "feature-pipeline" / "20251114_172412" / "metadata.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"version": 2}))
    with pytest.raises(ExperimentError, match="version 2"):
        read_run(path.parent)


def test_other_folders_are_no_runs(experiments: Path) -> None:
    (experiments / "feature-pipeline" / "notes").mkdir()
    assert len(read_runs(experiments, "feature-pipeline").runs) == 2
    with pytest.raises(ExperimentError, match=r"metadata\.json"):
        read_run(experiments / "feature-pipeline" / "notes")
    with pytest.raises(ExperimentError, match="no experiments here"):
        read_runs(experiments, "other")


def test_names_for_mlflow_differ_and_are_taken_by_it() -> None:
    names = ["r2", "R²", "loss/train", "a=b", "a:b", "a_b", "/x", "..", "a//b", "x/../y", "%"]
    given = mlflow_names(names)
    assert len(set(given.values())) == len(names)
    assert given["loss/train"] == "loss/train"
    assert given["x/../y"] == "x_.._y"
