"""The bench of QPU nodes: its settings, and one of them measured, written and drawn."""

import csv

import numpy as np

from gensc.bench import nodes
from gensc.bench.output import write_csv
from gensc.quantum.nodes.node import Node


def test_the_first_setting_is_one_noiseless_synchronous_node():
    first, *others = nodes.settings()
    assert first.nodes == (Node(),) and first.staleness is None
    assert {len(one.nodes) for one in others} == {1, 2, 4}
    names = [(one.name, len(one.nodes)) for one in (first, *others)]
    assert len(set(names)) == len(names)


def test_a_setting_is_measured_written_and_drawn(tmp_path):
    setting = nodes.Setting("noisy, short", (nodes.NOISE,))
    (row, curve), = nodes.measure(2, [setting])
    assert (row.setting, row.nodes, row.steps, row.staleness, row.living, row.note) == (setting.name, 1, 2, -1, 1, "")
    assert [point.step for point in curve] == [0, 1] and curve[-1].loss == row.loss and curve[-1].seconds == row.seconds
    assert row.steps_per_second == 2 / row.seconds and np.isfinite(row.loss) and 0 <= row.accuracy <= 1
    write_csv([row], tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open() as opened:
        read, = csv.DictReader(opened)
    assert float(read["loss"]) == row.loss
    (line,), = (panel.values() for panel in nodes.panels(curve).values())
    assert line == [(point.seconds, point.loss) for point in curve]
