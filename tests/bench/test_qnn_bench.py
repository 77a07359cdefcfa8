"""The figures of the quantum layer: same gradients, memory within what was stated, curves."""

import pytest
import torch

from gensc.bench.qnn import Size, panels, rows, sizes


def test_rows_hold_equal_gradients_and_ratios(monkeypatch):
    # Past it, the slowest pass is left out.
    monkeypatch.setattr("gensc.bench.qnn.FULL_BATCH", 1)
    found = list(rows(batches=(2,), repeats=1))
    peers = ["default.qubit backprop", "lightning.qubit adjoint, weights alone"]
    assert [row.engine for row in found] == ["gensc", *peers, "gensc", "gensc", "gensc"]
    assert all(row.gradient_difference < 1e-5 for row in found)
    assert found[1].ratio == found[1].seconds / found[0].seconds
    assert {row.threads for row in found} == {torch.get_num_threads()}
    assert [row.batch for row in found] == [2] * 6


def test_time_and_memory_have_a_panel_each():
    seconds, grown = panels([Size(engine, "strong", wires, 10, 2**wires, 32, 0.01 * wires, wires << 20, stated)
                             for engine, stated in (("gensc", 3 << 20), ("default.qubit backprop", 0))
                             for wires in (4, 6)]).values()
    assert list(seconds) == ["gensc, strong", "default.qubit backprop, strong"]
    assert all(curve == [(4, 0.04), (6, 0.06)] for curve in seconds.values())
    assert grown["gensc, strong"] == [(4, 4.0), (6, 6.0)] and grown["stated, strong"] == [(4, 3.0), (6, 3.0)]
    assert len(grown) == 3


@pytest.mark.slow
def test_memory_stays_within_what_was_stated():
    for one in sizes(wires=(12, 15), repeats=1):
        assert one.engine != "gensc" or 0 <= one.grown_bytes <= one.stated_bytes
