"""Probabilities that are no surer than what they were learned from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.datasets import load_iris, load_wine
from sklearn.metrics import log_loss

from lex_learning.config import ProblemType
from lex_learning.core.problem import Problem
from lex_learning.models import model_class

if TYPE_CHECKING:
    from collections.abc import Callable


def test_classes_that_are_far_apart_do_not_make_a_support_vector_machine_certain() -> None:
    random = np.random.default_rng(0)
    classes = np.repeat([0, 1], 30)
    X = random.normal(scale=0.1, size=(60, 2)) + 10 * classes[:, None]
    svm = model_class("svm")
    problem = Problem(ProblemType.CLASSIFICATION, len(X), 2, class_count=2)
    model = svm(problem, svm.defaults(problem), seed=0, threads=1)
    model.fit(X, classes)
    # Nothing tells more than one wrong row of 62 apart from none.
    surest = model.predict(X).max()
    assert 0.9 < surest < 1 - 1 / 62 / 10


@pytest.mark.parametrize("load", [load_iris, load_wine], ids=["iris", "wine"])
def test_a_wrong_row_does_not_cost_all(load: Callable[..., tuple[np.ndarray, np.ndarray]]) -> None:
    X, y = load(return_X_y=True)
    svm = model_class("svm")
    losses = []
    for seed in range(6):
        order = np.random.default_rng(seed).permutation(len(X))
        train, test = order[: len(X) * 3 // 4], order[len(X) * 3 // 4 :]
        problem = Problem(ProblemType.CLASSIFICATION, len(train), X.shape[1], class_count=3)
        model = svm(problem, svm.defaults(problem), seed=0, threads=1)
        model.fit(X[train], y[train])
        losses.append(log_loss(y[test], model.predict(X[test]), labels=range(3)))
    # One row of 40 that costs the most a float can is a loss of 0.9.
    assert max(losses) < 0.45
