"""Runs, written to an MLflow store: its database or its server.

What is there already is not written again: a run is known by its identity, and a tag that is set last says
what it held when it was written completely. So an export that was interrupted goes on, and one that is
repeated adds nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
import re
import sqlite3
import sys
from contextlib import closing, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import batched, compress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lex_learning.experiments.errors import ExperimentError
from lex_learning.experiments.lock import alone
from lex_learning.experiments.reader import read_runs
from lex_learning.experiments.records import RunStatus

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from lex_learning.experiments.records import MetricPoint, Run

IDENTITY_TAG = "lex_learning.identity"
CONTENT_TAG = "lex_learning.content"
DATA_TAG = "lex_learning.data"

_LOCK = ".mlflow-export.lock"
_SETTINGS = {
    # It would report each use to its makers.
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # Some seconds, where its own number of attempts takes minutes.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
}
"""Of MLflow, unless the user has others."""
_STATUSES = {RunStatus.RUNNING: "RUNNING", RunStatus.COMPLETED: "FINISHED", RunStatus.FAILED: "FAILED"}
_MOST_VALUES, _MOST_METRICS = 100, 1000
"""In one call."""
_LONGEST_PARAM, _LONGEST_TAG = 6000, 8000
_REFUSED_CHARACTERS = re.compile(r"[^/\w.\- ]")


@dataclass
class ExportReport:
    """What an export did, each run as `experiment/run_id`."""

    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    """They have changed since an earlier export, or that one was interrupted."""
    unchanged: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """Why each run that cannot be read was left out."""


def export_runs(
    to: str,
    experiments: str | Path = "experiments",
    name: str | None = None,
    artifact_location: str | None = None,
) -> ExportReport:
    """Write runs to MLflow.

    Args:
        to: MLflow's tracking URI, such as `sqlite:///mlflow.db` or `http://localhost:5000`.
        experiments: The folder of the experiments.
        name: That of one experiment. Default: all.
        artifact_location: Where new experiments in MLflow keep their files. Default: MLflow's.

    Raises:
        ExperimentError: There are no experiments, MLflow's client is not installed, or MLflow or what is
            behind it refused.
    """
    listing = read_runs(experiments, name)
    for setting, value in _SETTINGS.items():
        os.environ.setdefault(setting, value)
    try:
        from mlflow.exceptions import MlflowException
        from mlflow.tracking import MlflowClient
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError as error:
        hint = "Install `mlflow-skinny`, `sqlalchemy` and `alembic` beside lex_learning."
        raise ExperimentError(f"the client of MLflow cannot be imported: {error}", hint=hint) from error
    report = ExportReport(broken=[str(error) for error in listing.broken])
    _check_database(to)
    try:
        # Standard output is the caller's. Two exports at once would both find a run missing, and add it.
        with redirect_stdout(sys.stderr), alone(Path(experiments, _LOCK)):
            client = MlflowClient(tracking_uri=to)
            places: dict[str, str] = {}
            for run in listing.runs:
                if run.experiment not in places:
                    places[run.experiment] = _experiment(client, run.experiment, artifact_location)
                outcome = _export(client, places[run.experiment], run)
                getattr(report, outcome).append(f"{run.experiment}/{run.run_id}")
    except (MlflowException, SQLAlchemyError, OSError) as error:
        reason = str(getattr(error, "message", error)).partition("\n")[0]
        message = f"{to}: MLflow: {reason}"
        raise ExperimentError(message, hint="An export can be repeated safely.") from error
    return report


def _check_database(to: str) -> None:
    """Refuse a file of SQLite that cannot be opened: MLflow would try again for minutes."""
    path = to.removeprefix("sqlite:///").partition("?")[0]
    if not to.startswith("sqlite:///") or path in ("", ":memory:"):
        return
    try:
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA schema_version")
    except sqlite3.Error as error:
        hint = "Name a file in a folder that exists and can be written to."
        raise ExperimentError(f"{to}: {path}: {error}", hint=hint) from error


def mlflow_names(names: Iterable[str]) -> dict[str, str]:
    """A name that MLflow takes for each; all of them different.

    Example:
        >>> mlflow_names(["r2", "loss/train", "a=b", "a:b", "../x"])
        {'r2': 'r2', 'loss/train': 'loss/train', 'a=b': 'a_b', 'a:b': 'a_b_2', '../x': '_/x'}
    """
    given: dict[str, str] = {}
    for name in names:
        plain = _REFUSED_CHARACTERS.sub("_", name)
        if posixpath.normpath(plain) != plain or plain.startswith("/"):
            plain = plain.replace("/", "_")
        if plain == "." or plain.startswith(".."):
            plain = "_" + plain.lstrip(".")
        stem, count = plain, 1
        while plain in given.values():
            count += 1
            plain = f"{stem}_{count}"
        given[name] = plain
    return given


def _experiment(client: Any, name: str, artifact_location: str | None) -> str:
    """The ID of MLflow's experiment of this name, made if there is none."""
    known = client.get_experiment_by_name(name)
    if known is None:
        return str(client.create_experiment(name, artifact_location=artifact_location))
    if known.lifecycle_stage != "active":
        hint = "Restore it there, or rename the folder of the experiment."
        raise ExperimentError(f"the experiment {name!r} was deleted in MLflow", hint=hint)
    return str(known.experiment_id)


