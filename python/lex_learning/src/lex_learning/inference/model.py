"""A trained model: predicts rows and tables, and is saved and loaded."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from lex_learning.core.results import PredictionResult
from lex_learning.core.schema import Schema
from lex_learning.core.target import Target
from lex_learning.errors import InferenceError
from lex_learning.inference import files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    import pandas as pd
    from numpy.typing import NDArray

    from lex_learning.core.metrics import Metrics
    from lex_learning.core.results import ModelInfo
    from lex_learning.models.base import Matrix, Model

PREDICTION = "prediction"


@dataclass(frozen=True)
class TablePrediction:
    """Predictions for a table, before they take the form of a frame.

    Args:
        values: Class codes (int) or numbers, shape (rows,).
        probabilities: Shape (rows, classes), or None for regression.
        warnings: A sentence for each column that holds unseen categories.
    """

    values: NDArray[Any]
    probabilities: Matrix | None
    warnings: list[str]


class TrainedModel:
    """A model and what it needs to know of its input. Made by `Pipeline.create_trained_model`.

    Prediction is safe from several threads at once.
    """

    def __init__(
        self, info: ModelInfo, model: Model, classes: tuple[str | int | float | bool, ...] = ()
    ) -> None:
        self._info = info
        self._model = model
        self._schema = Schema.from_dict(info.schema)
        self._target = Target(info.target_column, tuple(classes))
        self._labels = self._target.labels

    @classmethod
    def from_pickled(
        cls, info: ModelInfo, pickled: bytes, classes: tuple[str | int | float | bool, ...]
    ) -> Self:
        """Take over a model that a worker of this training has fitted."""
        model: Model = pickle.loads(pickled)  # noqa: S301 - never from outside
        model.threads = 1
        return cls(info, model, classes)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a model file.

        Raises:
            ModelNotFoundError: There is no such file.
            InvalidModelFileError: It is empty, cut, altered or something else.
        """
        return cls.from_bytes(files.read(path))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Rebuild from `to_bytes`.

        Raises:
            InvalidModelFileError: The bytes are not a model.
        """
        return cls(*files.unpack(data))

    def save(self, path: str | PathLike[str]) -> None:
        """Write a model file; the old one stays whole until the new one is.

        Raises:
            InferenceError: The place cannot be written.
        """
        files.write(path, self.to_bytes())

    def to_bytes(self) -> bytes:
        """The content of a model file."""
        return files.pack(self._info, self._model, self._target.classes)

    def predict(self, row: Mapping[str, object]) -> PredictionResult:
        """Predict one row, given by column name.

        Raises:
            InferenceError: A column is missing, unknown or of another type.
        """
        matrix, warnings = self._schema.encode_row(row, ignore=self._target.name)
        output = self._model.predict(matrix)[0]
        if not self._labels:
            return PredictionResult(value=float(output[0]), warnings=warnings)
        shares = output.tolist()
        label = self._labels[shares.index(max(shares))]
        return PredictionResult(label, None, dict(zip(self._labels, shares, strict=True)), warnings)

    def predict_table(self, frame: pd.DataFrame) -> TablePrediction:
        """Predict every row of a table; see `predict_batch` for a frame.

        Raises:
            InferenceError: A column is missing, unknown, of another type, or holds nulls.
        """
        matrix = self._schema.encode(frame, ignore=self._target.name)
        warnings = self._schema.unseen(matrix)
        if not len(matrix):
            return TablePrediction(
                np.empty(0, dtype=np.int64 if self._labels else np.float64),
                np.empty((0, len(self._labels))) if self._labels else None,
                warnings,
            )
        output = self._model.predict(matrix)
        if not self._labels:
            return TablePrediction(output[:, 0], None, warnings)
        return TablePrediction(output.argmax(axis=1), output, warnings)

    def predict_batch(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Predict every row of a table, its columns in any order.

        Returns:
            Column `prediction` (class values of the target's type, or numbers), and for classes one
            `probability_<label>` column each. An empty table gives an empty one.

        Raises:
            InferenceError: A column is missing, unknown, of another type, or holds nulls.
        """
        import pandas as pd

        predicted = self.predict_table(frame)
        if predicted.probabilities is None:
            return pd.DataFrame({PREDICTION: predicted.values}, index=frame.index)
        columns = {PREDICTION: pd.Series(self._target.decode(predicted.values), index=frame.index)}
        if isinstance(self._target.classes[0], str):
            columns[PREDICTION] = columns[PREDICTION].astype("str")
        for index, name in enumerate(self.probability_columns):
            columns[name] = pd.Series(predicted.probabilities[:, index], index=frame.index)
        return pd.DataFrame(columns)

    @property
    def probability_columns(self) -> list[str]:
        """Names of the probability columns of `predict_batch`."""
        return [f"probability_{label}" for label in self._labels]

    @property
    def target(self) -> Target:
        """The predicted column and its classes."""
        return self._target

    @property
    def problem_type(self) -> str:
        """`classification` or `regression`."""
        return self._info.problem_type

    @property
    def target_column(self) -> str:
        """The predicted column's name."""
        return self._info.target_column

    @property
    def feature_names(self) -> list[str]:
        """The columns it needs."""
        return self._info.feature_names

    @property
    def class_labels(self) -> list[str] | None:
        """The classes' names, or None for regression."""
        return self._info.class_labels

    @property
    def best_model_name(self) -> str:
        """The algorithm's key."""
        return self._info.best_model_name

    @property
    def metrics(self) -> Metrics:
        """Metrics on the held-out rows."""
        return self._info.metrics

    @property
    def feature_importance(self) -> list[tuple[str, float]]:
        """(column, share), largest first."""
        return self._info.feature_importance

    def get_info(self) -> ModelInfo:
        """All of the above, with schema and settings."""
        return self._info


def parse_row(text: str | bytes) -> dict[str, object]:
    """Read a row from a JSON object.

    Raises:
        InferenceError: The text is not a JSON object.
    """
    import json

    try:
        row = json.loads(text)
    except ValueError as error:
        raise InferenceError(f"the row is not JSON ({error})", hint="Give an object of column: value.") from None
    if not isinstance(row, dict):
        raise InferenceError(
            f"the row is a JSON {type(row).__name__}, expected an object", hint="Give {column: value, ...}."
        )
    return row
