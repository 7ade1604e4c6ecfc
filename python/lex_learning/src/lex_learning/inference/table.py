"""Predictions for a table, and the names of their columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from lex_learning.core.target import Target
    from lex_learning.models.base import Matrix

PREDICTION = "prediction"
LOWER, UPPER = "lower", "upper"


@dataclass(frozen=True)
class TablePrediction:
    """Predictions for a table, before they take the form of a frame.

    Args:
        values: Class codes (int) or numbers, shape (rows,).
        probabilities: Shape (rows, classes), or None for regression.
        warnings: A sentence for each column that holds what training did not see; see `Schema.remarks`.
        half_width: Distance of the bounds from a number, if there are any.
    """

    values: NDArray[Any]
    probabilities: Matrix | None
    warnings: list[str]
    half_width: float | None = None

    @property
    def bounds(self) -> dict[str, NDArray[np.float64]]:
        """Columns `lower` and `upper`, if there are any."""
        if self.half_width is None:
            return {}
        return {LOWER: self.values - self.half_width, UPPER: self.values + self.half_width}

    def to_frame(self, target: Target, index: pd.Index[Any] | None = None) -> pd.DataFrame:
        """The frame of `TrainedModel.predict_batch`, its rows named by `index`."""
        import pandas as pd

        if self.probabilities is None:
            return pd.DataFrame({PREDICTION: self.values, **self.bounds}, index=index)
        predictions = pd.Series(target.decode(self.values), index=index)
        if isinstance(target.classes[0], str):
            predictions = predictions.astype("str")
        columns = {PREDICTION: predictions}
        for name, shares in zip(probability_columns(target), self.probabilities.T, strict=True):
            columns[name] = pd.Series(shares, index=index)
        return pd.DataFrame(columns)


def probability_columns(target: Target) -> list[str]:
    """A name for each class."""
    return [f"probability_{label}" for label in target.labels]
