"""scikit-learn's histogram gradient boosting, modelled on LightGBM."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, override

import numpy as np

from lex_learning.config import ProblemType
from lex_learning.models._rows import in_parts
from lex_learning.models._tree_arrays import MOST_PATHS, TreeArrays
from lex_learning.models.base import Model
from lex_learning.preprocessing.encoding import level_codes

if TYPE_CHECKING:
    import optuna
    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.export.graph import Graph
    from lex_learning.models.base import Matrix, Validation

MAX_ROUNDS = 500
PATIENCE_ROUNDS = 30
FEW_ROWS = 4
"""So many rows go through all trees at once."""
SET_LEVELS = 256
"""Bits of a set of levels."""
MAX_LEVELS = 255
"""The library's limit; beyond it, the rarest levels of a column share one."""


class GradientBoosting(Model):
    """scikit-learn's `HistGradientBoosting`."""

    problem_types: ClassVar = frozenset(ProblemType)
    library: ClassVar = "scikit-learn"
    derived: ClassVar = frozenset({"_grown"})
    takes_categories: ClassVar = True
    stops_early: ClassVar = True

    @classmethod
    @override
    def defaults(cls, problem: Problem) -> dict[str, Any]:
        """The library's own with a lower rate, smaller leaves on few rows, and columns sampled."""
        return {
            "learning_rate": 0.06,
            "max_leaf_nodes": 31,
            "min_samples_leaf": max(2, min(20, problem.row_count // 40)),
            "l2_regularization": 1.0,
            "max_features": 0.7,
            "rounds": 150,
        }

    @classmethod
    @override
    def search_space(cls, trial: optuna.Trial, problem: Problem) -> dict[str, Any]:
        """As LightGBM's."""
        most_rows = max(2, min(64, problem.row_count // 10))
        return {
            "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.2, log=True),
            "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 4, 200, log=True),
            "min_samples_leaf": trial.suggest_int("min_samples_leaf", 1, most_rows, log=True),
            "l2_regularization": trial.suggest_float("l2_regularization", 1e-4, 10.0, log=True),
            "max_features": trial.suggest_float("max_features", 0.4, 1.0),
            "rounds": 150,
        }

    @override
    def fit(
        self,
        X: Matrix,
        y: NDArray[Any],
        validation: Validation | None = None,
        weights: NDArray[np.float64] | None = None,
    ) -> None:
        """See `Model.fit`."""
        from threadpoolctl import threadpool_limits

        self._lookups = {
            column: _level_positions(X[:, column], count)
            for column, count in self.problem.categorical_levels.items()
        }
        self._empty = np.flatnonzero(np.isnan(X).all(axis=0))
        Z, held = self._inputs(X), {}
        if validation is not None:
            is_known = np.ones(len(validation.y), dtype=bool)
            if self.problem.is_classification:
                # The library refuses classes that the fit has not seen.
                is_known = np.isin(validation.y, y)
            if is_known.any():
                held = {"X_val": self._inputs(validation.X[is_known]), "y_val": validation.y[is_known]}
                if validation.weights is not None:
                    held["sample_weight_val"] = validation.weights[is_known]
        # The library has no setting for it.
        with threadpool_limits(self.threads, "openmp"):
            booster = self._estimator(stops_early=bool(held)).fit(Z, y, sample_weight=weights, **held)
        rounds = booster._predictors
        if held:
            # The first score is of no tree at all. Rounds after the best are dropped.
            rounds = rounds[: max(1, int(np.argmax(booster.validation_score_)))]
        self.rounds = len(rounds)
        self._baseline = np.ravel(booster._baseline_prediction).astype(np.float64)
        # A fold may lack a rare class: its probability is then 0.
        self._present = booster.classes_ if self.problem.is_classification else np.zeros(1, dtype=np.intp)
        self._trees = self._arrays([tree for each in rounds for tree in each])

    @override
    def check(self) -> None:
        """See `Model.check`."""
        self._trees.check(self.problem.column_count, 1)
        if self._trees.levels.shape[1:] != (SET_LEVELS,) or len(self._trees.starts) % len(self._baseline):
            raise ValueError("its trees are not trees")

    def _arrays(self, trees: list[Any]) -> TreeArrays:
        # The library saw categories first, then numbers.
        order = np.array(self.problem.categorical_columns + self.problem.numeric_columns)
        found, sets, set_count = [], [np.zeros((0, 8), dtype=np.uint32)], 0
        for tree in trees:
            nodes, is_set = tree.nodes, tree.nodes["is_categorical"].astype(bool)
            is_leaf = nodes["is_leaf"].astype(bool)
            found.append(
                {
                    "left": np.where(is_leaf, -1, nodes["left"].astype(np.int64)),
                    "right": np.where(is_leaf, -1, nodes["right"].astype(np.int64)),
                    "features": order[np.where(is_leaf, 0, nodes["feature_idx"])],
                    "thresholds": nodes["num_threshold"],
                    "missing_left": nodes["missing_go_to_left"],
                    "values": nodes["value"][:, None],
                    "row_counts": nodes["count"],
                    "sets": np.where(is_set, nodes["bitset_idx"].astype(np.int64) + set_count, -1),
                }
            )
            sets.append(tree.raw_left_cat_bitsets)
            set_count += len(tree.raw_left_cat_bitsets)
        bits = np.ascontiguousarray(np.vstack(sets)).view(np.uint8)
        return TreeArrays.join(found, np.unpackbits(bits, axis=1, bitorder="little").astype(bool))

    def _estimator(self, *, stops_early: bool) -> Any:
        from sklearn import ensemble

        settings = {name: value for name, value in self.params.items() if name != "rounds"}
        settings |= {
            "random_state": self.seed,
            "categorical_features": self.problem.categorical_columns or None,
            "early_stopping": stops_early,
            "max_iter": MAX_ROUNDS if stops_early else self.params["rounds"],
            "n_iter_no_change": PATIENCE_ROUNDS,
        }
        if self.problem.is_classification:
            return ensemble.HistGradientBoostingClassifier(**settings)
        return ensemble.HistGradientBoostingRegressor(**settings)

    def _inputs(self, X: Matrix) -> Matrix:
        Z = np.array(X, dtype=np.float64, order="C")
        for column, lookup in self._lookups.items():
            Z[:, column] = lookup[level_codes(X, column)]
        # The library fails on a column of which the fit has no value.
        Z[:, self._empty] = 0.0
        return Z

    @property
    @override
    def explains_exactly(self) -> bool:
        """See `Model.explains_exactly`; TreeSHAP knows neither splits on categories nor absent classes."""
        output_count = len(self._present)
        is_quick = self._trees.path_count <= MOST_PATHS
        return is_quick and not self.problem.categorical_levels and output_count == self.problem.output_count

    @override
    def contributions(self, X: Matrix) -> tuple[Matrix, Matrix] | None:
        """See `Model.contributions`; TreeSHAP (Lundberg et al. 2020)."""
        if not self.explains_exactly:
            return None
        from shap import TreeExplainer

        trees, output_count = self._trees.to_shap(), len(self._baseline)
        for index, tree in enumerate(trees["trees"]):
            tree["values"] = tree["values"] * np.eye(output_count)[index % output_count]
        explainer = TreeExplainer(trees)
        values = np.asarray(explainer.shap_values(self._inputs(X), check_additivity=False))
        base = np.atleast_1d(np.asarray(explainer.expected_value, dtype=np.float64))
        return values.reshape(len(X), X.shape[1], -1), base + self._baseline

    @override
    def predict(self, X: Matrix) -> Matrix:
        """See `Model.predict`."""
        from scipy.special import expit, softmax

        raw = self._raw(self._inputs(X))
        if not self.problem.is_classification:
            return raw
        shares = np.hstack([expit(-raw), expit(raw)]) if raw.shape[1] == 1 else softmax(raw, axis=1)
        output = np.zeros((len(X), self.problem.class_count))
        output[:, self._present] = shares
        return output

    @override
    def to_graph(self, graph: Graph, features: str) -> str:
        """See `Model.to_graph`."""
        from lex_learning.export.trees import sum_of_trees

        count = len(self._baseline)
        trees = sum_of_trees(graph, self._inputs_to_graph(graph, features), self._trees, count)
        raw = graph.add("Add", trees, self._baseline)
        if not self.problem.is_classification:
            return raw
        shares = graph.two_classes(raw) if count == 1 else graph.add("Softmax", raw, axis=-1)
        return graph.all_classes(shares, self._present, self.problem.class_count)

    def _inputs_to_graph(self, graph: Graph, features: str) -> str:
        """The nodes of `_inputs`."""
        order = np.arange(self.problem.column_count)
        found = [graph.lookup(features, column, table[:, None]) for column, table in self._lookups.items()]
        order[list(self._lookups)] = len(order) + np.arange(len(found))
        inputs = graph.columns(graph.join([features, *found]), order.tolist()) if found else features
        if len(self._empty):
            is_empty = np.isin(np.arange(len(order)), self._empty)
            inputs = graph.add("Where", is_empty, 0.0, inputs)
        return inputs

    def _raw(self, Z: Matrix) -> Matrix:
        """Log-odds or values, shape (rows, outputs)."""
        output_count = len(self._baseline)
        if len(Z) <= FEW_ROWS:
            # Step by step, as the sum of many rows goes: the last digit is the same.
            rounds = [self._trees.values[self._trees.leaves(row)].reshape(-1, output_count) for row in Z]
            sums = [np.cumsum(np.vstack([self._baseline, each]), axis=0)[-1] for each in rounds]
            return np.array(sums).reshape(len(Z), output_count)
        return in_parts(self._raw_of_many, Z, self.threads)

    def _raw_of_many(self, Z: Matrix) -> Matrix:
        from sklearn.ensemble._hist_gradient_boosting._predictor import _predict_from_raw_data

        output_count = len(self._baseline)
        raw: Matrix = np.tile(self._baseline, (len(Z), 1))
        # Unknown categories are NaN already, so that all others are known.
        known = np.full((1, 8), 2**32 - 1, dtype=np.uint32)
        places = np.zeros(Z.shape[1], dtype=np.uint32)
        part = np.empty(len(Z))
        nodes, sets = self._grown
        for index, place in enumerate(self._trees.split()):
            # One thread: the library's own ones would wait for each other after every tree.
            _predict_from_raw_data(nodes[place], Z, sets, known, places, 1, part)
            raw[:, index % output_count] += part
        return raw

    @cached_property
    def _grown(self) -> tuple[NDArray[Any], NDArray[np.uint32]]:
        """The library's own form of the nodes and of the sets, quicker on many rows."""
        from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE

        trees = self._trees
        nodes = np.zeros(len(trees.features), dtype=PREDICTOR_RECORD_DTYPE)
        offsets = np.repeat(trees.starts, np.diff(np.append(trees.starts, len(nodes))))
        nodes["left"], nodes["right"] = trees.children - offsets
        nodes["value"], nodes["is_leaf"] = trees.values[:, 0], trees.is_leaf
        nodes["feature_idx"], nodes["num_threshold"] = trees.features, trees.thresholds
        nodes["missing_go_to_left"] = trees.missing_left
        nodes["is_categorical"], nodes["bitset_idx"] = trees.sets >= 0, np.maximum(trees.sets, 0)
        bits = np.packbits(trees.levels, axis=1, bitorder="little")
        return nodes, np.ascontiguousarray(bits).view(np.uint32).reshape(-1, 8)


def _level_positions(codes: Matrix, level_count: int) -> Matrix:
    """New codes by old code, below `MAX_LEVELS`; NaN for levels of no row, and last for unseen ones."""
    counts = np.bincount(codes[~np.isnan(codes)].astype(np.intp), minlength=level_count)
    order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    positions = np.full(level_count + 1, np.nan)
    positions[order] = np.minimum(np.arange(len(order)), MAX_LEVELS - 1)
    return positions