def _export(client: Any, experiment_id: str, run: Run) -> str:
    """Write a run: `added`, `updated` or `unchanged`."""
    from mlflow.entities import ViewType

    identity, content = _identity(run), _content(run)
    condition = f"tags.`{IDENTITY_TAG}` = '{identity}'"
    known = client.search_runs([experiment_id], condition, ViewType.ALL, max_results=1)
    if known:
        stored = known[0]
        # One that somebody has deleted in MLflow is not wanted there.
        if stored.info.lifecycle_stage != "active" or stored.data.tags.get(CONTENT_TAG) == content:
            return "unchanged"
    else:
        started = _milliseconds(run.started_at)
        stored = client.create_run(experiment_id, started, _first_tags(run, identity), run.run_id)
    run_id = stored.info.run_id
    _log_values(client, run_id, run, stored.data.params)
    for artifact in run.artifacts:
        client.log_artifact(run_id, str(artifact))
    if run.status is RunStatus.RUNNING:
        client.update_run(run_id, status=_STATUSES[run.status])
    else:
        client.set_terminated(run_id, _STATUSES[run.status], _milliseconds(_end(run)))
    client.set_tag(run_id, CONTENT_TAG, content)
    return "updated" if known else "added"


def _log_values(client: Any, run_id: str, run: Run, known_params: Container[str]) -> None:
    """Write parameters and metrics that MLflow does not have yet, and all tags."""
    from mlflow.entities import Metric, Param, RunTag

    names = mlflow_names(run.params)
    missing = [names[name] not in known_params for name in run.params]
    params = [Param(names[name], _text(value, _LONGEST_PARAM)) for name, value in run.params.items()]
    for few in batched(compress(params, missing), _MOST_VALUES):
        client.log_batch(run_id, params=few)

    names = mlflow_names(run.metrics)
    for name, points in run.metrics.items():
        history = client.get_metric_history(run_id, names[name])
        known = {(point.step, point.timestamp, point.value) for point in history}
        placed = [place for place in _placed(points) if place not in known]
        metrics = [Metric(names[name], value, time, step) for step, time, value in placed]
        for few in batched(metrics, _MOST_METRICS):
            client.log_batch(run_id, metrics=few)

    names = mlflow_names(run.tags)
    tags = [RunTag(names[name], _text(value, _LONGEST_TAG)) for name, value in run.tags.items()]
    for few in batched(tags, _MOST_VALUES):
        client.log_batch(run_id, tags=few)


def _first_tags(run: Run, identity: str) -> dict[str, str]:
    """What MLflow is told when it makes the run: above all how to find it again."""
    tags = {
        IDENTITY_TAG: identity,
        DATA_TAG: _text([[each.path, each.bytes, each.sha256] for each in run.data], _LONGEST_TAG),
        "mlflow.source.name": "features-pipeline",
        "mlflow.source.type": "LOCAL",
    }
    return tags | ({"mlflow.source.git.commit": run.git_commit} if run.git_commit else {})


def _identity(run: Run) -> str:
    """Hexadecimal digits, also for a run that was killed before it had any."""
    return run.identity or hashlib.sha256(f"{run.experiment}/{run.run_id}".encode()).hexdigest()[:32]


def _content(run: Run) -> str:
    """What changes when anything in the run does."""
    files = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in run.artifacts]
    metrics = {name: _placed(points) for name, points in run.metrics.items()}
    facts = [run.status, run.started_at, run.ended_at, run.params, metrics, run.tags, files]
    return hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()


def _placed(points: list[MetricPoint]) -> list[tuple[int, int, float]]:
    """Step, milliseconds and value of each; no two of a step share a time, as MLflow shows the latest."""
    placed: list[tuple[int, int, float]] = []
    latest: dict[int, int] = {}
    for point in points:
        step = point.step or 0
        time = max(_milliseconds(point.logged_at), latest.get(step, 0) + 1)
        latest[step] = time
        placed.append((step, time, point.value))
    return placed


def _end(run: Run) -> datetime:
    """When it ended, or was last heard of."""
    heard = [points[-1].logged_at for points in run.metrics.values() if points]
    return run.ended_at or max([run.started_at, *heard])


def _milliseconds(time: datetime) -> int:
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _text(value: object, longest: int) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
