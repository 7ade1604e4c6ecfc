"""CatBoost: boosted symmetric trees with target statistics of categories (Prokhorenkova et al. 2018)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, override

import numpy as np

from lex_learning.config import ProblemType
from lex_learning.models._catboost_trees import read_trees
from lex_learning.models._rows import taken
from lex_learning.models.base import Model
from lex_learning.preprocessing.encoding import level_codes

if TYPE_CHECKING:
    from collections.abc import Callable

    import optuna
    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.export.graph import Graph
    from lex_learning.models.base import Matrix, Validation

MAX_ROUNDS = 1_000
PATIENCE_ROUNDS = 60
FEW_ROWS = 1_000
MOST_DEPTH = 8
"""Of trees; TreeSHAP takes four times as long for each step more."""
ABSENT_LOG_ODDS = -50.0
"""For a class that the rows of the fit lack."""


class CatBoost(Model):
    """The `catboost` library's booster."""

    problem_types: ClassVar = frozenset(ProblemType)
    library: ClassVar = "catboost"
    derived: ClassVar = frozenset({"_code_texts"})
    takes_categories: ClassVar = True
    stops_early: ClassVar = True

    @classmethod
    @override
    def defaults(cls, problem: Problem) -> dict[str, Any]:
        """Near the library's own, which are hard to better; the rate suits 1,000 rounds."""
        return {
            "learning_rate": 0.06,
            "depth": 6,
            "subsample": 0.9,
            "l2_leaf_reg": 3.0,
            "leaf_estimation_iterations": 1,
            "one_hot_max_size": 15,
            "rounds": 400,
        }

    @classmethod
    @override
    def search_space(cls, trial: optuna.Trial, problem: Problem) -> dict[str, Any]:
        """The space of TabArena (Erickson et al. 2025)."""
        return {
            "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.15, log=True),
            "depth": trial.suggest_int("depth", 4, MOST_DEPTH),
            "subsample": trial.suggest_float("subsample", 0.7, 1.0),
            "l2_leaf_reg": trial.suggest_float("l2_leaf_reg", 1e-2, 10.0, log=True),
            "leaf_estimation_iterations": trial.suggest_int("leaf_estimation_iterations", 1, 10, log=True),
            "one_hot_max_size": trial.suggest_int("one_hot_max_size", 8, 100, log=True),
            "rounds": 400,
        }

    @classmethod
    @override
    def memory_bytes(cls, problem: Problem) -> int:
        """See `Model.memory_bytes`; a cell also is a float32 or a pointer, a quantum, and statistics."""
        return 30 * problem.row_count * problem.column_count + 100_000_000

    @override
    def fit(
        self,
        X: Matrix,
        y: NDArray[Any],
        validation: Validation | None = None,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        """See `Model.fit`."""
        import catboost

        settings = {name: value for name, value in self.params.items() if name != "rounds"}
        settings |= {
            "loss_function": self._loss(),
            "bootstrap_type": "Bernoulli",
            "random_seed": self.seed,
            "thread_count": self.threads,
            "logging_level": "Silent",
            "allow_writing_files": False,
        }
        # A fold may lack a rare class, of which the library would complain aloud.
        self._present = np.unique(y) if self.problem.is_classification else np.zeros(1, dtype=np.intp)
        if validation is not None and self.problem.is_classification:
            # There may be nothing to stop by: rows of classes alone that the fit lacks.
            validation = validation if np.isin(validation.y, self._present).any() else None
        settings["iterations"] = self.params["rounds"] if validation is None else MAX_ROUNDS
        booster = catboost.CatBoost(settings)
        if validation is None:
            booster.fit(self._pool(X, y, weights))
        else:
            held = self._pool(*validation)
            clock = None if self.time_limit is None else [_StopWhen(self._clock())]
            booster.fit(
                self._pool(X, y, weights),
                eval_set=held,
                early_stopping_rounds=PATIENCE_ROUNDS,
                callbacks=clock,
            )
        # With an eval set, the library cuts the model to its best round.
        self.rounds = max(1, booster.tree_count_)
        self._booster = booster

    def _loss(self) -> str:
        if not self.problem.is_classification:
            return "RMSE"
        return "MultiClass" if self.problem.class_count > 2 else "Logloss"

    def _pool(self, X: Matrix, y: NDArray[Any], weights: NDArray[Any] | None) -> Any:
        from catboost import Pool

        if self.problem.is_classification:
            rows = np.flatnonzero(np.isin(y, self._present))
            X, y = X[rows], np.searchsorted(self._present, y[rows])
            weights = taken(weights, rows)
        return Pool(self._columns(X), y, weight=weights, thread_count=self.threads)

    def _columns(self, X: Matrix) -> Any:
        """Numbers in single precision, and texts for codes: a shared text object for each code."""
        from catboost import FeaturesData

        numbers = categories = None
        if self.problem.numeric_columns:
            limit = float(np.finfo(np.float32).max)
            numbers = np.clip(X[:, self.problem.numeric_columns], -limit, limit).astype(np.float32, order="C")
        if self.problem.categorical_columns:
            codes = level_codes(X, self.problem.categorical_columns)
            categories = np.ascontiguousarray(self._texts()[codes + 1])
        return FeaturesData(num_feature_data=numbers, cat_feature_data=categories)

    def _texts(self) -> NDArray[np.object_]:
        texts: NDArray[np.object_] | None = getattr(self, "_code_texts", None)
        if texts is None:
            most = max(self.problem.categorical_levels.values())
            texts = self._code_texts = np.array([b"%d" % code for code in range(-1, most)], dtype=object)
        return texts

    @override
    def predict(self, X: Matrix) -> Matrix:
        """See `Model.predict`."""
        from scipy.special import expit, softmax

        threads = self.threads if len(X) > FEW_ROWS else 1
        raw = self._booster.predict(self._columns(X), prediction_type="RawFormulaVal", thread_count=threads)
        if self.problem.class_count > 2:
            output = np.zeros((len(X), self.problem.class_count))
            output[:, self._present] = softmax(raw, axis=1)
            return output
        if self.problem.class_count == 2:
            return np.column_stack([expit(-raw), expit(raw)])
        return np.asarray(raw, dtype=np.float64)[:, None]

    @override
    def to_graph(self, graph: Graph, features: str) -> str:
        """See `Model.to_graph`."""
        from lex_learning.export.trees import sum_of_rows, sum_of_trees

        read = read_trees(self._booster, self.problem, self._leaves)
        numbers = graph.single_precision(features)
        answers = [each.to_graph(graph, features, numbers) for each in read.answers]
        is_single = read.trees.values.shape[1] == 1
        votes = (sum_of_trees if is_single else sum_of_rows)(
            graph, graph.join([numbers, *answers]), read.trees
        )
        raw = graph.add("Add", graph.add("Mul", votes, read.scale), read.bias)
        if not self.problem.is_classification:
            return raw
        shares = graph.two_classes(raw) if is_single else graph.add("Softmax", raw, axis=-1)
        return graph.all_classes(shares, self._present, self.problem.class_count)

    def _leaves(self, X: Matrix) -> NDArray[Any]:
        """The leaf of each tree, shape (rows, trees)."""
        from catboost import Pool

        leaves: NDArray[Any] = self._booster.calc_leaf_indexes(
            Pool(self._columns(X), thread_count=1), thread_count=1
        )
        return leaves

    @override
    def contributions(self, X: Matrix) -> tuple[Matrix, Matrix] | None:
        """See `Model.contributions`; TreeSHAP (Lundberg et al. 2020), built into the booster."""
        from catboost import Pool

        raw = self._booster.get_feature_importance(
            Pool(self._columns(X)), type="ShapValues", thread_count=self.threads
        )
        shaped = raw.reshape(len(X), -1, X.shape[1] + 1).transpose(0, 2, 1)
        # The library saw the numbers first, then the categories.
        values = np.empty((len(X), X.shape[1], shaped.shape[2]))
        values[:, self.problem.numeric_columns + self.problem.categorical_columns] = shaped[:, :-1]
        if self.problem.class_count <= 2:
            return values, shaped[0, -1, :]
        all_values = np.zeros((len(X), X.shape[1], self.problem.class_count))
        all_values[:, :, self._present] = values
        base = np.full(self.problem.class_count, ABSENT_LOG_ODDS)
        base[self._present] = shaped[0, -1, :]
        return all_values, base


class _StopWhen:
    """A callback that ends a fit."""

    def __init__(self, is_over: Callable[[], bool]) -> None:
        self._is_over = is_over

    def after_iteration(self, _: Any) -> bool:
        return not self._is_over()
