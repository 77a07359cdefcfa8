"""Rows, table and plot of key rates over distance."""

import csv
from pathlib import Path

import pytest

from gensc.bench.cvqkd import BOUND, plot, rates, write_csv
from gensc.errors import InputError


def test_rows_table_and_plot(tmp_path: Path) -> None:
    rows = list(rates(distances_km=(25.0, 50.0, 100.0), blocks=(10**7, 10**9)))
    asymptotic = [row.bits for row in rows if row.detector == "homodyne" and row.pulses is None]
    assert asymptotic == pytest.approx([0.0916266, 0.0228661, 0.00196695], rel=1e-5)
    for row in rows:
        bound = next(one.bits for one in rows if one.km == row.km and one.detector == BOUND)
        whole = next(one.bits for one in rows if (one.km, one.detector, one.pulses) == (row.km, row.detector, None))
        assert row.bits <= whole <= bound
        assert (row.bits == 0) == (row.reason is not None)
    write_csv(rows, tmp_path / "rates.csv")
    table = list(csv.DictReader((tmp_path / "rates.csv").open()))
    assert [float(line["bits"]) for line in table] == [row.bits for row in rows]
    plot(rows, tmp_path / "rates.svg")
    assert "<svg" in (tmp_path / "rates.svg").read_text()


def test_no_distances_are_refused() -> None:
    with pytest.raises(InputError, match="distances"):
        list(rates(distances_km=()))
