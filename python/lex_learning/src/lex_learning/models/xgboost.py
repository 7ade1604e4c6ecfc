"""XGBoost: gradient boosted trees, grown level by level (Chen and Guestrin 2016)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, override

import numpy as np

from lex_learning.config import ProblemType
from lex_learning.models._carried import spread
from lex_learning.models._rows import in_parts
from lex_learning.models._xgboost_trees import read_trees
from lex_learning.models.base import Model
from lex_learning.preprocessing.design import MAX_ONE_HOT_LEVELS
from lex_learning.preprocessing.many_levels import ManyLevels

if TYPE_CHECKING:
    from collections.abc import Callable

    import optuna
    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.export.graph import Graph
    from lex_learning.models.base import Matrix, Validation

MAX_ROUNDS = 2_000
MAX_ROUNDS_ALL_CLASSES = 4_000
"""Each class has a tree of its own in every round."""
PATIENCE_ROUNDS = 100
MANY_ROWS = 8_000
"""From here on, each tree sees all of them: on public tables of this size up to 2 % better."""


class XgBoost(Model):
    """The `xgboost` library's booster; of a column of many levels it sees the mean of the target.

    Its own splits between sets of levels learn a column of thousands by heart.
    """

    problem_types: ClassVar = frozenset(ProblemType)
    library: ClassVar = "xgboost"
    takes_categories: ClassVar = True
    stops_early: ClassVar = True

    @classmethod
    @override
    def defaults(cls, problem: Problem) -> dict[str, Any]:
        """The tuned defaults of Holzmüller et al. 2024 (RealMLP), softened."""
        return {
            "learning_rate": 0.05,
            "max_depth": 6 if problem.is_classification else 7,
            "min_child_weight": 1.0,
            "subsample": 0.7 if problem.row_count < MANY_ROWS else 1.0,
            "colsample_bylevel": 0.9,
            "colsample_bynode": 0.9,
            "reg_alpha": 0.0,
            "reg_lambda": 1.0,
            "rounds": 300,
        }

    @classmethod
    @override
    def search_space(cls, trial: optuna.Trial, problem: Problem) -> dict[str, Any]:
        """The space of TabArena (Erickson et al. 2025)."""
        return {
            "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.1, log=True),
            "max_depth": trial.suggest_int("max_depth", 2, 10, log=True),
            "min_child_weight": trial.suggest_float("min_child_weight", 1e-3, 5.0, log=True),
            "subsample": trial.suggest_float("subsample", 0.6, 1.0),
            "colsample_bylevel": trial.suggest_float("colsample_bylevel", 0.6, 1.0),
            "colsample_bynode": trial.suggest_float("colsample_bynode", 0.6, 1.0),
            "reg_alpha": trial.suggest_float("reg_alpha", 1e-4, 5.0, log=True),
            "reg_lambda": trial.suggest_float("reg_lambda", 1e-4, 5.0, log=True),
            "rounds": 300,
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
        import xgboost

        settings = {name: value for name, value in self.params.items() if name != "rounds"}
        settings |= {
            "objective": self._objective(),
            "tree_method": "hist",
            # Splits between sets of levels learn by heart: up to 20 % worse on public tables.
            "max_cat_to_onehot": MAX_ONE_HOT_LEVELS + 1,
            "seed": self.seed,
            "nthread": self.threads,
            "verbosity": 0,
        }
        if self.problem.class_count > 2:
            settings["num_class"] = self.problem.class_count
        self._many_levels = ManyLevels(self.problem)
        Z = self._many_levels.fit_transform(X, y, self.groups)
        data = xgboost.QuantileDMatrix(**self._columns(Z), label=y, weight=weights, nthread=self.threads)
        if validation is None:
            self._booster = xgboost.train(settings, data, num_boost_round=self.params["rounds"])
            self.rounds = self.params["rounds"]
        else:
            held = xgboost.QuantileDMatrix(
                **self._columns(self._many_levels.transform(validation.X)),
                label=validation.y,
                weight=validation.weights,
                ref=data,
                nthread=self.threads,
            )
            booster = xgboost.train(
                settings,
                data,
                num_boost_round=min(
                    MAX_ROUNDS, MAX_ROUNDS_ALL_CLASSES // max(1, self.problem.class_count) + 100
                ),
                evals=[(held, "held")],
                early_stopping_rounds=PATIENCE_ROUNDS,
                verbose_eval=False,
                callbacks=[_stop_when(self._clock())],
            )
            self.rounds = booster.best_iteration + 1
            self._booster = booster[: self.rounds]
        self.use_threads(self.threads)

    @override
    def use_threads(self, threads: int) -> None:
        """See `Model.use_threads`."""
        super().use_threads(threads)
        # The library's own threads wait for each other even over one row: 8 ms where others work too.
        self._booster.set_param({"nthread": 1})

    def _objective(self) -> str:
        if not self.problem.is_classification:
            return "reg:squarederror"
        return "multi:softprob" if self.problem.class_count > 2 else "binary:logistic"

    def _columns(self, Z: Matrix) -> dict[str, Any]:
        categories = self._many_levels.categorical_columns
        kinds = ["c" if index in categories else "q" for index in range(Z.shape[1])]
        return {"data": Z, "feature_types": kinds, "enable_categorical": True}

    @override
    def predict(self, X: Matrix) -> Matrix:
        """See `Model.predict`."""
        from scipy.special import expit, softmax

        raw = in_parts(self._raw, self._many_levels.transform(X), self.threads)
        raw = raw.astype(np.float64).reshape(len(X), -1)
        if not self.problem.is_classification:
            values: Matrix = raw
            return values
        shares: Matrix = softmax(raw, axis=1) if raw.shape[1] > 1 else np.hstack([expit(-raw), expit(raw)])
        return shares

    def _raw(self, Z: Matrix) -> NDArray[np.float32]:
        """Log-odds or values: of a probability near 1, single precision leaves little for the other class."""
        raw: NDArray[np.float32] = self._booster.inplace_predict(
            Z, predict_type="margin", validate_features=False
        )
        return raw

    @override
    def to_graph(self, graph: Graph, features: str) -> str:
        """See `Model.to_graph`."""
        from lex_learning.export.trees import sum_of_trees

        output_count = self.problem.class_count if self.problem.class_count > 2 else 1
        inputs = graph.single_precision(self._many_levels.to_graph(graph, features))
        trees, start = read_trees(self._booster.save_raw("json"))
        raw = graph.add("Add", sum_of_trees(graph, inputs, trees, output_count), start)
        if not self.problem.is_classification:
            return raw
        return graph.add("Softmax", raw, axis=-1) if output_count > 1 else graph.two_classes(raw)

    @override
    def contributions(self, X: Matrix) -> tuple[Matrix, Matrix] | None:
        """See `Model.contributions`; TreeSHAP (Lundberg et al. 2020), built into the booster."""
        Z = self._many_levels.transform(X)
        raw = in_parts(self._raw_contributions, Z, self.threads).astype(np.float64)
        values, base = raw.transpose(0, 2, 1)[:, :-1], raw[0, :, -1]
        # Summed up in single precision, they are a little off.
        scores = in_parts(self._raw, Z, self.threads).astype(np.float64).reshape(len(X), -1)
        return self._many_levels.to_source(spread(values, scores - base)), base

    def _raw_contributions(self, Z: Matrix) -> NDArray[np.float32]:
        """Those to the log-odds or values, and the base last; shape (rows, outputs, columns + 1)."""
        import xgboost

        data = xgboost.DMatrix(**self._columns(Z), nthread=1)
        raw: NDArray[np.float32] = self._booster.predict(data, pred_contribs=True, strict_shape=True)
        return raw


def _stop_when(is_over: Callable[[], bool]) -> Any:
    """A callback that ends a fit with its best round so far."""
    from xgboost.callback import TrainingCallback

    class Clock(TrainingCallback):  # type: ignore[misc]
        def after_iteration(self, _model: Any, epoch: int, _log: Any) -> bool:
            # The library notes the best round after this, so the first one is never the last.
            return epoch > 0 and is_over()

    return Clock()
