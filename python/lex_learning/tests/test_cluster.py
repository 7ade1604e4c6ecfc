"""Fits on a Dask cluster of two workers on this machine."""

from __future__ import annotations

from dataclasses import replace
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any

import pytest

from conftest import settings
from lex_learning import Pipeline
from lex_learning.errors import InvalidConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from lex_learning.core.results import TrainingResult

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster.scheduler_address
    # The library leaves it running, and other tests look for processes that are left.
    resource_tracker._resource_tracker._stop()  # type: ignore[attr-defined]


def leaderboard(result: TrainingResult) -> list[Any]:
    return [
        replace(each, seconds=0.0, predict_microseconds=None, megabytes=None) for each in result.model_results
    ]


def test_a_cluster_trains_the_same_leaderboard(address: str, titanic: pd.DataFrame) -> None:
    config = settings("classification", top_k_algorithms=3, n_trials=5, n_jobs=2)
    here = Pipeline(config).train(titanic)
    there = Pipeline(replace(config, engine=address)).train(titanic)
    assert leaderboard(there) == leaderboard(here)
    rows = titanic.head(50)
    assert there.model.predict_batch(rows).equals(here.model.predict_batch(rows))


def test_a_time_limit_works_there_too(address: str, titanic: pd.DataFrame) -> None:
    result = Pipeline(settings("classification", engine=address, time_limit=8)).train(titanic)
    assert result.model_results[0].score is not None
    assert result.model_results[0].score < 0.5


def test_a_scheduler_that_does_not_answer_is_told(
    titanic: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lex_learning.training.cluster.CONNECT_SECONDS", 1)
    with pytest.raises(InvalidConfigError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:9'"):
        Pipeline(settings("classification", engine="tcp://127.0.0.1:9")).train(titanic)
