"""What another channel than AWGN costs: the difference in accuracy, item by item and seed by seed."""

import math
from collections import defaultdict
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from gensc.metric import Estimate
from gensc.metric.estimate import Z95
from gensc.report.looks import Looks
from gensc.report.names import by_scheme, named, signed
from gensc.report.panels import panels, parts_within
from gensc.report.rows import Row
from gensc.report.style import MUTED, End, Plot, label_ends, svg

Gap = tuple[Row, list[tuple[float, Estimate]]]


def difference(row: Row, base: Row) -> Estimate | None:
    """Accuracy of ``row`` minus that of ``base``, paired: same items, the seeds that both have.

    D [S,N] in {-1, 0, 1}; the variance of its mean is var over items / N + var over seeds / S, as in
    ``gensc.metric.estimate.proportion``; the 95 % interval is the normal one. None without a common seed.
    """
    both = [seed for seed in row.seeds if seed in base.seeds]
    if row.hits is None or base.hits is None or not both:
        return None
    paired = (row.hits[[row.seeds.index(seed) for seed in both]].astype(float)
              - base.hits[[base.seeds.index(seed) for seed in both]])
    seeds, items = paired.shape
    variance = float(paired.mean(axis=0).var(ddof=1)) / items if items > 1 else 0.0
    if seeds > 1:
        variance += float(paired.mean(axis=1).var(ddof=1)) / seeds
    value, half = float(paired.mean()), Z95 * math.sqrt(variance)
    return Estimate(value, value - half, value + half, items, seeds)


def gap_plot(rows: tuple[Row, ...], looks: Looks) -> Plot | None:
    """The gap to AWGN over SNR for every scheme that has a twin over AWGN; None where none has."""
    gaps = _gaps(rows)
    if not gaps:
        return None
    figure, filled = panels([first for first, _ in gaps], height=3.6)
    for axes, here in filled:
        _panel(axes, [(first, curve) for first, curve in gaps if first in here], looks)
    filled[0][0].set_ylabel("Accuracy gap to AWGN (points)")
    for axes, here in filled:
        ends = [End(curve[-1][0], curve[-1][1].value, named(first, parts_within(rows)), looks.colour(first))
                for first, curve in gaps if first in here]
        label_ends(axes, ends)
    caption = ("Accuracy in percentage points minus that of the same scheme over AWGN at the same average Es/N0, "
               "paired item by item and seed by seed; bands are 95 % intervals of the difference.")
    return Plot("gap", "Gap to AWGN", caption, svg(figure))


def _panel(axes: Axes, gaps: Sequence[Gap], looks: Looks) -> None:
    axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: signed(f"{100 * share:.3g}")))
    for first, curve in gaps:
        x, colour = [snr_db for snr_db, _ in curve], looks.colour(first)
        axes.fill_between(x, [one.low for _, one in curve], [one.high for _, one in curve], color=colour, alpha=0.13,
                          linewidth=0)
        axes.plot(x, [one.value for _, one in curve], color=colour, linestyle=looks.line(first.channel),
                  marker=looks.marker(first.channel), markersize=4.5, linewidth=1.6)
    axes.axhline(0, color=MUTED, linewidth=1)
    axes.set_xticks(sorted({snr_db for _, curve in gaps for snr_db, _ in curve}))
    axes.set_xlabel("Es/N0 (dB)")


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
    return row.backbone, row.decoder, row.transport, row.uses, row.snr_db
