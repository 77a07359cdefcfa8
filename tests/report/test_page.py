"""The page and its plots: self-contained, honest about conventions and about what is missing."""

import base64
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from synthetic_results import fill, wrong_first

from gensc.config import EvaluateSpec, Experiment
from gensc.experiment.sweep import Job
from gensc.report import write
from gensc.report.names import named, varying
from gensc.report.plots import plots
from gensc.report.rows import load
from gensc.report.style import spread
from gensc.report.summary import summary


class Page(HTMLParser):
    """Collects what a page would ask for, and its ids."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "link", "iframe")
        for name, value in attrs:
            if (tag, name) == ("img", "src"):
                assert value and value.startswith("data:image/png;base64,")
            elif name in ("src", "href", "xlink:href", "srcset"):
                self.asked.append(value or "")
            if name == "id":
                self.ids.append(value or "")


@pytest.fixture
def both_conventions(tmp_path: Path) -> Path:
    """The two conventions on the same features, at 10 and "30"."""
    schemes = ({"link.transport.convention": "true"}, {"link.transport.convention": "gensc6g"})
    experiment = Experiment(name="both", seeds=(0,), schemes=schemes, evaluate=EvaluateSpec(snr_db=(10.0, 30.0)))
    return fill(tmp_path, experiment, lambda job, snr_db, label: label, np.arange(8) % 4)


def test_the_page_asks_nothing_of_the_network(small: Path) -> None:
    text = write(small).read_text()
    page = Page()
    page.feed(text)
    assert page.asked
    assert all(one.startswith("#") for one in page.asked)
    assert not re.search(r"@import|url\((?!#)", text)


def test_pictures_beside_the_results_are_in_the_page(small: Path) -> None:
    png = bytes.fromhex("89504e470d0a1a0a")
    (small / "pictures").mkdir()
    for name in ("b_10_dB.png", "a & b.png", "notes.txt"):
        (small / "pictures" / name).write_bytes(png)
    text = write(small).read_text()
    Page().feed(text)
    assert re.findall(r"<figcaption>(a &amp; b|b 10 dB|notes)</figcaption>", text) == ["a &amp; b", "b 10 dB"]
    assert text.count(f"data:image/png;base64,{base64.b64encode(png).decode()}") == 2


def test_ids_are_unique_and_references_lead_somewhere(small: Path) -> None:
    page = Page()
    page.feed(write(small).read_text())
    assert len(set(page.ids)) == len(page.ids)
    assert {one.removeprefix("#") for one in page.asked} <= set(page.ids)


def test_the_page_says_where_it_comes_from(small: Path) -> None:
    text = write(small).read_text()
    for said in ("gensc run table1", "torch 2.13.0", "vehicles, a share held out", "d1", "Fighter_Jet",
                 "`gensc zoo pull resnet50`", "[evaluate]"):
        assert said in text
    assert "points finished" not in text


def test_partial_results_make_a_page_that_says_so(tmp_path: Path, two_schemes: Experiment) -> None:
    fill(tmp_path, two_schemes, lambda job, snr_db, label: label, np.arange(8) % 4, points=5)
    text = write(tmp_path).read_text()
    assert "5 of 8 points finished." in text
    assert "analog: 1 of 4 points finished" in text
    assert "not yet" in text


def test_text_from_outside_is_escaped(tmp_path: Path) -> None:
    experiment = Experiment(name="<b>a & b</b>/..", seeds=(0,), evaluate=EvaluateSpec(snr_db=(10.0,)))
    fill(tmp_path, experiment, lambda job, snr_db, label: label, np.arange(8) % 4)
    assert "<h1>&lt;b&gt;a &amp; b&lt;/b&gt;/..</h1>" in write(tmp_path).read_text()
    assert (tmp_path / "_b_a_b_b_...csv").exists()


def test_the_summary_in_plain_words(small: Path) -> None:
    said = " ".join(summary(load(small))).replace("\N{NO-BREAK SPACE}", " ")
    assert "At 10 dB, the accuracy of features over awgn is 81.2 % (95 % interval 42.3 to 96.2 %, 8 test items" in said
    assert "the highest of 2 schemes (1 other with overlapping intervals)" in said
    assert "With 10 times fewer channel uses (64 instead of 640 an item), analog over awgn reaches 75.0 %" in said
    assert "At 0 dB the highest accuracy is 62.5 %, of analog over awgn; features over awgn has 43.8 %" in said


def test_the_summary_says_where_the_best_is_the_cheapest(tmp_path: Path, two_schemes: Experiment) -> None:
    def predict(job: Job, snr_db: float, label: np.ndarray) -> np.ndarray:
        return wrong_first(label, 0 if job.experiment.link.transport.name == "analog" else 4)

    said = " ".join(summary(load(fill(tmp_path, two_schemes, predict, np.arange(8) % 4))))
    assert "No scheme takes fewer channel uses: 64 an item, where the dearest takes 640." in said
    assert "At 0 dB the highest accuracy is 100.0 %, of the same scheme." in said.replace("\N{NO-BREAK SPACE}", " ")


def test_gensc6g_is_marked_wherever_it_appears(both_conventions: Path) -> None:
    text = write(both_conventions).read_text()
    assert 'features <span class="mark">[gensc6g]</span>' in text
    assert "What &#34;30&#34; really means" in text
    assert "&#34;30&#34; is 14.8 dB" in text
    drawn = {plot.name: plot for plot in plots(load(both_conventions))}
    assert set(drawn) == {"accuracy", "conventions", "confusion"}
    # Text is drawn as outlines; matplotlib leaves each string in a comment.
    assert "(number taken as plain ratio)" in drawn["accuracy"].svg
    assert '"30" is 14.8 dB' in drawn["conventions"].svg


def test_a_gap_is_drawn_where_a_twin_over_awgn_exists(tmp_path: Path) -> None:
    experiment = Experiment(seeds=(0,), schemes=({"link.channel.name": "awgn"}, {"link.channel.name": "rayleigh"}),
                            evaluate=EvaluateSpec(snr_db=(10.0, float("inf"))))
    fill(tmp_path, experiment, lambda job, snr_db, label: label, np.arange(8) % 4)
    assert [plot.name for plot in plots(load(tmp_path))] == ["accuracy", "gap", "confusion"]


def test_svg_files_carry_no_date(small: Path) -> None:
    write(small)
    for file in (small / "plots").iterdir():
        assert "<metadata>" not in file.read_text()


def test_names_leave_out_what_all_have_in_common(small: Path) -> None:
    known = load(small).rows
    assert varying(known) == ("transport",)
    assert named(known[-1], ("transport", "uses")) == "analog, 64 uses"


def test_labels_are_spread_without_overlap() -> None:
    assert spread([0.5, 0.5, 0.5], [0.1, 0.1, 0.1]) == pytest.approx([0.5, 0.6, 0.7])
    assert spread([0.9, 0.95, 1.0], [0.1, 0.2, 0.1]) == pytest.approx([0.65, 0.8, 0.95])
