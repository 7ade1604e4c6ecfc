"""Random forest (Breiman 2001)."""

from __future__ import annotations

from typing import Any

from lex_learning.models._forest import ForestModel


class RandomForest(ForestModel):
    """scikit-learn's random forest: each tree sees its own sample of the rows."""

    def _estimator(self) -> Any:
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        estimator = RandomForestClassifier if self.problem.is_classification else RandomForestRegressor
        return estimator(**self._settings)
