"""Support vector classifier (Cortes and Vapnik 1995)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, override

import numpy as np

from lex_learning.config import ProblemType
from lex_learning.models._calibration import ScaledSoftmax
from lex_learning.models._kernel_machine import KernelMachine
from lex_learning.models._rows import inner_folds, sample_rows, taken
from lex_learning.models.base import Model
from lex_learning.preprocessing.design import DesignMatrix, design_width

if TYPE_CHECKING:
    import optuna
    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.export.graph import Graph
    from lex_learning.models.base import Matrix, Validation

MAX_ROWS = 10_000
FOLD_COUNT = 3


class SupportVectorClassifier(Model):
    """scikit-learn's `SVC` with a radial kernel, on scaled numbers and one-hot categories.

    Of more than 10,000 rows, a random 10,000 with the same shares of the classes are kept. Probabilities
    come from the scores of rows that were held out (Platt 1999), by `ScaledSoftmax`.
    """

    problem_types: ClassVar = frozenset({ProblemType.CLASSIFICATION})
    library: ClassVar = "scikit-learn"

    @classmethod
    @override
    def defaults(cls, problem: Problem) -> dict[str, Any]:
        """The library's own; `gamma` is a factor on its scale rule."""
        return {"C": 1.0, "gamma": 1.0}

    @classmethod
    @override
    def search_space(cls, trial: optuna.Trial, problem: Problem) -> dict[str, Any]:
        """Four decades of the penalty's inverse weight, two of the kernel's width."""
        return {
            "C": trial.suggest_float("C", 1e-2, 1e2, log=True),
            "gamma": trial.suggest_float("gamma", 0.05, 5.0, log=True),
        }

    @classmethod
    @override
    def memory_bytes(cls, problem: Problem) -> int:
        """See `Model.memory_bytes`; the design matrix of the rows kept, and the kernel's cache."""
        return 3 * 8 * min(MAX_ROWS, problem.row_count) * design_width(problem) + 250_000_000

    @override
    def fit(
        self,
        X: Matrix,
        y: NDArray[Any],
        validation: Validation | None = None,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        """See `Model.fit`."""
        rows = sample_rows(y, len(y), MAX_ROWS, self.seed)
        self._design = DesignMatrix(self.problem)
        groups = taken(self.groups, rows)
        weights = taken(weights, rows)
        Z, classes = self._design.fit_transform(X[rows], y[rows], groups), y[rows]
        self._machine = self._fitted_machine(Z, classes, weights)
        scores = self._machine.scores(Z)
        folds = inner_folds(classes, FOLD_COUNT, self.seed, groups)
        for fold in range(FOLD_COUNT):
            held = folds == fold
            # Where a fold holds all rows of a class, there is nothing to learn from beside it.
            if held.any() and np.array_equal(np.unique(classes[~held]), np.unique(classes)):
                machine = self._fitted_machine(Z[~held], classes[~held], taken(weights, ~held), like=Z)
                scores[held] = machine.scores(Z[held])
        # A fold may lack a rare class: its probability is then 0.
        self._present, codes = np.unique(classes, return_inverse=True)
        self._calibrator = ScaledSoftmax().fit(scores, codes, weights)

    def _fitted_machine(
        self,
        Z: Matrix,
        classes: NDArray[Any],
        weights: NDArray[np.float64] | None,
        like: Matrix | None = None,
    ) -> KernelMachine:
        """Its kernel is as wide as suits `like`, or `Z` itself."""
        from sklearn.svm import SVC

        spread = Z if like is None else like
        gamma = self.params["gamma"] / (spread.shape[1] * (float(spread.var()) or 1.0))
        machine = SVC(C=self.params["C"], gamma=gamma, cache_size=200, random_state=self.seed)
        return KernelMachine.of(machine.fit(Z, classes, weights), gamma)

    @override
    def predict(self, X: Matrix) -> Matrix:
        """See `Model.predict`."""
        output = np.zeros((len(X), self.problem.class_count))
        scores = self._machine.scores(self._design.transform(X))
        output[:, self._present] = self._calibrator.predict(scores)
        return output

    @override
    def to_graph(self, graph: Graph, features: str) -> str:
        """See `Model.to_graph`."""
        scores = self._machine.to_graph(graph, self._design.to_graph(graph, features))
        shares = self._calibrator.to_graph(graph, scores)
        return graph.all_classes(shares, self._present, self.problem.class_count)
