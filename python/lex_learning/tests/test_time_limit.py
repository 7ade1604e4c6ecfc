"""Training against the clock: what a limit and a stop leave of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import psutil
import pytest

from conftest import settings
from lex_learning import Pipeline
from lex_learning.config import ProblemType
from lex_learning.core.problem import Problem
from lex_learning.errors import TrainingFailedError
from lex_learning.models import available_algorithms, model_class
from lex_learning.training.budget import Budget, SearchEnded
from lex_learning.training.portfolio import most_candidates, portfolio

if TYPE_CHECKING:
    from lex_learning.core.results import TrainingResult

pytestmark = pytest.mark.usefixtures("no_children")


def train(frame: pd.DataFrame, kind: str = "classification", **values: Any) -> TrainingResult:
    return Pipeline(settings(kind, **values)).train(frame)


def test_many_algorithms_take_part_and_make_an_ensemble(titanic: pd.DataFrame) -> None:
    result = train(titanic, time_limit=40, n_jobs=2)
    assert len(result.model_results) > 6
    scores = [each.score for each in result.model_results if each.score is not None]
    assert result.model_results[0].score == min(scores)
    weights = [each.weight for each in result.model_results if each.weight]
    assert sum(weights) == pytest.approx(1.0)
    assert result.metrics.log_loss is not None
    assert result.metrics.log_loss < 0.6
    assert psutil.Process().children(recursive=True) == []


def test_time_to_spare_goes_to_further_splits_of_the_members(carseats: pd.DataFrame) -> None:
    result = train(carseats, "regression", time_limit=120, cv_folds=2, n_jobs=2)
    line = result.model_results[0]
    members = line.hyperparameters["members"]
    assert max(member["models"] for member in members) > 2
    # The leaderboard compares all candidates on the same folds.
    assert {len(each.fold_scores) for each in result.model_results if each.score is not None} == {2}
    assert line.score == min(each.score for each in result.model_results if each.score is not None)


def test_without_a_hold_out_each_row_counts_once(carseats: pd.DataFrame) -> None:
    frame = carseats.assign(Sales=np.where(carseats["Sales"] > 7, "many", "few"))
    result = train(frame, time_limit=60, cv_folds=2, n_jobs=2, hold_out=False)
    assert result.metrics.confusion_matrix is not None
    assert np.sum(result.metrics.confusion_matrix) == len(frame)


def test_a_skewed_target_is_learned_as_a_logarithm_too(carseats: pd.DataFrame) -> None:
    frame = carseats.assign(Sales=np.exp(carseats["Sales"] / 3.0))
    result = train(frame, "regression", time_limit=25, n_jobs=2)
    assert result.metrics.r2 is not None
    assert result.metrics.r2 > 0.6
    members = result.model_results[0].hyperparameters
    assert "log_target" in str(members)


def test_plots_are_part_of_the_time(carseats: pd.DataFrame) -> None:
    result = train(carseats, "regression", time_limit=60, n_jobs=2, enable_explainability=True)
    assert "summary" in result.plots
    assert result.best_model_name in {"ensemble", "ridge", "lasso"}


@pytest.mark.parametrize(("limit", "jobs"), [(0.001, 1), (0.001, 2), (0.8, 2)])
@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_a_limit_too_small_gives_a_simple_model_and_says_so(
    kind: str, limit: float, jobs: int, penguins: pd.DataFrame, carseats: pd.DataFrame
) -> None:
    frame = penguins if kind == "classification" else carseats
    result = train(frame, kind, time_limit=limit, n_jobs=jobs)
    predicted = result.model.predict_batch(frame)
    assert len(predicted) == len(frame)
    if limit < 0.01:
        simple = "logistic_regression" if kind == "classification" else "ridge"
        assert result.best_model_name == simple
        assert any("too short for a search" in each for each in result.warnings)


def test_a_fit_of_minutes_does_not_outlast_the_limit() -> None:
    random = np.random.default_rng(0)
    features = random.normal(size=(15_000, 20))
    frame = pd.DataFrame(features, columns=[f"c{index}" for index in range(20)])
    frame["y"] = (features[:, 0] * features[:, 1] + random.normal(size=len(features)) > 0).astype(int)
    result = train(frame, algorithm="svm", time_limit=4, n_jobs=2)
    assert result.timings["total"] < 60
    assert any("too short for a search" in each for each in result.warnings)


@pytest.mark.parametrize("fits", [0, 3, 12])
def test_stopping_keeps_the_best_so_far(fits: int, titanic: pd.DataFrame) -> None:
    events: list[Any] = []

    def is_stopped() -> bool:
        return sum(event.current_model is not None for event in events) > fits

    config = settings("classification", time_limit=300, n_jobs=2)
    result = Pipeline(config, events.append).train(titanic, is_stopped=is_stopped)
    assert result.timings["total"] < 150
    assert 0 < len(result.model.predict_batch(titanic)) == len(titanic)
    assert psutil.Process().children(recursive=True) == []


def test_a_search_without_limit_can_be_stopped_too(titanic: pd.DataFrame) -> None:
    events: list[Any] = []

    def is_stopped() -> bool:
        return any("2 of" in event.message or "3 of" in event.message for event in events)

    config = settings("classification", algorithm="lightgbm", n_trials=10_000, n_jobs=2)
    result = Pipeline(config, events.append).train(titanic, is_stopped=is_stopped)
    assert result.best_model_name == "lightgbm"
    assert result.model_results[0].trials < 100


def test_stopping_in_the_middle_of_the_first_candidate_keeps_its_folds(carseats: pd.DataFrame) -> None:
    config = settings("regression", algorithm="catboost", cv_folds=20, optimize_hyperparams=False, n_jobs=1)
    whole = Pipeline(config).train(carseats)
    seconds = whole.timings["training"]
    started = time.monotonic()
    result = Pipeline(config).train(carseats, is_stopped=lambda: time.monotonic() - started > 0.6 * seconds)
    assert result.best_model_name == "catboost"
    assert 0 < len(result.model_results[0].fold_scores) <= 20


def test_a_failure_is_not_taken_for_a_lack_of_time(
    penguins: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    reason = "TensorFlow is not installed"
    monkeypatch.setattr(model_class("neural_network"), "unavailable_reason", classmethod(lambda cls: reason))
    with pytest.raises(TrainingFailedError, match=reason):
        train(penguins, algorithm="neural_network", time_limit=20)


def test_all_rows_train_without_a_hold_out(carseats: pd.DataFrame) -> None:
    result = train(carseats, "regression", algorithm="ridge", hold_out=False)
    assert result.model.get_info().training_rows == len(carseats)
    assert result.metrics.rmse == pytest.approx(result.model_results[0].score, rel=0.05)
    assert result.feature_importance[0][1] > 0


@pytest.mark.parametrize("refit", [True, False])
def test_rounds_of_a_refitted_booster_leave_the_folds_alone(carseats: pd.DataFrame, refit: bool) -> None:
    result = train(carseats, "regression", algorithm="lightgbm", hold_out=False, refit=refit)
    assert result.metrics.rmse == pytest.approx(result.model_results[0].score, rel=0.05)
    assert "rounds" in result.model.get_info().hyperparameters


def test_fold_models_can_be_kept_or_refitted(carseats: pd.DataFrame) -> None:
    kept = train(carseats, "regression", algorithm="decision_tree", refit=False)
    refitted = train(carseats, "regression", algorithm="decision_tree")
    sizes = [len(result.model.to_bytes(onnx=False)) for result in (kept, refitted)]
    assert sizes[0] > 1.5 * sizes[1]
    # The mean of several trees takes more values than a tree has leaves.
    distinct = [result.model.predict_batch(carseats)["prediction"].nunique() for result in (kept, refitted)]
    assert distinct[0] > distinct[1]


def test_a_limit_with_refit_gives_a_model_on_all_rows(titanic: pd.DataFrame) -> None:
    # Default settings alone are through long before the limit, however busy the machine is.
    fast = {"time_limit": 600, "preset": "fast", "enable_neural_networks": False, "n_jobs": 2}
    bagged, refitted = (train(titanic, refit=refit, **fast) for refit in (False, True))
    assert len(refitted.model.to_bytes(onnx=False)) < len(bagged.model.to_bytes(onnx=False))
    # What it costs is told.
    assert [each.split(",")[0] for each in refitted.warnings] == ["fitted once more on all training rows"]
    assert not bagged.warnings


def test_a_fast_training_tries_defaults_alone(penguins: pd.DataFrame) -> None:
    result = train(penguins, time_limit=60, n_jobs=2, preset="fast")
    assert {each.trials for each in result.model_results if each.name != "ensemble"} == {1}


def test_a_fast_training_without_a_limit_searches_nothing(penguins: pd.DataFrame) -> None:
    result = train(penguins, preset="fast", top_k_algorithms=2, n_trials=30)
    assert [each.trials for each in result.model_results if each.name != "ensemble"] == [1, 1]


def test_a_worker_that_is_killed_costs_no_more_than_its_fit(titanic: pd.DataFrame) -> None:
    killed: list[int] = []

    def kill_one(update: Any) -> None:
        children = [each for each in psutil.Process().children() if "loky" in " ".join(each.cmdline())]
        if update.current_model and len(killed) < 2 and children:
            killed.append(children[-1].pid)
            children[-1].kill()

    config = settings("classification", time_limit=12, n_jobs=2)
    result = Pipeline(config, kill_one).train(titanic)
    assert killed
    assert result.model_results[0].score is not None
    assert result.model_results[0].score < 0.5


def test_noise_is_not_learned() -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(400, 5)), columns=list("abcde"))
    frame["y"] = random.permutation(np.repeat(["no", "yes"], 200))
    result = train(frame, time_limit=8, n_jobs=2, test_size=0.5)
    assert result.metrics.log_loss is not None
    assert result.metrics.log_loss > 0.66


def test_the_budget_ends_the_search_before_the_limit() -> None:
    assert Budget(None, explain=True).search_seconds == float("inf")
    budget = Budget(10.0, explain=False)
    assert 9 < budget.search_seconds < 10
    assert Budget(10.0, explain=True).search_seconds < budget.search_seconds
    stopped = Budget(None, explain=True, is_stopped=lambda: True)
    assert (stopped.search_seconds, stopped.plot_seconds) == (0.0, 0.0)
    with pytest.raises(SearchEnded):
        stopped.check_search()


@pytest.mark.parametrize("kind", list(ProblemType))
def test_the_portfolio_starts_with_defaults_and_names_known_settings(kind: ProblemType) -> None:
    problem = Problem(kind, row_count=1_000, column_count=5, class_count=3 if kind == "classification" else 0)
    keys = available_algorithms(kind)
    plan = portfolio(problem, keys)
    assert [key for key, _ in plan[: len(keys)]] == keys
    assert len({f"{key} {params}" for key, params in plan}) == len(plan)
    assert [most_candidates(rows) for rows in (10, 100, 100_000, 10**7)] == [14, 14, 100, 100]
