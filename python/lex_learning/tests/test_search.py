"""The search: its trials, its pruning, and what it makes of failures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from conftest import settings
from lex_learning import Pipeline
from lex_learning.config import ProblemType
from lex_learning.core.problem import Problem
from lex_learning.errors import TrainingFailedError
from lex_learning.models import model_class
from lex_learning.training.executor import Failure, TaskRunner
from lex_learning.training.search import AlgorithmSearch
from lex_learning.training.suggestions import STARTUP_TRIALS
from lex_learning.training.tasks import Candidate, FoldScore
from lex_learning.training.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lex_learning.core.results import ModelResult


class ScriptedRunner(TaskRunner):
    """Answers each (candidate, fold) by a formula, without fitting anything."""

    def __init__(self, formula: Callable[[int, int], Any]) -> None:
        super().__init__(0, lambda: None)
        self.fits: list[tuple[int, int]] = []
        self._formula = formula
        self._numbers: dict[str, int] = {}

    def run_unordered(self, tasks: Any) -> Iterator[tuple[int, Any]]:
        yield from enumerate(self.run(tasks))

    def run(self, tasks: Any) -> list[Any]:
        results = []
        for _, (_, candidate, fold, *_) in tasks:
            number = self._numbers.setdefault(repr(candidate), len(self._numbers))
            self.fits.append((number, fold))
            score = self._formula(number, fold)
            results.append(score if isinstance(score, Failure) else FoldScore(score, score, 0.5, None))
        return results


def search_with(
    runner: TaskRunner, folder: Path, algorithm: str = "logistic_regression", **values: Any
) -> tuple[AlgorithmSearch, ModelResult, list[int]]:
    config = settings("classification", algorithm=algorithm, **values)
    search = AlgorithmSearch(
        algorithm,
        folder=folder,
        problem=Problem(ProblemType.CLASSIFICATION, 100, 4, 2),
        config=config,
        runner=runner,
        threads=1,
    )
    steps: list[int] = []
    return search, search.run(steps.append), steps


@pytest.mark.parametrize("count", [1, 2, 5, 11])
def test_as_many_trials_as_asked_for(count: int, tmp_path: Path) -> None:
    search, result, steps = search_with(ScriptedRunner(lambda trial, fold: 1.0), tmp_path, n_trials=count)
    assert len(search.trials) == result.trials == steps[-1] == search.trial_count == count
    assert steps == sorted(steps)


def test_without_a_search_the_defaults_are_the_only_trial(tmp_path: Path) -> None:
    runner = ScriptedRunner(lambda trial, fold: 1.0)
    _, result, _ = search_with(runner, tmp_path, n_trials=50, optimize_hyperparams=False)
    assert result.trials == 1
    assert runner.fits == [(0, 0), (0, 1), (0, 2)]
    assert result.hyperparameters == model_class("logistic_regression").defaults(
        Problem(ProblemType.CLASSIFICATION, 100, 4, 2)
    )


def test_hopeless_trials_are_pruned_and_good_ones_are_not(tmp_path: Path) -> None:
    # Good ones first, so that there is something to compare with.
    good = 2 * STARTUP_TRIALS
    runner = ScriptedRunner(lambda trial, fold: 1.0 if trial < good else 9.0)
    search, result, _ = search_with(runner, tmp_path, n_trials=good + 8)
    assert [trial.pruned for trial in search.trials] == [False] * good + [True] * 8
    assert {trial for trial, fold in runner.fits if fold == 2} == set(range(good))
    assert (result.score, result.failure) == (1.0, None)


def test_the_best_trial_wins_and_the_earlier_on_a_tie(tmp_path: Path) -> None:
    search, result, _ = search_with(ScriptedRunner(lambda trial, fold: abs(trial - 2)), tmp_path, n_trials=4)
    assert search.best is search.trials[2]
    assert result.score == 0.0
    assert result.hyperparameters == search.trials[2].candidate.params
    tie, _, _ = search_with(ScriptedRunner(lambda trial, fold: 1.0), tmp_path, n_trials=4)
    assert tie.best is tie.trials[0]


def test_the_score_is_the_mean_over_the_folds(tmp_path: Path) -> None:
    _, result, _ = search_with(ScriptedRunner(lambda trial, fold: float(fold)), tmp_path)
    assert (result.score, result.fold_scores, result.seconds) == (1.0, [0.0, 1.0, 2.0], 1.5)


def test_a_trial_that_fails_is_not_fatal_and_not_continued(tmp_path: Path) -> None:
    runner = ScriptedRunner(lambda trial, fold: Failure("boom") if trial == 1 else 1.0)
    search, result, _ = search_with(runner, tmp_path, n_trials=4)
    assert search.trials[1].failure == "boom"
    assert result.failure is None
    assert [fold for trial, fold in runner.fits if trial == 1] == [0]
    assert search.trials[1].loss == np.inf


def test_defaults_that_fail_end_the_algorithm_with_the_reason(tmp_path: Path) -> None:
    _, result, _ = search_with(ScriptedRunner(lambda trial, fold: Failure("boom")), tmp_path, n_trials=9)
    assert (result.failure, result.score, result.trials) == ("boom", None, 1)


def test_an_algorithm_that_cannot_run_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_class("knn"), "unavailable_reason", classmethod(lambda cls: "no licence"))
    search, result, _ = search_with(ScriptedRunner(lambda trial, fold: 1.0), tmp_path, "knn")
    assert (result.failure, search.trials) == ("no licence", [])


def test_the_same_seed_suggests_the_same(tmp_path: Path) -> None:
    def suggested(**values: Any) -> list[Any]:
        search, _, _ = search_with(
            ScriptedRunner(lambda trial, fold: (trial * 7 % 5) + fold), tmp_path, n_trials=14, **values
        )
        return [trial.candidate.params for trial in search.trials]

    assert suggested() == suggested()
    assert suggested(random_seed=1)[1:] != suggested()[1:]


def test_the_final_fit_takes_the_mean_of_the_best_rounds() -> None:
    candidate = Candidate("lightgbm", {"rounds": 300, "x": 1}, 5)
    trial = Trial(candidate, 4, {fold: FoldScore(1.0, 1.0, 0.1, 10 + min(fold, 2)) for fold in range(4)})
    assert trial.final_candidate == Candidate("lightgbm", {"rounds": 11, "x": 1}, 5)
    assert Trial(candidate, 1, {0: FoldScore(1.0, 1.0, 0.1, None)}).final_candidate is candidate
    assert Trial(candidate, 1, {0: FoldScore(1.0, 1.0, 0.1, 0)}).final_candidate.params["rounds"] == 1
    assert candidate.params["rounds"] == 300


def break_algorithm(monkeypatch: pytest.MonkeyPatch, key: str, reason: str) -> None:
    def fit(self: Any, *_: Any) -> None:
        raise RuntimeError(reason)

    monkeypatch.setattr(model_class(key), "fit", fit)
    monkeypatch.setattr(model_class(key), "is_quick", True)  # in this process, or it would not be broken


def test_an_algorithm_that_fails_leaves_the_others(
    titanic: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_algorithm(monkeypatch, "catboost", "no GPU")
    config = settings("classification", top_k_algorithms=2, optimize_hyperparams=False)
    result = Pipeline(config).train(titanic)
    assert [each.name for each in result.model_results] == ["logistic_regression", "catboost"]
    assert result.model_results[1].failure == "RuntimeError: no GPU"
    assert result.warnings == ["catboost failed: RuntimeError: no GPU"]


def test_if_all_fail_each_reason_is_told(titanic: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    break_algorithm(monkeypatch, "catboost", "no GPU")
    break_algorithm(monkeypatch, "logistic_regression", "no luck")
    with pytest.raises(TrainingFailedError) as caught:
        Pipeline(settings("classification", top_k_algorithms=2)).train(titanic)
    assert "catboost: RuntimeError: no GPU" in caught.value.message
    assert "logistic_regression: RuntimeError: no luck" in caught.value.message


def test_a_model_that_predicts_nan_has_failed(titanic: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        model_class("logistic_regression"), "predict", lambda self, X: np.full((len(X), 2), np.nan)
    )
    with pytest.raises(TrainingFailedError, match=r"score of fold \d is nan"):
        Pipeline(settings("classification", algorithm="logistic_regression")).train(titanic)


def test_a_suggestion_made_twice_keeps_its_files() -> None:
    random = np.random.default_rng(2)
    frame = pd.DataFrame(random.normal(size=(40, 3)), columns=list("abc"))
    frame["y"] = frame["a"] + random.normal(scale=0.3, size=len(frame))
    result = Pipeline(settings("regression", algorithm="knn", n_trials=60)).train(frame)
    assert result.best_model_name == "knn"
