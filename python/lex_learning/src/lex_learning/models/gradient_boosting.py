"""scikit-learn's histogram gradient boosting, modelled on LightGBM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lex_learning.config import ProblemType
from lex_learning.models.base import Model

if TYPE_CHECKING:
    import optuna
    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.models.base import Matrix, Validation

MAX_ROUNDS = 1_000
PATIENCE_ROUNDS = 40
MAX_LEVELS = 255
"""The library's limit; beyond it, the rarest levels of a column share one."""


class GradientBoosting(Model):
    """scikit-learn's `HistGradientBoosting`."""

    problem_types: ClassVar = frozenset(ProblemType)
    library: ClassVar = "scikit-learn"
    takes_categories: ClassVar = True
    stops_early: ClassVar = True

    @classmethod
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

    def fit(self, X: Matrix, y: NDArray[Any], validation: Validation | None = None) -> None:
        """See `Model.fit`."""
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

        estimator = HistGradientBoostingClassifier if self.problem.is_classification else HistGradientBoostingRegressor
        settings = {name: value for name, value in self.params.items() if name != "rounds"}
        settings |= {"random_state": self.seed, "categorical_features": self.problem.categorical_columns or None}
        self._lookups = {
            column: _level_positions(X[:, column], count)
            for column, count in self.problem.categorical_levels.items()
        }
        Z = self._inputs(X)
        if validation is not None:
            # The library refuses classes that the fit has not seen.
            known = np.isin(validation[1], y) if self.problem.is_classification else slice(None)
            X_held, y_held = self._inputs(validation[0])[known], validation[1][known]
        if validation is None or not len(y_held):
            self._booster = estimator(**settings, max_iter=self.params["rounds"], early_stopping=False).fit(Z, y)
        else:
            self._booster = estimator(
                **settings, max_iter=MAX_ROUNDS, early_stopping=True, n_iter_no_change=PATIENCE_ROUNDS
            ).fit(Z, y, X_val=X_held, y_val=y_held)
            # The first score is of no tree at all. Later rounds are dropped.
            best = int(np.argmax(self._booster.validation_score_))
            del self._booster._predictors[max(1, best) :]
        self.rounds = self._booster.n_iter_

    def _inputs(self, X: Matrix) -> Matrix:
        Z = np.array(X, dtype=np.float64, order="C")
        for column, lookup in self._lookups.items():
            codes = np.nan_to_num(X[:, column], nan=-1.0).astype(np.intp)
            Z[:, column] = lookup[codes]
        return Z

    def predict(self, X: Matrix) -> Matrix:
        """See `Model.predict`."""
        if not self.problem.is_classification:
            return self._booster.predict(self._inputs(X))[:, None]
        output = np.zeros((len(X), self.problem.class_count))
        output[:, self._booster.classes_] = self._booster.predict_proba(self._inputs(X))
        return output


def _level_positions(codes: Matrix, level_count: int) -> Matrix:
    """New codes by old code, below `MAX_LEVELS`; the last one is for unseen levels, as are levels of no row."""
    counts = np.bincount(codes.astype(np.intp), minlength=level_count)
    order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    positions = np.full(level_count + 1, np.nan)
    positions[order] = np.minimum(np.arange(len(order)), MAX_LEVELS - 1)
    return positions
