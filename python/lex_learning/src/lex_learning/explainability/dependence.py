"""The dependence plot: a column's effect over its values (Lundberg et al. 2020, figure 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lex_learning.core.column import ColumnKind
from lex_learning.explainability.figures import (
    INK,
    LOWERS,
    NEUTRAL,
    fold,
    label_rows,
    new_figure,
    plain_numbers,
    render,
    value_colours,
)
from lex_learning.explainability.scene import has_order, two_values

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from lex_learning.explainability.scene import Scene
    from lex_learning.models.base import Matrix

MAX_LEVELS = 12
MIN_ROWS_FOR_COLOUR = 60
MAX_CORRELATION = 0.7
MIN_EXPLAINED = 0.5
"""The share of the spread at like values that a second column must explain to lend its colour."""


def draw_dependence(scene: Scene, column: int) -> bytes:
    """The effect of one column on the output that it moves most, one dot a row."""
    output = int(scene.strength[column].argmax())
    kind = scene.columns[column].kind
    rows = scene.dots
    values, effects = scene.X[rows, column], scene.values[rows, column, output]
    partner = _partner(scene, column, values, effects)
    by_level = kind in {ColumnKind.CATEGORICAL, ColumnKind.BOOLEAN}
    levels = _levels(values, effects) if by_level else []
    many = f" The {MAX_LEVELS} most common values are shown." if len(levels) > MAX_LEVELS else ""
    figure, axes = new_figure(
        f"How {scene.column_name(column)} moves the prediction of {scene.output(output)}",
        reading=(
            "Each dot is a row of the table. "
            + ("Right of the line" if by_level else "Above the line")
            + f", the value {scene.more(output)}."
            + (" Strokes: the mean. In brackets: the number of rows." if by_level else "")
            + many
            + (
                f" Colour: {scene.colour_name(partner)}, which changes the effect."
                if partner is not None
                else ""
            )
            + (" It is the class that this column moves most." if scene.output_count > 1 else "")
            + scene.note
        ),
    )
    colours: Any = LOWERS if partner is None else scene.X[rows, partner]
    dots: dict[str, Any] = {
        "s": 20,
        "linewidths": 0,
        "alpha": 0.75,
        "zorder": 3,
        "cmap": None if partner is None else value_colours(),
    }
    if partner is not None:
        # A few extreme values must not leave all others in one colour.
        ends = [0, 100] if two_values(scene.columns[partner]) else [5, 95]
        dots["vmin"], dots["vmax"] = np.percentile(colours, ends)
    if by_level:
        drawn = _most_common(values, levels)
        heights = _heights(values, drawn)
        inside = np.isfinite(heights)
        axes.scatter(effects[inside], heights[inside], c=_of(colours, inside), **dots)
        for position, level in enumerate(drawn):
            mean = effects[_same(values, level)].mean()
            axes.plot([mean, mean], [position - 0.33, position + 0.33], color=INK, linewidth=2.5, zorder=2)
        names = [scene.value(column, level, 26) for level in drawn]
        counts = [int(_same(values, level).sum()) for level in drawn]
        label_rows(axes, [f"{name} ({count})" for name, count in zip(names, counts, strict=True)])
        axes.axvline(0, color=NEUTRAL, linewidth=1, zorder=1)
        axes.set_ylabel(scene.column_name(column, 40), fontsize=10.5, color=INK)
        axes.set_xlabel(fold(scene.effect(output), 60), fontsize=10.5, color=INK)
        plain_numbers(axes.xaxis)
    else:
        axes.scatter(_apart(values), effects, c=colours, **dots)
        axes.axhline(0, color=NEUTRAL, linewidth=1, zorder=1)
        axes.set_xlabel(scene.column_name(column, 60), fontsize=10.5, color=INK)
        axes.set_ylabel(fold(scene.effect(output), 40), fontsize=10.5, color=INK)
        plain_numbers(axes.xaxis)
        plain_numbers(axes.yaxis)
    if partner is not None:
        _add_colour_key(axes, scene, partner)
    return render(figure)


def _same(values: Matrix, level: float) -> Any:
    return np.isnan(values) if np.isnan(level) else values == level


def _levels(values: Matrix, effects: Matrix) -> list[float]:
    """The distinct values, the one with the largest mean effect first."""
    return sorted(np.unique(values).tolist(), key=lambda level: -float(effects[_same(values, level)].mean()))


def _most_common(values: Matrix, levels: list[float]) -> list[float]:
    counts = {level: int(_same(values, level).sum()) for level in levels}
    kept = sorted(levels, key=lambda level: -counts[level])[:MAX_LEVELS]
    return [level for level in levels if level in kept]


def _heights(values: Matrix, levels: list[float]) -> Matrix:
    """The position of each row's level, spread a little; NaN for a level that is not drawn."""
    heights = np.full(len(values), np.nan)
    for position, level in enumerate(levels):
        members = np.flatnonzero(_same(values, level))
        heights[members] = position + _scatter(len(members)) * 0.5
    return heights


