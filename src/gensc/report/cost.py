"""The leading figure against what it cost: channel uses."""

from collections import defaultdict

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from gensc.report.looks import Looks
from gensc.report.names import count, signed, together
from gensc.report.rows import Row
from gensc.report.style import MUTED, Plot, axis_title, bare, scale, svg

_MOST_PANELS = 4


def cost_plot(rows: tuple[Row, ...], looks: Looks) -> Plot | None:
    """Leading figure over channel uses: a column of panels for each of up to four SNRs, a line of panels for
    each learned codec. None where all schemes use the channel equally often."""
    if len({row.uses for row in rows}) < 2:
        return None
    groups, shown = together(rows), rows[0].measure
    numbers = sorted({row.snr_db for row in rows})
    chosen = [numbers[i] for i in np.unique(np.linspace(0, len(numbers) - 1, _MOST_PANELS).round().astype(int))]
    figure = Figure(figsize=(max(4.0, 2.5 * len(chosen)), 2.6 * len(groups) + 0.6), layout="constrained")
    grid = figure.subplots(len(groups), len(chosen), sharex=True, sharey=True, squeeze=False)
    for line, (name, group) in zip(grid, groups, strict=True):
        for axes, number in zip(line, chosen, strict=True):
            _panel(axes, [row for row in group if row.snr_db == number], looks)
            unit = "" if any(row.plain_ratio for row in rows) else " dB"
            axes.set_title(signed(f"{number:g}{unit}"), fontsize=9)
        line[0].set_ylabel(f"{axis_title(shown)}\n{name}" if len(groups) > 1 else axis_title(shown))
    uses = sorted({row.uses for row in rows})
    for axes in grid[-1]:
        axes.set_xticks(_apart(uses), [count(one) for one in _apart(uses)], fontsize=8)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("channel uses an item")
    figure.legend(handles=looks.handles(rows), loc="outside upper left", ncols=3 if looks.baselines else 4,
                  frameon=False, fontsize=8.5)
    caption = (f"{shown.title} against complex channel uses an item (log scale), pilots and side "
               "information included, at each SNR; bars are 95 % intervals.")
    return Plot("cost", f"{shown.title} against channel uses", caption, svg(figure))


def _panel(axes: Axes, rows: list[Row], looks: Looks) -> None:
    bare(axes)
    if rows:
        scale(axes, rows[0].measure)
    axes.set_xscale("log")
    alike: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        alike[row.codec, row.task, row.transport, row.channel].append(row)
    for group in alike.values():
        ordered = sorted(group, key=lambda row: row.uses)
        axes.plot([row.uses for row in ordered], [row.leading.value for row in ordered], color=MUTED, linewidth=0.8,
                  linestyle=looks.line(ordered[0]))
        for row in ordered:
            figure = row.leading
            axes.errorbar(row.uses, figure.value, [[figure.value - figure.low], [figure.high - figure.value]],
                          color=looks.colour(row), marker=looks.marker(row), markersize=5, linewidth=1.1,
                          markerfacecolor="none" if row.plain_ratio else looks.colour(row))


def _apart(uses: list[float]) -> list[float]:
    """Ticks far enough from each other to be read, the smallest and the largest among them."""
    kept = [uses[-1]]
    for one in reversed(uses[:-1]):
        if one * 1.5 <= kept[-1]:
            kept.append(one)
    return kept[::-1]
