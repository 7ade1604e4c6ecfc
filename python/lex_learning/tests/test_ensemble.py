"""The greedy selection, and the model that it makes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lex_learning.config import ProblemType
from lex_learning.core.metrics import selection_score
from lex_learning.core.problem import Problem
from lex_learning.core.scorer import Scorer
from lex_learning.models import model_class
from lex_learning.models.ensemble import Ensemble, Member
from lex_learning.training.ensemble import Fold, greedy_weights

REGRESSION = Problem(ProblemType.REGRESSION, row_count=60, column_count=3)
CLASSIFICATION = Problem(ProblemType.CLASSIFICATION, row_count=60, column_count=3, class_count=3)


def candidates(count: int, seed: int) -> tuple[list[np.ndarray], list[list[np.ndarray]]]:
    """Outcomes of two folds of unequal size, and noisy guesses of them."""
    random = np.random.default_rng(seed)
    truths = [random.normal(size=20), random.normal(size=40)]
    outputs = [
        [
            truth[:, None] + random.normal(scale=random.uniform(0.2, 2), size=(len(truth), 1))
            for truth in truths
        ]
        for _ in range(count)
    ]
    return truths, outputs


def weights_of(truths: list[np.ndarray], outputs: list[Any], problem: Problem = REGRESSION) -> np.ndarray:
    return greedy_weights(Scorer(problem, None), [Fold(each) for each in truths], outputs)


def score_of(truths: list[np.ndarray], outputs: list[np.ndarray]) -> float:
    scores = [selection_score(REGRESSION, *pair) for pair in zip(truths, outputs, strict=True)]
    return float(np.mean(scores))


@pytest.mark.parametrize("seed", range(5))
def test_the_ensemble_is_never_worse_than_its_best_candidate(seed: int) -> None:
    truths, outputs = candidates(8, seed)
    weights = weights_of(truths, outputs)
    mixed = [sum(w * each[fold] for w, each in zip(weights, outputs, strict=True)) for fold in range(2)]
    assert weights.sum() == pytest.approx(1.0)
    assert (weights >= 0).all()
    assert score_of(truths, mixed) <= min(score_of(truths, each) for each in outputs)


def test_a_copy_of_a_member_is_not_taken() -> None:
    truths, outputs = candidates(3, 0)
    alone = weights_of(truths, outputs)
    doubled = weights_of(truths, [*outputs, outputs[0]])
    assert doubled.tolist() == [*alone.tolist(), 0.0]


def test_a_perfect_candidate_is_taken_alone() -> None:
    truths, outputs = candidates(3, 1)
    perfect = [truth[:, None] for truth in truths]
    assert weights_of(truths, [*outputs, perfect]).tolist() == [0.0, 0.0, 0.0, 1.0]


def test_classes_are_judged_by_log_loss() -> None:
    truth = np.array([0, 1, 2, 0, 1, 2])
    unsure = np.full((6, 3), 1 / 3)
    wrong = np.eye(3)[(truth + 1) % 3]
    assert weights_of([truth], [[unsure], [wrong]], CLASSIFICATION).tolist() == [
        1.0,
        0.0,
    ]


@pytest.mark.parametrize("problem", [REGRESSION, CLASSIFICATION], ids=["regression", "classification"])
def test_an_ensemble_is_the_weighted_mean_of_its_members(problem: Problem) -> None:
    random = np.random.default_rng(0)
    X = random.normal(size=(60, 3))
    y = random.integers(3, size=60) if problem.is_classification else X[:, 0]
    keys = ["knn", "decision_tree"]
    models = []
    for key in keys:
        model = model_class(key)(problem, model_class(key).defaults(problem), seed=0, threads=1)
        model.fit(X, y)
        models.append(model)
    ensemble = Ensemble(problem, [Member("a", 0.25, (models[0], models[1])), Member("b", 0.75, (models[1],))])
    first, second = (model.predict(X) for model in models)
    np.testing.assert_allclose(ensemble.predict(X), 0.125 * first + 0.875 * second, rtol=1e-12)


def test_values_are_explained_exactly_where_all_members_are() -> None:
    X = np.random.default_rng(0).normal(size=(60, 3))
    models = []
    for key in ("ridge", "decision_tree"):
        model = model_class(key)(REGRESSION, model_class(key).defaults(REGRESSION), seed=0, threads=1)
        model.fit(X, X[:, 0] + X[:, 1])
        models.append(model)
    ensemble = Ensemble(REGRESSION, [Member("a", 0.5, (models[0],)), Member("b", 0.5, (models[1],))])
    found = ensemble.contributions(X)
    assert found is not None
    values, base = found
    np.testing.assert_allclose(values.sum(axis=1) + base, ensemble.predict(X), rtol=1e-6)
