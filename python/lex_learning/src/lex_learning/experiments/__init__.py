"""Experiments that `features-pipeline` has tracked: its files read, and written to MLflow.

    experiments/<name>/<timestamp>/{metadata,params,metrics,tags}.json and artifacts/

Example:
    >>> read_runs("no/such/folder")
    Traceback (most recent call last):
    ...
    lex_learning.experiments.errors.ExperimentError: no/such/folder: there are no experiments here. ...
"""

from __future__ import annotations

from lex_learning.experiments.errors import ExperimentError
from lex_learning.experiments.reader import experiment_names, read_run, read_runs
from lex_learning.experiments.records import DataFile, Listing, MetricPoint, Run, RunStatus

__all__ = [
    "DataFile",
    "ExperimentError",
    "Listing",
    "MetricPoint",
    "Run",
    "RunStatus",
    "experiment_names",
    "read_run",
    "read_runs",
]
