"""The key figures of a set of results in plain words."""

import math
from collections.abc import Sequence

from gensc.report.names import at, by_headline, by_scheme, count, pair, signed, text, varying
from gensc.report.rows import Finished, Row


def summary(finished: Finished) -> list[str]:
    """Sentences for each task: the best scheme at the highest SNR, beside the baselines, what it costs beside the
    others, the lowest SNR, and what the numbers of a marked convention mean."""
    return [said for rows in by_headline(finished.rows) for said in _of_task(rows)]


def _of_task(all_rows: tuple[Row, ...]) -> list[str]:
    parts, shown = varying(all_rows), all_rows[0].measure
    # An ideal code is no scheme that can win, and what is no dB stands on no axis with the rest.
    rows = [row for row in all_rows if row.role != "ideal" and not row.plain_ratio] or list(all_rows)
    highest, lowest = max(row.snr_db for row in rows), min(row.snr_db for row in rows)
    top = [row for row in rows if row.snr_db == highest]
    best = _best(top)
    said = [_leader(best, top, parts)]
    said += _baselines(best, [row for row in all_rows if row.snr_db == highest], parts)
    cheap = min(top, key=lambda row: (row.uses, -shown.better(row.leading.value)))
    if cheap.uses < best.uses:
        said.append(f"With {best.uses / cheap.uses:.2g} times fewer channel uses ({count(cheap.uses)} instead of "
                    f"{count(best.uses)} an item), {_name(cheap, parts)} reaches {_value(cheap)} there.")
    elif max(row.uses for row in top) > best.uses:
        said.append(f"No scheme takes fewer channel uses: {count(best.uses)} an item, where the dearest takes "
                    f"{count(max(row.uses for row in top))}.")
    if lowest < highest:
        said.append(_lowest([row for row in rows if row.snr_db == lowest], best, parts))
    ratio = [row for row in all_rows if row.plain_ratio]
    if ratio and len(ratio) < len(all_rows):
        last = max(ratio, key=lambda row: row.snr_db)
        said.append(f'What {last.mark} calls "{last.snr_db:g}" is a ratio, {last.true_db:.1f} dB: '
                    f"its {_value(last)} belongs there and not at {last.snr_db:g} dB.")
    return said


def _best(rows: Sequence[Row]) -> Row:
    return max(rows, key=lambda row: row.measure.better(row.leading.value))


def _leader(best: Row, top: Sequence[Row], parts: Sequence[str]) -> str:
    figure, shown, several = best.leading, best.measure, len(by_scheme(top))
    close = sum(row is not best and row.leading.high >= figure.low and row.leading.low <= figure.high for row in top)
    among = f", the {shown.best} of {several} schemes" if several > 1 else ""
    among += f" ({close} other{'s' * (close > 1)} with overlapping intervals)" if close else ""
    items = f"{figure.items} test item{'s' * (figure.items > 1)}"
    seeds = f"{figure.seeds} seed{'s' * (figure.seeds > 1)}"
    chance = "" if shown.chance is None else f"; chance is {shown.said(shown.chance)}"
    ends = f"95 % interval {signed(shown.number(figure.low))} to {signed(shown.said(figure.high))}"
    ends = ends if math.isfinite(figure.high - figure.low) else "no interval"
    less = "" if shown.more_is_better else ", where less is better"
    return (f"At {at(best)}, the {shown.shown} of {_name(best, parts)} is {_value(best)}{less} "
            f"({ends}, {items}, {seeds}){among}{chance}.")


def _baselines(best: Row, top: Sequence[Row], parts: Sequence[str]) -> list[str]:
    """What the best of the other kinds of scheme reach beside the best one: over its channel and with as many uses
    where there are such; an ideal code with other uses says nothing."""
    said = []
    kinds = {"learned": "the best learned link", "separate": "the best separate scheme",
             "ideal": "the best behind an ideal channel code"}
    for role, what in kinds.items():
        rows = [row for row in top if row.role == role and not row.plain_ratio]
        alike = [row for row in rows if (row.channel, row.uses) == (best.channel, best.uses)]
        if role != best.role and (alike or (rows and role != "ideal")):
            other = _best(alike or rows)
            uses = f" with {text(other, 'uses')}" if other.uses != best.uses and "uses" not in parts else ""
            said.append(f"{what} there is {_value(other)}, of {_name(other, parts)}{uses}" if role == "ideal" else
                        f"{what} there, {_name(other, parts)}{uses}, has {_value(other)}")
    return [f"{line[0].upper()}{line[1:]}." for line in said]


def _lowest(rows: list[Row], best: Row, parts: Sequence[str]) -> str:
    here = _best(rows)
    same = next((row for row in rows if row.scheme == best.scheme), None)
    start = f"At {at(here)} the {here.measure.best} {here.measure.shown} is {_value(here)}"
    if same is None or same is here:
        return f"{start}{', of the same scheme' if same is here else f', of {_name(here, parts)}'}."
    return f"{start}, of {_name(here, parts)}; {_name(best, parts)} has {_value(same)} there."


def _name(row: Row, parts: Sequence[str]) -> str:
    """A scheme as one says it: "resnet50, analog over awgn with 64 uses"."""
    uses = f" with {text(row, 'uses')}" if "uses" in parts else ""
    if row.role != "learned":
        return f"{pair(row)} over {row.channel}{uses}"
    codec = f"{row.codec}, " if "codec" in parts else ""
    return f"{codec}{row.transport} over {row.channel}{uses}"


def _value(row: Row) -> str:
    return signed(row.measure.said(row.leading.value))
