"""The figures of the quantum layer: same gradients, memory within what was stated, files written."""

import csv

import pytest
import torch

from gensc.bench.qnn import Size, plot, rows, sizes, write_csv


def test_rows_hold_equal_gradients_and_ratios(tmp_path, monkeypatch):
    # Past it, the slowest pass is left out.
    monkeypatch.setattr("gensc.bench.qnn.FULL_BATCH", 1)
    found = list(rows(batches=(2,), repeats=1))
    peers = ["default.qubit backprop", "lightning.qubit adjoint, weights alone"]
    assert [row.engine for row in found] == ["gensc", *peers, "gensc", "gensc", "gensc"]
    assert all(row.gradient_difference < 1e-5 for row in found)
    assert found[1].ratio == found[1].seconds / found[0].seconds
    assert {row.threads for row in found} == {torch.get_num_threads()}
    write_csv(found, tmp_path / "qnn.csv")
    with (tmp_path / "qnn.csv").open() as file:
        assert [row["batch"] for row in csv.DictReader(file)] == ["2"] * 6


def test_the_plot_is_drawn(tmp_path):
    plot([Size(engine, "strong", wires, 10, 2**wires, 32, 0.01 * 2**wires, 2**wires << 12, 2**wires << 13)
          for engine in ("gensc", "default.qubit backprop") for wires in (4, 6)], tmp_path / "qnn.png")
    assert (tmp_path / "qnn.png").read_bytes()[1:4] == b"PNG"


@pytest.mark.slow
def test_memory_stays_within_what_was_stated():
    for one in sizes(wires=(12, 15), repeats=1):
        assert one.engine != "gensc" or 0 <= one.grown_bytes <= one.stated_bytes
