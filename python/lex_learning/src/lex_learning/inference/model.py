"""A trained model: predicts rows and tables, and is saved and loaded."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from lex_learning.core.machine import core_count
from lex_learning.core.metrics import predicted_codes
from lex_learning.core.results import PredictionResult
from lex_learning.core.schema import Schema
from lex_learning.core.target import Target
from lex_learning.errors import ExplainabilityError, InferenceError, LexLearningError
from lex_learning.inference import files
from lex_learning.inference.archive import invalid
from lex_learning.inference.table import TablePrediction, probability_columns
from lex_learning.seeds import derive_seed

if TYPE_CHECKING:
    from os import PathLike

    import pandas as pd

    from lex_learning.core.metrics import Metrics
    from lex_learning.core.results import Explanation, ModelInfo
    from lex_learning.inference.explaining import Explainer
    from lex_learning.models.base import Matrix, Predictor


MOST_BYTES_WITH_ONNX = 250_000_000
"""Of a model: to make its ONNX document takes a second for each 50 MB, and five times as much memory."""


class TrainedModel:
    """A model and what it needs to know of its input. Made by `Pipeline.create_trained_model`.

    Prediction is safe from several threads at once.
    """

    def __init__(
        self,
        info: ModelInfo,
        model: Predictor,
        classes: tuple[str | int | float | bool, ...] = (),
        background: Matrix | None = None,
        onnx: bytes | None = None,
    ) -> None:
        self._info = info
        self._model = model
        self._onnx = onnx
        # Rows of the training table are nobody's business where nothing needs them.
        self._background = None if model.explains_exactly else background
        model.use_threads(core_count(-1))
        self._schema = Schema.from_dict(info.schema)
        self._target = Target(info.target_column, tuple(classes))
        self._labels = self._target.labels
        self._ignored = frozenset({info.target_column, *info.unused_columns})

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
        parts = files.unpack(data)
        try:
            return cls(*parts)
        except Exception as error:  # a forged file can raise anything
            raise invalid(str(error) or type(error).__name__) from error

    def save(self, path: str | PathLike[str], *, onnx: bool = True) -> None:
        """Write a model file; the old one stays whole until the new one is.

        A name that ends with `.pkl` or `.pickle` makes a pickle, for programs that take nothing else: whoever
        opens a strange one with `pickle.load` runs what is in it. All other names make a `.lex` file, which
        runs nothing.

        Args:
            path: Of the file.
            onnx: See `to_bytes`.

        Raises:
            InferenceError: The place cannot be written, or the name is that of an ONNX file.
        """
        if Path(path).suffix.lower() == ".onnx":
            raise InferenceError(
                f"{str(path)!r} is the name of an ONNX file",
                hint="Use export_onnx, or a name that ends in .lex.",
                path=str(path),
            )
        is_pickle = Path(path).suffix.lower() in files.PICKLE_SUFFIXES
        data = self.to_bytes(onnx=onnx)
        files.write(path, files.pack_pickle(data) if is_pickle else data)

    def to_bytes(self, *, onnx: bool = True) -> bytes:
        """The content of a `.lex` file.

        Args:
            onnx: Take the model along as an ONNX document too, from which `NativeModel` of Rust predicts
                without Python. It makes the file larger by half, and takes from 20 ms for a single model to
                two seconds for an ensemble of fifty; a model whose file had one keeps that. Where ONNX cannot
                express the model, or it is larger than 250 MB, the file goes without, and says why.
        """
        parts = files.encode(self._model, self._background)
        size = sum(map(len, parts.values()))
        document = self._onnx_or_reason(size) if onnx else "it was saved without one, as asked for"
        return files.pack(self._info, self._target.classes, parts, document)

    def _onnx_or_reason(self, size: int) -> bytes | str:
        """Its ONNX document, or why there is none; of a model that takes so many bytes."""
        if self._onnx is not None:
            return self._onnx
        if size > MOST_BYTES_WITH_ONNX:
            return f"the model takes {size:,} bytes, and only one of up to {MOST_BYTES_WITH_ONNX:,} has one"
        try:
            return self._to_onnx(leave_out_members=False)[0]
        except LexLearningError as error:
            return error.message
        except Exception as error:  # noqa: BLE001 - no library of ONNX must keep a model from being saved
            return f"{type(error).__name__}: {error}"

    def _to_onnx(self, *, leave_out_members: bool) -> tuple[bytes, list[str]]:
        from lex_learning.export.model import to_onnx

        return to_onnx(
            self._info, self._schema, self._model, self._target, leave_out_members=leave_out_members
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy can make its own, should it be saved.
        return model_from_bytes, (self.to_bytes(onnx=False),)

    def export_onnx(self, path: str | PathLike[str], *, leave_out_members: bool = False) -> list[str]:
        """Write the model as one ONNX file, from the columns of a table to probabilities and labels.

        The file is checked before it is written: on made-up rows, ONNX Runtime has to predict what the model
        does, to 0.001 %. An old file stays whole until the new one is.

        Args:
            path: Of the file.
            leave_out_members: Where ONNX cannot express some members of an ensemble, write the rest, with
                weights in the same proportion. Default: refuse.

        Returns:
            A sentence on each member that was left out, and on how far predictions are from the model's.

        Raises:
            ExportError: ONNX cannot express the model, or a member; or the file predicts otherwise.
            InferenceError: The place cannot be written.
        """
        if Path(path).suffix.lower() in {".lex", *files.PICKLE_SUFFIXES}:
            raise InferenceError(
                f"{str(path)!r} is the name of a model file, not of an ONNX file",
                hint="Use save, or a name that ends in .onnx.",
                path=str(path),
            )
        document, warnings = self._to_onnx(leave_out_members=leave_out_members)
        files.write(path, document)
        return warnings

    def predict(self, row: Mapping[str, object]) -> PredictionResult:
        """Predict one row, given by column name.

        What training did not see, such as a new category or a number out of range, is told in `warnings`.

        Raises:
            InferenceError: A column is missing, unknown or of another type.
        """
        matrix, warnings = self._encode_row(row)
        shares = self._output(matrix)[0].tolist()
        if not self._labels:
            value, margin = shares[0], self._info.interval_half_width
            if margin is None:
                return PredictionResult(value=value, warnings=warnings)
            return PredictionResult(
                value=value, warnings=warnings, lower=value - margin, upper=value + margin
            )
        threshold = self._info.decision_threshold
        code = shares.index(max(shares)) if threshold is None else int(shares[1] >= threshold)
        label = self._labels[code]
        return PredictionResult(label, None, dict(zip(self._labels, shares, strict=True)), warnings)

    def _encode_row(self, row: Mapping[str, object]) -> tuple[Matrix, list[str]]:
        if not isinstance(row, Mapping):
            raise InferenceError(
                f"the row is of type {type(row).__name__}, expected a mapping",
                hint="Give {column: value, ...}.",
            )
        return self._schema.encode_row(row, ignore=self._ignored)

    def predict_table(self, frame: pd.DataFrame) -> TablePrediction:
        """Predict every row of a table; see `predict_batch` for a frame.

        Raises:
            InferenceError: A column is missing, unknown, of another type, or holds nulls.
        """
        frame, matrix = self._encode(frame)
        warnings = self._schema.remarks(frame, matrix)
        if not len(matrix):
            return TablePrediction(
                np.empty(0, dtype=np.int64 if self._labels else np.float64),
                np.empty((0, len(self._labels))) if self._labels else None,
                warnings,
                self._info.interval_half_width,
            )
        output = self._output(matrix)
        if not self._labels:
            return TablePrediction(output[:, 0], None, warnings, self._info.interval_half_width)
        return TablePrediction(predicted_codes(output, self._info.decision_threshold), output, warnings)

    def _encode(self, frame: pd.DataFrame) -> tuple[pd.DataFrame, Matrix]:
        """The table with its columns' names as text, and its encoding."""
        frame = frame.set_axis([str(name) for name in frame.columns], axis="columns")
        return frame, self._schema.encode(frame, ignore=self._ignored)

    def _output(self, matrix: Matrix) -> Matrix:
        output = self._model.predict(matrix)
        if not np.isfinite(output).all():
            row = int(np.flatnonzero(~np.isfinite(output).all(axis=1))[0])
            raise InferenceError(
                f"the prediction for row {row} is not a finite number",
                hint="Its values are too far from those of the training table; check them.",
                row=row,
            )
        return output

    def predict_batch(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Predict every row of a table, its columns in any order.

        Returns:
            Column `prediction` (class values of the target's type, or numbers), and for classes one
            `probability_<label>` column each; for numbers with bounds, `lower` and `upper`. An empty table
            gives an empty one.

        Raises:
            InferenceError: A column is missing, unknown, of another type, or holds nulls.
        """
        return self.predict_table(frame).to_frame(self._target, frame.index)

    def explain(self, row: Mapping[str, object], *, seed: int = 42) -> Explanation:
        """Explain the prediction of one row, given by column name; see `Explanation`.

        Contributions are SHAP values (Lundberg and Lee 2017): exact for boosters, small trees and linear
        models, and for ensembles of these, where they are carried over to the probability. What other
        members add is estimated by predictions of rows between this one and rows of the training table.

        Args:
            row: As for `predict`.
            seed: The same seed gives the same estimate.

        Raises:
            InferenceError: A column is missing, unknown or of another type.
            ExplainabilityError: The explanation fails.
        """
        matrix, warnings = self._encode_row(row)
        return self._explainer.explain(matrix, row, warnings, seed)

    def explain_batch(
        self, frame: pd.DataFrame, *, most_rows: int = 1_000, most_seconds: float = 60.0, seed: int = 42
    ) -> pd.DataFrame:
        """Explain the predictions of the rows of a table, its columns in any order.

        A row's contributions are those that `explain` gives for it alone. Of a table of more rows than
        `most_rows`, or more than there is time for, a random part is explained.

        Args:
            frame: The table.
            most_rows: Rows explained, at most.
            most_seconds: No new rows after this time; it may take about a second more.
            seed: The same seed gives the same rows and estimates.

        Returns:
            One column of contributions for each feature, then `base` and `output`, and with more than two
            classes `class`, the predicted one, of which they speak. Where a feature has one of these names,
            an underscore comes after it. Its rows have the index that they had in the table, and its
            `attrs` hold what `Explanation` calls `space`, `approximate` and `warnings`.

        Raises:
            InferenceError: A column is missing, unknown, of another type, or holds nulls.
            ExplainabilityError: The explanation fails.
        """
        from lex_learning.inference.explaining import Limits

        named, matrix = self._encode(frame)
        warnings = self._schema.remarks(named, matrix)
        found = self._explainer.explain_batch(matrix, Limits(most_rows, most_seconds), seed)
        return found.to_frame(frame.index, warnings)

    @cached_property
    def _explainer(self) -> Explainer:
        from lex_learning.inference.explaining import Explainer

        return Explainer(self._model, self._schema, self._target, self._background)

    def explain_table(
        self, frame: pd.DataFrame, *, rows: int = 100, seed: int = 42
    ) -> tuple[dict[str, bytes], list[str]]:
        """Draw SHAP plots of the rows of a table, its columns in any order.

        Rows that hold a category not seen in training are left out.

        Args:
            frame: The table, which also stands for what the model may meet; see `contributions.explain`.
            rows: How many of its rows to explain, chosen at random.
            seed: The same seed gives the same plots.

        Returns:
            PNG files by name, such as `summary` and `dependence_age`, and remarks in sentences.

        Raises:
            InferenceError: A column is missing, unknown, of another type, or holds nulls.
            ExplainabilityError: No row is left to explain, or the explanation fails.
        """
        from lex_learning.explainability.contributions import explain
        from lex_learning.explainability.plots import draw_plots
        from lex_learning.explainability.sampling import MAX_BACKGROUND_ROWS

        frame, matrix = self._encode(frame)
        unseen = self._schema.unseen(frame, matrix)
        known = matrix[~unseen.any(axis=1)]
        if not len(known) or rows < 1:
            raise ExplainabilityError(
                f"{min(rows, len(known))} of {len(matrix)} rows can be explained",
                hint="Give one at least, of categories seen in training.",
            )
        random = np.random.default_rng(derive_seed(seed, "explain"))
        X = known[np.sort(random.permutation(len(known))[:rows])]
        background = known[np.sort(random.permutation(len(known))[:MAX_BACKGROUND_ROWS])]
        problem = self._model.problem
        contributions = explain(self._model, X, background, problem, seed=seed)
        order = [self.feature_names.index(name) for name, _ in self.feature_importance]
        plots = draw_plots(contributions, X, self._schema, self._target, problem, order)
        remarks = self._schema.unseen_remarks(dict(enumerate(unseen.sum(axis=0).tolist())))
        left_out = [f"{remark} and are left out" for remark in remarks]
        return plots, left_out + contributions.warnings

    @property
    def probability_columns(self) -> list[str]:
        """Names of the probability columns of `predict_batch`."""
        return probability_columns(self._target)

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


def model_from_bytes(data: bytes) -> TrainedModel:
    """What a pickled model is made by."""
    return TrainedModel.from_bytes(data)
