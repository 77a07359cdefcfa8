"""The rows as tables on the terminal."""

import math
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from gensc.report.names import PARTS, by_headline, by_scheme, count, shared, span, together, varying
from gensc.report.rows import Finished, Row
from gensc.report.tables import caption, snr_heading, snrs

WIDEST = 20
_WIDEST_FIGURE = "100.0 ±10.0"


def show(finished: Finished, console: Console) -> None:
    """Print the leading figure at each SNR with the wider half of its 95 % interval, a line for each scheme and a
    table for each learned codec that has several. Fits 80 columns for four SNRs; more SNRs than fit go on in
    another table."""
    for rows in by_headline(finished.rows):
        _show_task(finished, rows, console)
    for line in finished.provenance["notes"]:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _show_task(finished: Finished, rows: tuple[Row, ...], console: Console) -> None:
    groups, shown = together(rows), rows[0].measure
    several = {"uses"} if len({row.uses for row in rows}) > 1 else set()
    alone = {"codec"} if all(name for name, _ in groups) else set()
    parts = [part for part in PARTS if part in several.union(varying(rows)) - alone]
    what = f"{shown.shown} in {shown.unit}" if shown.unit else shown.shown
    what += " (± 95 % interval)" if shown.more_is_better else " (± 95 % interval; lower is better)"
    for name, group in groups:
        title = f"{finished.experiment.name}{f', {name}' if name else ''}: {what}"
        for numbers in _fitting(snrs(rows), parts, group, console.width):
            console.print(_table(title, parts, group, numbers))
    common = shared(rows).removeprefix(rows[0].codec if alone else "").removeprefix(", ")
    if common:
        console.print(f"All: {common}.", markup=False, highlight=False)
    console.print(caption(finished, rows), markup=False, highlight=False, soft_wrap=True)


def _fitting(numbers: list[float], parts: list[str], rows: list[Row], width: int) -> list[list[float]]:
    """The SNRs in runs that fit beside the labels, at least four to a table."""
    labels = sum(2 + max(len(part), *(len(_part(group, part)) for group in by_scheme(rows)))
                 for part in parts)
    fit = max(4, (width - labels) // (len(_WIDEST_FIGURE) + 2))
    return [numbers[start:start + fit] for start in range(0, len(numbers), fit)]


def _table(title: str, parts: list[str], rows: list[Row], numbers: Sequence[float]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), collapse_padding=True, pad_edge=False, title_justify="left",
                  title_style="bold", title=_markup(title))
    schemes = [(group, [_part(group, part) for part in parts]) for group in by_scheme(rows)]
    for place, part in enumerate(parts):
        widest = max(len(cells[place]) for _, cells in schemes)
        table.add_column(part, justify="right" if part == "uses" else "left", overflow="fold",
                         no_wrap=part == "uses", min_width=min(WIDEST, widest))
    for number in numbers:
        table.add_column(snr_heading(number, rows), justify="right", no_wrap=True, min_width=len(_WIDEST_FIGURE))
    for group, cells in schemes:
        known = {row.snr_db: row for row in group}
        table.add_row(*map(_markup, cells), *(_figure(known.get(number)) for number in numbers))
    return table


def _part(group: list[Row], part: str) -> str:
    return span(count(row.uses) for row in group) if part == "uses" else str(getattr(group[0], part))


def _markup(text: str) -> str:
    """Square brackets are rich's markup."""
    return text.replace("[", r"\[")


def _figure(row: Row | None) -> str:
    """The leading figure and the wider half of its interval, rounded up: "78.1 ±2.3"."""
    if row is None:
        return "-"
    shown, figure = row.measure, row.leading
    half = shown.scaled(max(figure.high - figure.value, figure.value - figure.low)) * 10**shown.digits
    if not math.isfinite(half):
        return shown.number(figure.value)
    return f"{shown.number(figure.value)} ±{math.ceil(half) / 10**shown.digits:.{shown.digits}f}"
