"""What every algorithm declares and does. Before you add to this class: every algorithm pays for it."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from lex_learning.errors import ExportError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import optuna
    from numpy.typing import NDArray

    from lex_learning.config import ProblemType
    from lex_learning.core.problem import Problem
    from lex_learning.export.graph import Graph

    type Matrix = NDArray[np.float64]


class Validation(NamedTuple):
    """Rows that a fit does not learn from, but may stop by.

    Args:
        X: Shape (rows, columns).
        y: Class codes or values, shape (rows,).
        weights: Of the rows; None: all count the same.
    """

    X: Matrix
    y: NDArray[Any]
    weights: NDArray[np.float64] | None = None


class Predictor(Protocol):
    """What answers once it is fitted: a `Model`, an ensemble of some, or one that learned something else."""

    problem: Problem
    explains_probabilities: ClassVar[bool]

    @property
    def explains_exactly(self) -> bool:
        """See `Model.explains_exactly`."""

    def predict(self, X: Matrix) -> Matrix:
        """See `Model.predict`."""

    def use_threads(self, threads: int) -> None:
        """See `Model.use_threads`."""

    def contributions(self, X: Matrix) -> tuple[Matrix, Matrix] | None:
        """See `Model.contributions`."""

    def to_graph(self, graph: Graph, features: str) -> str:
        """See `Model.to_graph`."""


class Model(ABC):
    """One algorithm, fitted to one problem.

    The matrix `X` is the encoding of `core.schema`: numbers, booleans as 0 and 1, categories as level
    codes with NaN for an unseen one, and NaN for a value that is missing. What else an algorithm needs
    (one-hot columns, scaling) it makes itself, inside `fit`, so that no fold sees another's rows.

    Args:
        problem: What is to be learned.
        params: Settings, of the names in `defaults`.
        seed: Seed of all randomness, 31 bits.
        threads: Threads that the fit may use.
    """

    problem_types: ClassVar[frozenset[ProblemType]]
    """Problems that it solves."""
    library: ClassVar[str]
    """Name of the library that it comes from."""
    takes_categories: ClassVar[bool] = False
    """Whether it splits on category codes natively."""
    stops_early: ClassVar[bool] = False
    """Whether it trains in rounds and uses `validation` to stop; it then has `rounds`."""
    is_quick: ClassVar[bool] = False
    """Whether a fit on a few thousand cells takes a moment, so that it may run where it cannot be killed."""
    is_neural_network: ClassVar[bool] = False
    """Whether `enable_neural_networks` governs it."""
    explains_probabilities: ClassVar[bool] = False
    """Whether a classifier's contributions add up to the probability rather than to its log-odds."""
    derived: ClassVar[frozenset[str]] = frozenset()
    """Attributes that are made again where they are needed, and not stored."""

    def __init__(self, problem: Problem, params: dict[str, Any], *, seed: int, threads: int) -> None:
        self.problem = problem
        self.params = params
        self.seed = seed
        self.threads = threads
        self.rounds: int | None = None
        self.time_limit: float | None = None
        """Seconds after which a fit that `stops_early` ends with the rounds so far. Default: no limit."""
        self.groups: NDArray[Any] | None = None
        """Of the rows of the next fit, codes: what it splits, it splits between groups. Default: any rows."""

    def __getstate__(self) -> dict[str, Any]:
        kept = {name: value for name, value in self.__dict__.items() if name not in self.derived}
        return {**kept, "groups": None, "time_limit": None}

    @classmethod
    def unavailable_reason(cls) -> str | None:
        """Why it cannot run here (a missing optional library), or None."""
        return None

    @classmethod
    @abstractmethod
    def defaults(cls, problem: Problem) -> dict[str, Any]:
        """Good settings without any search."""

    @classmethod
    @abstractmethod
    def search_space(cls, trial: optuna.Trial, problem: Problem) -> dict[str, Any]:
        """Settings suggested by a trial, complete: the same names as `defaults`."""

    @classmethod
    def memory_bytes(cls, problem: Problem) -> int:
        """Estimate of the memory that a fit needs beside its input."""
        return 2 * 8 * problem.row_count * problem.column_count

    @abstractmethod
    def fit(
        self,
        X: Matrix,
        y: NDArray[Any],
        validation: Validation | None = None,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        """Learn from `X` (rows, columns) and `y` (class codes or values).

        With `weights`, of mean 1, a row counts that much. With `validation`, a model that `stops_early` sets
        `rounds` to its best one; without it, it trains for `params["rounds"]`.
        """

    def _clock(self) -> Callable[[], bool]:
        """Started now, tells whether `time_limit` is over."""
        if self.time_limit is None:
            return lambda: False
        end = time.monotonic() + self.time_limit
        return lambda: time.monotonic() > end

    @abstractmethod
    def predict(self, X: Matrix) -> Matrix:
        """Class probabilities, shape (rows, classes), or values, shape (rows, 1)."""

    def use_threads(self, threads: int) -> None:
        """Set the threads of later predictions; not to be called while another thread predicts."""
        self.threads = threads

    def check(self) -> None:  # noqa: B027 - few have anything to check
        """Refuse a state, read from a file, that no fit leaves and that native code would trust.

        Raises:
            ValueError: It is so.
        """

    @property
    def explains_exactly(self) -> bool:
        """Whether, once it is fitted, `contributions` gives any."""
        return type(self).contributions is not Model.contributions

    def contributions(self, X: Matrix) -> tuple[Matrix, Matrix] | None:  # noqa: ARG002 - for overrides
        """Exact SHAP values where the algorithm has its own method, else None.

        Returns:
            Values of shape (rows, columns, outputs) and the base value of each output, shape (outputs,),
            in the space in which they add up: log-odds for a classifier, or the probability if it
            `explains_probabilities`; the target for a regressor.
            A binary classifier has one output, of its second class.
        """
        return None

    def to_graph(self, graph: Graph, features: str) -> str:  # noqa: ARG002 - for overrides
        """Add to an ONNX graph what `predict` does, in float64; only the operators of `export.document`.

        Args:
            graph: Takes the nodes.
            features: Name of the matrix, shape (rows, columns).

        Returns:
            Name of the output, of the shape that `predict` gives.

        Raises:
            ExportError: ONNX cannot express it.
        """
        raise ExportError("the algorithm has no form in ONNX yet")
