"""The TGn models: tap table, statistics, spectrum, and one channel at symbol and at sample level."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.integrate import quad

from gensc.channel.multipath import HALF_WIDTH, Grid, Paths, convolved, kernel, product, swept, turned
from gensc.channel.tgn import TGn, expansion, profile
from gensc.errors import InputError
from gensc.rng import Rng
from gensc.signal import Signal, State

INF = float("inf")
RMS_NS = {"A": 0.0, "B": 15.6, "C": 33.4, "D": 50.2, "E": 99.0, "F": 148.8}
ROOT = Path(__file__).parents[2]


def through(channel, x, rate_hz=None, snr_db=INF, seed=0):
    state = State.of(snr_db, len(x), Rng.seeded(seed, "tests"))
    return channel(Signal(x, state.n0, rate_hz=rate_hz), state)


def taps(channel, items, bandwidth_hz=20e6, seconds=0.0):
    """Tap gains complex64 [items,P] at a time."""
    paths = channel.paths(Rng.seeded(3, "tests").of(items), bandwidth_hz)
    return paths.at(torch.tensor([seconds], dtype=torch.float64))[:, :, 0]


@pytest.mark.parametrize("model", RMS_NS)
def test_the_rms_delay_spread_is_the_published_one(model):
    assert profile(model).rms_delay_spread_s * 1e9 == pytest.approx(RMS_NS[model], abs=0.05)
    assert float(profile(model).power.sum()) == pytest.approx(1, abs=1e-12)


def test_overlapping_clusters_add_their_powers():
    """Model B (IEEE 802.11-03/940r4, appendix C): the third tap holds both clusters."""
    power = profile("B").power
    expected = [0.0, -5.4, 10 * math.log10(10**-1.08 + 10**-0.32)]
    assert (10 * torch.log10(power[:3] / power[0])).tolist() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("los", "seconds"), [(False, 0.0), (True, 0.0), (True, 0.3)])
def test_measured_tap_powers_are_the_profile(los, seconds):
    channel = TGn("E", los=los, speed_kmh=1.2)
    power = taps(channel, 6_000, seconds=seconds).abs().double().square()
    error = power.std(dim=0) / math.sqrt(len(power))
    assert ((power.mean(dim=0) - profile("E").power).abs() < 4.5 * error).all()
    assert float(4.5 * error.max() / profile("E").power[error.argmax()]) < 0.1


@pytest.mark.parametrize("model", ["B", "F"])
def test_the_first_tap_has_the_models_k_factor(model):
    """K from the moments, as for `rician`; the other taps are Rayleigh: E|h|^4 = 2 (E|h|^2)^2."""
    power = taps(TGn(model, los=True), 20_000).abs().double().square()
    ratio = power.square().mean(dim=0) / power.mean(dim=0).square()
    share = math.sqrt(2 - float(ratio[0]))
    assert 10 * math.log10(share / (1 - share)) == pytest.approx(profile(model).k_db, abs=0.4)
    assert (ratio[1:] - 2).abs().max() < 0.2


def test_the_correlation_over_frequency_is_the_transform_of_the_profile(ones):
    h = through(TGn("D"), ones(6_000, 242)).h.to(torch.complex128)
    for apart in (1, 12, 60, 200):
        pairs = (h[:, apart:] * h[:, :-apart].conj()).mean(dim=1)
        turns = profile("D").delay_s * apart * 78125
        expected = complex((profile("D").power * torch.polar(torch.ones_like(turns), -2 * math.pi * turns)).sum())
        error = float(pairs.abs().square().mean().sqrt()) / math.sqrt(len(h))
        assert abs(complex(pairs.mean()) - expected) < 4.5 * error


@pytest.mark.parametrize(("bandwidth_mhz", "factor"), [(20, 1), (40, 1), (80, 2), (160, 4), (320, 8)])
def test_wide_bands_divide_the_tap_spacing(bandwidth_mhz, factor):
    assert expansion(bandwidth_mhz * 1e6) == factor
    assert TGn("D").profile(bandwidth_mhz * 1e6) is profile("D", factor)
    assert TGn("D", bandwidth_mhz=bandwidth_mhz).profile(20e6) is profile("D", factor)


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_interpolated_taps_lie_between_their_neighbours(factor):
    coarse, fine = profile("B"), profile("B", factor)
    assert torch.allclose(fine.delay_s.diff(), torch.full((8 * factor,), 10e-9 / factor, dtype=torch.float64))
    # One cluster alone on the first two taps: -5.4 dB a tap, so -5.4/factor dB a step.
    step = 10 * torch.log10(fine.power[1:factor] / fine.power[:factor - 1])
    assert torch.allclose(step, torch.full_like(step, -5.4 / factor), atol=1e-5)
    # The old taps keep their powers relative to each other.
    assert torch.allclose(fine.power[::factor] / fine.power[0], coarse.power / coarse.power[0])
    assert profile("A", factor).power.tolist() == [1.0]
    for model, rms_ns in RMS_NS.items():
        assert profile(model, factor).rms_delay_spread_s * 1e9 == pytest.approx(rms_ns, rel=0.09)


@pytest.mark.parametrize("lag_s", [0.01, 0.03, 0.1])
def test_the_doppler_spectrum_is_the_bell(lag_s):
    channel = TGn("B", speed_kmh=1.2)
    assert channel.doppler_hz == pytest.approx(5.84, abs=0.01)
    paths = channel.paths(Rng.seeded(3, "tests").of(4_000), 20e6)
    h = paths.at(torch.tensor([0.0, lag_s], dtype=torch.float64)).to(torch.complex128)
    power = profile("B").power.sqrt()[None, :]
    products = (h[:, :, 1] * h[:, :, 0].conj() / power.square()).flatten()
    edge = 5 * channel.doppler_hz

    def bell(f):
        return 1 / (1 + 9 * (f / channel.doppler_hz) ** 2)

    expected = quad(lambda f: bell(f) * math.cos(2 * math.pi * f * lag_s), 0, edge)[0] / quad(bell, 0, edge)[0]
    error = float(products.abs().std()) / math.sqrt(len(products))
    assert error < 0.01
    assert complex(products.mean()) == pytest.approx(expected, abs=4.5 * error)


def test_without_speed_every_ofdm_symbol_meets_the_same_gain_and_with_it_they_drift(ones):
    still = through(TGn(), ones(3, 484)).h
    assert torch.equal(still[:, :242], still[:, 242:])
    moving = through(TGn(speed_kmh=1000.0), ones(3, 484)).h
    change = (moving[:, 242:] - moving[:, :242]).abs()
    assert 1e-3 < float(change.mean()) < 0.3


@pytest.mark.parametrize("options", [{}, {"model": "F", "los": True}, {"model": "C", "speed_kmh": 1.2}], ids=str)
def test_a_waveform_meets_the_gains_that_its_symbols_meet(options):
    """An OFDM symbol with its cyclic prefix, sent as samples, arrives as H x with the H of the symbol level."""
    channel, items, size, prefix = TGn(**options), 6, 256, 96
    bits = Rng.seeded(9, "bits").of(items).uniform(242, 2)
    symbols = torch.view_as_complex(torch.where(bits < 0.5, 0.5**0.5, -(0.5**0.5)))
    offsets = Grid(242, 78125.0).offsets_hz(242) / 20e6
    waves = turned(offsets[:, None] * (torch.arange(prefix + size + 64) - prefix)).to(torch.complex128)
    samples = (symbols.to(torch.complex128) @ waves / math.sqrt(size)).to(torch.complex64)
    arrived = through(channel, samples, rate_hz=20e6).x[:, prefix:prefix + size].to(torch.complex128)
    seen = arrived @ waves[:, prefix:prefix + size].conj().T / math.sqrt(size)
    expected = through(channel, symbols).x
    # The tones at the edge of the band meet the kernel's slope: they are compared apart.
    error = (seen - expected).abs().square().mean(dim=0) / expected.abs().square().mean()
    assert 10 * math.log10(float(error[12:-12].mean())) < -55
    assert 10 * math.log10(float(error.mean())) < -36


def test_the_filter_delays_by_parts_of_a_sample_and_is_flat_in_the_band():
    n = torch.arange(400, dtype=torch.float64)
    for frequency, bound in ((0.0, 2.5e-3), (-0.3, 2.5e-3), (0.46, 2.5e-3), (0.473, 0.013)):
        wave = turned(frequency * n)[None]
        for delay in (0.5, 3.25):
            taps = kernel(torch.arange(80) - HALF_WIDTH - torch.tensor([[delay]])).to(torch.complex64)
            out = convolved(wave, taps, HALF_WIDTH)[0, 100:300]
            assert (out - turned(frequency * (n - delay))[100:300]).abs().max() < bound


def test_a_whole_delay_is_exact_and_nothing_comes_early():
    x = torch.zeros(1, 200, dtype=torch.complex64)
    x[0, 100] = 1
    whole = through(TGn("B", bandwidth_mhz=20.0), x, rate_hz=100e6).x[0]
    assert whole[:100].abs().max() < 1e-6 and whole[109:].abs().max() < 1e-6
    assert (whole[100:109].abs() > 1e-4).all()
    broken = through(TGn("B"), x, rate_hz=33e6).x[0]
    assert broken[:100 - HALF_WIDTH].abs().max() < 1e-6


def test_a_fast_channel_is_the_sum_of_its_moving_echoes():
    rate, samples = 1e6, 1_000
    channel = TGn("F", speed_kmh=30.0)
    x = torch.view_as_complex(Rng.seeded(1, "x").of(2).normal(samples, 2))
    rng = Rng.seeded(0, "tests").of(2).child("paths")
    paths = channel.paths(rng, rate)
    seconds = torch.arange(samples, dtype=torch.float64) / rate
    expected = torch.zeros_like(x)
    for p, h in enumerate(paths.at(seconds).unbind(1)):
        taps = kernel(torch.arange(80) - HALF_WIDTH - paths.delay_s[p] * rate).to(torch.complex64)
        expected += h * convolved(x, taps.expand(2, -1), HALF_WIDTH)
    out = through(channel, x, rate_hz=rate).x
    assert int(0.05 * rate / (2 * math.pi * channel.fastest_hz)) < samples / 10, "many stretches"
    assert float((out - expected).abs().square().mean() / expected.abs().square().mean()) < 1e-6


def test_stretches_meet_without_a_seam():
    x = torch.view_as_complex(Rng.seeded(1, "x").of(3).normal(500, 2))
    taps = torch.view_as_complex(Rng.seeded(2, "taps").of(3).normal(71, 2))
    whole = convolved(x, taps, HALF_WIDTH)
    for step in (1, 7, 64, 500, 900):
        assert torch.allclose(swept(x, lambda n: taps, step, HALF_WIDTH), whole, atol=1e-4)


def test_a_product_has_the_same_bits_in_every_batch():
    a, b = (torch.view_as_complex(Rng.seeded(seed, "x").of(7).normal(33, 2)) for seed in (1, 2))
    whole = product(a, b)
    assert torch.allclose(whole, a * b)
    assert all(torch.equal(product(a[i:i + 1], b[i:i + 1])[0], whole[i]) for i in range(7))


def test_paths_that_stand_still_have_one_gain_for_all_times():
    gain = torch.tensor([[[1 + 1j, 2]]])
    still = Paths(torch.zeros(1, dtype=torch.float64), gain).at(torch.arange(4, dtype=torch.float64))
    assert still.shape == (1, 1, 1) and complex(still) == 3 + 1j


@pytest.mark.parametrize(("options", "word"), [
    ({"model": "G"}, "model"), ({"speed_kmh": -1.0}, "speed_kmh"), ({"carrier_ghz": 0.0}, "carrier_ghz"),
    ({"bandwidth_mhz": math.nan}, "bandwidth_mhz"), ({"tones": 0}, "tones"), ({"spacing_hz": 0.0}, "spacing_hz"),
], ids=str)
def test_settings_without_meaning_are_refused(options, word):
    with pytest.raises(InputError, match=word):
        TGn(**options)


@pytest.mark.parametrize("rate_hz", [0.0, -1.0, math.nan, INF])
def test_a_rate_without_meaning_is_refused(ones, rate_hz):
    with pytest.raises(InputError, match="rate_hz"):
        through(TGn(), ones(1, 8), rate_hz=rate_hz)


def test_the_packaged_table_has_the_published_taps():
    reference = ROOT.parent / "shared" / "reference" / "tgn_channels.json"
    if not reference.exists():
        pytest.skip("no reference table")
    for model, table in json.loads(reference.read_text()).items():
        power = np.zeros(len(table["delay_ns"]))
        for cluster in table["clusters"]:
            first = cluster["first_tap"]
            power[first:first + len(cluster["power_db"])] += 10 ** (np.array(cluster["power_db"]) / 10)
        assert np.allclose(profile(model).power.numpy(), power / power.sum(), atol=1e-6)
        assert np.allclose(profile(model).delay_s.numpy() * 1e9, table["delay_ns"])
