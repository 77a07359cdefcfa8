"""Rows and curves of key rates over distance."""

import pytest

from gensc.bench.cvqkd import BOUND, panels, rates
from gensc.errors import InputError


def test_rows_and_curves() -> None:
    rows = list(rates(distances_km=(25.0, 50.0, 100.0), blocks=(10**7, 10**9)))
    asymptotic = [row.bits for row in rows if row.detector == "homodyne" and row.pulses is None]
    assert asymptotic == pytest.approx([0.0916266, 0.0228661, 0.00196695], rel=1e-5)
    for row in rows:
        bound = next(one.bits for one in rows if one.km == row.km and one.detector == BOUND)
        whole = next(one.bits for one in rows if (one.km, one.detector, one.pulses) == (row.km, row.detector, None))
        assert row.bits <= whole <= bound
        assert (row.bits == 0) == (row.reason is not None)
    whole, finite = panels(rows).values()
    assert len(whole) == 5 and list(finite) == [BOUND, "homodyne", "10 million pulses", "1,000 million pulses"]
    assert [bits for _, bits in whole["homodyne"]] == asymptotic and whole["homodyne"] is finite["homodyne"]
    assert [km for km, _ in finite["10 million pulses"]] == [25.0, 50.0, 100.0]


def test_no_distances_are_refused() -> None:
    with pytest.raises(InputError, match="distances"):
        list(rates(distances_km=()))
