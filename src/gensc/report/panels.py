"""A panel for each learned codec, side by side where there are several."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gensc.report.names import named, shared, together, varying
from gensc.report.rows import Row
from gensc.report.style import MUTED, bare

_MOST_TICKS = 12
_LONG_LABEL = 30


def panels(rows: Sequence[Row], height: float) -> tuple[Figure, list[tuple[Axes, list[Row]]]]:
    """A figure with one panel (``height`` inch) for each group of rows that belong together, and those rows.

    The panels share their vertical axis. Above a single one stands what its schemes have in common.
    """
    groups = together(rows)
    columns = min(2, len(groups))
    lines = math.ceil(len(groups) / columns)
    # A column of labels stands to the right of each panel: it must not be higher than the panel.
    most = max(len({row.scheme for row in group}) for _, group in groups)
    longest = max(len(named(row, parts_within(rows))) for row in rows)
    narrow = columns == 1 and longest <= _LONG_LABEL
    figure = Figure(figsize=(9.0 if narrow else 11.0, max(height, 0.3 * most) * lines), layout="constrained")
    grid = figure.subplots(lines, columns, sharey=True, squeeze=False).ravel()
    for axes in grid[len(groups):]:
        axes.set_visible(False)
    for axes, (name, group) in zip(grid, groups, strict=False):
        bare(axes)
        axes.set_title(name if len(groups) > 1 else shared(group), loc="left", fontsize=9, color=MUTED)
    return figure, [(axes, group) for axes, (_, group) in zip(grid, groups, strict=False)]


def parts_within(rows: Sequence[Row]) -> tuple[str, ...]:
    """The labels that tell the lines of one panel apart: all that vary, but not the codec that it is named by."""
    alone = {"codec"} if len(together(rows)) > 1 else set()
    return tuple(part for part in varying(rows) if part not in alone) or ("transport",)


def over_snr(axes: Axes, snr_db: Sequence[float], title: str) -> None:
    """Make the horizontal axis one of SNR, ticked where something was measured."""
    ticks = sorted(set(snr_db))
    if len(ticks) <= _MOST_TICKS:
        axes.set_xticks(ticks)
    axes.set_xlabel(title)
