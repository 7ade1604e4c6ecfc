"""Metrics, against scikit-learn's."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from sklearn import metrics as sk

from lex_learning.config import ProblemType
from lex_learning.core.metrics import classification_metrics, regression_metrics, selection_score
from lex_learning.core.problem import Problem

RANDOM = np.random.default_rng(0)


def probabilities(rows: int, classes: int) -> np.ndarray:
    return RANDOM.dirichlet(np.ones(classes), size=rows)


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_classification_agrees_with_scikit_learn(classes: int) -> None:
    truth = RANDOM.permutation(np.arange(200) % classes)
    output = probabilities(200, classes)
    labels = [f"class {code}" for code in range(classes)]
    found = classification_metrics(truth, output, labels)
    predicted = output.argmax(axis=1)
    assert found.accuracy == pytest.approx(sk.accuracy_score(truth, predicted))
    assert found.balanced_accuracy == pytest.approx(sk.balanced_accuracy_score(truth, predicted))
    for average in ("macro", "weighted"):
        for name, function in (
            ("precision", sk.precision_score),
            ("recall", sk.recall_score),
            ("f1", sk.f1_score),
        ):
            expected = function(truth, predicted, average=average, zero_division=0)
            assert getattr(found, f"{name}_{average}") == pytest.approx(expected)
    expected_auc = (
        sk.roc_auc_score(truth, output[:, 1])
        if classes == 2
        else sk.roc_auc_score(truth, output, multi_class="ovr", average="macro")
    )
    assert found.roc_auc == pytest.approx(expected_auc)
    assert found.log_loss == pytest.approx(sk.log_loss(truth, output))
    assert found.confusion_matrix == sk.confusion_matrix(truth, predicted).tolist()
    assert found.per_class is not None
    assert [each.label for each in found.per_class] == labels
    assert [each.support for each in found.per_class] == np.bincount(truth).tolist()
    recalls = sk.recall_score(truth, predicted, average=None)
    assert [each.recall for each in found.per_class] == pytest.approx(recalls.tolist())


def test_an_absent_class_has_no_say_in_the_averages() -> None:
    truth = np.array([0, 0, 2, 2])
    output = np.eye(3)[[0, 0, 2, 0]] * 0.9 + 0.1 / 3
    found = classification_metrics(truth, output, ["a", "b", "c"])
    assert found.roc_auc is None
    assert found.recall_macro == found.balanced_accuracy == 0.75
    assert found.precision_macro == pytest.approx((2 / 3 + 1) / 2)
    assert found.confusion_matrix == [[2, 0, 0], [0, 0, 0], [1, 0, 1]]
    assert found.per_class is not None
    assert found.per_class[1].support == 0


def test_a_single_row_is_enough() -> None:
    found = classification_metrics(np.array([1]), np.array([[0.25, 0.75]]), ["a", "b"])
    assert (found.accuracy, found.f1_macro, found.roc_auc) == (1.0, 1.0, None)
    assert found.log_loss == pytest.approx(-math.log(0.75))
    assert found.confusion_matrix == [[0, 0], [0, 1]]


def test_a_certain_mistake_costs_a_finite_loss() -> None:
    found = classification_metrics(np.array([0, 1]), np.array([[0.0, 1.0], [0.0, 1.0]]), ["a", "b"])
    assert found.log_loss == pytest.approx(-math.log(1e-15) / 2)


def test_sums_a_little_off_one_are_forgiven() -> None:
    truth = np.arange(30) % 3
    output = probabilities(30, 3)
    exact = classification_metrics(truth, output, list("abc"))
    rough = classification_metrics(truth, output * 1.001, list("abc"))
    assert rough.roc_auc == pytest.approx(exact.roc_auc)
    assert rough.log_loss == pytest.approx(exact.log_loss)


def test_regression_agrees_with_scikit_learn() -> None:
    truth = RANDOM.normal(10, 2, size=100)
    output = (truth + RANDOM.normal(size=100))[:, None]
    found = regression_metrics(truth, output)
    assert found.r2 == pytest.approx(sk.r2_score(truth, output))
    assert found.rmse == pytest.approx(sk.root_mean_squared_error(truth, output))
    assert found.mae == pytest.approx(sk.mean_absolute_error(truth, output))
    assert found.mape == pytest.approx(sk.mean_absolute_percentage_error(truth, output))
    assert found.median_absolute_error == pytest.approx(sk.median_absolute_error(truth, output))
    assert found.accuracy is None
    assert found.log_loss is None


def test_a_zero_in_the_truth_leaves_no_percentage() -> None:
    found = regression_metrics(np.array([0.0, 1.0]), np.array([[0.0], [2.0]]))
    assert found.mape is None
    assert found.mae == 0.5


def test_one_row_has_no_r2() -> None:
    found = regression_metrics(np.array([2.0]), np.array([[3.0]]))
    assert (found.r2, found.rmse) == (None, 1.0)


@pytest.mark.parametrize("truth", [[1e-320, 1.0], [1e300, -1e300], [5e-324, 1e-323]])
def test_what_json_cannot_hold_is_none(truth: list[float]) -> None:
    found = regression_metrics(np.array(truth), np.array([[1.0], [2.0]]))
    json.dumps(found.to_dict(), allow_nan=False)


def test_the_selection_score_is_the_log_loss_or_the_rmse() -> None:
    truth = np.arange(60) % 3
    output = probabilities(60, 3)
    classify = Problem(ProblemType.CLASSIFICATION, 60, 1, 3)
    assert selection_score(classify, truth, output) == pytest.approx(sk.log_loss(truth, output))
    values = RANDOM.normal(size=(60, 1))
    regress = Problem(ProblemType.REGRESSION, 60, 1)
    expected = sk.root_mean_squared_error(truth, values)
    assert selection_score(regress, truth.astype(float), values) == pytest.approx(expected)
