"""LightGBM: gradient boosted trees, grown leaf by leaf (Ke et al. 2017)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, override

import numpy as np

from lex_learning.config import ProblemType
from lex_learning.models._lightgbm_trees import read_trees
from lex_learning.models.base import Model

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
FEW_ROWS = 1_000
SMALL_ROWS = 1_500
"""In smaller tables, large trees learn the rows by heart."""


class LightGbm(Model):
    """The `lightgbm` library's booster."""

    problem_types: ClassVar = frozenset(ProblemType)
    library: ClassVar = "lightgbm"
    takes_categories: ClassVar = True
    stops_early: ClassVar = True

    @classmethod
    @override
    def defaults(cls, problem: Problem) -> dict[str, Any]:
        """The best of 35 random settings on 20 public tables, made smaller for few rows."""
        return {
            "learning_rate": 0.05,
            "num_leaves": 16 if problem.row_count < SMALL_ROWS else 32,
            "min_data_in_leaf": max(2, min(10, problem.row_count // 40)),
            "feature_fraction": 0.85,
            "bagging_fraction": 0.8 if problem.row_count < MANY_ROWS else 1.0,
            "lambda_l1": 0.0,
            "lambda_l2": 0.3,
            "cat_l2": 5.0,
            "cat_smooth": 10.0,
            "rounds": 300,
        }

    @classmethod
    @override
    def search_space(cls, trial: optuna.Trial, problem: Problem) -> dict[str, Any]:
        """The space of TabArena (Erickson et al. 2025)."""
        most_rows = max(2, min(64, problem.row_count // 10))
        return {
            "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.1, log=True),
            "num_leaves": trial.suggest_int("num_leaves", 4, 200, log=True),
            "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 1, most_rows, log=True),
            "feature_fraction": trial.suggest_float("feature_fraction", 0.4, 1.0),
            "bagging_fraction": trial.suggest_float("bagging_fraction", 0.7, 1.0),
            "lambda_l1": trial.suggest_float("lambda_l1", 1e-4, 1.0, log=True),
            "lambda_l2": trial.suggest_float("lambda_l2", 1e-4, 2.0, log=True),
            "cat_l2": trial.suggest_float("cat_l2", 5e-3, 10.0, log=True),
            "cat_smooth": trial.suggest_float("cat_smooth", 1e-3, 100.0, log=True),
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
        import lightgbm

        settings = {name: value for name, value in self.params.items() if name != "rounds"}
        settings |= {
            "objective": self._objective(),
            "bagging_freq": 1,
            "max_cat_to_onehot": 16,
            # The library's 100 would bar categories from a table of few rows.
            "min_data_per_group": max(5, min(100, self.problem.row_count // 20)),
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": self.threads,
            "verbosity": -1,
        }
        if self.problem.class_count > 2:
            settings["num_class"] = self.problem.class_count
        data = self._data(X, y, weights)
        if validation is None:
            self._booster = lightgbm.train(settings, data, num_boost_round=self.params["rounds"])
            self.rounds = self.params["rounds"]
        else:
            self._booster = lightgbm.train(
                settings,
                data,
                num_boost_round=min(
                    MAX_ROUNDS, MAX_ROUNDS_ALL_CLASSES // max(1, self.problem.class_count) + 100
                ),
                valid_sets=[self._data(*validation, reference=data)],
                callbacks=[
                    lightgbm.early_stopping(PATIENCE_ROUNDS, verbose=False),
                    _stop_when(self._clock()),
                ],
            )
            self.rounds = max(1, self._booster.best_iteration)
        self._booster.free_dataset()

    def _objective(self) -> str:
        if not self.problem.is_classification:
            return "regression"
        return "multiclass" if self.problem.class_count > 2 else "binary"

    def _data(self, X: Matrix, y: NDArray[Any], weights: NDArray[Any] | None, reference: Any = None) -> Any:
        import lightgbm

        # Unseen categories are NaN and take the way of missing values.
        categories = self.problem.categorical_columns
        return lightgbm.Dataset(
            X,
            label=y,
            weight=weights,
            categorical_feature=categories,
            reference=reference,
            params={"verbosity": -1},
        )

    @override
    def predict(self, X: Matrix) -> Matrix:
        """See `Model.predict`."""
        threads = self.threads if len(X) > FEW_ROWS else 1
        # The library walks row by row.
        output = self._booster.predict(np.ascontiguousarray(X), num_threads=threads)
        if self.problem.class_count == 2:
            return np.column_stack([1.0 - output, output])
        values: Matrix = output.reshape(len(X), self.problem.output_count)
        return values

    @override
    def to_graph(self, graph: Graph, features: str) -> str:
        """See `Model.to_graph`."""
        from lex_learning.export.trees import sum_of_trees

        output_count = self.problem.class_count if self.problem.class_count > 2 else 1
        raw = sum_of_trees(graph, features, read_trees(self._booster.model_to_string()), output_count)
        if not self.problem.is_classification:
            return raw
        return graph.add("Softmax", raw, axis=-1) if output_count > 1 else graph.two_classes(raw)

    @override
    def contributions(self, X: Matrix) -> tuple[Matrix, Matrix] | None:
        """See `Model.contributions`; TreeSHAP (Lundberg et al. 2020), built into the booster."""
        threads = self.threads if len(X) > 1 else 1
        raw = self._booster.predict(X, pred_contrib=True, num_threads=threads)
        shaped = raw.reshape(len(X), -1, X.shape[1] + 1).transpose(0, 2, 1)
        return shaped[:, :-1, :], shaped[0, -1, :]


def _stop_when(is_over: Callable[[], bool]) -> Callable[[Any], None]:
    """A callback that ends a fit with its best round so far."""
    from lightgbm.callback import EarlyStopException

    best_loss, best_round = np.inf, 0

    def after_round(state: Any) -> None:
        nonlocal best_loss, best_round
        loss = state.evaluation_result_list[0][2]
        if loss < best_loss:
            best_loss, best_round = loss, state.iteration
        if is_over():
            raise EarlyStopException(best_round, state.evaluation_result_list)

    return after_round
