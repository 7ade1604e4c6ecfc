"""Progress events: in order, never falling, one last one, and harmless."""

from __future__ import annotations

import itertools
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from conftest import settings
from lex_learning import Cancelled, Pipeline, ProgressUpdate, TrainingStage
from lex_learning.errors import LexLearningError, TrainingFailedError
from lex_learning.progress import ProgressReporter

if TYPE_CHECKING:
    import pandas as pd

ENDS = {TrainingStage.COMPLETE, TrainingStage.FAILED, TrainingStage.CANCELLED}


def assert_in_order(events: list[ProgressUpdate], last: TrainingStage) -> None:
    progress = [event.progress for event in events]
    assert all(before <= after for before, after in itertools.pairwise(progress))
    assert 0.0 <= progress[0] <= progress[-1] <= 1.0
    assert [event.stage for event in events if event.stage in ENDS] == [last]
    assert events[-1].stage is last
    order = list(TrainingStage)
    stages = [order.index(event.stage) for event in events]
    assert stages == sorted(stages)
    assert all(event.message for event in events)


def test_a_training_reports_every_stage(titanic: pd.DataFrame) -> None:
    events: list[ProgressUpdate] = []
    config = settings(
        "classification", algorithm="logistic_regression", n_trials=6, enable_explainability=True
    )
    result = Pipeline(config, events.append).train(titanic)
    assert_in_order(events, TrainingStage.COMPLETE)
    assert [stage for stage in TrainingStage if stage not in {event.stage for event in events}] == [
        TrainingStage.FAILED,
        TrainingStage.CANCELLED,
    ]
    assert events[-1].progress == 1.0
    training = [event for event in events if event.stage is TrainingStage.TRAINING]
    assert {event.current_model for event in training} == {"logistic_regression", None}
    assert (1, 1) in [event.models_completed for event in training]
    assert result.timings.keys() == {*map(str, list(TrainingStage)[:6]), "total"}
    parts = sum(seconds for name, seconds in result.timings.items() if name != "total")
    assert parts == pytest.approx(result.timings["total"], rel=0.05)


@pytest.mark.parametrize(
    "values",
    [{"algorithm": "ridge"}, {"time_limit": 600.0, "preset": "fast", "cv_folds": 2, "n_jobs": 2}],
    ids=["trials", "race"],
)
def test_no_message_comes_twice(carseats: pd.DataFrame, values: dict[str, Any]) -> None:
    events: list[ProgressUpdate] = []
    config = settings("regression", enable_neural_networks=False, **({"n_trials": 6} | values))
    Pipeline(config, events.append).train(carseats)
    messages = [event.message for event in events]
    assert len(messages) > 8
    assert len(set(messages)) == len(messages)


def test_a_step_that_nobody_sees_is_not_told() -> None:
    events: list[ProgressUpdate] = []
    with ProgressReporter(events.append) as report:
        report.enter(TrainingStage.TRAINING, "x")
        for share in (0.0, 0.001, 0.6, 0.6001):
            report.advance(share, "x")
        report.advance(0.6001, "y")
    assert [(event.message, round(event.progress, 2)) for event in events[:-1]] == [
        ("x", 0.05),
        ("x", 0.55),
        ("y", 0.55),
    ]


def test_a_failed_training_ends_with_one_event(titanic: pd.DataFrame) -> None:
    events: list[ProgressUpdate] = []
    with pytest.raises(LexLearningError) as caught:
        Pipeline(settings("regression"), events.append).train(titanic)
    assert_in_order(events, TrainingStage.FAILED)
    assert str(caught.value) in events[-1].message


def test_a_callback_that_raises_is_harmless(penguins: pd.DataFrame, caplog: pytest.LogCaptureFixture) -> None:
    calls = []

    def callback(update: ProgressUpdate) -> None:
        calls.append(update)
        raise RuntimeError("the user's mistake")

    with caplog.at_level(logging.ERROR):
        result = Pipeline(settings("classification", algorithm="decision_tree"), callback).train(penguins)
    assert result.best_model_name == "decision_tree"
    assert_in_order(calls, TrainingStage.COMPLETE)
    assert "the user's mistake" in caplog.text


def test_cancelled_before_the_start(titanic: pd.DataFrame) -> None:
    events: list[ProgressUpdate] = []
    with pytest.raises(Cancelled):
        Pipeline(settings("classification"), events.append).train(titanic, lambda: True)
    assert [event.stage for event in events] == [TrainingStage.CANCELLED]


def test_an_event_is_json() -> None:
    update = ProgressUpdate(TrainingStage.TRAINING, 0.5, "x", "ridge", (1, 3))
    assert json.loads(json.dumps(update.to_dict())) == {
        "stage": "training",
        "progress": 0.5,
        "message": "x",
        "current_model": "ridge",
        "models_completed": [1, 3],
    }


def reported(*steps: tuple[TrainingStage, float]) -> list[float]:
    events: list[Any] = []
    with ProgressReporter(events.append) as report:
        for stage, share in steps:
            report.enter(stage, "message")
            report.advance(share, "message")
    return [event.progress for event in events]


def test_progress_never_falls_even_if_a_share_does() -> None:
    progress = reported(
        (TrainingStage.TRAINING, 0.9), (TrainingStage.TRAINING, 0.1), (TrainingStage.EVALUATION, 7.0)
    )
    assert progress == sorted(progress)
    assert progress[-2:] == [0.93, 1.0]


@pytest.mark.parametrize(
    ("error", "last"),
    [
        (TrainingFailedError("x"), TrainingStage.FAILED),
        (Cancelled(), TrainingStage.CANCELLED),
        (KeyboardInterrupt(), TrainingStage.FAILED),
    ],
)
def test_what_ends_a_training_decides_the_last_event(error: BaseException, last: TrainingStage) -> None:
    events: list[ProgressUpdate] = []

    def work() -> None:
        with ProgressReporter(events.append) as report:
            report.enter(TrainingStage.TRAINING, "x")
            raise error

    with pytest.raises(type(error)):
        work()
    assert [event.stage for event in events] == [TrainingStage.TRAINING, last]
    assert events[-1].progress == 0.05


def test_the_checkpoint_asks_each_time() -> None:
    answers = iter([False, False, True])
    report = ProgressReporter(None, lambda: next(answers))
    report.checkpoint()
    report.checkpoint()
    with pytest.raises(Cancelled):
        report.checkpoint()
    assert next(answers, None) is None


def test_without_a_callback_nothing_happens() -> None:
    with ProgressReporter() as report:
        report.enter(TrainingStage.TRAINING, "x")
    assert report.timings["total"] >= 0
