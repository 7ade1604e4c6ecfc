"""The bar plots: how much each column matters over all rows, and how one prediction came about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lex_learning.explainability.contributions import Space
from lex_learning.explainability.figures import (
    CLASS_COLOURS,
    FAINT,
    INK,
    LOWERS,
    NEUTRAL,
    RAISES,
    fold,
    label_rows,
    new_figure,
    number,
    plain_numbers,
    printable,
    render,
)

if TYPE_CHECKING:
    from lex_learning.explainability.scene import Scene
    from lex_learning.models.base import Matrix

MAX_COLUMNS = 15
MAX_STEPS = 10


def draw_bars(scene: Scene) -> bytes:
    """The mean size of each column's effect; with several classes, stacked by class."""
    several = scene.output_count > 1
    shown, rest = scene.strongest(None, MAX_COLUMNS)
    lengths = scene.strength[shown]
    # Their bar would dwarf all others.
    together = (
        f" The other {len(rest)} columns together: {number(scene.strength[rest].sum())}." if rest else ""
    )
    name = printable(scene.target.name, 40) if several else scene.output(0)
    figure, axes = new_figure(
        f"Which columns matter most for {name}",
        reading=(
            "The longer the bar, the more the column moves the predictions, up or down, in the mean of all "
            "rows explained." + (" Each colour is one class." if several else "") + together + scene.note
        ),
        height_inches=float(np.clip(2.0 + 0.27 * len(lengths), 4.0, 6.5)),
    )
    left = np.zeros(len(lengths))
    for label, colour, part in _parts(scene, lengths):
        axes.barh(range(len(lengths)), part, left=left, color=colour, height=0.7, label=label)
        left = left + part
    for position, total in enumerate(left):
        axes.annotate(
            number(float(f"{total:.3g}")),
            (total, position),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
            color=INK,
        )
    labels = [scene.column_name(column) for column in shown]
    label_rows(axes, labels)
    axes.set_xlim(0, (left.max() or 1.0) * 1.12)
    measured = f"mean size of the {scene.effect(None if several else 0)}"
    axes.set_xlabel(fold(measured, 60), fontsize=10.5, color=INK)
    plain_numbers(axes.xaxis)
    if several:
        legend = axes.legend(
            title=printable(scene.target.name, 22),
            fontsize=9,
            frameon=False,
            loc="upper left",
            bbox_to_anchor=(1.0, 1.0),
            handlelength=1.2,
        )
        legend.get_title().set_fontsize(9.5)
    return render(figure)


def _parts(scene: Scene, lengths: Matrix) -> list[tuple[str, str, Matrix]]:
    """Label, colour and bar lengths of each class; the weakest of many classes share one grey part."""
    if scene.output_count == 1:
        return [("", LOWERS, lengths[:, 0])]
    order = np.argsort(-lengths.sum(axis=0), kind="stable")
    apart = len(order) if len(order) <= len(CLASS_COLOURS) else len(CLASS_COLOURS) - 1
    parts = [
        (scene.label(int(output), 22), CLASS_COLOURS[place], lengths[:, output])
        for place, output in enumerate(order[:apart])
    ]
    others = order[apart:]
    return [
        *parts,
        *([(f"{len(others)} other classes", FAINT, lengths[:, others].sum(axis=1))] if len(others) else []),
    ]


