"""What candidates are compared by: a proper score, another metric by name, or a function of the user's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.config import metric_name
from lex_learning.core.metrics import (
    SELECTION_METRIC,
    Rates,
    predicted_codes,
    regression_metrics,
    roc_auc,
    selection_score,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.models.base import Matrix

GREATER_IS_BETTER = frozenset({"accuracy", "balanced_accuracy", "f1_macro", "f1_weighted", "roc_auc", "r2"})


class MetricError(Exception):
    """The metric cannot be computed of some predictions."""


class Scorer:
    """Scores predictions; within the engine a loss, of which lower is better.

    Args:
        problem: What is to be learned.
        metric: See `PipelineConfig.metric`.

    Example:
        >>> from lex_learning.config import ProblemType
        >>> from lex_learning.core.problem import Problem
        >>> problem = Problem(ProblemType.CLASSIFICATION, row_count=2, column_count=1, class_count=2)
        >>> scorer = Scorer(problem, "accuracy")
        >>> loss = scorer.loss(np.array([0, 1]), np.array([[0.9, 0.1], [0.6, 0.4]]))
        >>> loss, scorer.score(loss)
        (-0.5, 0.5)
    """

    def __init__(self, problem: Problem, metric: str | Callable[..., float] | None) -> None:
        self._problem = problem
        self._metric = metric
        self.name = metric_name(metric) or SELECTION_METRIC[problem.is_classification]
        self.is_proper = self.name == SELECTION_METRIC[problem.is_classification] and not callable(metric)
        """Whether it is log loss or root mean squared error."""
        self.greater_is_better = (
            bool(getattr(metric, "greater_is_better", False))
            if callable(metric)
            else self.name in GREATER_IS_BETTER
        )

    @property
    def proper(self) -> Scorer:
        """Log loss or root mean squared error, for the same problem."""
        return Scorer(self._problem, None)

    def loss(self, truth: NDArray[Any], output: Matrix, weights: NDArray[np.float64] | None = None) -> float:
        """The score, with its sign turned if greater is better.

        Args:
            truth: Class codes or values, shape (rows,).
            output: Of `Model.predict`.
            weights: How much each row counts; a function of the user's is not told.

        Raises:
            MetricError: There is no such number.
        """
        if self.is_proper:
            return selection_score(self._problem, truth, output, weights)
        value = self._call(truth, output) if callable(self._metric) else self._named(truth, output, weights)
        return -value if self.greater_is_better else value

    def score(self, loss: float) -> float:
        """The score that a loss stands for."""
        return -loss if self.greater_is_better else loss

    def _named(self, truth: NDArray[Any], output: Matrix, weights: NDArray[np.float64] | None) -> float:
        value: float | None
        if not self._problem.is_classification:
            value = getattr(regression_metrics(truth, output, weights), self.name)
        elif self.name == "roc_auc":
            value = roc_auc(truth, output / output.sum(axis=1, keepdims=True), weights)
        else:
            rates = Rates.of(truth, predicted_codes(output), self._problem.class_count, weights)
            value = getattr(rates, self.name)
        if value is None:
            raise MetricError(f"{self.name} is not defined for these rows")
        return float(value)

    def _call(self, truth: NDArray[Any], output: Matrix) -> float:
        given = (
            output / output.sum(axis=1, keepdims=True) if self._problem.is_classification else output[:, 0]
        )
        try:
            value = float(self._metric(truth.copy(), given.copy()))  # type: ignore[operator,misc]
        except Exception as error:  # the user's code can raise anything
            raise MetricError(f"{self.name} raised {type(error).__name__}: {error}") from error
        if not np.isfinite(value):
            raise MetricError(f"{self.name} returned {value}, expected a finite number")
        return value
