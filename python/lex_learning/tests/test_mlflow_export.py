"""Tracked runs in MLflow, as its own client reads them."""

from __future__ import annotations

import json
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lex_learning.experiments import ExperimentError
from lex_learning.experiments.__main__ import main
from lex_learning.experiments.mlflow_export import export_runs

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

pytestmark = pytest.mark.filterwarnings("ignore")

EXPORTS = """
import sys
from lex_learning.experiments.__main__ import main
sys.exit(main(sys.argv[1:]))
"""

STORED = Path(__file__).parents[3] / "tests" / "data" / "experiments"
DONE, KILLED = "feature-pipeline/20251114_172412", "feature-pipeline/20251114_180530"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with the stored experiments."""
    shutil.copytree(STORED, tmp_path / "experiments")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def uri(folder: Path) -> str:
    return f"sqlite:///{folder / 'mlflow.db'}"


def stored_runs(uri: str) -> dict[str, Any]:
    """All of MLflow's runs, deleted ones too, by name."""
    from mlflow.entities import ViewType
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    experiments = [each.experiment_id for each in client.search_experiments()]
    runs = client.search_runs(experiments, run_view_type=ViewType.ALL)
    assert len({run.info.run_name for run in runs}) == len(runs)
    return {run.info.run_name: run for run in runs}


def history(uri: str, run: Any, name: str) -> list[tuple[int, float]]:
    from mlflow.tracking import MlflowClient

    points = MlflowClient(tracking_uri=uri).get_metric_history(run.info.run_id, name)
    return [(point.step, point.value) for point in sorted(points, key=lambda point: point.timestamp)]


