"""What a measurement leaves behind."""

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

import pytest

from gensc.bench.output import plot, write_csv


@dataclass(frozen=True)
class Row:
    name: str
    value: float


def test_a_table_keeps_all_digits(tmp_path):
    write_csv([Row("a", 1 / 3), Row("b, c", 1e-9)], tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == 'name,value\na,0.3333333333333333\n"b, c",1e-09\n'


@pytest.mark.parametrize("rows", [[], [("a", 1)]])
def test_what_is_no_table_is_refused_and_leaves_no_file(rows, tmp_path):
    with pytest.raises(ValueError, match="no rows, or they are no dataclasses"):
        write_csv(rows, tmp_path / "a.csv")
    assert not any(tmp_path.iterdir())


def test_a_plot_has_a_line_for_each_curve_and_leaves_zeros_out(tmp_path):
    panels = {"QPSK": {"one": [(0.0, 0.1), (5.0, 0.0)], "two": [(0.0, 0.2), (5.0, 0.01)]},
              "16-QAM": {"two": [(0, 0.3)]}}
    plot(panels, tmp_path / "a.svg", "dB", "errors", "log")
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    lines = [group for group in root.iter("{http://www.w3.org/2000/svg}g") if group.get("id", "").startswith("axes_")]
    assert len(lines) == 2
    plot(panels, tmp_path / "b.svg", "dB", "errors", "log")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_sampled_marks_stand_beside_exact_lines(tmp_path):
    sampled = {"a": [(0.1, 0.2, 0.1, 0.3), (0.2, 0.0, 0.0, 0.1)], "b": [(0.1, 0.5), (0.3, 0.6)]}
    plot({"noise": sampled}, tmp_path / "a.svg", "p", "rate", "log", "log", {"noise": {"a": [(0.1, 0.25), (0.2, 0.3)]}})
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    groups = [group for group in root.iter("{http://www.w3.org/2000/svg}g")]
    assert sum(group.get("id", "").startswith("LineCollection") for group in groups) == 1
    plot({"noise": sampled}, tmp_path / "b.svg", "p", "rate", "log", "log")
    assert (tmp_path / "a.svg").read_bytes() != (tmp_path / "b.svg").read_bytes()


def test_the_ninth_line_is_not_drawn_as_the_first(tmp_path):
    def one(count):
        plot({"": {str(at): [(0, 1), (1, 2)] for at in range(count)}}, tmp_path / "a.svg", "x", "y")
        return (tmp_path / "a.svg").read_text().count("stroke-dasharray")

    # 1 of the first eight in four is whole, in the plot and in the legend.
    assert one(9) == one(8) + 2
