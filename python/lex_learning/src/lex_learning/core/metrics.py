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
"""The proper scores, by `is_classification`; lower is better. Candidates are compared by them, unless the
configuration names another metric (`core.scorer`)."""


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


def selection_score(
    problem: Problem, truth: NDArray[Any], output: Matrix, weights: NDArray[np.float64] | None = None
) -> float:
    """Log loss (nats, probabilities cut at 1e-15) or root mean squared error; lower is better.

    Args:
        problem: Tells which of the two.
        truth: Class codes or values, shape (rows,).
        output: Of `Model.predict`.
        weights: How much each row counts; None: all the same.
    """
    if problem.is_classification:
        return _log_loss(truth, output / output.sum(axis=1, keepdims=True), weights)
    return float(np.sqrt(np.average((output[:, 0] - truth) ** 2, weights=weights)))


def predicted_codes(output: Matrix, threshold: float | None = None) -> NDArray[np.intp]:
    """The code of the most probable class; of two, the second where it is at least `threshold` probable."""
    codes: NDArray[np.intp] = output.argmax(axis=1)
    return codes if threshold is None else (output[:, 1] >= threshold).astype(np.intp)


def classification_metrics(
    truth: NDArray[Any],
    output: Matrix,
    labels: list[str],
    weights: NDArray[np.float64] | None = None,
    threshold: float | None = None,
) -> Metrics:
    """Metrics of class probabilities.

    Args:
        truth: Class codes, shape (rows,).
        output: Probabilities, shape (rows, classes).
        labels: The classes' names.
        weights: How much each row counts, but in the counts of `support` and `confusion_matrix`.
        threshold: See `predicted_codes`.
    """
    predicted = predicted_codes(output, threshold)
    counts = _confusion(truth, predicted, len(labels))
    rates = Rates.of(truth, predicted, len(labels), weights)
    # Single-precision models leave sums a little off 1, which scikit-learn refuses.
    shares = output / output.sum(axis=1, keepdims=True)
    return Metrics(
        accuracy=rates.accuracy,
        balanced_accuracy=rates.balanced_accuracy,
        precision_macro=float(rates.precision[rates.named].mean()),
        precision_weighted=float(rates.precision @ rates.class_shares),
        recall_macro=float(rates.recall[rates.named].mean()),
        recall_weighted=float(rates.recall @ rates.class_shares),
        f1_macro=rates.f1_macro,
        f1_weighted=rates.f1_weighted,
        roc_auc=roc_auc(truth, shares, weights),
        log_loss=_log_loss(truth, shares, weights),
        confusion_matrix=counts.tolist(),
        per_class=[
            ClassMetrics(label, float(precision), float(recall), float(f1), int(support))
            for label, precision, recall, f1, support in zip(
                labels, rates.precision, rates.recall, rates.f1, counts.sum(axis=1), strict=True
            )
        ],
    )


@dataclass(frozen=True)
class Rates:
    """What follows from the counts of true and predicted classes; arrays are by class code.

    Args:
        precision: Of the rows predicted as the class, the share that is; 0 if there are none.
        recall: Of the rows of the class, the share predicted so; 0 if there are none.
        f1: Harmonic mean of the two.
        class_shares: Of all rows, the share of the class.
        named: Whether the class is among the true or the predicted ones.
        accuracy: Share of all rows whose class is right.
    """

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    class_shares: NDArray[np.float64]
    named: NDArray[np.bool_]
    accuracy: float

    @classmethod
    def of(
        cls,
        truth: NDArray[Any],
        predicted: NDArray[Any],
        class_count: int,
        weights: NDArray[np.float64] | None = None,
    ) -> Rates:
        """Count."""
        counts = _confusion(truth, predicted, class_count, weights)
        right, of_class, claimed = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
        whole = of_class + claimed
        return cls(
            precision=right / np.where(claimed > 0, claimed, 1.0),
            recall=right / np.where(of_class > 0, of_class, 1.0),
            f1=2.0 * right / np.where(whole > 0, whole, 1.0),
            class_shares=of_class / of_class.sum(),
            named=whole > 0,
            accuracy=float(right.sum() / of_class.sum()),
        )

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall of the classes that there are."""
        return float(self.recall[self.class_shares > 0].mean())

    @property
    def f1_macro(self) -> float:
        """Mean F1 of the classes that are true or predicted."""
        return float(self.f1[self.named].mean())

    @property
    def f1_weighted(self) -> float:
        """Mean F1, weighted by the rows of each class."""
        return float(self.f1 @ self.class_shares)


def _confusion(
    truth: NDArray[Any],
    predicted: NDArray[Any],
    class_count: int,
    weights: NDArray[np.float64] | None = None,
) -> NDArray[Any]:
    """Rows, or their weights, by true class (row) and predicted class (column)."""
    cells = np.bincount(truth.astype(np.intp) * class_count + predicted, weights, class_count**2)
    return cells.reshape(class_count, class_count)


def regression_metrics(
    truth: NDArray[Any], output: Matrix, weights: NDArray[np.float64] | None = None
) -> Metrics:
    """Metrics of predicted values.

    Args:
        truth: Values, shape (rows,).
        output: Predictions, shape (rows, 1).
        weights: How much each row counts, but in the median.
    """
    with np.errstate(over="ignore"):
        return _regression_metrics(truth, output[:, 0] - truth, weights)


def _regression_metrics(
    truth: NDArray[Any], error: NDArray[Any], weights: NDArray[np.float64] | None
) -> Metrics:
    def mean(values: NDArray[Any]) -> float:
        return float(np.average(values, weights=weights))

    spread = mean((truth - mean(truth)) ** 2)
    return Metrics(
        r2=_finite(1.0 - mean(error**2) / spread) if spread else None,
        rmse=_finite(float(np.sqrt(mean(error**2)))),
        mae=_finite(mean(np.abs(error))),
        mape=_finite(mean(np.abs(error / truth))) if np.all(truth) else None,
        median_absolute_error=_finite(float(np.median(np.abs(error)))),
    )


def _finite(value: float) -> float | None:
    """None for what JSON cannot hold."""
    return value if math.isfinite(value) else None


def _log_loss(truth: NDArray[Any], shares: Matrix, weights: NDArray[np.float64] | None) -> float:
    likelihoods = np.clip(shares[np.arange(len(truth)), truth], 1e-15, 1.0)
    return float(np.average(-np.log(likelihoods), weights=weights))


def roc_auc(truth: NDArray[Any], output: Matrix, weights: NDArray[np.float64] | None = None) -> float | None:
    """Area under the ROC curve, for several classes one against the rest; None if a class is absent."""
    from sklearn.metrics import roc_auc_score

    if len(np.unique(truth)) < output.shape[1]:
        return None
    if output.shape[1] == 2:
        return float(roc_auc_score(truth, output[:, 1], sample_weight=weights))
    one_by_one = {"multi_class": "ovr", "average": "macro", "sample_weight": weights}
    return float(roc_auc_score(truth, output, **one_by_one))
