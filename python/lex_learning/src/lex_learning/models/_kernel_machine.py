"""A fitted support vector machine with a radial kernel, as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lex_learning.export.graph import Graph
    from lex_learning.models.base import Matrix

KERNEL_CELLS = 10_000_000
"""Of the kernel at a time, as many: 80 MB."""


@dataclass(frozen=True)
class KernelMachine:
    """Scores rows as libsvm does (Chang and Lin 2011).

    Args:
        vectors: Support vectors, those of a class together, shape (vectors, columns).
        weights: Of the vectors: for pairs of classes, a row for each class but one; else one row.
        intercepts: One for each pair of classes, in order; else one.
        class_counts: Support vectors of each class; empty for regression.
        gamma: The kernel is exp(-gamma * squared distance).
    """

    vectors: Matrix
    weights: Matrix
    intercepts: Matrix
    class_counts: NDArray[np.intp]
    gamma: float

    @classmethod
    def of(cls, machine: Any, gamma: float) -> Self:
        """Of a fitted `SVC` or `SVR` of scikit-learn."""
        counts = machine.n_support_ if hasattr(machine, "classes_") else np.empty(0)
        return cls(
            np.ascontiguousarray(machine.support_vectors_, dtype=np.float64),
            np.ascontiguousarray(machine._dual_coef_, dtype=np.float64),
            np.array(machine._intercept_, dtype=np.float64),
            np.asarray(counts, dtype=np.intp),
            float(gamma),
        )

    def scores(self, Z: Matrix) -> Matrix:
        """Shape (rows, classes), or (rows, 1) for regression."""
        size = max(1, KERNEL_CELLS // max(1, len(self.vectors)))
        parts = [self._scores(Z[start : start + size]) for start in range(0, max(1, len(Z)), size)]
        return np.vstack(parts)

    @cached_property
    def _squares(self) -> Matrix:
        """The squared length of each vector."""
        squares: Matrix = (self.vectors**2).sum(axis=1)
        return squares

    def _scores(self, Z: Matrix) -> Matrix:
        squares = (Z**2).sum(axis=1)[:, None] + self._squares
        kernel = np.exp(-self.gamma * np.maximum(squares - 2.0 * (Z @ self.vectors.T), 0.0))
        if len(self.class_counts) <= 2:
            score = kernel @ self.weights[0] + self.intercepts[0]
            return score[:, None] if not len(self.class_counts) else np.column_stack([score, -score])
        ends = np.cumsum(self.class_counts)
        parts = [
            kernel[:, end - count : end] @ self.weights[:, end - count : end].T
            for count, end in zip(self.class_counts, ends, strict=True)
        ]
        return self._votes(parts)

    def _votes(self, parts: list[Matrix]) -> Matrix:
        """One vote for the better class of each pair; the sum of the margins, below a third, breaks ties."""
        class_count = len(parts)
        votes, margins = np.zeros((2, len(parts[0]), class_count))
        pair = 0
        for first in range(class_count):
            for second in range(first + 1, class_count):
                margin = parts[first][:, second - 1] + parts[second][:, first] + self.intercepts[pair]
                margins[:, first] += margin
                margins[:, second] -= margin
                votes[:, first] += margin >= 0
                votes[:, second] += margin < 0
                pair += 1
        return votes + margins / (3.0 * (np.abs(margins) + 1.0))

    def to_graph(self, graph: Graph, inputs: str) -> str:
        """The nodes of `scores`; see `Model.to_graph`."""
        squares = graph.add("ReduceSum", graph.add("Mul", inputs, inputs), np.array([1]), keepdims=1)
        squares = graph.add("Add", squares, (self.vectors**2).sum(axis=1))
        products = graph.add("MatMul", inputs, 2.0 * self.vectors.T)
        distances = graph.add("Max", graph.add("Sub", squares, products), 0.0)
        kernel = graph.add("Exp", graph.add("Mul", distances, -self.gamma))
        if len(self.class_counts) <= 2:
            scores = graph.add("Add", graph.add("MatMul", kernel, self.weights[:1].T), self.intercepts[:1])
            return graph.join([scores, graph.add("Neg", scores)]) if len(self.class_counts) else scores
        pairs = np.array(np.triu_indices(len(self.class_counts), 1))
        margin = graph.add("Add", graph.add("MatMul", kernel, self._pair_weights(pairs)), self.intercepts)
        first, second = (np.eye(len(self.class_counts))[side] for side in pairs)
        wins = graph.to_double(graph.add("GreaterOrEqual", margin, 0.0))
        losses = graph.to_double(graph.add("Less", margin, 0.0))
        votes = graph.add("Add", graph.add("MatMul", wins, first), graph.add("MatMul", losses, second))
        margins = graph.add("MatMul", margin, first - second)
        size = graph.add("Mul", graph.add("Add", graph.add("Abs", margins), 1.0), 3.0)
        return graph.add("Add", votes, graph.add("Div", margins, size))

    def _pair_weights(self, pairs: NDArray[np.intp]) -> Matrix:
        """What each vector adds to the margin of each pair of classes, shape (vectors, pairs)."""
        ends = np.cumsum(self.class_counts)
        output = np.zeros((len(self.vectors), pairs.shape[1]))
        for pair, (first, second) in enumerate(pairs.T):
            for own, row in ((first, second - 1), (second, first)):
                rows = slice(ends[own] - self.class_counts[own], ends[own])
                output[rows, pair] = self.weights[row, rows]
        return output
