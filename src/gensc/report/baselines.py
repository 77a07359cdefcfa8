"""The best of a set of schemes at each SNR: what the separate baseline can do with the right format."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from gensc.report.names import measures
from gensc.report.rows import Row

_BEST_OF = "best of"


def best(rows: Iterable[Row], figure: str) -> list[Row]:
    """The row with the best ``figure`` at each SNR, by SNR: the envelope over the schemes of ``rows``.

    Each row carries the labels of the scheme that was chosen there. Of equal ones the first scheme is taken. The
    envelope is chosen on the items that it is shown for, which favours it a little where schemes lie close.
    """
    at: dict[float, list[Row]] = defaultdict(list)
    for row in rows:
        if figure in row.figures:
            at[row.snr_db].append(row)
    measure = measures(row for group in at.values() for row in group).get(figure)
    return [] if measure is None else [
        max(sorted(at[snr_db], key=lambda row: row.scheme),
            key=lambda row: measure.better(row.figures[figure].value)) for snr_db in sorted(at)]


def contests(rows: Iterable[Row]) -> list[list[Row]]:
    """The baselines that can be compared, several to a group: same role, task, channel and channel uses."""
    groups: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        if row.role != "learned":
            groups[row.role, row.headline, row.task, row.channel, row.uses].append(row)
    return [group for group in groups.values() if len({row.scheme for row in group}) > 1]


def folded(rows: Iterable[Row], figure: str) -> tuple[Row, ...]:
    """The rows with the schemes of each contest replaced by their envelope, as one scheme "best of 5"."""
    known = list(rows)
    left, made = {id(row) for row in known}, []
    for group in contests(known):
        left -= {id(row) for row in group}
        schemes, codes = {row.scheme for row in group}, {row.transport for row in group}
        code = codes.pop() if len(codes) == 1 else group[0].transport.partition(" ")[0]
        made += [replace(row, scheme=min(schemes), codec=f"{_BEST_OF} {len(schemes)}", transport=code)
                 for row in best(group, figure)]
    return tuple([row for row in known if id(row) in left] + made)


def is_folded(row: Row) -> bool:
    """Whether a row stands for the best of several schemes."""
    return row.codec.startswith(_BEST_OF)
