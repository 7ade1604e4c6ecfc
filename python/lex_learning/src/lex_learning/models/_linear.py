"""What the linear regressions share."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, override

import numpy as np

from lex_learning.config import ProblemType
from lex_learning.models.base import Model
from lex_learning.preprocessing.design import DesignMatrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lex_learning.export.graph import Graph
    from lex_learning.models.base import Matrix, Validation


class LinearRegressor(Model):
    """A weight for each design column.

    The target is standardised, so that penalties mean the same everywhere.
    """

    problem_types: ClassVar = frozenset({ProblemType.REGRESSION})
    library: ClassVar = "scikit-learn"
    is_quick: ClassVar = True

    @abstractmethod
    def _estimator(self) -> Any:
        """The estimator, not fitted."""

    @override
    def fit(
        self,
        X: Matrix,
        y: NDArray[Any],
        validation: Validation | None = None,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        """See `Model.fit`."""
        self._design = DesignMatrix(self.problem)
        Z = self._design.fit_transform(X, y, self.groups)
        mean, deviation = float(y.mean()), float(y.std()) or 1.0
        estimator = self._estimator().fit(Z, (y - mean) / deviation, sample_weight=weights)
        self._weights = estimator.coef_ * deviation
        self._intercept = float(estimator.intercept_ * deviation + mean)
        self._centre = Z.mean(axis=0)

    @override
    def predict(self, X: Matrix) -> Matrix:
        """See `Model.predict`."""
        output: Matrix = self._design.transform(X) @ self._weights + self._intercept
        return output[:, None]

    @override
    def contributions(self, X: Matrix) -> tuple[Matrix, Matrix] | None:
        """See `Model.contributions`; exact for independent columns (Štrumbelj and Kononenko 2014)."""
        moved = (self._design.transform(X) - self._centre) * self._weights
        base = np.array([self._centre @ self._weights + self._intercept])
        return self._design.to_source(moved[:, :, None]), base

    @override
    def to_graph(self, graph: Graph, features: str) -> str:
        """See `Model.to_graph`."""
        weighed = graph.add("MatMul", self._design.to_graph(graph, features), self._weights[:, None])
        return graph.add("Add", weighed, self._intercept)
