"""Clock errors: the phases they turn, alone and in a chain, on symbols and on samples."""

import math

import pytest
import torch
from scipy.stats import kstest

from gensc.channel import Chain
from gensc.channel.multipath import Grid, turned
from gensc.channel.offset import CarrierOffset, SamplingOffset, Timing
from gensc.errors import InputError
from gensc.rng import Rng
from gensc.signal import Signal, State

INF = float("inf")
OFFSETS = Grid(242, 78125.0).offsets_hz(242)


def through(channel, x, rate_hz=None, seed=0):
    state = State.of(INF, len(x), Rng.seeded(seed, "tests"))
    return channel(Signal(x, state.n0, rate_hz=rate_hz), state)


@pytest.mark.parametrize(("rate_hz", "bandwidth_hz"), [(40e6, 1.0), (None, 40e6)])
def test_a_fixed_carrier_offset_turns_by_its_ppm(ones, rate_hz, bandwidth_hz):
    """40 ppm of 5.25 GHz is 210 kHz."""
    out = through(CarrierOffset(40.0, 5.25, "fixed", bandwidth_hz), ones(3, 20_000), rate_hz).x
    expected = turned(210e3 / 40e6 * torch.arange(20_000, dtype=torch.float64))
    assert torch.allclose(out, expected.expand(3, -1), atol=1e-5)
    assert torch.equal(out[:, 0], ones(3, 1)[:, 0])


def test_uniform_offsets_fill_their_range_one_an_item(ones):
    out = through(CarrierOffset(40.0), ones(4_000, 2)).x
    hertz = (out[:, 1].angle() / (2 * math.pi) * 20e6).numpy()
    assert kstest(hertz, "uniform", (-210e3, 420e3)).pvalue > 1e-4
    assert len(torch.from_numpy(hertz).unique()) == 4_000


def test_a_negative_offset_turns_back(ones):
    there, back = (through(CarrierOffset(ppm, spread="fixed"), ones(1, 50)).x for ppm in (7.0, -7.0))
    assert torch.allclose(there * back, ones(1, 50), atol=1e-5)


def test_an_oscillator_without_error_changes_nothing(ones):
    for channel in (CarrierOffset(0.0), SamplingOffset(0.0), Timing(0.0)):
        for rate_hz in (None, 20e6):
            assert torch.allclose(through(channel, ones(2, 40), rate_hz).x, ones(2, 40), atol=2e-3)
            assert torch.equal(through(channel, ones(2, 40), rate_hz).h, ones(2, 40))


@pytest.mark.parametrize("ppm", [20.0, -100.0, 1000.0])
@pytest.mark.parametrize("frequency", [0.0, 0.123, -0.45])
def test_a_slow_sampling_clock_raises_a_tone_by_its_ppm(ppm, frequency):
    n = torch.arange(20_000, dtype=torch.float64)
    out = through(SamplingOffset(ppm, "fixed"), turned(frequency * n)[None], 20e6).x[0]
    expected = turned(frequency * n * (1 + 1e-6 * ppm))
    assert (out - expected)[100:-100].abs().max() < 6e-3


def test_symbols_meet_the_sampling_offset_that_samples_meet():
    """The phase of a tone at the start of OFDM symbol m is 2 pi d f_q t_m."""
    out = through(SamplingOffset(50.0, "fixed"), torch.ones(1, 5 * 242, dtype=torch.complex64)).x.view(5, 242)
    start = 3 * 13.6e-6
    assert torch.allclose(out[3], turned(50e-6 * OFFSETS * start), atol=1e-5)
    tone = turned(float(OFFSETS[-1]) / 20e6 * torch.arange(2_000, dtype=torch.float64))[None]
    sampled = through(SamplingOffset(50.0, "fixed"), tone, 20e6).x
    at = round(start * 20e6)
    turn = complex(sampled[0, at] * tone[0, at].conj())
    assert turn == pytest.approx(complex(out[3, -1]), abs=0.02)


def test_a_late_signal_is_delayed_by_its_time():
    n = torch.arange(400, dtype=torch.float64)
    out = through(Timing(0.33, "fixed"), turned(0.2 * n)[None], 20e6).x[0]
    assert (out - turned(0.2 * (n - 6.6)))[60:-60].abs().max() < 3e-3
    pulse = torch.zeros(1, 100, dtype=torch.complex64)
    pulse[0, 40] = 1
    whole = through(Timing(0.5, "fixed"), pulse, 20e6).x[0]
    assert int(whole.abs().argmax()) == 50 and float(whole.abs().sum()) == pytest.approx(1, abs=1e-4)


def test_symbols_meet_a_delay_as_a_ramp_over_the_tones():
    out = through(Timing(0.33, "fixed"), torch.ones(1, 300, dtype=torch.complex64)).x[0]
    ramp = turned(-0.33e-6 * OFFSETS)
    assert torch.allclose(out, torch.cat([ramp, ramp[:58]]), atol=1e-5)


def test_uniform_delays_lie_between_none_and_the_largest():
    pulse = torch.zeros(300, 80, dtype=torch.complex64)
    pulse[:, 20] = 1
    peak = through(Timing(1.0), pulse, 20e6).x.abs().argmax(dim=1) - 20
    assert int(peak.min()) == 0 and int(peak.max()) in (19, 20)
    assert kstest(peak.double().numpy() / 20, "uniform").statistic < 0.12


@pytest.mark.parametrize("rate_hz", [None, 20e6])
def test_impairments_chain(rate_hz):
    names = ("rapp", "timing", "carrier_offset", "tgn", "sampling_offset")
    chain = Chain(tuple({"name": name} for name in names))
    x = torch.view_as_complex(Rng.seeded(1, "x").of(4).normal(600, 2)) * 0.5**0.5
    state = State.of(10.0, 4, Rng.seeded(0, "tests"))
    out = chain(Signal(x, state.n0, rate_hz=rate_hz), state)
    assert out.rate_hz == rate_hz and torch.isfinite(out.x.abs()).all()
    kept = chain.distort(Signal(x, state.n0, rate_hz=rate_hz, h=torch.ones_like(x)), state)
    by_hand = Signal(x, state.n0, rate_hz=rate_hz, h=torch.ones_like(x))
    for place, part in enumerate(chain.parts):
        by_hand = part.distort(by_hand, state.child("part", place))
    assert torch.equal(kept.x, by_hand.x) and not torch.equal(kept.x, x)
    assert out.x.shape == x.shape


@pytest.mark.parametrize(("make", "word"), [
    (lambda: CarrierOffset(math.nan), "ppm"), (lambda: CarrierOffset(1.0, 0.0), "carrier_ghz"),
    (lambda: CarrierOffset(1.0, bandwidth_hz=-1.0), "bandwidth_hz"), (lambda: SamplingOffset(2000.0), "ppm"),
    (lambda: SamplingOffset(tones=0), "tones"), (lambda: Timing(-1.0), "delay_us"), (lambda: Timing(INF), "delay_us"),
])
def test_settings_without_meaning_are_refused(make, word):
    with pytest.raises(InputError, match=word):
        make()
