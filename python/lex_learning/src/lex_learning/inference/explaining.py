"""Why a trained model predicts what it predicts: the contributions of each column to one row, or to many."""

# ruff: noqa: PD011 - the values of an explanation are an array

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.core.column import ColumnKind
from lex_learning.core.results import ClassExplanation, Explanation
from lex_learning.errors import ExplainabilityError
from lex_learning.explainability.contributions import Contributions, Space, explain_in_time
from lex_learning.explainability.figures import printable
from lex_learning.explainability.scene import Scene
from lex_learning.inference.names import free_name
from lex_learning.models.ensemble import Ensemble
from lex_learning.seeds import derive_seed

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from lex_learning.core.schema import Schema
    from lex_learning.core.target import Target
    from lex_learning.models.base import Matrix, Predictor

ROW_EVALUATIONS = 10_000
"""Predictions of a single model that the estimate of a row may take, if the table has up to 50 columns."""


@dataclass(frozen=True)
class Limits:
    """How much of a table is explained; see `TrainedModel.explain_batch`."""

    most_rows: int
    most_seconds: float


@dataclass(frozen=True)
class BatchExplanation:
    """Contributions to the predictions of some rows of a table.

    Args:
        rows: Their places in the table.
        contributions: Shape (rows, columns).
        bases: Of each row; with more than two classes, that of its class.
        outputs: Of each row.
        classes: Predicted class values, with more than two of them.
        names: Of the columns.
        space: See `Explanation`.
        approximate: See `Explanation`.
        warnings: What it lacks, in sentences.
    """

    rows: NDArray[np.intp]
    contributions: Matrix
    bases: NDArray[np.float64]
    outputs: NDArray[np.float64]
    classes: NDArray[Any] | None
    names: list[str]
    space: Space
    approximate: bool
    warnings: list[str]

    def to_frame(self, index: pd.Index[Any], warnings: list[str]) -> pd.DataFrame:
        """The frame of `TrainedModel.explain_batch`, for a table with this index, and more warnings."""
        import pandas as pd

        columns: dict[str, Any] = dict(zip(self.names, self.contributions.T, strict=True))
        columns[free_name("base", self.names)] = self.bases
        columns[free_name("output", self.names)] = self.outputs
        frame = pd.DataFrame(columns, index=index[self.rows])
        if self.classes is not None:
            classes = pd.Series(self.classes, index=frame.index)
            is_text = self.classes.dtype == object
            frame[free_name("class", self.names)] = classes.astype("str") if is_text else classes
        frame.attrs = {
            "space": str(self.space),
            "approximate": self.approximate,
            "warnings": warnings + self.warnings,
        }
        return frame


class Explainer:
    """Explains the predictions of one model.

    Args:
        model: The model.
        schema: Its columns.
        target: What it predicts.
        background: Encoded training rows, for members that have no exact method; None where there are none.
    """

    def __init__(self, model: Predictor, schema: Schema, target: Target, background: Matrix | None) -> None:
        self._model = model
        self._schema = schema
        self._target = target
        self._background = background

    def explain(self, X: Matrix, row: Mapping[str, object], warnings: list[str], seed: int) -> Explanation:
        """Explain one row.

        Args:
            X: The row, encoded, shape (1, columns).
            row: The row as it was given.
            warnings: What is unusual about it.
            seed: The same seed gives the same estimate.

        Raises:
            ExplainabilityError: The explanation fails.
        """
        from lex_learning.explainability.waterfall import draw_row

        found = self._contributions(X, seed)
        scene = Scene(found, X, self._schema, self._target)
        outputs = found.base + found.values[0].sum(axis=0)
        chosen = int(outputs.argmax())
        parts = [
            ClassExplanation(
                float(found.base[output]),
                dict(zip(self._schema.names, found.values[0, :, output].tolist(), strict=True)),
                float(outputs[output]),
            )
            for output in range(len(outputs))
        ]
        try:
            picture = draw_row(scene, chosen, self._texts(X[0], row, scene))
        except Exception as error:
            raise ExplainabilityError(f"the waterfall could not be drawn: {error}") from error
        labels = self._target.labels
        return Explanation(
            label=labels[scene.class_of(chosen)] if labels else None,
            space=str(found.space),
            base=parts[chosen].base,
            contributions=parts[chosen].contributions,
            output=parts[chosen].output,
            by_class=dict(zip(labels, parts, strict=True)) if len(parts) > 1 else {},
            approximate=found.approximate,
            warnings=warnings + self._remarks(found),
            waterfall=picture,
        )

    def explain_batch(self, X: Matrix, limits: Limits, seed: int) -> BatchExplanation:
        """Explain the rows of a table, or a random part of them.

        Args:
            X: The table, encoded, shape (rows, columns).
            limits: How many rows, and how long.
            seed: The same seed gives the same rows and estimates.

        Raises:
            ExplainabilityError: The explanation fails.
        """
        classes, names = self._target.classes, self._schema.names
        random = np.random.default_rng(derive_seed(seed, "batch"))
        rows = random.permutation(len(X))[: max(0, limits.most_rows)]
        if not len(rows):
            decoded = self._target.decode(rows) if len(classes) > 2 else None
            none = np.empty(0)
            return BatchExplanation(
                rows, np.empty((0, len(names))), none, none, decoded, names, Space.VALUE, False, []
            )
        found = self._contributions(X[rows], seed, limits.most_seconds)
        rows = rows[found.rows]
        order = np.argsort(rows)
        values = found.values[order]
        outputs = found.base + values.sum(axis=1)
        chosen = outputs.argmax(axis=1)
        each = np.arange(len(rows))
        warnings = self._remarks(found)
        if len(rows) < len(X):
            warnings.append(f"{len(rows)} of {len(X)} rows were explained, a random part of them")
        return BatchExplanation(
            rows=rows[order],
            contributions=values[each, :, chosen],
            bases=found.base[chosen],
            outputs=outputs[each, chosen],
            classes=self._target.decode(chosen) if len(classes) > 2 else None,
            names=names,
            space=found.space,
            approximate=found.approximate,
            warnings=warnings,
        )

    def _contributions(self, X: Matrix, seed: int, most_seconds: float = math.inf) -> Contributions:
        """Of the rows of `X` that there is time for, each as if it were alone."""
        return explain_in_time(
            self._model,
            X,
            self._background,
            self._model.problem,
            seed=seed,
            row_evaluations=ROW_EVALUATIONS // max(1, len(self._inexact_members)),
            most_seconds=most_seconds,
        )

    @property
    def _inexact_members(self) -> list[str]:
        if isinstance(self._model, Ensemble):
            return self._model.inexact_members
        return [] if self._model.explains_exactly else ["the model"]

    def _remarks(self, found: Contributions) -> list[str]:
        if not found.approximate:
            return found.warnings
        names = ", ".join(sorted(set(self._inexact_members)))
        estimates = f"the contributions are estimates: {names} cannot be explained exactly in short time"
        return [*found.warnings, estimates]

    def _texts(self, codes: Matrix, row: Mapping[str, object], scene: Scene) -> list[str]:
        """The row's values in words."""
        texts = [scene.value(column, code) for column, code in enumerate(codes)]
        for index, column in enumerate(self._schema.columns):
            if np.isnan(codes[index]):
                given = row[column.name]
                is_new = column.kind is ColumnKind.CATEGORICAL and isinstance(given, str)
                texts[index] = f"{printable(str(given), 18) or '(empty)'} (new)" if is_new else "missing"
        return texts
