"""The rows as CSV, and as LaTeX tables in the manner of the paper's Table I."""

import csv
import io
import math
import re
from collections.abc import Iterable, Sequence

from gensc.metric import Estimate
from gensc.metric.figures import Measure
from gensc.report.names import DASH, PLAIN_RATIO, by_headline, by_scheme, count, marks, measures, span
from gensc.report.rows import Finished, Row

MOST_FIGURES = 3
_MOST_SNRS = 4
_LATEX = str.maketrans({
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "[": "{[}", "]": "{]}",
})


def leading(rows: Sequence[Row]) -> list[Measure]:
    """What a table with room for three figures shows of a task: its first measures, in the order of their worth."""
    return list(measures(rows).values())[:MOST_FIGURES]


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
    """What the numbers of the marked conventions mean, or nothing where no row has one."""
    return " ".join(_means(mark, {row.snr_db: row.true_db for row in rows if row.mark == mark}) for mark in marks(rows))


def _means(mark: str, numbers: dict[float, float]) -> str:
    means = ", ".join(f'"{number:g}" is {db:.1f} dB' for number, db in sorted(numbers.items()))
    return f"{mark}: {PLAIN_RATIO}, not dB: {means}."


def csv_text(rows: tuple[Row, ...]) -> str:
    """One line for each row; the same rows give the same bytes.

    Whatever the task: the scheme's labels, SNR and cost, then every figure and what arrived, each with the ends of its
    interval, then parameters in millions and the number of seeds. A cell is empty where a scheme's task lacks the
    figure.
    """
    shown = measures(rows)
    ranged = [f"{name}{end}" for name in (*shown, "arrived") for end in ("", "_low", "_high")]
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["codec", "task", "transport", "channel", "snr_db", "uses", "bits", "cbr", *ranged, "params_m",
                     "seeds"])
    for row in rows:
        cells = [row.codec, row.task, row.transport, row.channel, f"{row.snr_db:g}", count(row.uses), count(row.bits),
                 f"{row.cbr:.6g}"]
        for name, measure in shown.items():
            cells += _numbers(row.figures.get(name), measure)
        cells += [f"{one:.4f}" for one in (row.arrived.value, row.arrived.low, row.arrived.high)]
        writer.writerow([*cells, f"{row.params_m:.4f}", len(row.seeds)])
    return table.getvalue()


def _numbers(figure: Estimate | None, measure: Measure) -> list[str]:
    if figure is None:
        return ["", "", ""]
    return [measure.exact(one) for one in (figure.value, figure.low, figure.high)]


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
    shown = leading(rows)
    width = len(shown)
    heads = " & ".join(rf"\multicolumn{{{width}}}{{c}}{{SNR = {_minus(escape(snr_heading(one, rows)))}}}"
                       for one in numbers)
    rules = " ".join(rf"\cmidrule(lr){{{7 + width * i}-{6 + width * (i + 1)}}}" for i in range(len(numbers)))
    lines = [
        r"  \resizebox{\textwidth}{!}{%",
        rf"  \begin{{tabular}}{{llllrr{'c' * width * len(numbers)}}}", r"    \toprule",
        rf"    & & & & & & {heads} \\", f"    {rules}",
        "    Codec & Task & Transport & Channel & Uses & Params (M)"
        + "".join(f" & {_latex_head(measure)}" for measure in shown) * len(numbers) + r" \\",
        r"    \midrule",
    ]
    for group in by_scheme(rows):
        first, known = group[0], {row.snr_db: row for row in group}
        cells = [escape(one) for one in (first.codec, first.task, first.transport, first.channel)]
        cells += [span(count(row.uses) for row in group).replace(DASH, "--"), f"{first.params_m:.2f}"]
        for number in numbers:
            cells += _latex_figures(known.get(number), shown)
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


def _latex_head(measure: Measure) -> str:
    return escape(measure.head) + ("" if measure.more_is_better else r" $\downarrow$")


def _latex_figures(row: Row | None, shown: Sequence[Measure]) -> list[str]:
    figures = {} if row is None else row.figures
    return [_minus(measure.plain(figures[measure.name].value)) if measure.name in figures else "--"
            for measure in shown]


def caption(finished: Finished, rows: tuple[Row, ...]) -> str:
    """What the figures are, in one line: items, seeds, intervals, what the numbers of a marked convention mean."""
    fewest, most = min(len(row.seeds) for row in rows), max(len(row.seeds) for row in rows)
    seeds = f"{most} seed{'s' * (most > 1)}" if fewest == most else f"{fewest} to {most} seeds"
    said = (f"{finished.experiment.name}: {rows[0].leading.items} test items, {seeds}; "
            "SNR is Es/N0 per complex channel use.")
    partial = f"{finished.done} of {finished.planned} points finished." if finished.done < finished.planned else ""
    return " ".join(part for part in (said, ratio_note(rows), partial) if part)
