"""A panel for each backbone, side by side where there are several."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gensc.report.names import shared, varying
from gensc.report.rows import Row
from gensc.report.style import MUTED, bare


def panels(rows: Sequence[Row], height: float) -> tuple[Figure, list[tuple[Axes, list[Row]]]]:
    """A figure with one panel (``height`` inch) for each backbone, and the rows that belong into each.

    The panels share their vertical axis. Above a single one stands what its schemes have in common.
    """
    backbones = list(dict.fromkeys(row.backbone for row in rows))
    columns = min(2, len(backbones))
    lines = math.ceil(len(backbones) / columns)
    figure = Figure(figsize=(9.0 if columns == 1 else 11.0, height * lines), layout="constrained")
    grid = figure.subplots(lines, columns, sharey=True, squeeze=False).ravel()
    for axes in grid[len(backbones):]:
        axes.set_visible(False)
    for axes, backbone in zip(grid, backbones, strict=False):
        bare(axes)
        axes.set_title(backbone if len(backbones) > 1 else shared(rows), loc="left", fontsize=9, color=MUTED)
    return figure, [(axes, [row for row in rows if row.backbone == backbone])
                    for axes, backbone in zip(grid, backbones, strict=False)]


def parts_within(rows: Sequence[Row]) -> tuple[str, ...]:
    """The labels that tell the lines of one panel apart: all that vary but the backbone."""
    return tuple(part for part in varying(rows) if part != "backbone") or ("transport",)
