"""Reports of a task that gives pictures back: its own units, its baselines, and what got lost."""

import csv
import dataclasses
import io
import re
from pathlib import Path

import numpy as np
import pytest
from picture_results import NAMES, RECONSTRUCT, fill_pictures, pictures_of
from rich.console import Console
from synthetic_results import CLASSES, VALUES, fill

from gensc.config import EvaluateSpec, Experiment, LinkSpec
from gensc.experiment.sweep import Job
from gensc.metric.estimate import mean, proportion
from gensc.report import tables, terminal, write
from gensc.report.baselines import best, contests, folded
from gensc.report.gap import difference, gap_plot
from gensc.report.looks import Looks
from gensc.report.names import named, together, varying
from gensc.report.rows import Finished, Row, load
from gensc.report.summary import summary

SPREAD = np.array([-2.0, -1.0, 0.0, 0.0, 1.0, 2.0, 0.5, -0.5])
"""dB about the mean: squares that add up to 10.5, so Student's half interval is 2.3646 sqrt(10.5 / 7 / 8) = 1.024."""
# Mean dB of each scheme at 0 and 10 dB.
LEVEL = {"analog": (20.0, 25.0), "webp": (15.0, 27.0), "avif": (16.0, 26.0), "capacity": (23.0, 31.0)}


def level(job: Job, snr_db: float) -> float:
    """The mean PSNR that a scheme is given; 1.5 dB less over fading."""
    link = job.experiment.link
    name = link.transport.name if link.codec.name != "picture" or link.transport.name == "capacity" else (
        link.codec.options["format"])
    return LEVEL[name][0 if snr_db == 0 else 1] - (1.5 if link.channel.name == "rayleigh" else 0.0)


def columns(job: Job, snr_db: float) -> dict[str, np.ndarray]:
    """8 pictures; over "digital" two of them are lost at 0 dB."""
    lost = 2 if job.experiment.link.transport.name == "digital" and snr_db == 0 else 0
    return {**pictures_of(level(job, snr_db) + SPREAD), "ok": np.arange(8) >= lost}


def scheme(codec: str, transport: str, channel: str = "awgn", form: str = "") -> dict[str, object]:
    """One scheme's changes; ``form`` is the file format."""
    made: dict[str, object] = {"link.codec.name": codec, "link.transport.name": transport,
                               "link.transport.uses": 512, "link.channel.name": channel}
    return {**made, "link.codec.format": form} if form else made


