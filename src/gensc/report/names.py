"""Short names of schemes: the labels in which the schemes of a table or plot differ, and no more."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from gensc.report.rows import Row

PARTS = ("backbone", "decoder", "transport", "channel", "uses")
PLAIN_RATIO = "number taken as plain ratio"


def varying(rows: Iterable[Row]) -> tuple[str, ...]:
    """The labels that tell the schemes of ``rows`` apart, in the order of PARTS.

    Decoder and uses are left out where they follow from the rest. The transport stays where one of them
    is [gensc6g], which is to be seen wherever it appears.
    """
    known = list(rows)
    several = {part for part in PARTS if len({getattr(row, part) for row in known}) > 1}
    schemes = len({row.scheme for row in known})
    for part in ("decoder", "uses"):
        if len({tuple(getattr(row, other) for other in several - {part}) for row in known}) == schemes:
            several -= {part}
    if not several or any(row.plain_ratio for row in known):
        several |= {"transport"}
    return tuple(part for part in PARTS if part in several)


def shared(rows: Iterable[Row]) -> str:
    """The labels that all ``rows`` have in common, e.g. "efficientnet_lite0, 3xFC"."""
    known = list(rows)
    left = [part for part in PARTS if part not in varying(known) and len({getattr(row, part) for row in known}) == 1]
    return ", ".join(text(known[0], part) for part in left)


def text(row: Row, part: str) -> str:
    """A label of a row as text; uses are said to be uses."""
    return f"{count(row.uses)} uses" if part == "uses" else str(getattr(row, part))


def named(row: Row, parts: Sequence[str]) -> str:
    """The chosen labels of a row in one line."""
    return ", ".join(text(row, part) for part in parts)


def by_scheme(rows: Iterable[Row]) -> list[list[Row]]:
    """Rows of each scheme, ordered by SNR."""
    ordered = sorted(rows, key=lambda row: (row.scheme, row.snr_db))
    return [list(group) for _, group in groupby(ordered, key=lambda row: row.scheme)]


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
