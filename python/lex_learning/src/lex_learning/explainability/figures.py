"""Figures without global state: matplotlib's object interface, our palette, and text that always draws.

`pyplot` keeps a list of figures and chooses a window system; neither is wanted in a library.
"""

from __future__ import annotations

import io
import logging
import math
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

DOTS_PER_INCH = 130
WIDTH_INCHES = 8.0

# Okabe and Ito's colours: told apart by colour-blind readers and on grey paper.
LOWERS = "#0072B2"
RAISES = "#D55E00"
NEUTRAL = "#767676"
FAINT = "#D9D9D9"
INK = "#262626"
CLASS_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#4D4D4D")

# Fonts of the common systems that hold what DejaVu Sans lacks; used where installed.
_FALLBACK_FAMILIES = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "Arial Unicode MS",
    "Hiragino Sans GB",
    "WenQuanYi Zen Hei",
    "Noto Emoji",
    "Segoe UI Symbol",
)
_MISSING = "\N{WHITE SQUARE}"


def new_figure(title: str, *, reading: str, height_inches: float = 5.0) -> tuple[Figure, Axes]:
    """A figure with one plain pair of axes.

    Args:
        title: What is shown, in a line.
        reading: How to read it, in a sentence or two under the axes.
        height_inches: Its height; the width is always 8 inches.
    """
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    figure = Figure(
        figsize=(WIDTH_INCHES, height_inches),
        dpi=DOTS_PER_INCH,
        layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1),
        facecolor="white",
    )
    figure.suptitle(fold(title, 66), x=0.015, ha="left", fontsize=13, fontweight="bold", color=INK)
    figure.supxlabel(fold(reading, 112), x=0.015, ha="left", fontsize=9, color="#595959")
    axes = figure.add_subplot(facecolor="white")
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["bottom", "left"]].set_color("#8C8C8C")
    axes.tick_params(colors=INK, labelsize=9.5)
    return figure, axes


def render(figure: Figure) -> bytes:
    """The figure as a PNG. Dollars and underscores in its text stand for themselves."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)
        text.set_fontfamily(_families())
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer)  # type: ignore[no-untyped-call]
    return buffer.getvalue()


def value_colours() -> Colormap:
    """From a low value (dark blue) to a high one (orange), ever lighter, so that order shows without hue."""
    import matplotlib as mpl
    from matplotlib.colors import ListedColormap

    return ListedColormap(mpl.colormaps["plasma"]([step / 255 * 0.82 for step in range(256)]))


def label_rows(axes: Axes, labels: Sequence[str]) -> None:
    """Name the rows of a horizontal plot, the first at the top."""
    axes.set_yticks(range(len(labels)), labels=labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)


def plain_numbers(axis: Any, digits: int = 4) -> None:
    """Write the numbers of an axis in full, with the same decimals: 1,500 and not 1.5e3, 1.0 beside 0.5."""
    from matplotlib.ticker import FuncFormatter

    class Plain(FuncFormatter):
        def format_ticks(self, values: Any) -> list[str]:
            texts = [number(value, digits=digits) for value in values]
            if any("e" in text for text in texts):
                return texts
            decimals = max((len(text.partition(".")[2]) for text in texts), default=0)
            return [number(value, decimals=decimals) for value in values]

    axis.set_major_formatter(Plain(lambda value, _: number(value, digits=digits)))


def decimals_of(largest: float, digits: int = 3) -> int | None:
    """Decimals that give a size `digits` digits that count, for it and all smaller ones beside it.

    Returns:
        Below 0 for rounded tens and so on; None where the size is 0 or is written with an exponent.

    Example:
        >>> decimals_of(15.42), decimals_of(0.0154), decimals_of(98_765.0)
        (1, 4, -2)
    """
    return digits - 1 - math.floor(math.log10(largest)) if 1e-4 <= largest < 1e12 else None


def number(value: float, *, signed: bool = False, digits: int = 4, decimals: int | None = None) -> str:
    """A number for people, with a true minus and four digits, or more, that count; or so many decimals.

    Example:
        >>> number(1234.56), number(0.012345), number(3.0, signed=True), number(-2.5)
        ('1,235', '0.01235', '+3', '−2.5')
        >>> number(1234.5678, digits=6)
        '1,234.57'
        >>> number(-2.5, decimals=2), number(0.004, decimals=2, signed=True), number(98_765.0, decimals=-2)
        ('−2.50', '0.00', '98,800')
    """  # noqa: RUF002 - a true minus
    if decimals is None:
        rounded = float(f"{value:.{digits}g}")
        size = abs(rounded)
        places = max(0, digits - len(f"{size:.0f}"))
        written = f"{size:,.{places}f}" if 1000 <= size < 1e12 else f"{size:.{digits}g}"
    else:
        rounded = round(value, decimals)
        written = f"{abs(rounded):,.{max(0, decimals)}f}"
    if rounded == 0:
        return written
    return ("−" if rounded < 0 else "+" if signed else "") + written  # noqa: RUF001 - a true minus


def printable(text: str, most: int) -> str:
    r"""Text that the fonts at hand can draw, cut in its middle to be `most` characters wide.

    Names that share a beginning often differ at the end, so both ends stay.

    Example:
        >>> printable("household_income_2019", 12), printable("two\nlines", 20)
        ('househol…019', 'two lines')
    """
    drawn = _drawable()
    clean = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    known = "".join(each if ord(each) in drawn else _MISSING for each in clean)
    if _width(known) <= most:
        return known
    head, tail = known, known
    while _width(tail) > most // 4:
        tail = tail[1:]
    while _width(head) > most - 1 - _width(tail):
        head = head[:-1]
    return f"{head}…{tail}"


def fold(text: str, most: int) -> str:
    r"""Text in lines of at most `most` characters' width, broken between words.

    Example:
        >>> fold("to be or not to be", 9)
        'to be or\nnot to be'
    """
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if _width(longer) <= most:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)


def _width(text: str) -> int:
    """Width in characters; those of East Asia are twice as wide."""
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


@cache
def _families() -> list[str]:
    _quiet()
    from matplotlib import font_manager

    installed = set(font_manager.get_font_names())
    return ["DejaVu Sans", *(name for name in _FALLBACK_FAMILIES if name in installed)]


@cache
def _drawable() -> frozenset[int]:
    """The code points that one of our fonts holds."""
    families = _families()
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    paths = (font_manager.findfont(family, fallback_to_default=False) for family in families)
    return frozenset().union(*(FT2Font(path).get_charmap() for path in paths))


def _quiet() -> None:
    """Keep matplotlib's word about its font cache off the standard error stream.

    Python prints the warnings of a logger without a handler; one that does nothing is enough.
    """
    logger = logging.getLogger("matplotlib")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