def _apart(values: Matrix) -> Matrix:
    """Numbers with few distinct values, spread a little so that dots do not cover each other."""
    distinct = np.unique(values)
    if not 1 < len(distinct) <= 20:
        return values
    return np.asarray(values + _scatter(len(values)) * 0.3 * np.diff(distinct).min())


def _scatter(count: int) -> Matrix:
    """Evenly spread offsets within ±0.5 that look random and are always the same (golden ratio)."""
    return np.asarray((np.arange(count) * 0.618034) % 1.0 - 0.5)


def _of(colours: Any, inside: Any) -> Any:
    return colours if isinstance(colours, str) else colours[inside]


def _partner(scene: Scene, column: int, values: Matrix, effects: Matrix) -> int | None:
    """The column that best explains why rows of like value differ in effect, if one clearly does."""
    if len(values) < MIN_ROWS_FOR_COLOUR:
        return None
    distinct, groups = np.unique(values, return_inverse=True)
    if len(distinct) > MAX_LEVELS:
        groups = np.searchsorted(np.nanquantile(values, np.linspace(0, 1, 9)[1:-1]), values)
    left = _centred(effects, groups)
    # Not worth a colour where like values have like effects.
    if left.std() < 0.1 * effects.std() or left.std() == 0:
        return None
    # A column that runs along with this one would only repeat the axis in colour.
    candidates = [
        other
        for other in scene.strongest(None, 10)[0]
        if other != column and abs(_correlation(scene.X[scene.dots, other], values)) < MAX_CORRELATION
    ]
    scores = {
        other: _explained(left, scene.X[scene.dots, other], groups)
        for other in candidates
        if has_order(scene.columns[other])
    }
    best = max(scores, key=lambda other: scores[other], default=None)
    return best if best is not None and scores[best] >= MIN_EXPLAINED else None


def _correlation(one: Matrix, other: Matrix) -> float:
    spread = float(one.std() * other.std())
    return float(np.mean((one - one.mean()) * (other - other.mean()))) / spread if spread else 0.0


def _explained(left: Matrix, other: Matrix, groups: Any) -> float:
    """The share of the variance of `left` that lines of `other`, one for each group, explain."""
    if not np.isfinite(other).all():
        return 0.0
    centred = _centred(other, groups)
    explained = 0.0
    for group in np.unique(groups):
        inside = groups == group
        power = float(centred[inside] @ centred[inside])
        # A line through three dots explains little of interest.
        if power > 0 and inside.sum() > 4:
            explained += float(left[inside] @ centred[inside]) ** 2 / power
    return explained / float(left @ left)


def _centred(values: Matrix, groups: Any) -> Matrix:
    """Values without the mean of their group."""
    counts = np.bincount(groups)
    means = np.bincount(groups, weights=values) / np.maximum(counts, 1)
    return np.asarray(values - means[groups])


def _add_colour_key(axes: Axes, scene: Scene, partner: int) -> None:
    bar = axes.figure.colorbar(axes.collections[0], ax=axes, shrink=0.8, aspect=30, pad=0.02)
    bar.ax.tick_params(labelsize=9, colors=INK)
    pair = two_values(scene.columns[partner])
    if pair is None:
        plain_numbers(bar.ax.yaxis)
    else:
        bar.set_ticks([0, 1], labels=[scene.value(partner, code) for code in (0.0, 1.0)])
    bar.set_label(scene.column_name(partner), fontsize=9.5, color=INK)
    bar.outline.set_visible(False)
