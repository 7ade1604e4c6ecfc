"""What scikit-learn's single trees and forests share."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, override

import numpy as np

from lex_learning.config import ProblemType
from lex_learning.models._rows import in_parts
from lex_learning.models._tree_arrays import MOST_PATHS, TreeArrays
from lex_learning.models.base import Model
from lex_learning.preprocessing.design import DesignMatrix

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.export.graph import Graph
    from lex_learning.models.base import Matrix, Validation

FEW_ROWS = 4
"""So many rows go through all trees at once."""
NODE_BYTES = 64


class TreeModel(Model):
    """An average of scikit-learn trees that see the numbers and category codes as they are.

    To each leaf's count of classes come `smoothing_rows` with the class frequencies of the whole, so that
    no probability is 0 (Cestnik 1990). Contributions add up to the probability.
    """

    problem_types: ClassVar = frozenset(ProblemType)
    library: ClassVar = "scikit-learn"
    derived: ClassVar = frozenset({"_grown"})
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
        estimator = self._estimator().fit(self._inputs(X, fit=True), y, sample_weight=weights)
        frequencies = None
        if self.problem.is_classification:
            counts = np.bincount(y, weights)
            # A fold may lack a rare class: its probability is then 0.
            self._present = estimator.classes_
            frequencies = counts[self._present] / counts.sum()
        each = getattr(estimator, "estimators_", [estimator])
        self._trees = TreeArrays.join([self._arrays(tree.tree_, frequencies) for tree in each])

    def _arrays(self, tree: Any, frequencies: Matrix | None) -> dict[str, NDArray[Any]]:
        values = tree.value[:, 0, :]
        rows = tree.weighted_n_node_samples
        if frequencies is not None:
            smoothed = values * rows[:, None] + self.smoothing_rows * frequencies
            values = smoothed / (rows[:, None] + self.smoothing_rows)
        return {
            "left": tree.children_left,
            "right": tree.children_right,
            "features": tree.feature,
            "thresholds": tree.threshold,
            "missing_left": tree.missing_go_to_left,
            "values": values,
            "row_counts": rows,
        }

    @override
    def check(self) -> None:
        """See `Model.check`."""
        output_count = len(self._present) if self.problem.is_classification else 1
        self._trees.check(self.problem.column_count, output_count)

    def _inputs(self, X: Matrix, *, fit: bool = False) -> NDArray[np.float32]:
        """Trees compare in single precision, whose range is smaller."""
        Z = self._design.fit_transform(X) if fit else self._design.transform(X)
        limit = float(np.finfo(np.float32).max)
        return np.clip(Z, -limit, limit).astype(np.float32)

    @override
    def predict(self, X: Matrix) -> Matrix:
        """See `Model.predict`."""
        Z = self._inputs(X)
        if len(Z) <= FEW_ROWS:
            # Step by step, as the sum of many rows goes: the last digit is the same.
            found = [np.cumsum(self._trees.values[self._trees.leaves(row)], axis=0)[-1] for row in Z]
            votes = np.array(found).reshape(len(Z), -1)
        else:
            votes = in_parts(self._vote, Z, self.threads)
        return self._all_classes(votes / len(self._trees.starts))

    @override
    def to_graph(self, graph: Graph, features: str) -> str:
        """See `Model.to_graph`."""
        from lex_learning.export.trees import sum_of_rows, sum_of_trees

        inputs = graph.single_precision(self._design.to_graph(graph, features))
        is_single = self._trees.values.shape[1] == 1
        votes = (sum_of_trees if is_single else sum_of_rows)(graph, inputs, self._trees)
        shares = graph.add("Div", votes, float(len(self._trees.starts)))
        if not self.problem.is_classification:
            return shares
        return graph.all_classes(shares, self._present, self.problem.class_count)

    def _vote(self, Z: NDArray[np.float32]) -> Matrix:
        """The sum of all trees' outputs, shape (rows, outputs)."""
        trees = self._grown
        votes: Matrix = trees[0].predict(Z)
        for tree in trees[1:]:
            votes += tree.predict(Z)
        return votes.reshape(len(Z), -1)

    @cached_property
    def _grown(self) -> list[Any]:
        """The library's own trees, quicker on many rows; its public methods' checks cost 10 ms a call."""
        from sklearn.tree._tree import NODE_DTYPE, Tree

        grown, leaves = [], self._trees.is_leaf
        outputs = self._trees.values.shape[1]
        for place in self._trees.split():
            nodes = np.zeros(place.stop - place.start, dtype=NODE_DTYPE)
            left, right = np.where(leaves[place], -1, self._trees.children[:, place] - place.start)
            nodes["left_child"], nodes["right_child"] = left, right
            nodes["feature"] = np.where(leaves[place], -2, self._trees.features[place])
            nodes["threshold"] = self._trees.thresholds[place]
            nodes["missing_go_to_left"] = self._trees.missing_left[place]
            values = self._trees.values[place][:, None, :]
            tree = Tree(self.problem.column_count, np.array([outputs], dtype=np.intp), 1)
            tree.__setstate__(
                {"max_depth": self._trees.depth, "node_count": len(nodes), "nodes": nodes, "values": values}
            )
            grown.append(tree)
        return grown

    def _all_classes(self, values: Matrix) -> Matrix:
        """Zeros for classes that the fit lacked."""
        if not self.problem.is_classification or values.shape[-1] == self.problem.class_count:
            return values
        output = np.zeros((*values.shape[:-1], self.problem.class_count))
        output[..., self._present] = values
        return output

    @property
    @override
    def explains_exactly(self) -> bool:
        """See `Model.explains_exactly`; not where a row would take longer than an estimate."""
        return self._trees.path_count <= MOST_PATHS

    @override
    def contributions(self, X: Matrix) -> tuple[Matrix, Matrix] | None:
        """See `Model.contributions`; TreeSHAP (Lundberg et al. 2020)."""
        if not self.explains_exactly:
            return None
        from shap import TreeExplainer

        # In single precision, as the trees compare; so are the thresholds then.
        trees = self._trees.to_shap(self._trees.values / len(self._trees.starts))
        explainer = TreeExplainer(trees | {"input_dtype": np.float32})
        values = np.asarray(explainer.shap_values(self._inputs(X), check_additivity=False))
        values = self._all_classes(values.reshape(len(X), X.shape[1], -1))
        base = self._all_classes(np.atleast_1d(np.asarray(explainer.expected_value, dtype=np.float64)))
        if self.problem.class_count == 2:
            values, base = values[:, :, 1:], base[1:]
        return self._design.to_source(values), base
