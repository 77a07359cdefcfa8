"""Which plots a set of results gets, and the accuracy over SNR."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes

from gensc.report.confusion import confusion_plot
from gensc.report.conventions import conventions_plot
from gensc.report.cost import cost_plot
from gensc.report.gap import gap_plot
from gensc.report.looks import Looks
from gensc.report.names import PLAIN_RATIO, by_scheme, named
from gensc.report.panels import panels, parts_within
from gensc.report.rows import Finished, Row
from gensc.report.style import MUTED, End, Plot, label_ends, percent, style, svg


def plots(finished: Finished) -> list[Plot]:
    """Every plot that the results have something to show in."""
    looks = Looks.of(finished.rows)
    finite = tuple(row for row in finished.rows if math.isfinite(row.snr_db))
    with style():
        made = (accuracy_plot(finite, finished.classes, looks), conventions_plot(finite), gap_plot(finite, looks),
                cost_plot(finite, looks), confusion_plot(finished))
    return [plot for plot in made if plot is not None]


def accuracy_plot(rows: tuple[Row, ...], classes: Sequence[str], looks: Looks) -> Plot | None:
    """The leading figure over SNR, a line for each scheme with its 95 % band, a panel for each backbone."""
    if not rows:
        return None
    figure, filled = panels(rows, height=4.0)
    for axes, here in filled:
        _panel(axes, here, looks)
    first = filled[0][0]
    low, high = first.get_ylim()
    first.set_ylim(min(low, 0.5 / len(classes)), min(high, 1.02))
    for axes, here in filled:
        _chance(axes, len(classes))
        label_ends(axes, _ends(here, parts_within(rows), looks))
    headline = rows[0].headline
    first.set_ylabel(headline.capitalize())
    marked = f" [gensc6g]: {PLAIN_RATIO}, not dB." if any(row.plain_ratio for row in rows) else ""
    caption = (f"{headline.capitalize()} over Es/N0 per complex channel use; bands are 95 % intervals over items "
               f"and seeds.{marked}")
    return Plot("accuracy", f"{headline.capitalize()} over SNR", caption, svg(figure))


def _panel(axes: Axes, rows: list[Row], looks: Looks) -> None:
    percent(axes)
    for group in by_scheme(rows):
        x, colour = [row.snr_db for row in group], looks.colour(group[0])
        axes.fill_between(x, [row.leading.low for row in group], [row.leading.high for row in group],
                          color=colour, alpha=0.13, linewidth=0)
        axes.plot(x, [row.leading.value for row in group], color=colour, linewidth=1.6, markersize=4.5,
                  linestyle=looks.line(group[0].channel), marker=looks.marker(group[0].channel),
                  markerfacecolor="none" if group[0].plain_ratio else colour)
    axes.set_xticks(sorted({row.snr_db for row in rows}))
    axes.set_xlabel(_x_label(rows))


def _x_label(rows: list[Row]) -> str:
    if all(row.plain_ratio for row in rows):
        return f'"SNR" as given ({PLAIN_RATIO})'
    return "Es/N0 (dB)" + (f"; of [gensc6g]: {PLAIN_RATIO}" if any(row.plain_ratio for row in rows) else "")


def _ends(rows: list[Row], parts: Sequence[str], looks: Looks) -> list[End]:
    ends = []
    for group in by_scheme(rows):
        said = named(group[0], parts) + (f"\n({PLAIN_RATIO})" if group[0].plain_ratio else "")
        ends.append(End(group[-1].snr_db, group[-1].leading.value, said, looks.colour(group[0])))
    return ends


def _chance(axes: Axes, classes: int) -> None:
    axes.axhline(1 / classes, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)))
    axes.annotate("chance", (0, 1 / classes), xycoords=("axes fraction", "data"), xytext=(2, 2),
                  textcoords="offset points", color=MUTED, fontsize=7.5)
