"""Metrics of predictions on rows that no fit has seen."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.models.base import Matrix

SELECTION_METRIC = {True: "log_loss", False: "rmse"}
"""What candidates are compared by, by `is_classification`; lower is better."""


@dataclass(frozen=True)
class ClassMetrics:
    """Precision, recall and F1 of one class, each 0 to 1, and its number of rows."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Metrics:
    """Metrics of a classifier or a regressor; the other kind's are None.

    Shares and F1 are 0 to 1. `roc_auc` is one against the rest, averaged, for several classes, and
    None if a class is absent from the rows. `confusion_matrix` counts rows by true class (row) and
    predicted class (column). `rmse`, `mae` and `median_absolute_error` are in the target's unit;
    `mape` is a share (0.1 = 10 %), and None if the target holds zeros.
    """

    accuracy: float | None = None
    balanced_accuracy: float | None = None
    precision_macro: float | None = None
    precision_weighted: float | None = None
    recall_macro: float | None = None
    recall_weighted: float | None = None
    f1_macro: float | None = None
    f1_weighted: float | None = None
    roc_auc: float | None = None
    log_loss: float | None = None
    confusion_matrix: list[list[int]] | None = None
    per_class: list[ClassMetrics] | None = None
    r2: float | None = None
    rmse: float | None = None
    mae: float | None = None
    mape: float | None = None
    median_absolute_error: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """All metrics by name, JSON-safe."""
        return asdict(self)


def selection_score(problem: Problem, truth: NDArray[Any], output: Matrix) -> float:
    """Log loss (nats, probabilities cut at 1e-15) or root mean squared error; lower is better.

    Args:
        problem: Tells which of the two.
        truth: Class codes or values, shape (rows,).
        output: Of `Model.predict`.
    """
    if problem.is_classification:
        return _log_loss(truth, output / output.sum(axis=1, keepdims=True))
    return float(np.sqrt(np.mean((output[:, 0] - truth) ** 2)))


def classification_metrics(truth: NDArray[Any], output: Matrix, labels: list[str]) -> Metrics:
    """Metrics of class probabilities.

    Args:
        truth: Class codes, shape (rows,).
        output: Probabilities, shape (rows, classes).
        labels: The classes' names.
    """
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    codes = np.arange(len(labels))
    predicted = output.argmax(axis=1)
    counts = confusion_matrix(truth, predicted, labels=codes)
    precision, recall, f1, support = precision_recall_fscore_support(
        truth, predicted, labels=codes, zero_division=0
    )
    present = support > 0
    named = present | (counts.sum(axis=0) > 0)  # a class that is only predicted counts, too
    weights = support / support.sum()
    # Single-precision models leave sums a little off 1, which scikit-learn refuses.
    shares = output / output.sum(axis=1, keepdims=True)
    return Metrics(
        accuracy=float((predicted == truth).mean()),
        balanced_accuracy=float(recall[present].mean()),
        precision_macro=float(precision[named].mean()),
        precision_weighted=float(precision @ weights),
        recall_macro=float(recall[named].mean()),
        recall_weighted=float(recall @ weights),
        f1_macro=float(f1[named].mean()),
        f1_weighted=float(f1 @ weights),
        roc_auc=_roc_auc(truth, shares) if present.all() else None,
        log_loss=_log_loss(truth, shares),
        confusion_matrix=counts.tolist(),
        per_class=[
            ClassMetrics(label, float(precision[i]), float(recall[i]), float(f1[i]), int(support[i]))
            for i, label in enumerate(labels)
        ],
    )


def regression_metrics(truth: NDArray[Any], output: Matrix) -> Metrics:
    """Metrics of predicted values.

    Args:
        truth: Values, shape (rows,).
        output: Predictions, shape (rows, 1).
    """
    with np.errstate(over="ignore"):
        return _regression_metrics(truth, output[:, 0] - truth)


def _regression_metrics(truth: NDArray[Any], error: NDArray[Any]) -> Metrics:
    spread = float(((truth - truth.mean()) ** 2).sum())
    return Metrics(
        r2=_finite(1.0 - float((error**2).sum()) / spread) if spread else None,
        rmse=_finite(float(np.sqrt((error**2).mean()))),
        mae=_finite(float(np.abs(error).mean())),
        mape=_finite(float(np.abs(error / truth).mean())) if np.all(truth) else None,
        median_absolute_error=_finite(float(np.median(np.abs(error)))),
    )


def _finite(value: float) -> float | None:
    """None for what JSON cannot hold."""
    return value if math.isfinite(value) else None


def _log_loss(truth: NDArray[Any], shares: Matrix) -> float:
    return float(-np.log(np.clip(shares[np.arange(len(truth)), truth], 1e-15, 1.0)).mean())


def _roc_auc(truth: NDArray[Any], output: Matrix) -> float:
    from sklearn.metrics import roc_auc_score

    if output.shape[1] == 2:
        return float(roc_auc_score(truth, output[:, 1]))
    return float(roc_auc_score(truth, output, multi_class="ovr", average="macro"))
