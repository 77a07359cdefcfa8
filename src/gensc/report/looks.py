"""Colour by transport, line style and marker by channel: the same in every plot of a report."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gensc.report.names import count
from gensc.report.rows import Row
from gensc.report.style import LINES, MARKERS, SERIES


@dataclass(frozen=True)
class Looks:
    """``transports`` and ``channels`` in the order of their colours and line styles; transports that occur
    with several numbers of uses on one backbone are told apart by them (``split``)."""

    transports: tuple[str, ...]
    channels: tuple[str, ...]
    split: frozenset[str]

    @staticmethod
    def of(rows: Iterable[Row]) -> "Looks":
        """The looks of all schemes in ``rows``; AWGN, where it is there, gets the solid line."""
        known = list(rows)
        uses: dict[tuple[str, str], set[float]] = defaultdict(set)
        for row in known:
            uses[row.transport, row.backbone].add(row.uses)
        split = frozenset(transport for (transport, _), several in uses.items() if len(several) > 1)
        channels = sorted(dict.fromkeys(row.channel for row in known), key=lambda channel: channel != "awgn")
        looks = Looks((), tuple(channels), split)
        return Looks(tuple(dict.fromkeys(looks.transport(row) for row in known)), tuple(channels), split)

    def transport(self, row: Row) -> str:
        """What a colour stands for."""
        return f"{row.transport}, {count(row.uses)} uses" if row.transport in self.split else row.transport

    def colour(self, row: Row) -> str:
        """The colour of the row's transport."""
        return SERIES[self.transports.index(self.transport(row)) % len(SERIES)]

    def line(self, channel: str) -> Any:
        """matplotlib's line style of a channel."""
        return LINES[self.channels.index(channel) % len(LINES)]

    def marker(self, channel: str) -> str:
        """matplotlib's marker of a channel."""
        return MARKERS[self.channels.index(channel) % len(MARKERS)]
