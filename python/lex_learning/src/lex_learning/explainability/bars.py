"""The bar plot: how much each column matters over all rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lex_learning.explainability.figures import (
    CLASS_COLOURS,
    FAINT,
    INK,
    LOWERS,
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
