"""Which plots a set of results gets, and a figure over SNR."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from matplotlib.axes import Axes

from gensc.metric.figures import Measure
from gensc.report.baselines import folded, is_folded
from gensc.report.confusion import confusion_plot
from gensc.report.conventions import conventions_plot
from gensc.report.cost import cost_plot
from gensc.report.gap import gap_plot
from gensc.report.looks import Looks
from gensc.report.names import PLAIN_RATIO, by_headline, by_scheme, marks, measures, named, together
from gensc.report.panels import over_snr, panels, parts_within
from gensc.report.rows import Finished, Row
from gensc.report.style import MUTED, SERIES, End, Plot, axis_title, label_ends, scale, style, svg


def plots(finished: Finished) -> list[Plot]:
    """Every plot that the results have something to show in; where they have several tasks, of each of them."""
    tasks = by_headline(finished.rows)
    with style():
        made = [[plot for plot in _of_task(rows, finished.classes) if plot is not None] for rows in tasks]
    if len(tasks) > 1:
        made = [[plot if plot.name == rows[0].headline else replace(plot, name=f"{rows[0].headline}-{plot.name}")
                 for plot in group] for rows, group in zip(tasks, made, strict=True)]
    return [plot for group in made for plot in group]


def _of_task(rows: tuple[Row, ...], classes: Sequence[str]) -> list[Plot | None]:
    crowded = any(len(by_scheme(group)) > len(SERIES) for _, group in together(rows))
    shown = {name: measure for name, measure in measures(rows).items()
             if name == rows[0].headline or measure.perceptual}
    drawn = {name: folded(rows, name) if crowded else rows for name in shown}
    looks = Looks.of(drawn[rows[0].headline])
    finite = {name: tuple(row for row in known if math.isfinite(row.snr_db)) for name, known in drawn.items()}
    first = finite[rows[0].headline]
    return [*(figure_plot(known, shown[name], looks) for name, known in finite.items()), conventions_plot(first),
            gap_plot(first, looks), cost_plot(first, looks), confusion_plot(rows, classes)]


def figure_plot(finite: Sequence[Row], measure: Measure, looks: Looks) -> Plot | None:
    """A figure over SNR, a line for each scheme with its 95 % band, a panel for each learned codec."""
    name = measure.name
    rows = [row for row in finite if name in row.figures]
    if not rows:
        return None
    figure, filled = panels(rows, height=4.0)
    for axes, here in filled:
        scale(axes, measure)
        for group in by_scheme(here):
            looks.curve(axes, group[0], [row.snr_db for row in group], [row.figures[name] for row in group])
        over_snr(axes, [row.snr_db for row in here], _x_label(here))
    _limits(filled[0][0], measure)
    for axes, here in filled:
        if measure.chance is not None:
            _chance(axes, measure.chance)
        label_ends(axes, _ends(here, name, parts_within(rows), looks))
    filled[0][0].set_ylabel(axis_title(measure))
    less = "" if measure.more_is_better else ", lower is better"
    marked = "".join(f" {mark}: {PLAIN_RATIO}, not dB." for mark in marks(rows))
    caption = (f"{measure.title} over Es/N0 per complex channel use{less}; bands are 95 % intervals over items "
               f"and seeds.{_baselines(rows)}{marked}")
    return Plot(re.sub(r"[^\w.-]+", "_", name), f"{measure.title} over SNR", caption, svg(figure))


def _limits(axes: Axes, measure: Measure) -> None:
    """Final limits of the vertical axis: a share ends at 100 %, and what guessing gives is in sight."""
    low, high = axes.get_ylim()
    if measure.unit == "%":
        high = min(high, 1.02)
    if measure.chance is not None:
        margin = 0.05 * (high - low)
        low, high = min(low, measure.chance - margin), max(high, measure.chance + margin)
    axes.set_ylim(low, high)


def _baselines(rows: Sequence[Row]) -> str:
    roles = {row.role for row in rows}
    said = (" Dashed: the separate baseline, a source codec and a channel code." if "separate" in roles else "",
            " Dotted: the same source codec behind an ideal channel code." if "ideal" in roles else "",
            " Best of: the best of so many schemes at each SNR." if any(map(is_folded, rows)) else "")
    return "".join(said)


def _x_label(rows: list[Row]) -> str:
    if all(row.plain_ratio for row in rows):
        return f'"SNR" as given ({PLAIN_RATIO})'
    return "Es/N0 (dB)" + "".join(f"; of {mark}: {PLAIN_RATIO}" for mark in marks(rows))


def _ends(rows: list[Row], name: str, parts: Sequence[str], looks: Looks) -> list[End]:
    ends = []
    for group in by_scheme(rows):
        said = named(group[0], parts) + (f"\n({PLAIN_RATIO})" if group[0].plain_ratio else "")
        ends.append(End(group[-1].snr_db, group[-1].figures[name].value, said, looks.colour(group[0])))
    return ends


def _chance(axes: Axes, chance: float) -> None:
    axes.axhline(chance, color=MUTED, linewidth=0.8, linestyle=(0, (1, 2)))
    axes.annotate("chance", (0, chance), xycoords=("axes fraction", "data"), xytext=(2, 2),
                  textcoords="offset points", color=MUTED, fontsize=7.5)
