"""What scikit-learn's single trees and forests share."""

from __future__ import annotations

from abc import abstractmethod
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ClassVar, override

import numpy as np

from lex_learning.config import ProblemType
from lex_learning.models.base import Model
from lex_learning.preprocessing.design import DesignMatrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.models.base import Matrix, Validation

ROWS_PER_THREAD = 500
NODE_BYTES = 64
MOST_PATHS = 50_000_000
"""Leaves times the square of the depth, of all trees, that TreeSHAP goes through in about 40 ms."""


class TreeModel(Model):
    """An average of scikit-learn trees that see the numbers and category codes as they are.

    To each leaf's count of classes come `smoothing_rows` with the class frequencies of the whole, so that
    no probability is 0 (Cestnik 1990). Contributions add up to the probability.
    """

    problem_types: ClassVar = frozenset(ProblemType)
    library: ClassVar = "scikit-learn"
    explains_probabilities: ClassVar = True
    smoothing_rows: ClassVar[float]

    @abstractmethod
    def _estimator(self) -> Any:
        """The estimator, not fitted."""

    @classmethod
    @override
    def memory_bytes(cls, problem: Problem) -> int:
        """See `Model.memory_bytes`; a float32 copy of the matrix, and the nodes of all trees."""
        params = cls.defaults(problem)
        leaves = max(1, problem.row_count // params["min_samples_leaf"])
        node = NODE_BYTES + 8 * problem.output_count
        tree_bytes = int(params.get("n_estimators", 1)) * 2 * int(leaves) * node
        return 4 * problem.row_count * problem.column_count + tree_bytes

    @override
    def fit(
        self,
        X: Matrix,
        y: NDArray[Any],
        validation: Validation | None = None,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        """See `Model.fit`."""
        self._design = DesignMatrix(self.problem, one_hot=False, scale=False)
        self._estimator_ = self._estimator().fit(self._inputs(X, fit=True), y, sample_weight=weights)
        if self.problem.is_classification:
            counts = np.bincount(y, weights)
            frequencies = counts[counts > 0] / counts.sum()
            for tree in self._trees:
                rows = tree.weighted_n_node_samples[:, None, None]
                tree.value[...] = (tree.value * rows + self.smoothing_rows * frequencies) / (
                    rows + self.smoothing_rows
                )

    def _inputs(self, X: Matrix, *, fit: bool = False) -> NDArray[np.float32]:
        """Trees compare in single precision, whose range is smaller."""
        Z = self._design.fit_transform(X) if fit else self._design.transform(X)
        limit = float(np.finfo(np.float32).max)
        return np.clip(Z, -limit, limit).astype(np.float32)

    @property
    def _trees(self) -> list[Any]:
        each = getattr(self._estimator_, "estimators_", None)
        return [self._estimator_.tree_] if each is None else [tree.tree_ for tree in each]

    @override
    def predict(self, X: Matrix) -> Matrix:
        """See `Model.predict`. Asks the trees directly: the library's own checks cost 10 ms a row."""
        Z = self._inputs(X)
        trees = self._trees
        part_count = min(self.threads, len(Z) // ROWS_PER_THREAD)
        if part_count > 1:
            with ThreadPoolExecutor(part_count) as pool:
                parts = pool.map(lambda part: _vote(trees, part), np.array_split(Z, part_count))
                votes = np.vstack(list(parts))
        else:
            votes = _vote(trees, Z)
        return self._all_classes(votes / len(trees))

    def _all_classes(self, values: Matrix) -> Matrix:
        """A fold may lack a rare class: its probability is then 0."""
        if not self.problem.is_classification or values.shape[-1] == self.problem.class_count:
            return values
        output = np.zeros((*values.shape[:-1], self.problem.class_count))
        output[..., self._estimator_.classes_] = values
        return output

    @property
    @override
    def explains_exactly(self) -> bool:
        """See `Model.explains_exactly`; not where a row would take longer than an estimate."""
        return sum(int(tree.node_count // 2 * tree.max_depth**2) for tree in self._trees) <= MOST_PATHS

    @override
    def contributions(self, X: Matrix) -> tuple[Matrix, Matrix] | None:
        """See `Model.contributions`; TreeSHAP (Lundberg et al. 2020)."""
        if not self.explains_exactly:
            return None
        from shap import TreeExplainer

        explainer = TreeExplainer(self._estimator_)
        values = np.asarray(explainer.shap_values(self._inputs(X), check_additivity=False))
        values = self._all_classes(values.reshape(len(X), X.shape[1], -1))
        base = self._all_classes(np.atleast_1d(np.asarray(explainer.expected_value, dtype=np.float64)))
        if self.problem.class_count == 2:
            values, base = values[:, :, 1:], base[1:]
        return self._design.to_source(values), base


def _vote(trees: list[Any], Z: NDArray[np.float32]) -> Matrix:
    """The sum of all trees' outputs, shape (rows, outputs)."""
    votes: Matrix = trees[0].predict(Z)
    for tree in trees[1:]:
        votes += tree.predict(Z)
    return votes.reshape(len(Z), -1)
