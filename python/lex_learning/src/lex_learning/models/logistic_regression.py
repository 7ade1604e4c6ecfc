"""Logistic regression with an L2 penalty."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, ClassVar, override

import numpy as np

from lex_learning.config import ProblemType
from lex_learning.models.base import Model
from lex_learning.preprocessing.design import DesignMatrix

if TYPE_CHECKING:
    import optuna
    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.export.graph import Graph
    from lex_learning.models.base import Matrix, Validation

ABSENT_LOG_ODDS = -50.0
"""For a class that the rows of the fit lack: a probability of nought."""


class LogisticRegression(Model):
    """scikit-learn's `LogisticRegression` on scaled numbers and one-hot categories."""

    problem_types: ClassVar = frozenset({ProblemType.CLASSIFICATION})
    library: ClassVar = "scikit-learn"
    is_quick: ClassVar = True

    @classmethod
    @override
    def defaults(cls, problem: Problem) -> dict[str, Any]:
        """A penalty of weight 1."""
        return {"C": 1.0}

    @classmethod
    @override
    def search_space(cls, trial: optuna.Trial, problem: Problem) -> dict[str, Any]:
        """The penalty's inverse weight over six decades."""
        return {"C": trial.suggest_float("C", 1e-4, 1e2, log=True)}

    @override
    def fit(
        self,
        X: Matrix,
        y: NDArray[Any],
        validation: Validation | None = None,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        """See `Model.fit`."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression as Estimator

        self._design = DesignMatrix(self.problem)
        Z = self._design.fit_transform(X, y, self.groups)
        with warnings.catch_warnings():
            # With hardly any penalty the last digits may not settle; the fit is good all the same.
            warnings.simplefilter("ignore", ConvergenceWarning)
            estimator = Estimator(**self.params, max_iter=500).fit(Z, y, sample_weight=weights)
        # One output for two classes, else one a class; a fold may lack a rare class.
        self._weights, self._intercept = estimator.coef_.T, estimator.intercept_
        if self.problem.class_count > 2:
            self._weights, self._intercept = self._all_classes(estimator)
        self._centre = Z.mean(axis=0)

    def _all_classes(self, estimator: Any) -> tuple[Matrix, Matrix]:
        """Weights of all classes, also of those that the fit has not seen."""
        present, weights, intercept = estimator.classes_, estimator.coef_, estimator.intercept_
        if len(present) == 2:
            weights, intercept = (
                np.vstack([-weights / 2, weights / 2]),
                np.append(-intercept / 2, intercept / 2),
            )
        all_weights = np.zeros((weights.shape[1], self.problem.class_count))
        all_weights[:, present] = weights.T
        all_intercepts = np.full(self.problem.class_count, ABSENT_LOG_ODDS)
        all_intercepts[present] = intercept
        return all_weights, all_intercepts

    @override
    def predict(self, X: Matrix) -> Matrix:
        """See `Model.predict`."""
        from scipy.special import expit, softmax

        raw = self._design.transform(X) @ self._weights + self._intercept
        if self.problem.class_count > 2:
            probabilities: Matrix = softmax(raw, axis=1)
            return probabilities
        return np.hstack([expit(-raw), expit(raw)])

    @override
    def contributions(self, X: Matrix) -> tuple[Matrix, Matrix] | None:
        """See `Model.contributions`; exact for independent columns (Štrumbelj and Kononenko 2014)."""
        moved = (self._design.transform(X) - self._centre)[:, :, None] * self._weights
        return self._design.to_source(moved), self._centre @ self._weights + self._intercept

    @override
    def to_graph(self, graph: Graph, features: str) -> str:
        """See `Model.to_graph`."""
        weighed = graph.add("MatMul", self._design.to_graph(graph, features), self._weights)
        raw = graph.add("Add", weighed, self._intercept)
        return graph.add("Softmax", raw, axis=-1) if self.problem.class_count > 2 else graph.two_classes(raw)
