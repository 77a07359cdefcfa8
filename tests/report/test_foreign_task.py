"""A task from outside, of which gensc knows nothing but what it declares, is in everything that a report is."""

import csv
import io
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from picture_results import fill_pictures
from rich.console import Console
from torch import Tensor

from gensc import registry
from gensc.batch import Batch
from gensc.config import EvaluateSpec, Experiment, LinkSpec, Part
from gensc.data.picture import image_of
from gensc.experiment.sweep import Job, shown_file
from gensc.metric.estimate import mean
from gensc.metric.figures import Measure
from gensc.report import write
from gensc.report.gallery import FONT, GAP, LEAST, LINES, of_results
from gensc.report.rows import Row, load
from gensc.report.summary import summary
from gensc.task import Task

ERROR = Measure("depth_error", "depth error", "m", 3, more_is_better=False, chance=2.5,
                note="The depth error is the mean over the pixels in metres.")
EDGE = Measure("edge", "edge F-measure", perceptual=True)
HARD, RARE = Measure("hard", "hard pixels"), Measure("rare", "rare slips", digits=7, more_is_better=False)
LEVEL = {"analog": (1.0, 0.5), "digital": (2.0, 0.25)}
SPREAD = np.array([-0.2, -0.1, 0.1, 0.2])


class Depth(Task):
    """Metres to each pixel; scored per item, less is better."""

    measures = (ERROR, EDGE, HARD, RARE)
    rival = "picture"

    def bind(self, form):
        pass

    def forward(self, received, state):
        return received["main"]

    def loss(self, prediction: Tensor, batch: Batch) -> Tensor:
        return prediction.square().mean()

    def score(self, prediction: Tensor, batch: Batch) -> dict[str, Tensor]:
        return {measure.name: prediction.flatten(1).mean(dim=1) for measure in self.measures}

    def summarise(self, runs):
        return {measure.name: mean(np.stack([run[measure.name] for run in runs])) for measure in self.measures}


def columns(job: Job, snr_db: float) -> dict[str, np.ndarray]:
    error = LEVEL[job.experiment.link.transport.name][0 if snr_db == 0 else 1] + SPREAD
    return {"depth_error": error, "edge": 1 / (1 + error), "hard": error / 10, "rare": error * 1e-6,
            "ok": np.ones(4, dtype=bool)}


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learned link over two channels and the separate baseline, at 0 and 10 dB; not yet reported."""
    registry.names("task")
    monkeypatch.setitem(registry._PARTS, "task", dict(registry._PARTS["task"]))
    registry.register("task", "depth")(Depth)
    learned = {"link.codec.name": "backbone", "link.transport.name": "analog"}
    schemes = (learned, {**learned, "link.channel.name": "rayleigh"},
               {"link.codec.name": "picture", "link.codec.format": "webp", "link.transport.name": "digital",
                "link.transport.uses": 512})
    experiment = Experiment(name="depths", seeds=(0, 1), link=LinkSpec(task=Part("depth")), schemes=schemes,
                            evaluate=EvaluateSpec(snr_db=(0.0, 10.0)))
    return fill_pictures(tmp_path, experiment, columns, bits=4096)


def row(rows: tuple[Row, ...], scheme: int, snr_db: float) -> Row:
    return next(one for one in rows if (one.scheme, one.snr_db) == (scheme, snr_db))


def test_rows_hold_what_the_task_declares(out: Path) -> None:
    rows = load(out).rows
    best = row(rows, 2, 10.0)
    assert (best.task, best.role, best.headline, best.measures) == ("depth", "separate", "depth_error", Depth.measures)
    assert best.leading.value == pytest.approx(0.25) and best.confusion is None
    assert best.values is not None and best.values.tolist() == [(0.25 + SPREAD).tolist()] * 2


def test_it_is_in_the_table_and_the_csv(out: Path) -> None:
    write(out)
    lines = list(csv.DictReader(io.StringIO((out / "depths.csv").read_text())))
    assert [(line["task"], line["depth_error"]) for line in lines] == [
        ("depth", value) for value in ("1.0000", "0.5000", "1.0000", "0.5000", "2.0000", "0.2500")]
    assert float(lines[0]["depth_error_low"]) < 1 < float(lines[0]["depth_error_high"])
    # As many decimals as the measure says it is worth.
    assert lines[0]["rare"] == "0.0000010" and lines[0]["hard"] == "0.1000"
    table = (out / "depths.tex").read_text()
    assert r"Depth error (m) $\downarrow$ & Edge F-measure & Hard pixels &" in table and "slips" not in table
    assert r"webp & depth & digital & awgn & 512 & 0.00 & 2.000 &" in table


def test_it_is_on_the_terminal(out: Path) -> None:
    printed = io.StringIO()
    write(out, Console(file=printed, width=110))
    assert "depths: depth error in m (± 95 % interval; lower is better)" in printed.getvalue()
    assert re.search(r"webp +digital +awgn .* 2\.000 ±0\.\d{3} +0\.250 ±0\.\d{3}", printed.getvalue())


def test_it_is_drawn_with_what_guessing_gives(out: Path) -> None:
    write(out)
    drawn = {path.stem: path.read_text() for path in (out / "plots").iterdir()}
    assert set(drawn) == {"depth_error", "edge", "gap"}
    # Text is drawn as outlines; matplotlib leaves each string in a comment.
    assert "<!-- Depth error (m) (lower is better) -->" in drawn["depth_error"]
    assert "<!-- chance -->" in drawn["depth_error"] and "<!-- chance -->" not in drawn["edge"]
    assert "<!-- Depth error gap to AWGN (m) -->" in drawn["gap"]


def test_it_is_on_the_page_and_in_its_summary(out: Path) -> None:
    text = write(out).read_text()
    for said in ("Depth error (m) ↓", "Small below the depth error", "Edge F-measure", "plot-depth_error",
                 "The depth error is the mean over the pixels in metres.", "<strong>Separate</strong>"):
        assert said in text
    sentences = " ".join(summary(load(out))).replace("\N{NO-BREAK SPACE}", " ")
    assert "At 10 dB, the depth error of webp + digital over awgn is 0.250 m, where less is better (" in sentences
    assert "the lowest of 3 schemes" in sentences and "chance is 2.500 m" in sentences
    assert "At 0 dB the lowest depth error is 1.000 m, of" in sentences


def test_its_pictures_are_in_the_gallery_at_their_own_shape(out: Path) -> None:
    """The picture that was sent and one as the first scheme shows it, 30 x 20 px, enlarged until text fits below."""
    assert of_results(out, load(out).rows) is None
    for file, level in ((shown_file(out, None, 10.0), 0.0), (shown_file(out, 0, 10.0), 1.0)):
        file.parent.mkdir(exist_ok=True)
        image_of(torch.full((3, 20, 30), level)).save(file)
    rows = tuple(one for one in load(out).rows if one.snr_db == 10)
    drawn = of_results(out, rows)
    assert drawn is not None
    side = np.asarray(drawn)
    wide, high, head = 30 * LEAST // 30, 20 * LEAST // 30, FONT + GAP
    assert side.shape[1] == GAP + 2 * (wide + GAP) and side.shape[0] == 2 * GAP + head + high + LINES * (FONT + 4)
    assert (side[GAP + head : GAP + head + high, GAP : GAP + wide] == 0).all()
    assert (side[GAP + head : GAP + head + high, 2 * GAP + wide : 2 * (GAP + wide)] == 255).all()
    write(out)
    assert (out / "pictures" / "gallery.png").exists()
