"""The rows as CSV, and as LaTeX tables in the manner of the paper's Table I."""

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence

from gensc.metric.figures import measure
from gensc.report.names import DASH, PLAIN_RATIO, by_headline, by_scheme, count, span
from gensc.report.rows import Finished, Row

# What a table with room for three figures shows of a task; of others, and where one of them is missing, the
# headline and the next ones.
_THREE = {"accuracy": ("accuracy", "f1", "recall"), "psnr": ("psnr", "ms_ssim", "st_lpips")}
_MOST_SNRS = 4
_LATEX = str.maketrans({
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "[": "{[}", "]": "{]}",
})


def leading(rows: Sequence[Row]) -> tuple[str, ...]:
    """The names of at most three figures of a task, its headline first."""
    headline, known = rows[0].headline, rows[0].figures
    chosen = [name for name in _THREE.get(headline, ()) if name in known]
    return tuple(dict.fromkeys([headline, *chosen, *known]))[:3]


def classified(rows: Iterable[Row]) -> bool:
    """Whether all of the rows are of classification, whose tables are those of the paper."""
    return all(row.headline == "accuracy" and {"f1", "recall"} <= row.figures.keys() for row in rows)


def all_arrived(rows: Iterable[Row]) -> bool:
    """Whether every item arrived in every row."""
    return all(row.arrived.value == 1 for row in rows)


def snrs(rows: Iterable[Row]) -> list[float]:
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
    """One line for each row; the same rows give the same bytes.

    A table of classification has the paper's columns: accuracy with its interval, F1, recall, parameters. Any
    other has every figure with its interval, what arrived, bits and CBR. What arrived is in the first too where
    something was lost. A cell is empty where a scheme's task lacks the figure.
    """
    paper = classified(rows)
    names = dict.fromkeys(leading(rows) if paper else (name for row in rows for name in row.figures))
    ranged = [name for name in names if not paper or name == rows[0].headline]
    arrived = not (paper and all_arrived(rows))
    head = ["backbone", "decoder"] if paper else ["codec", "task"]
    head += ["transport", "channel", "snr_db", "uses"]
    for name in [*names, *(["arrived"] if arrived else [])]:
        head += [name, f"{name}_low", f"{name}_high"] if name in (*ranged, "arrived") else [name]
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow([*head, *(() if paper else ("bits", "cbr")), "params_m", "seeds"])
    for row in rows:
        cells = [row.backbone, row.decoder, row.transport, row.channel, f"{row.snr_db:g}", count(row.uses)]
        for name in names:
            cells += _numbers(row, name, name in ranged)
        if arrived:
            cells += [f"{one:.4f}" for one in (row.arrived.value, row.arrived.low, row.arrived.high)]
        if not paper:
            cells += [count(row.bits), f"{row.cbr:.6g}"]
        writer.writerow([*cells, f"{row.params_m:.4f}", len(row.seeds)])
    return made.getvalue()


def _numbers(row: Row, name: str, ranged: bool) -> list[str]:
    figure = row.figures.get(name)
    if figure is None:
        return [""] * (3 if ranged else 1)
    return [f"{one:.4f}" for one in ((figure.value, figure.low, figure.high) if ranged else (figure.value,))]


def latex(finished: Finished) -> str:
    """A ``table*`` in booktabs' style for each task: a line for each scheme; under each SNR at most three figures,
    the headline first, with their units in the head. More than four SNRs go on below."""
    return "\n".join(_latex_table(finished, rows) for rows in by_headline(finished.rows))


def _latex_table(finished: Finished, rows: tuple[Row, ...]) -> str:
    several = f"-{rows[0].headline}" if len(by_headline(finished.rows)) > 1 else ""
    numbers = snrs(rows)
    width = math.ceil(len(numbers) / math.ceil(len(numbers) / _MOST_SNRS))
    blocks = [_latex_block(rows, numbers[start:start + width]) for start in range(0, len(numbers), width)]
    return "\n".join([
        r"% needs \usepackage{booktabs,graphicx}",
        r"\begin{table*}", r"  \centering", rf"  \caption{{{_minus(escape(caption(finished, rows)))}}}",
        rf"  \label{{tab:{_plain_name(finished.experiment.name + several)}}}", "\n  \\\\[1ex]\n".join(blocks),
        r"\end{table*}", ""])


def _latex_block(rows: tuple[Row, ...], numbers: list[float]) -> str:
    """The lines of all schemes under some of the SNRs, as wide as the text."""
    names = leading(rows)
    width = len(names)
    heads = " & ".join(rf"\multicolumn{{{width}}}{{c}}{{SNR = {_minus(escape(snr_heading(one, rows)))}}}"
                       for one in numbers)
    rules = " ".join(rf"\cmidrule(lr){{{7 + width * i}-{6 + width * (i + 1)}}}" for i in range(len(numbers)))
    left = "Backbone & Decoder" if classified(rows) else "Codec & Task"
    lines = [
        r"  \resizebox{\textwidth}{!}{%",
        rf"  \begin{{tabular}}{{llllrr{'c' * width * len(numbers)}}}", r"    \toprule",
        rf"    & & & & & & {heads} \\", f"    {rules}",
        rf"    {left} & Transport & Channel & Uses & Params (M)"
        + "".join(f" & {_latex_head(name)}" for name in names) * len(numbers) + r" \\",
        r"    \midrule",
    ]
    for group in by_scheme(rows):
        first, known = group[0], {row.snr_db: row for row in group}
        cells = [escape(one) for one in (first.backbone, first.decoder, first.transport, first.channel)]
        cells += [span(count(row.uses) for row in group).replace(DASH, "--"), f"{first.params_m:.2f}"]
        for number in numbers:
            cells += _latex_figures(known.get(number), names)
        lines.append("    " + " & ".join(cells) + r" \\")
    return "\n".join([*lines, r"    \bottomrule", r"  \end{tabular}}"])


def escape(text: str) -> str:
    """Text in which LaTeX finds nothing special, its straight quotes typeset."""
    return re.sub('"([^"]*)"', r"``\1''", text.translate(_LATEX))


def _minus(text: str) -> str:
    """Negative numbers with a minus; hyphens within words stay."""
    return re.sub(r"(?<![\w-])-(?=\d)", "$-$", text)


def _plain_name(name: str) -> str:
    """A name that a LaTeX label can hold."""
    return "".join(letter if letter.isalnum() else "-" for letter in name)


def _latex_head(name: str) -> str:
    shown = measure(name)
    return escape(shown.head) + ("" if shown.more_is_better else r" $\downarrow$")


def _latex_figures(row: Row | None, names: Sequence[str]) -> list[str]:
    if row is None:
        return ["--"] * len(names)
    return [_minus(measure(name).plain(row.figures[name].value)) if name in row.figures else "--" for name in names]


def caption(finished: Finished, rows: tuple[Row, ...]) -> str:
    """What the figures are, in one line: items, seeds, intervals, what the numbers of [gensc6g] mean."""
    fewest, most = min(len(row.seeds) for row in rows), max(len(row.seeds) for row in rows)
    seeds = f"{most} seed{'s' * (most > 1)}" if fewest == most else f"{fewest} to {most} seeds"
    said = (f"{finished.experiment.name}: {rows[0].leading.items} test items, {seeds}; "
            "SNR is Es/N0 per complex channel use.")
    partial = f"{finished.done} of {finished.planned} points finished." if finished.done < finished.planned else ""
    return " ".join(part for part in (said, ratio_note(rows), partial) if part)
