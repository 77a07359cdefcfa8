"""The key figures of a set of results in plain words."""

from collections.abc import Sequence

from gensc.report.names import at, by_scheme, count, text, varying
from gensc.report.rows import Finished, Row


def summary(finished: Finished) -> list[str]:
    """Sentences: the best scheme at the highest SNR, what it costs beside the others, the lowest SNR, and what
    the numbers of [gensc6g] mean."""
    rows = [row for row in finished.rows if not row.plain_ratio] or list(finished.rows)
    parts = varying(finished.rows)
    highest, lowest = max(row.snr_db for row in rows), min(row.snr_db for row in rows)
    top = [row for row in rows if row.snr_db == highest]
    best = max(top, key=lambda row: row.leading.value)
    several = len(by_scheme(top))
    close = sum(row is not best and row.leading.high >= best.leading.low for row in top)
    said = [_best(best, _name(best, parts), several, close, len(finished.classes))]
    cheap = min(top, key=lambda row: (row.uses, -row.leading.value))
    if cheap.uses < best.uses:
        said.append(f"With {best.uses / cheap.uses:.2g} times fewer channel uses ({count(cheap.uses)} instead of "
                    f"{count(best.uses)} an item), {_name(cheap, parts)} reaches {_value(cheap)} there.")
    elif max(row.uses for row in top) > best.uses:
        said.append(f"No scheme takes fewer channel uses: {count(best.uses)} an item, where the dearest takes "
                    f"{count(max(row.uses for row in top))}.")
    if lowest < highest:
        said.append(_lowest([row for row in rows if row.snr_db == lowest], best, parts))
    ratio = [row for row in finished.rows if row.plain_ratio]
    if ratio and len(ratio) < len(finished.rows):
        last = max(ratio, key=lambda row: row.snr_db)
        said.append(f'What [gensc6g] calls "{last.snr_db:g}" is a ratio, {last.true_db:.1f} dB: '
                    f"its {_value(last)} belongs there and not at {last.snr_db:g} dB.")
    return said


def _best(best: Row, name: str, several: int, close: int, classes: int) -> str:
    among = f", the highest of {several} schemes" if several > 1 else ""
    among += f" ({close} other{'s' * (close > 1)} with overlapping intervals)" if close else ""
    figure = best.leading
    seeds = f"{figure.seeds} seed{'s' * (figure.seeds > 1)}"
    chance = f"; chance is {100 / classes:.1f} %" if best.headline == "accuracy" else ""
    return (f"At {at(best)}, {name} reaches an {best.headline} of {_value(best)} "
            f"(95 % interval {100 * figure.low:.1f} to {100 * figure.high:.1f} %, {figure.items} test items, "
            f"{seeds}){among}{chance}.")


def _lowest(rows: list[Row], best: Row, parts: Sequence[str]) -> str:
    here = max(rows, key=lambda row: row.leading.value)
    same = next((row for row in rows if row.scheme == best.scheme), None)
    start = f"At {at(here)} the highest {here.headline} is {_value(here)}"
    if same is None or same is here:
        return f"{start}{', of the same scheme' if same is here else f', of {_name(here, parts)}'}."
    return f"{start}, of {_name(here, parts)}; {_name(best, parts)} has {_value(same)} there."


def _name(row: Row, parts: Sequence[str]) -> str:
    """A scheme as one says it: "resnet50, analog over awgn with 64 uses"."""
    backbone = f"{row.backbone}, " if "backbone" in parts else ""
    uses = f" with {text(row, 'uses')}" if "uses" in parts else ""
    return f"{backbone}{row.transport} over {row.channel}{uses}"


def _value(row: Row) -> str:
    return f"{100 * row.leading.value:.1f} %"
