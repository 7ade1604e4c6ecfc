"""scikit-learn's histogram gradient boosting, modelled on LightGBM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, override

import numpy as np

from lex_learning.config import ProblemType
from lex_learning.models.base import Model
from lex_learning.preprocessing.encoding import level_codes

if TYPE_CHECKING:
    import optuna
    from numpy.typing import NDArray

    from lex_learning.core.problem import Problem
    from lex_learning.models.base import Matrix, Validation

MAX_ROUNDS = 500
PATIENCE_ROUNDS = 30
FEW_ROWS = 1_000
MAX_LEVELS = 255
"""The library's limit; beyond it, the rarest levels of a column share one."""


class GradientBoosting(Model):
    """scikit-learn's `HistGradientBoosting`."""

    problem_types: ClassVar = frozenset(ProblemType)
    library: ClassVar = "scikit-learn"
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
            self._booster = self._estimator(stops_early=bool(held)).fit(Z, y, sample_weight=weights, **held)
        if held:
            # The first score is of no tree at all. Rounds after the best are dropped.
            best = int(np.argmax(self._booster.validation_score_))
            del self._booster._predictors[max(1, best) :]
        self.rounds = self._booster.n_iter_

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
        classes = self._booster.classes_ if self.problem.is_classification else ()
        return not self.problem.categorical_levels and len(classes) == self.problem.class_count

    @override
    def contributions(self, X: Matrix) -> tuple[Matrix, Matrix] | None:
        """See `Model.contributions`; TreeSHAP (Lundberg et al. 2020)."""
        if not self.explains_exactly:
            return None
        from shap import TreeExplainer

        explainer = TreeExplainer(self._booster)
        values = np.asarray(explainer.shap_values(X, check_additivity=False)).reshape(len(X), X.shape[1], -1)
        return values, np.atleast_1d(np.asarray(explainer.expected_value, dtype=np.float64))

    @override
    def predict(self, X: Matrix) -> Matrix:
        """See `Model.predict`."""
        from scipy.special import expit, softmax

        # The public methods start a thread for each core, also for a single row.
        threads = self.threads if len(X) > FEW_ROWS else 1
        raw: Matrix = self._booster._raw_predict(self._inputs(X), n_threads=threads)
        if not self.problem.is_classification:
            return raw
        shares = np.hstack([expit(-raw), expit(raw)]) if raw.shape[1] == 1 else softmax(raw, axis=1)
        # A fold may lack a rare class: its probability is then 0.
        output = np.zeros((len(X), self.problem.class_count))
        output[:, self._booster.classes_] = shares
        return output


def _level_positions(codes: Matrix, level_count: int) -> Matrix:
    """New codes by old code, below `MAX_LEVELS`; NaN for levels of no row, and last for unseen ones."""
    counts = np.bincount(codes[~np.isnan(codes)].astype(np.intp), minlength=level_count)
    order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    positions = np.full(level_count + 1, np.nan)
    positions[order] = np.minimum(np.arange(len(order)), MAX_LEVELS - 1)
    return positions
