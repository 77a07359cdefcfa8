"""One self-contained HTML page: nothing in it is asked of the network, and it needs no script."""

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from gensc.metric.figures import Measure
from gensc.report.baselines import best, contests
from gensc.report.labels import option
from gensc.report.names import (
    DASH,
    by_headline,
    by_scheme,
    count,
    marks,
    measures,
    named,
    pair,
    signed,
    span,
    varying,
)
from gensc.report.rows import Finished, Row
from gensc.report.style import Plot, inline
from gensc.report.summary import summary
from gensc.report.tables import all_arrived, leading, ratio_note, snr_heading, snrs


@dataclass(frozen=True)
class Shown:
    """A picture of the page: its caption and its bytes as a data URI."""

    caption: str
    source: str


def pictures(folder: Path) -> list[Shown]:
    """The PNG files of a folder by name, with their names as captions; none where there is no such folder."""
    return [Shown(path.stem.replace("_", " "),
                  "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode("ascii"))
            for path in sorted(folder.glob("*.png"))]


def page(finished: Finished, plots: Sequence[Plot], toml: str, shown: Sequence[Shown] = ()) -> str:
    """The page of a set of results with its ``plots``, the experiment as ``toml`` and ``shown`` pictures."""
    template = package_files("gensc.report").joinpath("page.html.jinja").read_text(encoding="utf-8")
    made = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    rows = finished.rows
    return made.from_string(template).render(
        name=finished.experiment.name, summary=summary(finished), done=finished.done, planned=finished.planned,
        tables=[_table(group) for group in by_headline(rows)], arrived=_arrived(rows), ratio_note=ratio_note(rows),
        contests=[_contest(group) for group in contests(rows) if group[0].role == "separate"],
        roles={row.role for row in rows}, label=partial(_marked, marks(rows)), ideals=_ideals(rows),
        explained=list(dict.fromkeys(measure.note for measure in measures(rows).values() if measure.note)),
        costs=[_cost(finished, group) for group in by_scheme(rows)],
        plots=[{"name": plot.name, "title": plot.title, "caption": plot.caption, "svg": Markup(inline(plot))}
               for plot in plots], pictures=shown,
        notes=[*_unfinished(finished), *finished.provenance.get("notes", [])],
        provenance=_provenance(finished), toml=toml,
    )


def _marked(marks: Sequence[str], text: str) -> Markup:
    """Text for the page, in which every mark of a convention stands out."""
    html = str(escape(text))
    for mark in map(str, map(escape, marks)):
        html = html.replace(mark, f'<span class="mark">{mark}</span>')
    return Markup(html)


def _headings(rows: Sequence[Row]) -> list[str]:
    return [signed(snr_heading(one, rows)) for one in snrs(rows)]


def _table(rows: tuple[Row, ...]) -> dict[str, Any]:
    """The figures of a task: its heads, and a line for each scheme."""
    shown = leading(rows)
    return {"headline": rows[0].measure.shown, "headings": _headings(rows), "figures": [_head(one) for one in shown],
            "lines": [_line(group, snrs(rows), shown) for group in by_scheme(rows)]}


def _head(measure: Measure) -> str:
    return measure.head + ("" if measure.more_is_better else " ↓")


def _line(group: list[Row], numbers: list[float], shown: Sequence[Measure]) -> dict[str, Any]:
    """A scheme's labels and its figures under each SNR, None where the point is not finished."""
    known = {row.snr_db: row for row in group}
    return {"scheme": group[0], "uses": span(count(row.uses) for row in group), "cells": [
        [_cell(known[number], measure) for measure in shown] if number in known else None for number in numbers]}


def _cell(row: Row, measure: Measure) -> dict[str, str]:
    """A figure and its interval as text, the latter with one digit less."""
    figure = row.figures.get(measure.name)
    if figure is None:
        return {"value": DASH, "range": ""}
    digits = len(measure.plain(0.0).partition(".")[2])
    if not math.isfinite(figure.high - figure.low):
        return {"value": signed(measure.plain(figure.value)), "range": "no interval"}
    between = DASH if figure.low >= 0 else " to "
    ends = between.join(f"{one:.{max(1, digits - 1)}f}" for one in (figure.low, figure.high))
    return {"value": signed(measure.plain(figure.value)), "range": signed(ends)}


def _arrived(rows: tuple[Row, ...]) -> dict[str, Any] | None:
    """The share of items that arrived at each SNR, a line for each scheme that lost any; None where none did."""
    if all_arrived(rows):
        return None
    parts, numbers = varying(rows), snrs(rows)
    lossy = [group for group in by_scheme(rows) if not all_arrived(group)]
    lines = []
    for group in lossy:
        known = {row.snr_db: row.arrived for row in group}
        cells = [{"value": f"{100 * known[one].value:.1f} %",
                  "range": f"{100 * known[one].low:.1f}{DASH}{100 * known[one].high:.1f}"} if one in known else None
                 for one in numbers]
        lines.append({"name": named(group[0], parts), "cells": cells})
    return {"headings": _headings(rows), "lines": lines, "rest": len(by_scheme(rows)) - len(lossy)}


def _contest(group: list[Row]) -> dict[str, Any]:
    """Which of several separate schemes is the best at each SNR."""
    first = group[0]
    cells = [{"value": row.measure.said(row.leading.value), "scheme": pair(row)} for row in best(group, first.headline)]
    return {"name": f"{first.task} over {first.channel}, {count(first.uses)} uses", "headings": _headings(group),
            "several": len(by_scheme(group)), "cells": cells, "headline": first.measure.shown}


def _ideals(rows: Sequence[Row]) -> str:
    """The transports that are ideal."""
    return ", ".join(dict.fromkeys(row.transport for row in rows if row.role == "ideal"))


def _cost(finished: Finished, group: list[Row]) -> dict[str, str]:
    """What an item costs with a scheme, as text with units; from the lowest to the highest SNR where that differs."""
    row = group[0]
    transport = finished.schemes[row.scheme].link.transport
    hertz, megahertz = (option("transport", transport, name) for name in ("bandwidth_hz", "bandwidth_mhz"))
    bandwidth = megahertz if hertz is None else hertz / 1e6
    return {
        "name": named(row, varying(finished.rows)), "uses": span(count(one.uses) for one in group),
        "cbr": span(f"{one.cbr:.5f}" for one in group),
        "bits": span(count(round(one.bits)) if one.bits else "analog" for one in group),
        "airtime": span(f"{1e6 * one.seconds:.4g}" for one in group),
        "bandwidth": "-" if bandwidth is None else f"{bandwidth:g}",
        "params": f"{row.params_m:.2f}", "receive": f"{row.receive_ms:.3g}",
    }


def _unfinished(finished: Finished) -> list[str]:
    """A note for each scheme that lacks seeds or SNRs."""
    found, parts = [], varying(finished.rows)
    have = {group[0].scheme: group for group in by_scheme(finished.rows)}
    for scheme, one in enumerate(finished.schemes):
        points = sum(len(row.seeds) for row in have.get(scheme, []))
        wanted = len(one.seeds) * len(one.evaluate.snr_db)
        if points < wanted:
            name = named(have[scheme][0], parts) if scheme in have else f"scheme {scheme + 1}"
            found.append(f"{name}: {points} of {wanted} points finished")
    return found


def _provenance(finished: Finished) -> list[tuple[str, str]]:
    """Where the results come from, as (what, value)."""
    facts = finished.provenance
    data = facts["data"]
    source = f"{data['source']}, tested on {data['test']}" if data["test"] else f"{data['source']}, a share held out"
    side = f"{data['size']} px a side" if data["size"] else "as they are"
    return [
        ("Command", facts["command"]), ("Started", facts["started"]),
        ("Seeds", ", ".join(map(str, finished.experiment.seeds))), ("Data", source),
        ("Items", f"{data['train']} to train, {data['validation']} to choose the model, {data['test_items']} to test; "
                  f"{side}"),
        ("Data digest", data["digest"]),
        *([("Classes", ", ".join(finished.classes))] if finished.classes else []),
        ("Versions", ", ".join(f"{name} {version}" for name, version in facts["versions"].items())),
        ("Machine", ", ".join(f"{name}: {value}" for name, value in facts["machine"].items())),
    ]
