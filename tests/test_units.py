import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gensc import units
from gensc.errors import InputError

DB = st.floats(-100, 100, allow_nan=False)


@given(DB)
def test_decibels_there_and_back(db):
    assert float(units.ratio_to_db(units.db_to_ratio(db))) == pytest.approx(db, abs=1e-5)


@given(DB)
def test_noise_power_is_the_inverse_ratio(db):
    assert float(units.noise_power(db)) == pytest.approx(10 ** (-db / 10), rel=1e-6)
    assert float(units.noise_power(db) * units.db_to_ratio(db)) == pytest.approx(1, rel=1e-6)


def test_known_values():
    assert units.db_to_ratio(torch.tensor([0.0, 3.0, 10.0, -10.0])).tolist() == pytest.approx([1, 1.9952623, 10, 0.1])
    assert units.db_to_ratio(3.0).dtype == units.noise_power(3.0).dtype == torch.float32
    assert float(units.ratio_to_db(30.0)) == pytest.approx(14.7712, abs=1e-4)
    assert float(units.noise_power(math.inf)) == 0
    assert float(units.ratio_to_db(0.0)) == -math.inf


def test_airtime_is_uses_over_bandwidth():
    assert units.airtime_s(torch.tensor([128.0, 256.0]), 20e6).tolist() == pytest.approx([6.4e-6, 12.8e-6])


@pytest.mark.parametrize("bandwidth", [0, -1.0, math.nan])
def test_airtime_needs_a_bandwidth(bandwidth):
    with pytest.raises(InputError, match="bandwidth_hz"):
        units.airtime_s(128, bandwidth)


@given(st.one_of(st.floats(-50, 50), st.integers(-50, 50)), st.integers(1, 5))
def test_a_number_of_decibels_is_spread_over_the_items(db, items):
    assert units.checked_snr_db(db, items).tolist() == pytest.approx([db] * items, abs=1e-5)


def test_a_list_or_tensor_is_kept_item_by_item():
    assert units.checked_snr_db([0.0, 20.0], 2).tolist() == [0.0, 20.0]
    assert units.checked_snr_db(torch.tensor([1, 2]), 2).dtype == torch.float32
    assert units.checked_snr_db(math.inf, 2).tolist() == [math.inf] * 2


@pytest.mark.parametrize(("bad", "message"), [
    (math.nan, "nan"), ([1.0, math.nan], "nan"), (-math.inf, "-inf"), ([1.0, 2.0, 3.0], r"shape \(3,\).*2 items"),
    (torch.ones(2, 1), "shape"),
])
def test_what_is_no_snr_is_refused_and_named(bad, message):
    with pytest.raises(InputError, match=message):
        units.checked_snr_db(bad, 2)
