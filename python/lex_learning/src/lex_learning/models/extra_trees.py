"""Extremely randomised trees (Geurts et al. 2006)."""

from __future__ import annotations

from typing import Any, ClassVar

from lex_learning.models._forest import ForestModel


class ExtraTrees(ForestModel):
    """scikit-learn's extra trees: split points are drawn, and each tree sees all rows."""

    default_features: ClassVar = 0.7

    def _estimator(self) -> Any:
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

        estimator = ExtraTreesClassifier if self.problem.is_classification else ExtraTreesRegressor
        return estimator(**self._settings)
