"""Packet error rate of the whole receiver against the code's own: the measured gap, and how it is computed."""

import csv
import math
from pathlib import Path

import pytest

from gensc.bench.wifi7 import MCS_SHOWN, Point, gap_db, measure, snr_at, table

MEASURED = Path(__file__).parents[2] / "docs" / "measured" / "wifi7_per.csv"


def test_gap_is_read_between_points() -> None:
    points = [Point(4, receiver, snr + shift, 1000, errors) for receiver, shift in (("alone", 0.0), ("whole", 0.5))
              for snr, errors in ((10.0, 1000), (11.0, 100), (12.0, 10))]
    assert snr_at(points, 4, "alone", 0.1) == pytest.approx(11.0)
    assert gap_db(points, 4, 0.03) == pytest.approx(0.5)
    assert math.isnan(snr_at(points, 4, "alone", 1e-4))


@pytest.mark.parametrize(("mcs", "alone_db"), [(0, -1.61), (7, 16.83), (13, 32.56)])
def test_whole_receiver_is_within_a_decibel_of_its_code(mcs: int, alone_db: float) -> None:
    """At the Es/N0 where the code alone loses a tenth: it does, and the receiver does no worse 1 dB above."""
    alone = measure(mcs, alone_db, 150, whole=False)
    assert 0.03 < alone.rate < 0.25
    assert measure(mcs, alone_db + 1, 100, whole=True, seed=1).rate < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("mcs", MCS_SHOWN)
def test_curves(mcs: int) -> None:
    points = table([mcs], packets=400, lowest=5e-3)
    assert 0 < gap_db(points, mcs, 0.1) < 1 and 0 < gap_db(points, mcs, 0.02) < 1


@pytest.mark.skipif(not MEASURED.exists(), reason="no measured curves in this copy")
@pytest.mark.parametrize("mcs", MCS_SHOWN)
def test_curves_in_the_docs_show_the_gap(mcs: int) -> None:
    with MEASURED.open(newline="") as file:
        points = [Point(int(r["mcs"]), r["receiver"], float(r["snr_db"]), int(r["packets"]), int(r["errors"]))
                  for r in csv.DictReader(file)]
    assert gap_db(points, mcs, 0.1) < 1 and gap_db(points, mcs, 0.01) < 1
