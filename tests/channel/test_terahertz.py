"""Absorption against the validation examples of ITU-R P.676 and against ITU-Rpy; the link built on it."""

import math

import pytest
import torch

from gensc.channel.gases import attenuation_db_km
from gensc.channel.multipath import turned
from gensc.channel.terahertz import Terahertz
from gensc.errors import InputError
from gensc.rng import Rng
from gensc.signal import Signal, State

INF = float("inf")
# ITU-R study group 3 validation examples CG-3M3J-13, sheet "P.676-13 SpAtt": oxygen + water vapour in dB/km at
# 1013.25 hPa of dry air, 15 C, 7.5 g/m3.
OFFICIAL = {12.0: 0.00869826406877357 + 0.00953538822024593, 20.0: 0.0118835504778076 + 0.0970473048151117,
            60.0: 14.6234747964861 + 0.154841840636247, 90.0: 0.0388697110724235 + 0.341973394422181,
            130.0: 0.0415090835995228 + 0.751844704}
# ITU-Rpy 0.4.0, P.676-12 `gamma_exact`: (temperature in C, dry hPa, g/m3) and dB/km at FREQUENCIES.
FREQUENCIES = [22.235, 118.75, 183.31, 220.0, 300.0, 325.153, 380.2, 410.0, 448.0, 557.0, 670.0, 752.0, 850.0, 1000.0]
ITU_RPY = {
    (15.0, 1013.25, 7.5): [0.19227, 1.94893, 28.02047, 2.48681, 5.24709, 37.9944, 299.90075, 17.60998, 352.32567,
                           17107.15367, 63.03056, 11261.18637, 78.73646, 695.77218],
    (-10.0, 700.0, 1.5): [0.05656, 1.7332, 8.9698, 0.41904, 0.87541, 10.64831, 95.40803, 2.9466, 105.21719,
                          5926.99768, 10.68752, 3805.21161, 13.12881, 123.52443],
    (35.0, 1000.0, 20.0): [0.46925, 2.73906, 65.20918, 6.39995, 13.50618, 93.66089, 703.07112, 44.28572, 852.70918,
                           38341.9297, 156.23642, 25700.25992, 202.15867, 1655.82211],
}


def through(channel, x, rate_hz=None, snr_db=INF):
    state = State.of(snr_db, len(x), Rng.seeded(0, "tests"))
    return channel(Signal(x, state.n0, rate_hz=rate_hz), state)


@pytest.mark.parametrize("frequency", OFFICIAL)
def test_attenuation_is_that_of_the_official_examples(frequency):
    seen = float(attenuation_db_km(torch.tensor([frequency], dtype=torch.float64)))
    assert seen == pytest.approx(OFFICIAL[frequency], rel=1e-8)


@pytest.mark.parametrize("air", ITU_RPY, ids=str)
def test_attenuation_is_that_of_another_implementation(air):
    seen = attenuation_db_km(torch.tensor(FREQUENCIES, dtype=torch.float64), *air)
    assert seen.tolist() == pytest.approx(ITU_RPY[air], rel=2e-4)


@pytest.mark.parametrize(("low", "high", "peak_ghz", "db_km"), [
    (20, 25, 22.7, 0.194), (55, 65, 61.0, 15.1), (115, 122, 118.75, 1.95), (170, 200, 183.3, 28.0),
    (320, 330, 325.15, 38.0), (540, 570, 556.94, 17_100)])
def test_lines_stand_where_the_figures_show_them(low, high, peak_ghz, db_km):
    """Peaks of figure 1 of the recommendation (dry air and 7.5 g/m3 together)."""
    f = torch.linspace(low, high, 4001, dtype=torch.float64)
    level = attenuation_db_km(f)
    assert float(f[level.argmax()]) == pytest.approx(peak_ghz, abs=0.2)
    assert float(level.max()) == pytest.approx(db_km, rel=0.03)


