"""Pack a trained link for others: half precision, and a model card beside it."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gensc.errors import InputError
from gensc.experiment import linkfile
from gensc.experiment.linkfile import Card
from gensc.experiment.single import COLUMNS
from gensc.machine import files

LICENCE = "Apache-2.0"


@dataclass(frozen=True)
class Story:
    """What a link file does not know of itself: ``title`` (one line), the ``command`` that trained it, how many
    ``hours`` on which ``machine``, where the ``data`` is from and under which terms."""

    title: str
    command: str
    hours: float
    machine: str
    data: str


def pack(file: Path, out: Path, story: Story, scores: Sequence[Path]) -> None:
    """Write a link file in half precision to ``out``, and its model card, Markdown, beside it; ``scores`` are tables
    of ``gensc eval`` that go into the card. Raises InputError for a file that is no such table."""
    link, card = linkfile.load(file)
    tables = [_figures(one) for one in scores]
    linkfile.save(out, link, card, half=True)
    parameters = sum(value.numel() for name, value in link.state_dict().items() if name in linkfile.learned(link))
    files.write_text(out.with_suffix(".md"), _card(out, story, card, parameters, tables))


def _card(out: Path, story: Story, card: Card, parameters: int, tables: Sequence[str]) -> str:
    link, data = card.experiment.link, card.experiment.data
    parts = ", ".join(f"{noun} `{part.name}`" for noun, part in (
        ("codec", link.codec), ("transport", link.transport), ("channel", link.channel), ("task", link.task)))
    lines = [
        f"# {out.stem}: {story.title}", "",
        f"- Link: {parts}",
        f"- Weights: {parameters:,} numbers in half precision, {out.stat().st_size / 1e6:.1f} MB",
        f"- Trained by: `{story.command}`",
        f"- Time: {story.hours:g} hours on {story.machine}; {card.trained['epochs']} epochs, epoch "
        f"{card.trained['best_epoch']} kept by the validation loss",
        f"- Data: {story.data}. {len(card.seen):,} pictures were seen, at {data.size or 'any'} px or as crops; "
        "`gensc eval` leaves them out",
        f"- Licence: {LICENCE} for the weights; the terms of the data are their owners'",
    ]
    return "\n".join([*lines, *(f"\n{table}" for table in tables)]) + "\n"


def _figures(scores: Path) -> str:
    """A Markdown table of a table of ``gensc eval``: a row a metric, a column an SNR."""
    try:
        rows = list(csv.DictReader(io.StringIO(scores.read_text(encoding="utf-8"))))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{scores} can't be read as text ({type(error).__name__}): give a table of "
                         "`gensc eval --out`") from error
    if not rows or tuple(rows[0]) != COLUMNS:
        raise InputError(f"{scores} is no table of `gensc eval`: expected the columns {', '.join(COLUMNS)}")
    levels = list(dict.fromkeys(row["snr_db"] for row in rows))
    uses = sorted({float(row["uses"]) for row in rows})
    head = f"{scores.stem}: {rows[0]['items']} pictures, {uses[0]:,.0f}" + (
        f" to {uses[-1]:,.0f}" if uses[-1] > uses[0] else "") + " channel uses; mean and 95 % interval\n"
    lines = [f"| Es/N0 | {' | '.join(f'{level} dB' for level in levels)} |", "| --- " * (len(levels) + 1) + "|"]
    for metric in dict.fromkeys(row["metric"] for row in rows):
        cells = [f"{float(row['value']):.4g} ± {(float(row['high']) - float(row['low'])) / 2:.2g}"
                 for row in rows if row["metric"] == metric]
        lines.append(f"| {metric} | {' | '.join(cells)} |")
    return head + "\n" + "\n".join(lines)
