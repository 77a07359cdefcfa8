"""One self-contained HTML page: nothing in it is asked of the network, and it needs no script."""

from importlib.resources import files as package_files
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from gensc.report.labels import option
from gensc.report.names import by_scheme, count, named, signed, varying
from gensc.report.rows import Finished, Row
from gensc.report.style import Plot, inline
from gensc.report.summary import summary
from gensc.report.tables import FIGURES, ratio_note, snr_heading, snrs


def page(finished: Finished, plots: list[Plot], toml: str) -> str:
    """The page of a set of results with its ``plots`` and the experiment as ``toml``."""
    template = package_files("gensc.report").joinpath("page.html.jinja").read_text(encoding="utf-8")
    made = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    rows = finished.rows
    numbers = snrs(rows)
    return made.from_string(template).render(
        name=finished.experiment.name, summary=summary(finished), done=finished.done, planned=finished.planned,
        headings=[signed(snr_heading(one, rows)) for one in numbers], figures=FIGURES,
        lines=[_line(group, numbers) for group in by_scheme(rows)],
        ratio_note=ratio_note(rows), costs=[_cost(finished, group[0]) for group in by_scheme(rows)],
        plots=[{"name": plot.name, "title": plot.title, "caption": plot.caption, "svg": Markup(inline(plot))}
               for plot in plots],
        notes=[*_unfinished(finished), *finished.provenance.get("notes", [])],
        provenance=_provenance(finished), toml=toml,
    )


def _line(group: list[Row], numbers: list[float]) -> dict[str, Any]:
    """A scheme's labels and its figures under each SNR, None where the point is not finished."""
    known = {row.snr_db: row for row in group}
    return {"scheme": group[0], "uses": count(group[0].uses), "cells": [
        [known[number].figures[name] for name in FIGURES] if number in known else None for number in numbers]}


def _cost(finished: Finished, row: Row) -> dict[str, str]:
    """What an item costs with a scheme, as text with units."""
    bandwidth = option("transport", finished.schemes[row.scheme].link.transport, "bandwidth_hz")
    return {
        "name": named(row, varying(finished.rows)), "uses": count(row.uses), "cbr": f"{row.cbr:.5f}",
        "bits": count(row.bits) if row.bits else "analog",
        "airtime": f"{1e6 * row.seconds:.4g}", "bandwidth": "-" if bandwidth is None else f"{bandwidth / 1e6:g}",
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
    return [
        ("Command", facts["command"]), ("Started", facts["started"]),
        ("Seeds", ", ".join(map(str, finished.experiment.seeds))), ("Data", source),
        ("Items", f"{data['train']} to train, {data['validation']} to choose the model, {data['test_items']} to test; "
                  f"{data['size']} px a side"),
        ("Data digest", data["digest"]), ("Classes", ", ".join(finished.classes)),
        ("Versions", ", ".join(f"{name} {version}" for name, version in facts["versions"].items())),
        ("Machine", ", ".join(f"{name}: {value}" for name, value in facts["machine"].items())),
    ]
