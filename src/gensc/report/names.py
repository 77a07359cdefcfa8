"""Short names of schemes: the labels in which the schemes of a table or plot differ, and no more."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from gensc.metric.figures import Measure
from gensc.report.rows import Row

PARTS = ("codec", "task", "transport", "channel", "uses")
PLAIN_RATIO = "number taken as plain ratio"
DASH = "\N{EN DASH}"


def varying(rows: Iterable[Row]) -> tuple[str, ...]:
    """The labels that tell the schemes of ``rows`` apart, in the order of PARTS.

    Task and uses are left out where they follow from the rest. The transport stays where the convention of one of
    them is marked, which is to be seen wherever it appears.
    """
    known = [group[0] for group in by_scheme(rows)]
    several = {part for part in PARTS if len({getattr(row, part) for row in known}) > 1}
    for part in ("task", "uses"):
        if len({tuple(getattr(row, other) for other in several - {part}) for row in known}) == len(known):
            several -= {part}
    if not several or any(row.plain_ratio for row in known):
        several |= {"transport"}
    return tuple(part for part in PARTS if part in several)


def shared(rows: Iterable[Row]) -> str:
    """The labels that all ``rows`` have in common, e.g. "efficientnet_lite0, classify 3xfc"."""
    known = list(rows)
    left = [part for part in PARTS if part not in varying(known) and len({getattr(row, part) for row in known}) == 1]
    return ", ".join(text(known[0], part) for part in left)


def text(row: Row, part: str) -> str:
    """A label of a row as text; uses are said to be uses."""
    return f"{count(row.uses)} uses" if part == "uses" else str(getattr(row, part))


def named(row: Row, parts: Sequence[str]) -> str:
    """The chosen labels of a row in one line; a baseline says that it is one: "separate: webp + digital, awgn"."""
    if row.role == "learned" or {"codec", "transport"}.isdisjoint(parts):
        return ", ".join(text(row, part) for part in parts)
    return ", ".join([f"{row.role}: {pair(row)}",
                      *(text(row, part) for part in parts if part not in ("codec", "transport"))])


def pair(row: Row) -> str:
    """Source and channel coding of a baseline: "webp + digital"."""
    return f"{row.codec} + {row.transport}"


def by_scheme(rows: Iterable[Row]) -> list[list[Row]]:
    """Rows of each scheme, ordered by SNR."""
    ordered = sorted(rows, key=lambda row: (row.scheme, row.snr_db))
    return [list(group) for _, group in groupby(ordered, key=lambda row: row.scheme)]


def by_headline(rows: Iterable[Row]) -> list[tuple[Row, ...]]:
    """The rows of each task, by the figure that leads it: figures of different kinds share no table and no axis."""
    known = list(rows)
    return [tuple(row for row in known if row.headline == headline)
            for headline in dict.fromkeys(row.headline for row in known)]


def measures(rows: Iterable[Row]) -> dict[str, Measure]:
    """The measures of all ``rows`` by name, those of the first row first."""
    named: dict[str, Measure] = {}
    for row in rows:
        for measure in row.measures:
            named.setdefault(measure.name, measure)
    return named


def marks(rows: Iterable[Row]) -> tuple[str, ...]:
    """The marks of the conventions in which ``rows`` take the SNR as a plain ratio."""
    return tuple(dict.fromkeys(row.mark for row in rows if row.plain_ratio))


def together(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Which rows share a panel or table, with its name: where learned codecs come with several schemes, each
    has its own, and the baselines are in all of them; otherwise all are in one, named where there is one codec."""
    learned = list(dict.fromkeys(row.codec for row in rows if row.role == "learned"))
    if len(learned) > 1 and len({row.scheme for row in rows if row.role == "learned"}) > len(learned):
        return [(name, [row for row in rows if row.codec == name or row.codec not in learned]) for name in learned]
    codecs = {row.codec for row in rows}
    return [(rows[0].codec if len(codecs) == 1 else "", list(rows))]


def at(row: Row) -> str:
    """The row's SNR in words that are true of its convention."""
    said = f'"{row.snr_db:g}" ({row.true_db:.1f} dB)' if row.plain_ratio else f"{row.snr_db:g} dB"
    return signed(said)


def signed(text: str) -> str:
    """A number as text, typeset: a minus for the hyphen, and no line break before its unit."""
    return text.replace("-", "\N{MINUS SIGN}").replace(" ", "\N{NO-BREAK SPACE}")


def count(value: float) -> str:
    """A count without decimals where it is whole."""
    return str(int(value)) if value == int(value) else f"{value:.1f}"


def span(values: Iterable[str]) -> str:
    """One text where all are the same, otherwise the first and the last, with a dash between."""
    known = list(dict.fromkeys(values))
    return known[0] if len(known) == 1 else f"{known[0]}{DASH}{known[-1]}"
