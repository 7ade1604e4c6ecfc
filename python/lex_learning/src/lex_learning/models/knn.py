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
    from lex_learning.export.graph import Graph
    from lex_learning.models.base import Matrix, Validation

MAX_ROWS = 20_000
MAX_ROWS_CITY_BLOCK = 5_000
"""Beyond it only the Euclidean distance, which is a matrix product, is quick enough."""
TIE = 1e-9
"""By what share distances differ that count as equal."""
SMALL_DISTANCE = 1e-6
"""Up to it, a matrix product does not tell distances from each other."""
SMALL_SHARE = 1e-6
"""The same, squared, as a share of the squared lengths of both rows."""
DISTANCE_CELLS = 10_000_000
"""Of distances at a time, as many: 80 MB."""


class NearestNeighbors(Model):
    """scikit-learn's neighbours on scaled numbers and one-hot categories.

    Of more than 20,000 rows, a random 20,000 with the same shares of the classes are kept. Probabilities
    get one vote more for the class frequencies, so that none is 0. Rows that are as far away as the last
    neighbor share what is left for them: the answer hangs on no order of rows.
    """

    problem_types: ClassVar = frozenset(ProblemType)
    library: ClassVar = "scikit-learn"
    derived: ClassVar = frozenset({"_search", "_frequencies", "_longest"})

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
        Z, count = self._design.transform(X), self._neighbors
        with config_context(enable_cython_pairwise_dist=False):
            distances, neighbors = self._search.kneighbors(Z)
        furthest = distances[:, count - 1]
        is_tied = furthest <= SMALL_DISTANCE
        if self.params["p"] == 2:
            reach = (Z**2).sum(axis=1) + self._longest
            is_tied |= furthest**2 <= SMALL_SHARE * reach
        if distances.shape[1] > count:
            is_tied |= distances[:, count] <= (1.0 + TIE) * furthest
        distances, neighbors = distances[:, :count], neighbors[:, :count]
        weights = self._weigh(distances, furthest[:, None], taken(self._votes, neighbors))
        weights /= weights.sum(axis=1, keepdims=True)
        output: Matrix = np.einsum("rn,rno->ro", weights, self._outcome[neighbors])
        tied, size = np.flatnonzero(is_tied), max(1, DISTANCE_CELLS // len(self._points))
        for start in range(0, len(tied), size):
            rows = tied[start : start + size]
            output[rows] = self._shared(Z[rows])
        if self.problem.is_classification:
            output = (output * self._neighbors + self._frequencies) / (self._neighbors + 1)
        return output

    def _weigh(self, distances: Matrix, furthest: Matrix, votes: Matrix | None) -> Matrix:
        weights = np.ones_like(distances)
        if self.params["weights"] == "distance":
            # Epanechnikov's kernel, as wide as the furthest neighbour: twins of the row do not outvote all.
            weights -= (distances / (1.1 * furthest + 1e-12)) ** 2
        return weights if votes is None else weights * votes + 1e-12

    def _shared(self, Z: Matrix) -> Matrix:
        """The mean outcome of the neighbors, where more rows are as near as the last of them."""
        from scipy.spatial.distance import cdist

        distances = cdist(Z, self._points, "cityblock" if self.params["p"] == 1 else "euclidean")
        furthest = np.partition(distances, self._neighbors - 1, axis=1)[:, self._neighbors - 1, None]
        is_nearer = distances < (1.0 - TIE) * furthest
        is_last = ~is_nearer & (distances <= (1.0 + TIE) * furthest)
        left = self._neighbors - is_nearer.sum(axis=1, keepdims=True)
        parts = is_nearer + is_last * (left / is_last.sum(axis=1, keepdims=True))
        weights = parts * self._weigh(distances, furthest, self._votes)
        mean: Matrix = weights @ self._outcome / weights.sum(axis=1, keepdims=True)
        return mean

    @override
    def to_graph(self, graph: Graph, features: str) -> str:
        """See `Model.to_graph`."""
        axis = np.array([1])
        distances = self._distances_to_graph(graph, self._design.to_graph(graph, features))
        nearest, _ = graph.add_pair(
            "TopK", distances, np.array([self._neighbors]), axis=1, largest=0, sorted=1
        )
        furthest = graph.columns(nearest, [self._neighbors - 1])
        # ONNX Runtime drops a factor that is 1 in single precision.
        margin = graph.add("Mul", furthest, TIE)
        is_nearer = graph.add("Less", distances, graph.add("Sub", furthest, margin))
        is_near = graph.add("LessOrEqual", distances, graph.add("Add", furthest, margin))
        nearer, near = graph.to_double(is_nearer), graph.to_double(is_near)
        last = graph.add("Sub", near, nearer)
        count = graph.add("ReduceSum", nearer, axis, keepdims=1)
        left = graph.add("Sub", float(self._neighbors), count)
        share = graph.add("Div", left, graph.add("ReduceSum", last, axis, keepdims=1))
        weights = graph.add("Add", nearer, graph.add("Mul", last, share))
        if self.params["weights"] == "distance":
            width = graph.add("Add", graph.add("Mul", furthest, 1.1), 1e-12)
            ratio = graph.add("Div", distances, width)
            kernel = graph.add("Sub", 1.0, graph.add("Mul", ratio, ratio))
            if self._votes is not None:
                kernel = graph.add("Add", graph.add("Mul", kernel, self._votes), 1e-12)
            weights = graph.add("Mul", weights, kernel)
        elif self._votes is not None:
            weights = graph.add("Mul", weights, self._votes + 1e-12)
        total = graph.add("ReduceSum", weights, axis, keepdims=1)
        output = graph.add("Div", graph.add("MatMul", weights, self._outcome), total)
        if self.problem.is_classification:
            output = graph.add("Add", graph.add("Mul", output, float(self._neighbors)), self._frequencies)
            output = graph.add("Div", output, self._neighbors + 1.0)
        return output

    def _distances_to_graph(self, graph: Graph, inputs: str) -> str:
        """Column by column: all at once would take memory for rows times points times columns."""
        total = ""
        for index, points in enumerate(self._points.T):
            moved = graph.add("Sub", graph.columns(inputs, [index]), points)
            part = graph.add("Abs", moved) if self.params["p"] == 1 else graph.add("Mul", moved, moved)
            total = graph.add("Add", total, part) if total else part
        return total if self.params["p"] == 1 else graph.add("Sqrt", total)

    @cached_property
    def _longest(self) -> float:
        """The squared length of the longest row that was kept."""
        return float((self._points**2).sum(axis=1).max())

    @cached_property
    def _frequencies(self) -> Matrix:
        """Of the classes."""
        shares: Matrix = np.average(self._outcome, axis=0, weights=self._votes)
        return shares

    @cached_property
    def _search(self) -> Any:
        from sklearn.neighbors import NearestNeighbors as Estimator

        # One more than needed, to know of ties.
        count = min(self._neighbors + 1, len(self._points))
        return Estimator(n_neighbors=count, p=self.params["p"], n_jobs=1).fit(self._points)
