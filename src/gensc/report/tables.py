"""The rows as CSV, as a LaTeX table in the manner of the paper's Table I, and on the terminal."""

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from gensc.report.names import PARTS, PLAIN_RATIO, by_scheme, count, shared, varying
from gensc.report.rows import Finished, Row

COLUMNS = ("backbone", "decoder", "transport", "channel", "snr_db", "uses", "accuracy", "accuracy_low",
           "accuracy_high", "f1", "recall", "params_m", "seeds")
FIGURES = ("accuracy", "f1", "recall")
WIDEST = 20
_LATEX = str.maketrans({
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "[": "{[}", "]": "{]}",
})


def snrs(rows: tuple[Row, ...]) -> list[float]:
    """The SNRs that any of the rows was scored at, rising."""
    return sorted({row.snr_db for row in rows})


def snr_heading(snr_db: float, rows: Iterable[Row]) -> str:
    """A column's heading: dB, unless every scheme takes the number as a ratio."""
    return f'"{snr_db:g}"' if all(row.plain_ratio for row in rows) else f"{snr_db:g} dB"


def ratio_note(rows: tuple[Row, ...]) -> str:
    """What the numbers of [gensc6g] mean, or nothing where no row has them."""
    marked = {row.snr_db: row.true_db for row in rows if row.plain_ratio}
    means = ", ".join(f'"{number:g}" is {db:.1f} dB' for number, db in sorted(marked.items()))
    return f"[gensc6g]: {PLAIN_RATIO}, not dB: {means}." if marked else ""


def csv_text(rows: tuple[Row, ...]) -> str:
    """One line for each row, with the columns COLUMNS; the same rows give the same bytes."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        accuracy = row.figures["accuracy"]
        numbers = (accuracy.value, accuracy.low, accuracy.high, row.figures["f1"].value, row.figures["recall"].value,
                   row.params_m)
        writer.writerow([row.backbone, row.decoder, row.transport, row.channel, f"{row.snr_db:g}", count(row.uses),
                         *(f"{number:.4f}" for number in numbers), len(row.seeds)])
    return made.getvalue()


def latex(finished: Finished) -> str:
    """A ``table*`` in booktabs' style: a line for each scheme; accuracy, F1 and recall under each SNR."""
    rows = finished.rows
    numbers = snrs(rows)
    heads = " & ".join(rf"\multicolumn{{3}}{{c}}{{SNR = {escape(snr_heading(one, rows)).replace('-', '$-$')}}}"
                       for one in numbers)
    rules = " ".join(rf"\cmidrule(lr){{{7 + 3 * i}-{9 + 3 * i}}}" for i in range(len(numbers)))
    lines = [
        r"% needs \usepackage{booktabs,graphicx}",
        r"\begin{table*}", r"  \centering", rf"  \caption{{{escape(caption(finished))}}}",
        rf"  \label{{tab:{_plain_name(finished.experiment.name)}}}", r"  \resizebox{\textwidth}{!}{%",
        rf"  \begin{{tabular}}{{llllrr{'ccc' * len(numbers)}}}", r"    \toprule",
        rf"    & & & & & & {heads} \\", f"    {rules}",
        r"    Backbone & Decoder & Transport & Channel & Uses & Params (M)"
        + r" & Accuracy & F1 & Recall" * len(numbers) + r" \\",
        r"    \midrule",
    ]
    for group in by_scheme(rows):
        first, known = group[0], {row.snr_db: row for row in group}
        cells = [escape(one) for one in (first.backbone, first.decoder, first.transport, first.channel)]
        cells += [count(first.uses), f"{first.params_m:.2f}"]
        for number in numbers:
            cells += _latex_figures(known.get(number))
        lines.append("    " + " & ".join(cells) + r" \\")
    return "\n".join([*lines, r"    \bottomrule", r"  \end{tabular}}", r"\end{table*}", ""])


def escape(text: str) -> str:
    """Text in which LaTeX finds nothing special, its straight quotes typeset."""
    return re.sub('"([^"]*)"', r"``\1''", text.translate(_LATEX))


def _plain_name(name: str) -> str:
    """A name that a LaTeX label can hold."""
    return "".join(letter if letter.isalnum() else "-" for letter in name)


def _latex_figures(row: Row | None) -> list[str]:
    if row is None:
        return ["--"] * 3
    return [f"{row.figures[name].value:.4f}" for name in FIGURES]


def caption(finished: Finished) -> str:
    """What the figures are, in one line: items, seeds, intervals, what the numbers of [gensc6g] mean."""
    rows = finished.rows
    fewest, most = min(len(row.seeds) for row in rows), max(len(row.seeds) for row in rows)
    seeds = f"{most} seed{'s' * (most > 1)}" if fewest == most else f"{fewest} to {most} seeds"
    said = (f"{finished.experiment.name}: {rows[0].leading.items} test items, {seeds}; "
            "SNR is Es/N0 per complex channel use.")
    partial = f"{finished.done} of {finished.planned} points finished." if finished.done < finished.planned else ""
    return " ".join(part for part in (said, ratio_note(rows), partial) if part)


def show(finished: Finished, console: Console) -> None:
    """Print a table for each backbone, one line for each scheme: the leading figure in % at each SNR with the
    wider half of its 95 % interval. Fits 80 columns for four SNRs."""
    rows = finished.rows
    several = {"uses"} if len({row.uses for row in rows}) > 1 else set()
    parts = [part for part in PARTS if part in several.union(varying(rows)) - {"backbone"}]
    headline = f"{rows[0].headline} in % (± 95 % interval)"
    for backbone in dict.fromkeys(row.backbone for row in rows):
        title = f"{finished.experiment.name}, {backbone}: {headline}"
        console.print(_table(title, parts, [row for row in rows if row.backbone == backbone], snrs(rows)))
    common = shared(rows).removeprefix(rows[0].backbone).removeprefix(", ")
    if common:
        console.print(f"All: {common}.", markup=False, highlight=False)
    for line in (caption(finished), *finished.provenance["notes"]):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _table(title: str, parts: list[str], rows: list[Row], numbers: Sequence[float]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), collapse_padding=True, pad_edge=False, title_justify="left",
                  title_style="bold", title=_markup(title))
    for part in parts:
        shown = [str(getattr(row, part)) for row in rows]
        table.add_column(part, justify="right" if part == "uses" else "left", overflow="fold", no_wrap=part == "uses",
                         min_width=min(WIDEST, max(len(cell) for cell in shown)))
    for number in numbers:
        table.add_column(snr_heading(number, rows), justify="right", no_wrap=True, min_width=len("100.0 ±10.0"))
    for group in by_scheme(rows):
        known = {row.snr_db: row for row in group}
        cells = [count(group[0].uses) if part == "uses" else _markup(getattr(group[0], part)) for part in parts]
        table.add_row(*cells, *(_percent(known.get(number)) for number in numbers))
    return table


def _markup(text: str) -> str:
    """Square brackets are rich's markup."""
    return text.replace("[", r"\[")


def _percent(row: Row | None) -> str:
    if row is None:
        return "-"
    figure = row.leading
    half = math.ceil(1000 * max(figure.high - figure.value, figure.value - figure.low)) / 10
    return f"{100 * figure.value:.1f} ±{half:.1f}"
