"""Tables: values by hand, the same bytes each time, LaTeX's special characters, 100 columns."""

import csv
import io
from pathlib import Path

import numpy as np
from rich.console import Console
from synthetic_results import CLASSES, fill, wrong_first

from gensc.config import EvaluateSpec, Experiment
from gensc.report import tables, terminal, write
from gensc.report.rows import load


def test_the_csv_holds_the_figures(small: Path) -> None:
    write(small)
    lines = list(csv.DictReader(io.StringIO((small / "small_table.csv").read_text())))
    ranged = [f"{name}{end}" for name in ("accuracy", "f1", "recall", "precision", "arrived")
              for end in ("", "_low", "_high")]
    assert list(lines[0]) == ["codec", "task", "transport", "channel", "snr_db", "uses", "bits", "cbr", *ranged,
                              "params_m", "seeds"]
    assert [lines[0][name] for name in ("codec", "task", "transport")] == [
        "efficientnet_lite0", "classify 3xfc", "features"]
    assert [line["accuracy"] for line in lines] == ["0.4375", "0.8125", "0.6250", "0.7500"]
    # Analog at 10 dB, both seeds alike: items 0 and 1 are taken for classes 1 and 2, so the classes 0 to 3 have
    # recalls 1/2, 1/2, 1, 1 and F1 2/3, 1/2, 4/5, 1.
    analog = lines[3]
    assert (analog["recall"], analog["f1"]) == ("0.7500", f"{(2 / 3 + 1 / 2 + 4 / 5 + 1) / 4:.4f}")
    assert (analog["snr_db"], analog["uses"], analog["params_m"], analog["seeds"]) == ("10", "64", "4.6520", "2")
    # Wilson's interval of 6 of 8.
    assert (analog["accuracy_low"], analog["accuracy_high"]) == ("0.4093", "0.9285")


def test_writing_twice_gives_the_same_bytes(small: Path) -> None:
    def written() -> dict[str, bytes]:
        write(small)
        kept = [path for path in small.rglob("*") if path.suffix in (".csv", ".tex", ".svg", ".html")]
        return {path.name: path.read_bytes() for path in kept}

    first = written()
    assert set(first) == {"small_table.csv", "small_table.tex", "accuracy.svg", "confusion.svg", "cost.svg",
                          "report.html"}
    assert written() == first


def test_latex_is_escaped_and_grouped(tmp_path: Path) -> None:
    schemes = ({"link.transport.convention": "gensc6g"},)
    experiment = Experiment(name="50%_table", seeds=(0,), schemes=schemes, evaluate=EvaluateSpec(snr_db=(10.0, 30.0)))
    fill(tmp_path, experiment, lambda job, snr_db, label: label, np.arange(8) % 4)
    text = tables.latex(load(tmp_path))
    assert r"efficientnet\_lite0 & classify 3xfc & features {[}gensc6g{]} & awgn & 640 & 4.65 & 1.0000" in text
    assert r"\caption{50\%\_table: 8 test items, 1 seed;" in text
    assert r"\label{tab:50--table}" in text
    assert r"\multicolumn{3}{c}{SNR = ``30''}" in text
    assert "``30'' is 14.8 dB" in text
    assert r"\cmidrule(lr){7-9} \cmidrule(lr){10-12}" in text


def test_every_special_character_of_latex_is_escaped() -> None:
    assert tables.escape(r"a_b&c%d$e#f{g}h~i^j\k") == (
        r"a\_b\&c\%d\$e\#f\{g\}h\textasciitilde{}i\textasciicircum{}j\textbackslash{}k")


def test_the_terminal_tables_fit_80_columns(tmp_path: Path) -> None:
    schemes = tuple({"link.codec.model": model, "link.transport.name": transport, "link.channel.name": channel}
                    for model in ("efficientnet_lite0", "resnet50") for transport in ("features", "analog")
                    for channel in ("awgn", "rayleigh"))
    experiment = Experiment(seeds=(0,), schemes=schemes, evaluate=EvaluateSpec(snr_db=(-10.0, 0.0, 10.0, 30.0)))
    fill(tmp_path, experiment, lambda job, snr_db, label: wrong_first(label, 3), np.arange(40) % len(CLASSES))
    printed = io.StringIO()
    terminal.show(load(tmp_path), Console(file=printed, width=80))
    lines = printed.getvalue().splitlines()
    assert max(len(line) for line in lines) <= 80
    of_scheme = [line for line in lines if "±" in line and ("awgn" in line or "rayleigh" in line)]
    assert len(of_scheme) == 8
    assert of_scheme[0].split()[:3] == ["features", "awgn", "640"]
    assert sum(line.startswith("experiment, ") for line in lines) == 2
    assert of_scheme[0].count("92.5 ±12.4") == 4


def test_the_terminal_shows_gensc6g_in_brackets(tmp_path: Path) -> None:
    schemes = ({"link.transport.convention": "true"}, {"link.transport.convention": "gensc6g"})
    experiment = Experiment(seeds=(0,), schemes=schemes, evaluate=EvaluateSpec(snr_db=(30.0,)))
    fill(tmp_path, experiment, lambda job, snr_db, label: label, np.arange(8) % 4)
    printed = io.StringIO()
    terminal.show(load(tmp_path), Console(file=printed, width=100))
    assert "features [gensc6g]" in printed.getvalue()
    assert '"30" is 14.8 dB' in printed.getvalue().replace("\n", " ")