def draw_waterfall(scene: Scene) -> bytes:
    """From the mean prediction to that of one typical row, column by column."""
    row, output = _typical(scene)
    effects = scene.values[row, :, output]
    order = [int(column) for column in np.argsort(-np.abs(effects), kind="stable")]
    shown = order[: MAX_STEPS if len(order) > MAX_STEPS + 1 else len(order)]
    rest = order[len(shown) :]
    steps = [*effects[shown], *([effects[rest].sum()] if rest else [])]
    ends = scene.base[output] + np.cumsum(steps)
    starts = ends - steps
    labels = [
        f"{scene.column_name(column)} = {scene.value(column, scene.X[row, column])}" for column in shown
    ]
    # No-break spaces keep a name and its value in one line.
    story = ", ".join(label.replace(" = ", "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}") for label in labels[:3])
    figure, axes = new_figure(
        f"How one typical row was predicted: {story}",
        reading=(
            f"From the mean prediction (top) to that of this row (bottom), column by column. Orange "
            f"{scene.more(output)}, blue does the opposite. The row is the one whose prediction lies in "
            + "the middle"
            + (f" of those for {scene.label(output, 24)}." if scene.output_count > 1 else ".")
            + scene.note
        ),
        height_inches=float(np.clip(2.2 + 0.27 * len(steps), 4.0, 6.5)),
    )
    last = len(steps) + 1
    low, high = min(*starts, *ends), max(*starts, *ends)
    room = (high - low) or 1.0
    for position, (start, step, end) in enumerate(zip(starts, steps, ends, strict=True), start=1):
        colour = RAISES if step > 0 else LOWERS
        axes.barh(position, step, left=start, color=colour, height=0.66, zorder=2)
        axes.plot([end, end], [position, position + 1], color=NEUTRAL, linewidth=0.8, zorder=1)
        side = 1 if step >= 0 else -1
        axes.annotate(
            number(float(f"{step:.3g}"), signed=True),
            (end, position),
            xytext=(4 * side, 0),
            textcoords="offset points",
            va="center",
            ha="left" if side > 0 else "right",
            fontsize=9,
            color=INK,
        )
    outputs = scene.base + scene.values[row].sum(axis=0)
    for position, value, all_outputs in ((0, scene.base[output], scene.base), (last, ends[-1], outputs)):
        axes.plot(value, position, marker="D", color=INK, markersize=6, zorder=3)
        side = -1 if value > low + room / 2 else 1
        axes.annotate(
            _reached(scene, value, all_outputs, output),
            (value, position),
            xytext=(8 * side, 0),
            textcoords="offset points",
            va="center",
            ha="left" if side > 0 else "right",
            fontsize=9,
            fontweight="bold",
            color=INK,
        )
    axes.plot([starts[0]] * 2, [0, 1], color=NEUTRAL, linewidth=0.8, zorder=1)
    others = [f"{len(rest)} other columns"] if rest else []
    label_rows(axes, ["mean prediction", *labels, *others, "this row"])
    axes.set_xlim(low - 0.14 * room, high + 0.14 * room)
    axes.set_xlabel(fold(_axis(scene, output), 60), fontsize=10.5, color=INK)
    plain_numbers(axes.xaxis)
    return render(figure)


def _typical(scene: Scene) -> tuple[int, int]:
    """The row in the middle of all predictions (of the most predicted class, if several), and its output."""
    totals = scene.base + scene.values.sum(axis=1)
    output, rows = 0, np.arange(len(totals))
    if scene.output_count > 1:
        predicted = totals.argmax(axis=1)
        output = int(np.bincount(predicted).argmax())
        rows = np.flatnonzero(predicted == output)
    ranked = rows[np.argsort(totals[rows, output], kind="stable")]
    return int(ranked[len(ranked) // 2]), output


def _reached(scene: Scene, value: float, outputs: Matrix, output: int) -> str:
    if scene.space is Space.VALUE:
        return number(value)
    probability = scene.probability(outputs, output)
    # No model is as sure as 0 or 100 %.
    share = "> 99.9 %" if probability > 0.999 else "< 0.1 %" if probability < 0.001 else f"{probability:.1%}"
    # With several classes a probability rests on the scores of all; the one beside it would mislead.
    bare = scene.space is Space.PROBABILITY or scene.output_count > 1
    return f"probability {share}" if bare else f"{number(float(f'{value:.3g}'))} (probability {share})"


def _axis(scene: Scene, output: int) -> str:
    what = scene.output(output)
    if scene.space is Space.VALUE:
        return f"predicted {what}"
    return (
        f"predicted log-odds of {what}"
        if scene.space is Space.LOG_ODDS
        else f"predicted probability of {what} (%)"
    )
