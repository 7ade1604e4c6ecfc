"""Support vector regression (Drucker et al. 1996)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, override

from lex_learning.config import ProblemType
from lex_learning.models._kernel_machine import KernelMachine
from lex_learning.models._rows import sample_rows, taken
from lex_learning.models.base import Model
from lex_learning.preprocessing.design import DesignMatrix, design_width

if TYPE_CHECKING:
    import numpy as np
    import optuna
    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.export.graph import Graph
    from lex_learning.models.base import Matrix, Validation

MAX_ROWS = 10_000


class SupportVectorRegressor(Model):
    """scikit-learn's `SVR` with a radial kernel, on scaled numbers and one-hot categories.

    The target is standardised. Of more than 10,000 rows, a random 10,000 are kept.
    """

    problem_types: ClassVar = frozenset({ProblemType.REGRESSION})
    library: ClassVar = "scikit-learn"

    @classmethod
    @override
    def defaults(cls, problem: Problem) -> dict[str, Any]:
        """A weaker penalty and a wider kernel than the library's; `gamma` is a factor on its scale rule."""
        return {"C": 10.0, "epsilon": 0.05, "gamma": 0.3}

    @classmethod
    @override
    def search_space(cls, trial: optuna.Trial, problem: Problem) -> dict[str, Any]:
        """Four decades of the penalty's inverse weight, two of the kernel's width."""
        return {
            "C": trial.suggest_float("C", 1e-2, 1e2, log=True),
            "epsilon": trial.suggest_float("epsilon", 1e-2, 0.3, log=True),
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
        from sklearn.svm import SVR

        rows = sample_rows(None, len(y), MAX_ROWS, self.seed)
        groups = taken(self.groups, rows)
        self._design = DesignMatrix(self.problem)
        Z, values = self._design.fit_transform(X[rows], y[rows], groups), y[rows]
        self._mean, self._deviation = float(values.mean()), float(values.std()) or 1.0
        gamma = self.params["gamma"] / (Z.shape[1] * (float(Z.var()) or 1.0))
        machine = SVR(C=self.params["C"], epsilon=self.params["epsilon"], gamma=gamma, cache_size=200)
        machine.fit(Z, (values - self._mean) / self._deviation, taken(weights, rows))
        self._machine = KernelMachine.of(machine, gamma)

    @override
    def predict(self, X: Matrix) -> Matrix:
        """See `Model.predict`."""
        scores = self._machine.scores(self._design.transform(X))
        return scores * self._deviation + self._mean

    @override
    def to_graph(self, graph: Graph, features: str) -> str:
        """See `Model.to_graph`."""
        scores = self._machine.to_graph(graph, self._design.to_graph(graph, features))
        return graph.add("Add", graph.add("Mul", scores, self._deviation), self._mean)
