"""How a scheme is drawn, the same in every plot of a report.

The colour stands for the transport (and the codec, where several share a panel). Where all links are
learned, line style and marker stand for the channel; beside baselines the line says what a scheme is (dashed:
separate, dotted and grey: ideal) and the marker alone stands for the channel.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from gensc.metric import Estimate
from gensc.report.names import by_scheme, named, together, varying
from gensc.report.rows import Row
from gensc.report.style import INK, LINES, MARKERS, MUTED, SERIES

_ROLES = {"learned": "-", "separate": (0, (5, 2)), "ideal": (0, (1, 1.3))}


@dataclass(frozen=True)
class Looks:
    """``meaning``: what the colour of each scheme stands for; ``names``: those meanings in the order of the
    colours; ``channels`` in the order of their markers; ``baselines``: whether there are any."""

    meaning: Mapping[int, str]
    names: tuple[str, ...]
    channels: tuple[str, ...]
    baselines: bool

    @staticmethod
    def of(rows: Iterable[Row]) -> "Looks":
        """The looks of all schemes in ``rows``; AWGN, where it is there, gets the first line style and marker."""
        known = list(rows)
        firsts = [group[0] for group in by_scheme(known)]
        apart = {"channel", "uses"} | ({"codec"} if len(together(known)) > 1 else set())
        parts = [part for part in varying(known) if part not in apart] or ["transport"]
        uses: dict[tuple[str, str], set[float]] = defaultdict(set)
        for row in firsts:
            uses[named(row, parts), row.codec].add(row.uses)
        split = {name for (name, _), several in uses.items() if len(several) > 1}
        meaning = {row.scheme: named(row, [*parts, "uses"] if named(row, parts) in split else parts)
                   for row in firsts}
        names = dict.fromkeys(meaning[row.scheme] for row in firsts if row.role != "ideal")
        channels = sorted(dict.fromkeys(row.channel for row in known), key=lambda channel: channel != "awgn")
        return Looks(meaning, tuple(names), tuple(channels), any(row.role != "learned" for row in known))

    def colour(self, row: Row) -> str:
        """The colour of the row's scheme; every ideal one has the same muted one."""
        return MUTED if row.role == "ideal" else SERIES[self._place(row) % len(SERIES)]

    def line(self, row: Row) -> Any:
        """matplotlib's line style of the row's scheme."""
        return _ROLES[row.role] if self.baselines else LINES[self.channels.index(row.channel) % len(LINES)]

    def marker(self, row: Row) -> str:
        """matplotlib's marker of the row's channel; another where its colour is used a second time."""
        rounds = 0 if row.role == "ideal" else self._place(row) // len(SERIES)
        return MARKERS[(self.channels.index(row.channel) + rounds * len(self.channels)) % len(MARKERS)]

    def curve(self, axes: Axes, row: Row, x: Sequence[float], figures: Sequence[Estimate]) -> None:
        """Draw the line of the row's scheme through ``figures`` at ``x``, with its 95 % band."""
        colour, ideal = self.colour(row), row.role == "ideal"
        axes.fill_between(x, [one.low for one in figures], [one.high for one in figures], color=colour,
                          alpha=0.06 if ideal else 0.13, linewidth=0)
        axes.plot(x, [one.value for one in figures], color=colour, linewidth=1.2 if ideal else 1.6,
                  linestyle=self.line(row), marker=self.marker(row), markersize=3 if ideal else 4.5,
                  markerfacecolor="none" if row.plain_ratio else colour)

    def handles(self, rows: Iterable[Row]) -> list[Line2D]:
        """A legend's lines: what each colour stands for, then each channel."""
        shown = {self.meaning[row.scheme]: row for row in rows}
        colours = [Line2D([], [], color=self.colour(row), linewidth=2.5, label=name,
                          linestyle=self.line(row) if self.baselines else "-") for name, row in shown.items()]
        firsts = {row.channel: row for row in shown.values()} | {row.channel: row for row in rows}
        probes = [Line2D([], [], color=INK, linewidth=0.8, markersize=5, label=channel, marker=MARKERS[place % 8],
                         linestyle="none" if self.baselines else self.line(firsts[channel]))
                  for place, channel in enumerate(self.channels) if channel in firsts]
        return colours + probes

    def _place(self, row: Row) -> int:
        return self.names.index(self.meaning[row.scheme])