SCHEMES = (scheme("backbone", "analog"), scheme("backbone", "analog", "rayleigh"),
           scheme("picture", "digital", form="webp"), scheme("picture", "digital", form="avif"),
           scheme("picture", "capacity", form="webp"))


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A learned link over two channels, two separate schemes and an ideal one, at 0 and 10 dB, two seeds; reported."""
    experiment = Experiment(name="sent", seeds=(0, 1), link=LinkSpec(task=RECONSTRUCT), schemes=SCHEMES,
                            evaluate=EvaluateSpec(snr_db=(0.0, 10.0)))
    out = fill_pictures(tmp_path_factory.mktemp("sent"), experiment, columns, bits=4096)
    write(out)
    return out


@pytest.fixture(scope="module")
def finished(sent: Path) -> Finished:
    """What the folder holds."""
    return load(sent)


def row(finished: Finished, number: int, snr_db: float) -> Row:
    """The row of the scheme with a number at an SNR."""
    return next(one for one in finished.rows if (one.scheme, one.snr_db) == (number, snr_db))


def test_rows_tell_learned_separate_and_ideal_apart(finished: Finished) -> None:
    assert [row(finished, number, 0.0).role for number in range(5)] == [
        "learned", "learned", "separate", "separate", "ideal"]
    parts = varying(finished.rows)
    assert [named(row(finished, number, 0.0), parts) for number in (0, 2, 4)] == [
        "efficientnet_lite0, analog, awgn", "separate: webp + digital, awgn", "ideal: webp + capacity, awgn"]
    assert row(finished, 3, 0.0).task == "reconstruct"


def test_the_share_that_arrived(finished: Finished) -> None:
    lossy = row(finished, 2, 0.0).arrived
    assert lossy == proportion(np.array([np.arange(8) >= 2] * 2))
    assert (lossy.value, lossy.items, lossy.seeds) == (6 / 8, 8, 2)
    assert row(finished, 0, 0.0).arrived.value == 1


def test_points_without_the_column_have_all_arrived(small: Path) -> None:
    assert all(one.arrived.value == 1 for one in load(small).rows)


def test_the_csv_holds_every_figure_with_its_interval(sent: Path) -> None:
    lines = list(csv.DictReader(io.StringIO((sent / "sent.csv").read_text())))
    ranged = [f"{name}{end}" for name in (*NAMES, "arrived") for end in ("", "_low", "_high")]
    assert list(lines[0]) == ["codec", "task", "transport", "channel", "snr_db", "uses", "bits", "cbr", *ranged,
                              "params_m", "seeds"]
    webp = lines[4]
    assert [webp[name] for name in ("codec", "task", "transport", "snr_db", "psnr", "arrived", "bits", "cbr")] == [
        "webp", "reconstruct", "digital", "0", "15.0000", "0.7500", "4096", f"{512 / VALUES:.6g}"]
    assert float(webp["psnr_high"]) == pytest.approx(mean(np.stack([15 + SPREAD] * 2)).high, abs=1e-4)
    assert (lines[0]["bits"], lines[0]["arrived"]) == ("0", "1.0000")


def test_the_csv_of_every_task_says_what_arrived(small: Path) -> None:
    known = load(small).rows
    lost = dataclasses.replace(known[0], arrived=proportion(np.array([[True, False]])))
    lines = list(csv.DictReader(io.StringIO(tables.csv_text((lost, *known[1:])))))
    assert [line["arrived"] for line in lines] == ["0.5000", "1.0000", "1.0000", "1.0000"]


def test_latex_carries_units_and_at_most_three_figures(finished: Finished) -> None:
    text = tables.latex(finished)
    head = r"Codec & Task & Transport & Channel & Uses & Params (M) & PSNR (dB) & MS-SSIM & ST-LPIPS $\downarrow$"
    assert f"{head} & PSNR" in text
    assert r"webp & reconstruct & digital & awgn & 512 & 0.00 & 15.00 &" in text
    assert r"\cmidrule(lr){7-9} \cmidrule(lr){10-12}" in text


def test_many_snrs_go_on_in_a_second_block(tmp_path: Path) -> None:
    experiment = Experiment(name="wide", seeds=(0,), evaluate=EvaluateSpec(snr_db=(-5.0, 0.0, 5.0, 10.0, 15.0)))
    finished = load(fill(tmp_path, experiment, lambda job, snr_db, label: label, np.arange(8) % 4))
    text = tables.latex(finished)
    assert (text.count(r"\begin{table*}"), text.count(r"\begin{tabular}")) == (1, 2)
    assert text.index("SNR = 5 dB") < text.index(r"\end{tabular}") < text.index("SNR = 10 dB")
    assert "SNR = $-$5 dB" in text
    assert text.count("efficientnet") == 2
    printed = io.StringIO()
    terminal.show(finished, Console(file=printed, width=70))
    assert all(f" {snr} dB" in printed.getvalue() for snr in (-5, 0, 5, 10, 15))


def test_the_terminal_shows_decibels(finished: Finished) -> None:
    printed = io.StringIO()
    terminal.show(finished, Console(file=printed, width=100))
    assert "sent: PSNR in dB (± 95 % interval)" in printed.getvalue()
    assert re.search(r"webp +digital +awgn +15\.00 ±1\.03 +27\.00 ±1\.03", printed.getvalue())
    assert "codec" in printed.getvalue()


def test_which_plots_and_what_their_axes_say(sent: Path) -> None:
    drawn = {path.stem: path.read_text() for path in (sent / "plots").iterdir()}
    assert set(drawn) == {"psnr", "ssim", "ms_ssim", "st_lpips", "gap"}
    # Text is drawn as outlines; matplotlib leaves each string in a comment.
    assert "<!-- PSNR (dB) -->" in drawn["psnr"] and "%" not in re.sub(r"width: \d+%", "", drawn["psnr"])
    assert "<!-- ST-LPIPS (lower is better) -->" in drawn["st_lpips"]
    assert "<!-- PSNR gap to AWGN (dB) -->" in drawn["gap"]
    for label in ("separate: webp + digital, awgn", "ideal: webp + capacity, awgn",
                  "efficientnet_lite0, analog, rayleigh"):
        assert f"<!-- {label} -->" in drawn["psnr"]


def test_the_gap_is_paired_picture_by_picture(finished: Finished) -> None:
    gap = difference(row(finished, 1, 10.0), row(finished, 0, 10.0))
    assert gap is not None
    # Every picture loses exactly 1.5 dB, so the interval has no width however much the pictures differ.
    assert (gap.value, gap.low, gap.high) == pytest.approx((-1.5, -1.5, -1.5))


def test_values_that_are_not_finite_have_no_gap(finished: Finished) -> None:
    base = row(finished, 0, 10.0)
    assert base.values is not None
    endless = base.values.copy()
    endless[0, 0] = np.inf
    assert difference(dataclasses.replace(base, values=endless), base) is None
    assert difference(dataclasses.replace(base, values=None), base) is None


def test_a_twin_over_awgn_has_the_same_transport(finished: Finished) -> None:
    def told(transport: str) -> tuple[Row, ...]:
        base = [dataclasses.replace(one, transport="digital") for one in finished.rows if one.scheme == 0]
        return (*base, *(dataclasses.replace(one, transport=transport) for one in finished.rows if one.scheme == 1))

    for transport, drawn in (("digital", True), ("digital mcs=3", False)):
        rows = told(transport)
        assert (gap_plot(rows, Looks.of(rows)) is not None) is drawn


def test_the_best_scheme_at_each_snr(finished: Finished) -> None:
    group, = (group for group in contests(finished.rows))
    assert {one.codec for one in group} == {"webp", "avif"}
    assert [(one.snr_db, one.codec) for one in best(group, "psnr")] == [(0.0, "avif"), (10.0, "webp")]
    # Less ST-LPIPS is better, and it falls with PSNR here.
    assert [one.codec for one in best(group, "st_lpips")] == ["avif", "webp"]
    assert best(group, "accuracy") == []


def test_folding_leaves_one_line_for_the_separate_schemes(finished: Finished) -> None:
    known = finished.rows
    made = [one for one in folded(known, "psnr") if one.role == "separate"]
    assert [(one.snr_db, one.leading.value) for one in made] == [(0.0, 16.0), (10.0, 27.0)]
    assert {named(one, ("codec",)) for one in made} == {"separate: best of 2 + digital"}
    assert len(folded(known, "psnr")) == len(known) - 2


def test_the_page_speaks_of_the_task_at_hand(sent: Path) -> None:
    text = (sent / "report.html").read_text()
    assert "accuracy" not in text.lower()
    for said in ("Best separate scheme per SNR", "avif + digital", "What arrived", "75.0 %", "PSNR (dB)", "ST-LPIPS ↓",
                 "Shannon", "<strong>Separate</strong>", "Small below the PSNR"):
        assert said in text


def test_the_page_of_a_classification_has_none_of_that(small: Path) -> None:
    text = write(small).read_text()
    for said in ("What arrived", "PSNR", "Shannon", "Best separate"):
        assert said not in text


def test_the_summary_sets_the_baselines_beside_the_best(finished: Finished) -> None:
    said = " ".join(summary(finished)).replace("\N{NO-BREAK SPACE}", " ")
    assert "At 10 dB, the PSNR of webp + digital over awgn is 27.00 dB (95 % interval 25.98 to 28.02 dB" in said
    assert "The best learned link there, efficientnet_lite0, analog over awgn, has 25.00 dB." in said
    assert "The best behind an ideal channel code there is 31.00 dB, of webp + capacity over awgn." in said


def test_an_ideal_code_with_other_uses_is_left_out_of_the_summary(finished: Finished) -> None:
    moved = tuple(dataclasses.replace(one, uses=64.0) if one.role == "ideal" else one for one in finished.rows)
    said = " ".join(summary(dataclasses.replace(finished, rows=moved)))
    assert "best learned link" in said and "ideal" not in said


def test_less_can_be_better(finished: Finished) -> None:
    def led(row: Row) -> Row:
        first = next(measure for measure in row.measures if measure.name == "st_lpips")
        return dataclasses.replace(row, measures=(first, *(one for one in row.measures if one is not first)))

    rows = tuple(map(led, finished.rows))
    said = " ".join(summary(dataclasses.replace(finished, rows=rows))).replace("\N{NO-BREAK SPACE}", " ")
    assert "the ST-LPIPS of webp + digital over awgn is 0.0" in said
    assert ", where less is better (" in said and "the lowest of 4 schemes" in said


def test_one_picture_alone_has_no_interval_and_still_a_report(tmp_path: Path) -> None:
    experiment = Experiment(name="alone", seeds=(0,), link=LinkSpec(task=RECONSTRUCT), schemes=SCHEMES[:2],
                            evaluate=EvaluateSpec(snr_db=(0.0, 10.0)))
    out = fill_pictures(tmp_path, experiment, lambda job, snr_db: pictures_of(np.array([level(job, snr_db)])))
    printed = io.StringIO()
    text = write(out, Console(file=printed, width=100)).read_text()
    assert "20.00 " in printed.getvalue() and "inf" not in printed.getvalue()
    assert "no interval" in text and "inf" not in re.sub(r"inform", "", re.sub(r"<[^>]*>", "", text))


def test_several_tasks_in_one_experiment(tmp_path: Path) -> None:
    schemes = (*SCHEMES[:2], {**SCHEMES[0], "link.task.name": "classify"})
    experiment = Experiment(name="two", seeds=(0,), link=LinkSpec(task=RECONSTRUCT), schemes=schemes,
                            evaluate=EvaluateSpec(snr_db=(0.0, 10.0)))

    def either(job: Job, snr_db: float) -> dict[str, np.ndarray]:
        label = np.arange(8) % 4
        return ({"label": label, "predicted": label} if job.experiment.link.task.name == "classify"
                else columns(job, snr_db))

    out = fill_pictures(tmp_path / "two", experiment, either, classes=CLASSES)
    text = write(out).read_text()
    assert "Small below the PSNR" in text and "Small below the accuracy" in text
    drawn = {path.stem for path in (out / "plots").iterdir()}
    assert drawn == {"psnr", "psnr-ssim", "psnr-ms_ssim", "psnr-st_lpips", "psnr-gap", "accuracy", "accuracy-confusion"}
    lines = list(csv.DictReader(io.StringIO((out / "two.csv").read_text())))
    assert (lines[0]["accuracy"], lines[-1]["accuracy"], lines[-1]["psnr"]) == ("", "1.0000", "")
    assert tables.latex(load(out)).count(r"\begin{table*}") == 2


def test_panels_hold_the_baselines_beside_each_learned_codec(finished: Finished) -> None:
    known = finished.rows
    assert [name for name, _ in together(known)] == [""]
    twice = [*known, *(dataclasses.replace(one, codec="resnet50", scheme=one.scheme + 10) for one in known
                       if one.role == "learned")]
    groups = together(twice)
    assert [name for name, _ in groups] == ["efficientnet_lite0", "resnet50"]
    assert [len({one.scheme for one in group}) for _, group in groups] == [5, 5]