def test_the_band_is_coloured_by_both_losses_and_has_unit_mean_power(ones):
    channel = Terahertz(325.0, 100.0, 20.0, tones=201)
    power = through(channel, ones(2, 201)).h.abs().double().square()[0]
    assert float(power.mean()) == pytest.approx(1, abs=1e-5)
    edges = torch.tensor([325 - 100 * 20 / 201, 325 + 100 * 20 / 201], dtype=torch.float64)
    spreading = 20 * math.log10(float(edges[1] / edges[0]))
    absorbed = attenuation_db_km(edges) * 0.1
    expected = spreading + float(absorbed[1] - absorbed[0])
    assert 10 * math.log10(float(power[0] / power[-1])) == pytest.approx(expected, abs=1e-3)
    assert int(power.argmin()) in range(100, 105), "the line at 325.15 GHz"
    assert float(power.max() / power.min()) > 1.5


def test_symbols_go_round_the_tones(ones):
    channel = Terahertz(tones=16, carrier_ghz=380.0, distance_m=50.0)
    out = through(channel, ones(3, 40))
    assert torch.equal(out.h[:, :16], out.h[:, 16:32]) and torch.equal(out.x, out.h)
    assert not Terahertz().block_fading and Terahertz(tones=1).block_fading


@pytest.mark.parametrize("share", [-0.4, -0.1, 0.0, 0.007, 0.3])
def test_samples_meet_the_gain_of_their_frequency(share):
    rate = 20e9
    channel = Terahertz(325.0, 100.0, 20.0)
    wave = turned(share * torch.arange(600, dtype=torch.float64))[None]
    seen = through(channel, wave, rate_hz=rate).x[0, 100:-100] / wave[0, 100:-100]
    grid = (torch.arange(2_000, dtype=torch.float64) / 2_000 - 0.5) * rate
    loss = sum(channel.loss_db(grid))
    mean = -10 * math.log10(float((10 ** (-loss / 10)).mean()))
    expected = mean - float(sum(channel.loss_db(torch.tensor([share * rate], dtype=torch.float64))))
    assert 20 * torch.log10(seen.abs().mean()) == pytest.approx(expected, abs=0.06)
    assert float(seen.angle().abs().max()) < 1e-3


def test_a_line_that_takes_everything_leaves_finite_gains(ones):
    out = through(Terahertz(557.0, 1_000.0, 10.0), ones(1, 256))
    assert torch.isfinite(out.h.abs()).all()
    assert float(out.h.abs().square().mean()) == pytest.approx(1, abs=1e-5)


def test_the_link_budget_adds_up():
    """10 m at 300 GHz: 101.98 dB of spreading and 0.052 dB of absorption (5.25 dB/km)."""
    budget = Terahertz(300.0, 10.0, 1.0).link_budget(10.0, 25.0, 30.0, 8.0)
    assert budget.spreading_db == pytest.approx(20 * math.log10(4 * math.pi * 10 * 300e9 / 299792458), abs=1e-3)
    assert budget.absorption_db == pytest.approx(0.05247, abs=1e-4)
    noise_dbm = 10 * math.log10(1.380649e-23 * 290 * 1e9) + 30 + 8
    expected = 10 + 25 + 30 - budget.spreading_db - budget.absorption_db - noise_dbm
    assert budget.snr_db == pytest.approx(expected, abs=1e-3)
    twice = Terahertz(300.0, 20.0, 1.0).link_budget(10.0, 25.0, 30.0, 8.0)
    assert budget.snr_db - twice.snr_db == pytest.approx(6.0206 + 0.0525, abs=1e-3)


@pytest.mark.parametrize(("options", "word"), [
    ({"carrier_ghz": 1200.0}, "GHz"), ({"carrier_ghz": 300.0, "bandwidth_ghz": 1500.0}, "GHz"),
    ({"distance_m": 0.0}, "distance_m"), ({"bandwidth_ghz": math.nan}, "bandwidth_ghz"), ({"tones": 0}, "tones"),
    ({"temperature_c": -300.0}, "temperature_c"), ({"pressure_hpa": -1.0}, "pressure_hpa"),
    ({"water_g_m3": math.inf}, "water_g_m3"),
], ids=str)
def test_settings_without_meaning_are_refused(options, word):
    with pytest.raises(InputError, match=word):
        Terahertz(**options)
