"""What a measurement leaves behind: a CSV table, and a plot."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gensc import files
from gensc.report.style import LINES, MARKERS, PAPER, SERIES, bare, style, svg

Curves = Mapping[str, Sequence[tuple[float, float]]]
"""The points (x, y) of each line, by its name."""


def write_csv(rows: Sequence[Any], path: Path) -> None:
    """Write rows that are dataclasses of one kind, all digits kept."""
    if not rows or not is_dataclass(rows[0]):
        raise ValueError("write_csv: there are no rows, or they are no dataclasses")
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(rows[0])], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    files.write_text(path, text.getvalue())


def plot(panels: Mapping[str, Curves], path: Path, x: str, y: str, scale: Literal["linear", "log"] = "linear",
         across: Literal["linear", "log"] = "linear") -> None:
    """Draw ``panels`` of curves side by side, each under its title, as an SVG file. On a logarithmic axis values of 0
    are left out: a line ends where nothing was counted any more."""
    with style():
        figure = Figure(figsize=(3.4 * len(panels) + 0.8, 3.4), layout="constrained", facecolor=PAPER)
        names = list(dict.fromkeys(name for curves in panels.values() for name in curves))
        for at, (title, curves) in enumerate(panels.items()):
            axes = figure.add_subplot(1, len(panels), at + 1)
            for name, points in curves.items():
                _line(axes, name, names.index(name), [one for one in points if scale == "linear" or one[1] > 0])
            axes.set(title=title, xlabel=x, ylabel=y if at == 0 else "", xscale=across, yscale=scale)
            bare(axes)
        # One legend for all panels: a line looks the same in each.
        handles = {handle.get_label(): handle for axes in figure.axes for handle in axes.get_lines()}
        figure.legend(handles=[handles[name] for name in names], loc="outside lower center", ncols=min(4, len(names)),
                      frameon=False)
        files.write_text(path, svg(figure))


def _line(axes: Axes, name: str, place: int, points: Sequence[tuple[float, float]]) -> None:
    axes.plot([x for x, _ in points], [y for _, y in points], label=name, color=SERIES[place % len(SERIES)],
              linestyle=LINES[place % len(LINES)], marker=MARKERS[place % len(MARKERS)], markersize=4, linewidth=1.4)
