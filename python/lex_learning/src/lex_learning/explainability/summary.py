"""The summary plots: all explained rows as dots (Lundberg et al. 2020), and all classes as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lex_learning.explainability.contributions import Space
from lex_learning.explainability.figures import (
    FAINT,
    INK,
    NEUTRAL,
    fold,
    label_rows,
    new_figure,
    plain_numbers,
    printable,
    render,
    value_colours,
)
from lex_learning.explainability.scene import has_order, two_values

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lex_learning.explainability.scene import Scene
    from lex_learning.models.base import Matrix

MAX_COLUMNS = 15
MAX_TABLE_CLASSES = 12


def draw_dots(scene: Scene, output: int) -> bytes:
    """One row of dots for each column: where a dot lies is its effect, its colour is the column's value."""
    shown, rest = scene.strongest(output, MAX_COLUMNS)
    unordered = any(not has_order(scene.columns[column]) for column in shown)
    figure, axes = new_figure(
        f"What moves the prediction of {scene.output(output)}",
        reading=(
            f"Each dot is a row of the table. Right of the line, the column's value {scene.more(output)}; "
            "left of it, the opposite."
            + (" Grey: categories, which have no low or high." if unordered else "")
            + (" An effect of 0.7 doubles the odds." if scene.space is Space.LOG_ODDS else "")
            + scene.note
        ),
        height_inches=_height(len(shown) + bool(rest)),
    )
    axes.axvline(0, color=NEUTRAL, linewidth=1, zorder=1)
    values = scene.values[scene.dots][:, :, output]
    rows = [values[:, column] for column in shown] + ([values[:, rest].sum(axis=1)] if rest else [])
    spread = max((float(np.ptp(np.append(row, 0.0))) for row in rows), default=0.0)
    for position, effects in enumerate(rows):
        axes.axhline(position, color=FAINT, linewidth=0.6, zorder=0)
        column = shown[position] if position < len(shown) else None
        colours = None if column is None else _colours(scene, column)
        axes.scatter(
            effects,
            position + _pile(effects, spread),
            c=NEUTRAL if colours is None else colours,
            s=13,
            linewidths=0,
            alpha=0.85,
            zorder=2,
        )
    labels = [scene.colour_name(column) for column in shown]
    label_rows(axes, [*labels, *([f"{len(rest)} other columns"] if rest else [])])
    axes.set_xlabel(fold(scene.effect(output), 60), fontsize=10.5, color=INK)
    plain_numbers(axes.xaxis)
    if not spread:
        axes.set_xlim(-1, 1)
    _add_colour_key(axes, any(two_values(scene.columns[column]) for column in shown))
    return render(figure)


def draw_table(scene: Scene) -> bytes:
    """The mean size of each column's effect on each class, as a shaded table."""
    shown, rest = scene.strongest(None, MAX_COLUMNS)
    outputs = _strongest_outputs(scene)
    strength = scene.strength[:, outputs]
    rows = strength[shown]
    together = strength[rest].sum(axis=0)
    left_out = scene.output_count - len(outputs)
    unit = "percentage points" if scene.space is Space.PROBABILITY else "log-odds"
    figure, axes = new_figure(
        f"Which columns matter for which {printable(scene.target.name, 40)}",
        reading=(
            "The darker a field, the more the column (left) moves the prediction of the class (below), up or "
            f"down. The numbers are the mean size of the effect in {unit}."
            + (f" {left_out} classes with smaller effects are left out." if left_out else "")
            + scene.note
        ),
        height_inches=_height(len(rows) + bool(rest)) + 0.4,
    )
    most = float(rows.max()) or 1.0
    shades = np.vstack([rows, np.zeros((1 if rest else 0, len(outputs)))])
    axes.imshow(shades, aspect="auto", cmap="Blues", vmin=0, vmax=most)
    # As many decimals as give the largest number three digits.
    decimals = max(0, 2 - int(np.floor(np.log10(most))))
    for (row, column), value in np.ndenumerate(np.vstack([rows, *([together] if rest else [])])):
        colour = "white" if shades[row, column] > 0.55 * most else INK
        text = f"{value:,.{decimals}f}" if round(value, decimals) else "0"
        axes.text(column, row, text, ha="center", va="center", fontsize=8.5, color=colour)
    labels = [scene.column_name(column) for column in shown]
    label_rows(axes, [*labels, *([f"{len(rest)} others together"] if rest else [])])
    names = [scene.label(output, 16 if len(outputs) < 8 else 10) for output in outputs]
    steep = sum(map(len, names)) > 70
    axes.set_xticks(
        range(len(outputs)), labels=names, rotation=35 if steep else 0, ha="right" if steep else "center"
    )
    axes.tick_params(axis="x", length=0)
    axes.spines[:].set_visible(False)
    return render(figure)


def _strongest_outputs(scene: Scene) -> list[int]:
    totals = scene.strength.sum(axis=0)
    return sorted(int(output) for output in np.argsort(-totals, kind="stable")[:MAX_TABLE_CLASSES])


def _height(row_count: int) -> float:
    return float(np.clip(2.0 + 0.27 * row_count, 4.0, 6.5))


def _colours(scene: Scene, column: int) -> Matrix | None:
    """A colour for each dot by the column's value, or None if the values have no order."""
    if not has_order(scene.columns[column]):
        return None
    values = scene.X[:, column]
    pair = two_values(scene.columns[column]) is not None
    # A few extreme values must not leave all others in one colour.
    low, high = (0.0, 1.0) if pair else np.percentile(values, [5, 95])
    if low == high:
        low, high = values.min(), values.max()
    share = np.clip((values[scene.dots] - low) / ((high - low) or 1.0), 0, 1)
    colours: Matrix = value_colours()(np.nan_to_num(share, nan=0.5))
    return colours


def _pile(effects: Matrix, spread: float) -> Matrix:
    """Offsets across the row that put dots of like effect beside each other, at most 0.4 away."""
    bins = np.round(effects / (spread or 1.0) * 110).astype(int)
    offsets = np.zeros(len(effects))
    for each in np.unique(bins):
        members = np.flatnonzero(bins == each)
        ranks = np.arange(len(members))
        offsets[members] = np.where(ranks % 2, 1, -1) * ((ranks + 1) // 2)
    step = min(0.09, 0.4 / max(1.0, float(np.abs(offsets).max())))
    return offsets * step


def _add_colour_key(axes: Axes, with_pairs: bool) -> None:
    from matplotlib.cm import ScalarMappable

    bar = axes.figure.colorbar(ScalarMappable(cmap=value_colours()), ax=axes, shrink=0.7, aspect=30, pad=0.02)
    bar.set_ticks([0.02, 0.98], labels=["low\n(or no)", "high\n(or yes)"] if with_pairs else ["low", "high"])
    bar.ax.tick_params(length=0, labelsize=9, colors=INK)
    bar.set_label("value", fontsize=9.5, color=INK, labelpad=-18)
    bar.outline.set_visible(False)
