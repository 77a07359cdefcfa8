"""How every plot looks, and how it becomes SVG: the same figure gives the same bytes."""

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from gensc.metric.figures import Measure
from gensc.report.names import signed

INK, MUTED, GRID, PAPER, HEAT = "#1b1f24", "#59636e", "#d8dee4", "#fffffe", "#0b5cad"
# Okabe and Ito's hues, which colour-blind readers tell apart, darkened until they can be read as text, and the
# three that lie farthest from them.
SERIES = ("#0072b2", "#c04f00", "#007f5c", "#a3477f", "#866500", "#4a1fd0", "#662214", "#d0104c")
LINES = ("-", (0, (5, 2)), (0, (1, 1.3)), (0, (6, 2, 1, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "p")
_THEMED = {INK: "ink", MUTED: "muted", GRID: "grid", PAPER: "paper", HEAT: "heat",
           **{colour: f"series-{i}" for i, colour in enumerate(SERIES)}}
_SETTINGS: Any = {
    "svg.hashsalt": "gensc", "svg.fonttype": "path", "font.family": "DejaVu Sans", "font.size": 9,
    "text.color": INK, "axes.edgecolor": MUTED, "axes.labelcolor": INK, "axes.titlecolor": INK,
    "xtick.color": MUTED, "ytick.color": MUTED, "xtick.labelcolor": INK, "ytick.labelcolor": INK,
    "grid.color": GRID, "axes.unicode_minus": True, "figure.facecolor": "none", "axes.facecolor": "none",
}


@dataclass(frozen=True)
class Plot:
    """A drawn plot: ``name`` of its file, a title, what it shows in words, and the SVG."""

    name: str
    title: str
    caption: str
    svg: str


@dataclass(frozen=True)
class End:
    """The right end of a line (data coordinates) and the label that it gets."""

    x: float
    y: float
    text: str
    colour: str


def style() -> Any:
    """The context in which figures are made and saved."""
    return matplotlib.rc_context(_SETTINGS)


def svg(figure: Figure) -> str:
    """The figure as a whole SVG file without date or other metadata."""
    made = io.StringIO()
    figure.savefig(made, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return made.getvalue()


def inline(plot: Plot) -> str:
    """The plot's SVG for a page: ids of its own, colours that follow the page's theme."""
    text = plot.svg[plot.svg.index("<svg"):]
    text = re.sub(r'\bid="', f'id="{plot.name}-', text)
    text = re.sub(r'href="#', f'href="#{plot.name}-', text)
    text = text.replace("url(#", f"url(#{plot.name}-")
    for colour, variable in _THEMED.items():
        text = text.replace(colour, f"var(--{variable})")
    return text


def bare(axes: Axes) -> None:
    """Leave what the eye needs: the grid behind, no frame above and right."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=3, width=0.6)


def axis_title(shown: Measure) -> str:
    """A figure's name on an axis, with its unit (that of a share is at the ticks) and its sense where less is
    better."""
    return shown.head + ("" if shown.more_is_better else " (lower is better)")


def scale(axes: Axes, shown: Measure) -> None:
    """Ticks of the vertical axis in the figure's unit: shares as percent, all else as numbers."""
    if shown.unit == "%":
        axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: signed(f"{100 * share:.0f} %")))


def label_ends(axes: Axes, ends: Iterable[End]) -> None:
    """Write each line's label to the right of the axes, as near to its end as the others allow.

    The axes' limits must be final.
    """
    ordered = sorted(ends, key=lambda end: end.y)
    low, high = axes.get_ylim()
    axes_inch = axes.get_position().height * axes.get_figure().get_figheight()  # type: ignore[union-attr]
    heights = [0.16 / axes_inch * (1 + end.text.count("\n")) for end in ordered]
    places = spread([(end.y - low) / (high - low) for end in ordered], heights)
    for end, place in zip(ordered, places, strict=True):
        axes.annotate(end.text, (end.x, end.y), xytext=(1.06, place), textcoords="axes fraction", va="center",
                      color=end.colour, fontsize=8.5, annotation_clip=False,
                      arrowprops={"arrowstyle": "-", "color": end.colour, "linewidth": 0.5, "shrinkA": 2,
                                  "shrinkB": 4, "relpos": (0, 0.5)})


def spread(places: Sequence[float], heights: Sequence[float]) -> list[float]:
    """Rising centres of labels of the given heights, moved until none overlaps the next or ends above 1."""
    made: list[float] = []
    for i, place in enumerate(places):
        floor = made[-1] + (heights[i - 1] + heights[i]) / 2 if made else place
        made.append(max(place, floor))
    ceiling = 1.0
    for i in reversed(range(len(made))):
        made[i] = min(made[i], ceiling - heights[i] / 2)
        ceiling = made[i] - heights[i] / 2
    return made
