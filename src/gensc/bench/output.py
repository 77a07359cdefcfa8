"""What a measurement leaves behind: a CSV table, and a plot."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gensc.machine import files
from gensc.report.style import LINES, MARKERS, PAPER, SERIES, bare, style, svg

Point = tuple[float, float] | tuple[float, float, float, float]
"""x and y, and the ends of the interval of y where it has one."""
Curves = Mapping[str, Sequence[Point]]
"""The points of each line, by its name."""
Scale = Literal["linear", "log"]

ENTRY_INCH, LETTER_INCH = 0.6, 0.075
"""What an entry of a legend takes, and a letter of its name."""


def write_csv(rows: Sequence[Any], path: Path) -> None:
    """Write rows that are dataclasses of one kind, all digits kept."""
    if not rows or not is_dataclass(rows[0]):
        raise ValueError("write_csv: there are no rows, or they are no dataclasses")
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(rows[0])], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    files.write_text(path, text.getvalue())


def plot(panels: Mapping[str, Curves], path: Path, x: str, y: str, scale: Scale = "linear", across: Scale = "linear",
         exact: Mapping[str, Curves] | None = None) -> None:
    """Draw ``panels`` of curves side by side, each under its title, as an SVG file. ``exact``: lines without marks, by
    panel and name; what a panel holds under the same name are then marks without a line. On a logarithmic axis values
    of 0 are left out: a line ends where nothing was counted any more."""
    with style():
        known = exact or {}
        names = list(dict.fromkeys(name for group in (panels, known) for curves in group.values() for name in curves))
        width = max(5.6, 3.4 * len(panels) + 0.8)
        columns = min(len(names), max(1, int(width / (ENTRY_INCH + LETTER_INCH * max(map(len, names))))))
        figure = Figure(figsize=(width, 3.2 + 0.2 * -(-len(names) // columns)), layout="constrained", facecolor=PAPER)
        for at, (title, curves) in enumerate(panels.items()):
            axes = figure.add_subplot(1, len(panels), at + 1)
            axes.set(title=title, xlabel=x, ylabel=y if at == 0 else "", xscale=across, yscale=scale)
            lines = known.get(title, {})
            for name, points in curves.items():
                _draw(axes, name, names.index(name), points, "marks" if name in lines else "both")
            for name, points in lines.items():
                _draw(axes, name, names.index(name), points, "line")
            bare(axes)
        # One legend for all panels: a line looks the same in each.
        handles = {handle.get_label(): handle for axes in figure.axes for handle in axes.get_lines()}
        figure.legend(handles=[handles[name] for name in names], loc="outside lower center", frameon=False,
                      ncols=columns)
        files.write_text(path, svg(figure))


def _draw(axes: Axes, name: str, place: int, points: Sequence[Point], shown: Literal["both", "marks", "line"]) -> None:
    colour = SERIES[place % len(SERIES)]
    kept = [one for one in points if (axes.get_xscale() == "linear" or one[0] > 0)
            and (axes.get_yscale() == "linear" or one[1] > 0)]
    # From the ninth on, colours and marks come again: with other lines.
    line = LINES[(place + place // len(SERIES)) % len(LINES)]
    axes.plot([one[0] for one in kept], [one[1] for one in kept], label=name, color=colour,
              linestyle="" if shown == "marks" else line, linewidth=1.4,
              marker="" if shown == "line" else MARKERS[place % len(MARKERS)], markersize=4)
    ends = [one for one in kept if len(one) == 4]
    if ends:
        axes.vlines([one[0] for one in ends], [one[2] for one in ends], [one[3] for one in ends], color=colour,
                    linewidth=0.8)
