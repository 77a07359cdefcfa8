"""What another channel than AWGN costs: the difference in the leading figure, item by item and seed by seed."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from gensc.metric import Estimate
from gensc.metric.estimate import mean
from gensc.metric.figures import Measure
from gensc.report.looks import Looks
from gensc.report.names import by_scheme, named, signed
from gensc.report.panels import over_snr, panels, parts_within
from gensc.report.rows import Row
from gensc.report.style import MUTED, End, Plot, label_ends, svg

Gap = tuple[Row, list[tuple[float, Estimate]]]


def difference(row: Row, base: Row) -> Estimate | None:
    """The leading figure of ``row`` minus that of ``base``, paired: same items, the seeds that both have.

    The interval is that of the mean of the differences [S,N] of single items (``gensc.metric.estimate.mean``). None
    without a common seed, without values of single items, or where one of them is not finite.
    """
    both = [seed for seed in row.seeds if seed in base.seeds]
    if row.values is None or base.values is None or not both:
        return None
    mine = row.values[[row.seeds.index(seed) for seed in both]]
    other = base.values[[base.seeds.index(seed) for seed in both]]
    if not (np.isfinite(mine).all() and np.isfinite(other).all()):
        return None
    return mean(mine - other)


def gap_plot(rows: tuple[Row, ...], looks: Looks) -> Plot | None:
    """The gap to AWGN over SNR for every scheme that has a twin over AWGN; None where none has."""
    gaps = _gaps(rows)
    if not gaps:
        return None
    shown, firsts = rows[0].measure, [first for first, _ in gaps]
    figure, filled = panels(firsts, height=3.6)
    for axes, here in filled:
        _panel(axes, [(first, curve) for first, curve in gaps if first in here], looks, shown)
    unit = "points" if shown.unit == "%" else shown.unit
    filled[0][0].set_ylabel(f"{shown.title} gap to AWGN{f' ({unit})' if unit else ''}")
    for axes, here in filled:
        ends = [End(curve[-1][0], curve[-1][1].value, named(first, parts_within(firsts)), looks.colour(first))
                for first, curve in gaps if first in here]
        label_ends(axes, ends)
    what = f"{shown.title} in percentage points" if shown.unit == "%" else shown.head
    caption = (f"{what} minus that of the same scheme over AWGN at the same average Es/N0, "
               "paired item by item and seed by seed; bands are 95 % intervals of the difference.")
    return Plot("gap", "Gap to AWGN", caption, svg(figure))


def _panel(axes: Axes, gaps: Sequence[Gap], looks: Looks, shown: Measure) -> None:
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: signed(f"{shown.scaled(value):.3g}")))
    for first, curve in gaps:
        looks.curve(axes, first, [snr_db for snr_db, _ in curve], [one for _, one in curve])
    axes.axhline(0, color=MUTED, linewidth=1)
    over_snr(axes, [snr_db for _, curve in gaps for snr_db, _ in curve], "Es/N0 (dB)")


def _gaps(rows: tuple[Row, ...]) -> list[Gap]:
    """Every scheme that has a twin over AWGN, with (snr_db, difference) at the SNRs that both have."""
    true = [row for row in rows if not row.plain_ratio]
    base = {_twin(row): row for row in true if row.channel == "awgn"}
    found: dict[int, list[tuple[float, Estimate]]] = defaultdict(list)
    first = {group[0].scheme: group[0] for group in by_scheme(true)}
    for row in true:
        twin = base.get(_twin(row))
        gap = difference(row, twin) if twin is not None and row.channel != "awgn" else None
        if gap is not None:
            found[row.scheme].append((row.snr_db, gap))
    return [(first[scheme], curve) for scheme, curve in found.items()]


def _twin(row: Row) -> tuple[object, ...]:
    """What a scheme and its twin over AWGN have in common: all but the channel."""
    return row.codec, row.task, row.transport, row.uses, row.snr_db
