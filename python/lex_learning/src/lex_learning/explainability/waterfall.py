"""How one prediction came about: from the base value at the bottom, column by column, to the output."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lex_learning.explainability.contributions import Space
from lex_learning.explainability.figures import (
    INK,
    LOWERS,
    NEUTRAL,
    RAISES,
    decimals_of,
    fold,
    label_rows,
    new_figure,
    number,
    plain_numbers,
    render,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from lex_learning.explainability.scene import Scene
    from lex_learning.models.base import Matrix

MAX_STEPS = 10
MOST_DIGITS = 15


def draw_typical(scene: Scene) -> bytes:
    """One typical row of a table."""
    row, output = _typical(scene)
    texts = [scene.value(column, code) for column, code in enumerate(scene.X[row])]
    labels = [_label(scene, column, texts) for column in _strongest(scene, row, output)[0][:3]]
    # No-break spaces keep a name and its value in one line.
    story = ", ".join(label.replace(" = ", "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}") for label in labels)
    which = f" of those for {scene.label(output, 24)}" if scene.output_count > 1 else ""
    return _draw(
        scene,
        row,
        output,
        texts,
        title=f"How one typical row was predicted: {story}",
        remark=f" The row is the one whose prediction lies in the middle{which}.",
    )


def draw_row(scene: Scene, output: int, texts: Sequence[str]) -> bytes:
    """The only row of a scene.

    Args:
        scene: Of this row.
        output: The output to explain.
        texts: The row's values in words, one for each column.
    """
    outputs = scene.base + scene.values[0].sum(axis=0)
    decimals = _decimals(_steps(scene, 0, output)[2])
    value = number(float(outputs[output]), decimals=decimals)
    reached = scene.share(outputs, output) if scene.target.classes else value
    subject = scene.output(output)
    title = (
        f"Why the probability of {subject} is {reached}"
        if scene.target.classes
        else f"Why {subject} is {reached}"
    )
    return _draw(scene, 0, output, texts, title=title)


def _draw(  # noqa: PLR0917 - what it is about, and how to put it
    scene: Scene, row: int, output: int, texts: Sequence[str], title: str, remark: str = ""
) -> bytes:
    shown, rest, steps = _steps(scene, row, output)
    # The first step, from the base, is the lowest one.
    ends = scene.base[output] + np.cumsum(steps[::-1])[::-1]
    starts = np.append(ends[1:], scene.base[output])
    decimals = _decimals(steps)
    sizes = [number(step, signed=True, digits=3, decimals=decimals) for step in steps]
    figure, axes = new_figure(
        title,
        reading=(
            "From the base value, that of an average row (bottom), to this row's (top), column by column. "
            f"Orange {scene.more(output)}, blue does the opposite.{remark}{scene.note}"
        ),
        height_inches=float(np.clip(2.2 + 0.27 * len(steps), 4.0, 6.5)),
    )
    low, high = min(*starts, *ends), max(*starts, *ends)
    room = (high - low) or abs(low) or 1.0
    _draw_steps(axes, starts, steps, sizes)
    outputs = scene.base + scene.values[row].sum(axis=0)
    digits = _digits(max(abs(low), abs(high)), room)
    for position, value, all_outputs in (
        (0, ends[0], outputs),
        (len(steps) + 1, scene.base[output], scene.base),
    ):
        axes.plot(value, position, marker="D", color=INK, markersize=6, zorder=3)
        side = -1 if value > low + room / 2 else 1
        text = _reached(scene, all_outputs, output, digits, decimals)
        _write(axes, text, value, position, side, bold=True)
    others = [f"{len(rest)} other columns"] if rest else []
    label_rows(axes, ["this row", *(_label(scene, column, texts) for column in shown), *others, "base value"])
    # Room for the numbers beside the bars.
    margin = (0.06 + 0.025 * max(map(len, sizes))) * room
    axes.set_xlim(low - margin, high + margin)
    axes.set_xlabel(fold(_axis(scene, output), 46), fontsize=10.5, color=INK)
    axes.locator_params(axis="x", nbins=max(2, min(9, 40 // digits)))
    plain_numbers(axes.xaxis, digits)
    return render(figure)


def _draw_steps(axes: Axes, starts: Matrix, steps: Matrix, sizes: Sequence[str]) -> None:
    """A bar for each step, the last on top, and lines that lead from one to the next."""
    for position, (start, step, size) in enumerate(zip(starts, steps, sizes, strict=True), start=1):
        end = start + step
        axes.barh(position, step, left=start, color=RAISES if step > 0 else LOWERS, height=0.66, zorder=2)
        axes.plot([end, end], [position, position - 1], color=NEUTRAL, linewidth=0.8, zorder=1)
        _write(axes, size, end, position, 1 if step >= 0 else -1)
    axes.plot([starts[-1]] * 2, [len(steps), len(steps) + 1], color=NEUTRAL, linewidth=0.8, zorder=1)


def _write(axes: Axes, text: str, value: float, position: int, side: int, *, bold: bool = False) -> None:
    """A text on the right (1) or on the left (-1) of a value."""
    axes.annotate(
        text,
        (value, position),
        xytext=((8 if bold else 4) * side, 0),
        textcoords="offset points",
        va="center",
        ha="left" if side > 0 else "right",
        fontsize=9,
        fontweight="bold" if bold else "normal",
        color=INK,
    )


def _steps(scene: Scene, row: int, output: int) -> tuple[list[int], list[int], Matrix]:
    """The columns to show, strongest first, all others, and what they add: these as one, the last."""
    effects = scene.values[row, :, output]
    shown, rest = _strongest(scene, row, output)
    return shown, rest, np.append(effects[shown], [effects[rest].sum()] if rest else [])


def _decimals(steps: Matrix) -> int | None:
    """For all numbers of the plot, so that what they add up to can be read from them."""
    return decimals_of(float(np.abs(steps).max()))


def _strongest(scene: Scene, row: int, output: int) -> tuple[list[int], list[int]]:
    """The columns to show, strongest first, and all others."""
    effects = np.abs(scene.values[row, :, output])
    order = [int(column) for column in np.argsort(-effects, kind="stable")]
    # A step that sums up a single column is better spent on that column.
    most = MAX_STEPS if len(order) > MAX_STEPS + 1 else len(order)
    return order[:most], order[most:]


def _label(scene: Scene, column: int, texts: Sequence[str]) -> str:
    return f"{scene.column_name(column)} = {texts[column]}"


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


def _digits(size: float, room: float) -> int:
    """Digits by which two values a hundredth of the room apart are told from each other."""
    return int(np.clip(math.ceil(math.log10(max(size / room, 1.0))) + 3, 4, MOST_DIGITS))


def _reached(scene: Scene, outputs: Matrix, output: int, digits: int, decimals: int | None) -> str:
    value = float(outputs[output])
    if scene.space is Space.VALUE:
        return number(value, digits=digits, decimals=decimals)
    share = scene.share(outputs, output)
    # With several classes a probability rests on the scores of all; the one beside it would mislead.
    bare = scene.space is Space.PROBABILITY or scene.output_count > 1
    return (
        f"probability {share}"
        if bare
        else f"{number(value, digits=3, decimals=decimals)} (probability {share})"
    )


def _axis(scene: Scene, output: int) -> str:
    what = scene.output(output)
    if scene.space is Space.VALUE:
        return f"predicted {what}"
    return (
        f"predicted log-odds of {what}"
        if scene.space is Space.LOG_ODDS
        else f"predicted probability of {what}\N{NO-BREAK SPACE}(%)"
    )
