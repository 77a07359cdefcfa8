"""Confusion matrices: which class is taken for which."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from gensc.report.names import at, by_scheme, named, varying
from gensc.report.rows import Row
from gensc.report.style import GRID, HEAT, INK, PAPER, Plot, svg

_MOST_NUMBERS = 20


def confusion_plot(rows: tuple[Row, ...], classes: Sequence[str]) -> Plot | None:
    """The first scheme of a task and the one of the best mean figure, each at its lowest and its highest SNR;
    None where no classes are told apart. ``classes``: those of the data, where the task's are numbered as they are."""
    lines = [ends for ends in (_ends(group) for group in _schemes(rows)) if ends]
    if not lines:
        return None
    names = _names(lines[0][0], classes)
    side = min(5.0, 1.6 + 0.21 * len(names))
    longest = max(len(name) for name in names) * 0.065
    columns = max(len(line) for line in lines)
    figure = Figure(figsize=(columns * side + longest, len(lines) * (side + 0.3) + longest), layout="constrained")
    grid = figure.subplots(len(lines), columns, sharex=True, sharey=True, squeeze=False)
    parts = varying(rows)
    for panels, line in zip(grid, lines, strict=True):
        for axes, row in zip(panels, line, strict=False):
            _matrix(axes, row, names)
            reached = row.measure.said(row.leading.value)
            axes.set_title(f"{named(row, parts)}\n{at(row)}: {reached}", fontsize=9, loc="left")
        for axes in panels[len(line):]:
            axes.set_visible(False)
        panels[0].set_ylabel("true class")
    for axes in grid[-1]:
        axes.set_xlabel("predicted class")
    caption = ("Percent of the items of each true class (lines add up to 100), over all seeds; what is below 0.5 % is "
               "left blank. Shown: the first scheme and the one with the best mean figure, at the lowest and the "
               "highest SNR.")
    return Plot("confusion", "Which class is taken for which", caption, svg(figure))


def _names(row: Row, classes: Sequence[str]) -> list[str]:
    """The names of the classes of a matrix; numbers, where it has others than the data."""
    count = 0 if row.confusion is None else len(row.confusion)
    return [name.replace("_", " ") for name in classes] if len(classes) == count else list(map(str, range(count)))


def _schemes(rows: tuple[Row, ...]) -> list[list[Row]]:
    groups = [[row for row in group if row.confusion is not None] for group in by_scheme(rows)]
    groups = [group for group in groups if group]
    if not groups:
        return []
    best = max(groups, key=lambda group: math.fsum(row.measure.better(row.leading.value) for row in group) / len(group))
    return [groups[0]] if best is groups[0] else [groups[0], best]


def _ends(group: list[Row]) -> list[Row]:
    return [group[0]] if len(group) == 1 else [group[0], group[-1]]


def _matrix(axes: Axes, row: Row, names: list[str]) -> None:
    assert row.confusion is not None, "only rows with counts are drawn"
    count = len(names)
    share = row.confusion / np.maximum(row.confusion.sum(axis=1, keepdims=True), 1)
    edges = np.arange(count + 1) - 0.5
    # Strength is opacity, so that an empty cell is the page itself, in a light and in a dark theme.
    colours = np.tile(to_rgba(HEAT), (count, count, 1))
    colours[..., 3] = share**0.7
    axes.pcolormesh(edges, edges, colours, linewidth=0)
    if count <= _MOST_NUMBERS:
        for true, predicted in zip(*np.nonzero(share >= 0.005), strict=True):
            value = share[true, predicted]
            axes.text(predicted, true, f"{100 * value:.0f}", ha="center", va="center_baseline", fontsize=6,
                      color=PAPER if value > 0.45 else INK)
    axes.set_xticks(range(count), names, rotation=90, fontsize=7)
    axes.set_yticks(range(count), names, fontsize=7)
    axes.set_ylim(count - 0.5, -0.5)
    axes.set_aspect("equal")
    axes.tick_params(length=0)
    axes.spines[:].set_color(GRID)
