"""Nearest neighbours (Fix and Hodges 1951)."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, override

import numpy as np

from lex_learning.config import ProblemType
from lex_learning.models._rows import sample_rows, taken
from lex_learning.models.base import Model
from lex_learning.preprocessing.design import DesignMatrix, design_width

if TYPE_CHECKING:
    import optuna
    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.models.base import Matrix, Validation

MAX_ROWS = 20_000
MAX_ROWS_CITY_BLOCK = 5_000
"""Beyond it only the Euclidean distance, which is a matrix product, is quick enough."""


class NearestNeighbors(Model):
    """scikit-learn's neighbours on scaled numbers and one-hot categories.

    Of more than 20,000 rows, a random 20,000 with the same shares of the classes are kept. Probabilities
    get one vote more for the class frequencies, so that none is 0.
    """

    problem_types: ClassVar = frozenset(ProblemType)
    library: ClassVar = "scikit-learn"
    derived: ClassVar = frozenset({"_search"})

    @classmethod
    @override
    def defaults(cls, problem: Problem) -> dict[str, Any]:
        """Many neighbours, of which near ones count more."""
        most = 100 // problem.class_count if problem.is_classification else 7
        return {
            "n_neighbors": max(5, min(most, problem.row_count // 8)),
            "weights": "distance",
            "p": 1 if problem.row_count <= MAX_ROWS_CITY_BLOCK else 2,
        }

    @classmethod
    @override
    def search_space(cls, trial: optuna.Trial, problem: Problem) -> dict[str, Any]:
        """The number of neighbours, their weights, and the distance."""
        most = max(2, min(100, problem.row_count // 4))
        return {
            "n_neighbors": trial.suggest_int("n_neighbors", 1, most, log=True),
            "weights": trial.suggest_categorical("weights", ["uniform", "distance"]),
            "p": trial.suggest_int("p", 1, 2) if problem.row_count <= MAX_ROWS_CITY_BLOCK else 2,
        }

    @classmethod
    @override
    def memory_bytes(cls, problem: Problem) -> int:
        """See `Model.memory_bytes`; the design matrix of the rows kept."""
        return 3 * 8 * min(MAX_ROWS, problem.row_count) * design_width(problem)

    @override
    def fit(
        self,
        X: Matrix,
        y: NDArray[Any],
        validation: Validation | None = None,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        """See `Model.fit`."""
        rows = sample_rows(y if self.problem.is_classification else None, len(y), MAX_ROWS, self.seed)
        self._design = DesignMatrix(self.problem)
        groups = taken(self.groups, rows)
        self._points = self._design.fit_transform(X[rows], y[rows], groups)
        self._neighbors = min(self.params["n_neighbors"], len(rows))
        self._outcome = np.asarray(y[rows], dtype=np.float64)[:, None]
        if self.problem.is_classification:
            self._outcome = np.eye(self.problem.class_count)[y[rows]]
        self._votes = taken(weights, rows)

    @override
    def predict(self, X: Matrix) -> Matrix:
        """See `Model.predict`."""
        from sklearn import config_context

        # The library's parallel search starts a thread for each core; its matrix products do as told.
        with config_context(enable_cython_pairwise_dist=False):
            distances, neighbors = self._search.kneighbors(self._design.transform(X))
        weights = np.ones_like(distances)
        if self.params["weights"] == "distance":
            # Epanechnikov's kernel, as wide as the furthest neighbour: twins of the row do not outvote all.
            weights -= (distances / (1.1 * distances[:, -1:] + 1e-12)) ** 2
        if self._votes is not None:
            weights = weights * self._votes[neighbors] + 1e-12
        weights /= weights.sum(axis=1, keepdims=True)
        output: Matrix = np.einsum("rn,rno->ro", weights, self._outcome[neighbors])
        if self.problem.is_classification:
            output = (output * self._neighbors + np.average(self._outcome, axis=0, weights=self._votes)) / (
                self._neighbors + 1
            )
        return output

    @cached_property
    def _search(self) -> Any:
        from sklearn.neighbors import NearestNeighbors as Estimator

        return Estimator(n_neighbors=self._neighbors, p=self.params["p"], n_jobs=1).fit(self._points)
