"""Runs, read from their folders as the Rust crate reads them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lex_learning.experiments.errors import ExperimentError
from lex_learning.experiments.records import DataFile, Listing, MetricPoint, Run, RunStatus

VERSION = 1
"""Of the files; greater ones are not read."""

_METADATA, _LOCK, _ARTIFACTS = "metadata.json", ".lock", "artifacts"
_RUN_NAME = re.compile(r"(\d{8}_\d{6})(_\d+)?")


def experiment_names(experiments: str | Path = "experiments") -> list[str]:
    """The experiments in a folder, by name.

    Raises:
        ExperimentError: There is no such folder.
    """
    return [folder.name for folder in _folders(Path(experiments))]


def read_runs(experiments: str | Path = "experiments", name: str | None = None) -> Listing:
    """The runs of one experiment, or of all in a folder; one that cannot be read hides none of the others.

    Args:
        experiments: The folder of the experiments.
        name: That of one experiment. Default: all.

    Raises:
        ExperimentError: There is no such folder or experiment.
    """
    listing = Listing()
    for experiment in experiment_names(experiments) if name is None else [name]:
        for folder in _folders(Path(experiments, experiment)):
            if not (folder / _METADATA).exists() and not _RUN_NAME.fullmatch(folder.name):
                continue  # a folder of somebody's own
            try:
                listing.runs.append(read_run(folder))
            except ExperimentError as error:
                listing.broken.append(error)
    listing.runs.sort(key=lambda run: (run.experiment, run.started_at, str(run.folder)))
    return listing


def read_run(folder: str | Path) -> Run:
    """A run from its folder. One that says `running` while no process holds it has failed.

    Raises:
        ExperimentError: It is not the folder of a run, or a file is not what it should be.
    """
    folder = Path(folder)
    try:
        metadata = _metadata(folder)
        artifacts = folder / _ARTIFACTS
        return Run(
            folder=folder,
            experiment=metadata["experiment"],
            run_id=metadata["run_id"],
            identity=metadata["identity"],
            status=RunStatus(metadata["status"]),
            started_at=_time(metadata["started_at"]),
            ended_at=_time(metadata["ended_at"]) if metadata["ended_at"] else None,
            git_commit=metadata["git_commit"],
            data=[DataFile(each["path"], each["bytes"], each["sha256"]) for each in metadata["data"]],
            params=_read(folder / "params.json") or {},
            metrics=_metrics(folder),
            tags=_read(folder / "tags.json") or {},
            # One with a dot is half a copy, of a run that was killed.
            artifacts=sorted(path for path in artifacts.iterdir() if path.is_file() and path.name[0] != ".")
            if artifacts.is_dir()
            else [],
        )
    except OSError as error:
        raise ExperimentError(f"{error.filename or folder}: {error.strerror}") from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = f"{folder}: not what a run's files hold: {type(error).__name__}: {error}"
        raise ExperimentError(reason, hint="Restore the files, or remove the run's folder.") from error


def _metrics(folder: Path) -> dict[str, list[MetricPoint]]:
    """Those of `metrics.json`, and those of its journal that it does not have yet."""
    # The journal first: what goes out of it meanwhile is in the file by then.
    journal = folder / "metrics.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True) if journal.exists() else []
    stored = _read(folder / "metrics.json") or {}
    metrics = {name: [_point(each) for each in points] for name, points in stored.items()}
    count = sum(len(points) for points in metrics.values())
    # A process that was killed leaves no more than its last line unfinished.
    for value in (json.loads(line) for line in lines if line.endswith(b"\n")):
        if value["number"] == count:
            metrics.setdefault(value["name"], []).append(_point(value))
            count += 1
    return metrics


def _metadata(folder: Path) -> dict[str, Any]:
    known = _read(folder / _METADATA)
    if (known is None or known["status"] == RunStatus.RUNNING) and not _is_held(folder):
        # It may have ended between the two looks; the lock is given back after the last word is written.
        known = (_read(folder / _METADATA) or _newborn(folder)) | {}
        if known["status"] == RunStatus.RUNNING:
            known["status"] = RunStatus.FAILED
    elif known is None:
        known = _newborn(folder)
    if known["version"] > VERSION:
        message = f"{folder}: version {known['version']} of a run's files, expected at most {VERSION}"
        raise ExperimentError(message, hint="Update lex_learning.")
    return known


def _newborn(folder: Path) -> dict[str, Any]:
    """What is known of a run that was killed, or is read, before its first file was written."""
    match = _RUN_NAME.fullmatch(folder.name)
    if match is None:
        message = f"{folder}: not the folder of a run: it has no {_METADATA}"
        raise ExperimentError(message, hint="Check the path.")
    started = datetime.strptime(match[1], "%Y%m%d_%H%M%S").replace(tzinfo=UTC)
    return {
        "version": VERSION,
        "experiment": folder.parent.name,
        "run_id": folder.name,
        "identity": "",
        "status": RunStatus.RUNNING,
        "started_at": started.isoformat(),
        "ended_at": None,
        "git_commit": None,
        "data": [],
    }


def _is_held(folder: Path) -> bool:
    """Whether a process has the run's lock."""
    try:
        file = (folder / _LOCK).open("rb")
    except OSError:
        return False
    with file:
        try:
            import fcntl
        except ImportError:  # Windows refuses to read what another process has locked
            try:
                file.read(1)
            except PermissionError:
                return True
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:  # a file system without locks
            return False
        return False


def _folders(parent: Path) -> list[Path]:
    """The folders in a folder, by name, without hidden ones."""
    if not parent.is_dir():
        hint = "Name their folder, or track a run first."
        raise ExperimentError(f"{parent}: there are no experiments here", hint=hint)
    return sorted(path for path in parent.iterdir() if path.is_dir() and path.name[0] != ".")


def _read(path: Path) -> dict[str, Any] | None:
    """An object from a JSON file; None if there is no such file."""
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    if not isinstance(value, dict):
        raise ValueError(f"{path.name} holds a {type(value).__name__}, expected an object")
    return value


def _point(value: dict[str, Any]) -> MetricPoint:
    return MetricPoint(float(value["value"]), value["step"], _time(value["logged_at"]))


def _time(text: str) -> datetime:
    # Rust writes nanoseconds, of which Python keeps microseconds.
    return datetime.fromisoformat(text)