def change(path: Path, **values: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_mlflow_has_all_that_was_tracked(folder: Path, uri: str) -> None:
    from mlflow.tracking import MlflowClient

    report = export_runs(uri)
    assert (report.added, report.updated, report.unchanged, report.broken) == ([DONE, KILLED], [], [], [])
    runs = stored_runs(uri)
    run = runs["20251114_172412"]
    assert (run.info.status, runs["20251114_180530"].info.status) == ("FINISHED", "FAILED")
    assert run.info.end_time - run.info.start_time == 3250
    assert run.data.params == {"num_features": "9", "columns": '["Units Sold", "Stückpreis"]'}
    assert run.data.metrics == {"loss": 0.375, "r2": 0.7845, "rmse": 145234.56}
    assert history(uri, run, "loss") == [(0, 0.75), (1, 0.5), (2, 0.375)]
    assert run.data.tags["dataset"] == "sales_records"
    assert run.data.tags["mlflow.source.git.commit"] == "0123456789abcdef0123456789abcdef01234567"
    [artifact] = MlflowClient(tracking_uri=uri).list_artifacts(run.info.run_id)
    assert (artifact.path, artifact.file_size) == ("model.yaml", 28)


def test_a_second_export_adds_nothing(folder: Path, uri: str) -> None:
    export_runs(uri)
    before = (folder / "mlflow.db").read_bytes()
    assert export_runs(uri).unchanged == [DONE, KILLED]
    assert (folder / "mlflow.db").read_bytes() == before


def test_what_has_changed_since_is_added_to_the_same_run(folder: Path, uri: str) -> None:
    export_runs(uri)
    run = folder / "experiments" / KILLED
    change(run / "params.json", seed=1)
    points = json.loads((run / "metrics.json").read_text())["loss"]
    # Both within one millisecond, and the last one is to be shown.
    same = [{"value": value, "step": 0, "logged_at": points[0]["logged_at"]} for value in (0.9, 0.2)]
    change(run / "metrics.json", loss=points + same)
    (run / "artifacts" / "notes.txt").write_text("notes")
    change(run / "metadata.json", status="completed", ended_at="2025-11-14T18:06:00Z")
    report = export_runs(uri)
    assert (report.updated, report.unchanged) == ([KILLED], [DONE])
    stored = stored_runs(uri)["20251114_180530"]
    assert stored.info.status == "FINISHED"
    assert stored.data.params == {"num_features": "12", "seed": "1"}
    assert history(uri, stored, "loss") == [(0, 0.6), (0, 0.9), (0, 0.2)]
    assert stored.data.metrics["loss"] == 0.2
    assert export_runs(uri).unchanged == [DONE, KILLED]


def test_values_that_mlflow_refuses_are_made_to_fit(folder: Path, uri: str) -> None:
    run = folder / "experiments" / DONE
    many = {f"param {number}": number for number in range(250)}
    change(run / "params.json", **many, **{"a=b": 1, "a:b": 2, "long": "x" * 10_000, "../x": None, "R²": 0.5})
    change(run / "tags.json", long="y" * 10_000)
    assert export_runs(uri).added == [DONE, KILLED]
    stored = stored_runs(uri)["20251114_172412"].data
    assert len(stored.params) == 2 + 250 + 5
    assert (len(stored.params["long"]), len(stored.tags["long"])) == (6000, 8000)
    assert export_runs(uri).unchanged == [DONE, KILLED]


def test_what_was_deleted_in_mlflow_stays_deleted(folder: Path, uri: str) -> None:
    from mlflow.tracking import MlflowClient

    export_runs(uri)
    client = MlflowClient(tracking_uri=uri)
    client.delete_run(stored_runs(uri)["20251114_180530"].info.run_id)
    change(folder / "experiments" / KILLED / "params.json", seed=1)
    assert export_runs(uri).unchanged == [DONE, KILLED]
    client.delete_experiment(client.get_experiment_by_name("feature-pipeline").experiment_id)
    with pytest.raises(ExperimentError, match="was deleted in MLflow"):
        export_runs(uri)


def test_standard_output_holds_nothing_but_the_report(
    folder: Path, uri: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from mlflow.tracking import MlflowClient

    terminate = MlflowClient.set_terminated

    def loud(*arguments: Any) -> None:
        sys.stdout.write("View run at: http://localhost\n")
        terminate(*arguments)

    monkeypatch.setattr(MlflowClient, "set_terminated", loud)
    assert main(["--to", uri]) == 0
    assert json.loads(capsys.readouterr().out)["added"] == [DONE, KILLED]


def test_the_command_prints_its_report(folder: Path, uri: str, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "experiments" / DONE / "params.json").write_text("{")
    assert main(["--to", uri, "--name", "feature-pipeline"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["added"] == [KILLED]
    assert "20251114_172412" in report["broken"][0]
    assert main(["--to", uri, "--name", "other"]) == 1
    assert "no experiments here" in json.loads(capsys.readouterr().out)["error"]["message"]


@pytest.mark.parametrize(
    "to", ["nonsense://x", "sqlite:///no/such/folder/mlflow.db", "sqlite:///experiments"]
)
def test_a_place_that_is_none_is_an_error(folder: Path, to: str) -> None:
    with pytest.raises(ExperimentError, match=to):
        export_runs(to)


def test_a_database_of_another_kind_is_an_error(folder: Path, uri: str) -> None:
    (folder / "mlflow.db").write_text("no database, but a text that is longer than its header would be" * 20)
    with pytest.raises(ExperimentError, match="not a database"):
        export_runs(uri)


def test_two_exports_at_once_add_each_run_once(
    folder: Path, uri: str, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    export_runs(uri)  # only runs are waited for: MLflow itself makes its tables once
    for number in range(6):
        copy = folder / "experiments" / "feature-pipeline" / f"20251114_19000{number}"
        shutil.copytree(folder / "experiments" / DONE, copy)
        change(copy / "metadata.json", identity=f"{number:032}", run_id=copy.name)
    with ThreadPoolExecutor() as executor:
        arguments = ["--to", uri, "--experiments", str(folder / "experiments")]
        ended = list(executor.map(lambda _: run_python(EXPORTS, *arguments), range(2)))
    reports = [json.loads(each.stdout) for each in ended]
    assert sorted(len(report["added"]) + len(report["updated"]) for report in reports) == [0, 6]
    assert len(stored_runs(uri)) == 8
