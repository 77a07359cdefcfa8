"""What the number "30" means where a convention takes it as a plain ratio: both conventions over the true dB."""

from collections import defaultdict

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gensc.report.names import PLAIN_RATIO, by_scheme
from gensc.report.rows import Row
from gensc.report.style import INK, MUTED, SERIES, Plot, axis_title, bare, scale, svg

_TRUE, _RATIO = SERIES[0], SERIES[1]


def conventions_plot(rows: tuple[Row, ...]) -> Plot | None:
    """A panel for each pair of schemes that differ in nothing but the convention; None without a pair."""
    alike: dict[tuple[object, ...], dict[str, list[Row]]] = defaultdict(dict)
    for group in by_scheme(rows):
        first = group[0]
        rest = first.transport.replace(first.mark, "").split()
        alike[first.codec, first.task, first.channel, first.uses, *rest][first.convention] = group
    pairs = [(groups[""], group) for groups in alike.values() if "" in groups
             for convention, group in groups.items() if convention]
    if not pairs:
        return None
    figure = Figure(figsize=(9.0, 4.2 * len(pairs)), layout="constrained")
    for axes, (true, ratio) in zip(figure.subplots(len(pairs), squeeze=False).ravel(), pairs, strict=True):
        _panel(axes, true, ratio)
    largest = max((row for _, ratio in pairs for row in ratio), key=lambda row: row.snr_db)
    caption = (f"Both conventions over the Es/N0 that the features really had. The numbers below the curve are what "
               f"{largest.mark} calls these points ({PLAIN_RATIO}). The hollow mark is where its largest would lie if "
               f'it were dB, the arrow leads to where it lies: "{largest.snr_db:g}" is {largest.true_db:.1f} dB. Its '
               "noise power follows all items together, so single items lie around that. Bands are 95 % intervals.")
    return Plot("conventions", f'What "{largest.snr_db:g}" really means', caption, svg(figure))


def _panel(axes: Axes, true: list[Row], ratio: list[Row]) -> None:
    bare(axes)
    scale(axes, true[0].measure)
    curves = ((true, _TRUE, "o", "Es/N0 in dB"), (ratio, _RATIO, "D", f"{ratio[0].mark}: {PLAIN_RATIO}"))
    for group, colour, marker, said in curves:
        x = [row.true_db for row in group]
        axes.fill_between(x, [row.leading.low for row in group], [row.leading.high for row in group],
                          color=colour, alpha=0.13, linewidth=0)
        axes.plot(x, [row.leading.value for row in group], color=colour, linewidth=1.6, marker=marker, markersize=4.5,
                  label=said)
    for row in ratio:
        axes.annotate(f'"{row.snr_db:g}"', (row.true_db, row.leading.value), xytext=(0, -13), fontsize=7.5,
                      textcoords="offset points", ha="center", color=_RATIO)
    _moved(axes, ratio[-1])
    axes.set_xlabel("True Es/N0 (dB)")
    axes.set_ylabel(axis_title(true[0].measure))
    axes.set_title(f"{true[0].codec}, {true[0].task}, {true[0].channel}", loc="left", fontsize=9, color=MUTED)
    axes.margins(y=0.2)
    axes.legend(loc="lower right", frameon=False)


def _moved(axes: Axes, row: Row) -> None:
    """An arched arrow from where the number would lie as dB to where it lies."""
    y = row.leading.value
    axes.plot([row.snr_db], [y], marker="D", markersize=7, markerfacecolor="none", color=_RATIO, linewidth=0)
    axes.annotate("", (row.true_db, y), xytext=(row.snr_db, y),
                  arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 0.9, "shrinkA": 6, "shrinkB": 5,
                              "connectionstyle": "arc3,rad=0.25"})
    axes.annotate(f'"{row.snr_db:g}" is {row.true_db:.1f} dB', ((row.snr_db + row.true_db) / 2, y),
                  xytext=(0, 43), textcoords="offset points", ha="center", color=INK, fontsize=10)
