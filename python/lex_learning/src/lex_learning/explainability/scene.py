"""What the plots show, in the units and words in which people read it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from lex_learning.core.column import ColumnKind
from lex_learning.explainability.contributions import Space
from lex_learning.explainability.figures import number, printable

if TYPE_CHECKING:
    from lex_learning.core.column import Column
    from lex_learning.core.schema import Schema
    from lex_learning.core.target import Target
    from lex_learning.explainability.contributions import Contributions
    from lex_learning.models.base import Matrix

MAX_DOTS = 1_000
"""Rows drawn, at most; more would only cover each other."""


class Scene:
    """The explained rows and their contributions, with a word for everything.

    Args:
        contributions: What each column adds, over (rows, columns, outputs).
        X: The encoded table that was explained, shape (rows, columns).
        schema: Its columns.
        target: What is predicted.
    """

    def __init__(self, contributions: Contributions, X: Matrix, schema: Schema, target: Target) -> None:
        # Percentage points: people read 12 more easily than 0.12.
        scale = 100.0 if contributions.space is Space.PROBABILITY else 1.0
        self.values = contributions.values * scale
        self.base = contributions.base * scale
        self.space = contributions.space
        self.X = X[contributions.rows]
        self.columns = schema.columns
        self.target = target
        self._approximate = contributions.approximate

    @property
    def output_count(self) -> int:
        """Outputs that have their own contributions: more than one with three classes or more."""
        return len(self.base)

    @cached_property
    def strength(self) -> Matrix:
        """Mean size of the effect of each column on each output, shape (columns, outputs)."""
        return np.abs(self.values).mean(axis=0)

    @cached_property
    def dots(self) -> Matrix:
        """Indices of the rows to draw as dots, evenly spread over the table."""
        row_count = len(self.values)
        return np.unique(np.linspace(0, row_count - 1, min(row_count, MAX_DOTS)).astype(int))

    @property
    def note(self) -> str:
        """What else a reader should know, as the end of a sentence under a plot."""
        row_count, drawn = len(self.values), len(self.dots)
        part = f" {drawn:,} of {row_count:,} rows are drawn." if drawn < row_count else ""
        return part + (" Effects are estimates." if self._approximate else "")

    def strongest(self, output: int | None, most: int) -> tuple[list[int], list[int]]:
        """Columns to show, strongest first, and the others; on one output, or on all together."""
        strength = self.strength.sum(axis=1) if output is None else self.strength[:, output]
        order = [int(index) for index in np.argsort(-strength, kind="stable")]
        # A row that sums up a single column is better spent on that column.
        shown = most if len(order) > most + 1 else len(order)
        return order[:shown], order[shown:]

    def column_name(self, column: int, most: int = 26) -> str:
        """A column's name; one that the fonts cannot write gets its number beside it."""
        name = self.columns[column].name
        short = printable(name, most)
        undrawn = "□" in short and "□" not in name
        return f"{short} (column {column + 1})" if undrawn or not short else short

    def value(self, column: int, code: float, most: int = 18) -> str:
        """A value of a column in words: a category's name, false or true, or a number."""
        facts = self.columns[column]
        if np.isnan(code):
            if facts.kind is not ColumnKind.CATEGORICAL:
                return "missing"
            return "missing or new" if facts.nullable else "not seen before"
        if facts.kind is ColumnKind.CATEGORICAL:
            return printable(facts.levels[int(code)], most) or "(empty)"
        if facts.kind is ColumnKind.BOOLEAN:
            return "true" if code else "false"
        # A year or a whole count in full: 1987, not 1,987 and not 1.99e3.
        return f"{code:.0f}" if code == round(code) and abs(code) < 10_000 else number(code)

    def colour_name(self, column: int) -> str:
        """The name to put beside a colour from low to high: `sex = male` where high means male."""
        pair = two_values(self.columns[column])
        name = self.column_name(column)
        return name if pair is None else f"{name} = {printable(pair[1], 14)}"

    def output(self, output: int, most: int = 40) -> str:
        """What an output predicts: `survived = yes`, `survived` of `died` and `survived`, or `price`."""
        name = printable(self.target.name, most) or "the target"
        if not self.target.classes:
            return name
        label = self.label(output, most)
        return label if label == name else f"{name} = {label}"

    def label(self, output: int, most: int = 40) -> str:
        """The class of an output."""
        return printable(self.target.labels[self.class_of(output)], most) or "(empty)"

    def class_of(self, output: int) -> int:
        """The class code of an output: a binary classifier's only output is its second class."""
        return 1 if self.output_count == 1 else output

    def more(self, output: int) -> str:
        """What a positive effect does."""
        name = self.output(output, 24)
        return f"makes {name} more likely" if self.target.classes else f"raises the predicted {name}"

    def effect(self, output: int | None) -> str:
        """What is measured, with its unit; None speaks of all classes together."""
        if self.space is Space.VALUE:
            return f"effect on {self.output(0)}"
        what = "the classes, summed" if output is None else self.output(output, 30)
        if self.space is Space.LOG_ODDS:
            return f"effect on the log-odds of {what}"
        return f"effect on the probability of {what} (percentage\N{NO-BREAK SPACE}points)"

    def share(self, outputs: Matrix, output: int) -> str:
        """The probability behind the outputs of one row, shape (outputs,), in words: `12.5 %`."""
        probability = self._probability(outputs, output)
        # No model is as sure as 0 or 100 %.
        if probability > 0.999:
            return "> 99.9 %"
        return "< 0.1 %" if probability < 0.001 else f"{probability:.1%}".replace("%", " %")

    def _probability(self, outputs: Matrix, output: int) -> float:
        if self.space is Space.PROBABILITY:
            return float(outputs[output] / 100)
        if len(outputs) == 1:
            return float(1 / (1 + np.exp(-outputs[0])))
        sizes = np.exp(outputs - outputs.max())
        return float(sizes[output] / sizes.sum())


def two_values(column: Column) -> tuple[str, str] | None:
    """The low and the high value of a column that holds two values, else None."""
    if column.kind is ColumnKind.BOOLEAN:
        return "false", "true"
    if column.kind is ColumnKind.CATEGORICAL and len(column.levels) == 2:
        return column.levels[0], column.levels[1]
    return None


def has_order(column: Column) -> bool:
    """Whether low and high mean something: not for three categories or more."""
    return column.kind is not ColumnKind.CATEGORICAL or two_values(column) is not None
