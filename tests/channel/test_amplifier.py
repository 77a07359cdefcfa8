"""The Rapp amplifier against its own limits, the ideal limiter's closed form, and Bussgang's theorem."""

import math

import pytest
import torch
from scipy.special import erfc

from gensc.channel.amplifier import Rapp
from gensc.errors import InputError
from gensc.rng import Rng
from gensc.signal import Signal, State


def gaussian(samples=400_000):
    return Rng.seeded(1, "x").of(1).complex_normal(samples)


@pytest.mark.parametrize("smoothness", [1.0, 2.0, 10.0])
def test_small_signals_pass_and_large_ones_saturate(smoothness):
    amplifier = Rapp(6.0, smoothness)
    limit = 10 ** (6 / 20)
    x = torch.polar(torch.tensor([1e-6, 1e-3, limit, 1e3, 1e12]), torch.tensor([0.1, 2.0, -1.0, 3.0, 0.5]))
    y = amplifier.amplify(x)
    assert (y[:2] / x[:2] - 1).abs().max() < 1e-5
    assert float(y[2].abs()) == pytest.approx(limit * 2 ** (-1 / (2 * smoothness)), rel=1e-5)
    assert y[3:].abs().tolist() == pytest.approx([limit, limit], rel=1e-3)
    assert torch.allclose(y.angle(), x.angle(), atol=1e-5)
    assert amplifier.amplify(torch.zeros(2, dtype=torch.complex64)).abs().max() == 0


def test_output_power_follows_the_saturation_not_the_noise(send):
    x = gaussian(20_000)
    out = send(Rapp(3.0), x, 10.0)
    clean = send(Rapp(3.0), x, float("inf"))
    assert float(clean.x.abs().square().mean()) < 0.9
    assert float((out.x - clean.x).abs().square().mean()) == pytest.approx(0.1, rel=0.04)
    assert torch.equal(out.h, torch.ones_like(x))


@pytest.mark.parametrize("backoff_db", [0.0, 3.0, 8.0])
def test_a_sharp_amplifier_is_the_ideal_limiter(backoff_db):
    """Soft limiter at a, x ~ CN(0,1): gain 1 - e^(-a^2) + sqrt(pi) a erfc(a) / 2, power 1 - e^(-a^2)
    (Dardari, Tralli and Vaccari, IEEE Trans. Commun. 48(10), 2000)."""
    a = 10 ** (backoff_db / 20)
    seen = Rapp(backoff_db, 100.0).bussgang()
    gain = 1 - math.exp(-a * a) + math.sqrt(math.pi) / 2 * a * erfc(a)
    assert seen.gain == pytest.approx(gain, abs=2e-3)
    assert seen.distortion == pytest.approx(1 - math.exp(-a * a) - gain**2, abs=4e-3)


@pytest.mark.parametrize("options", [{"backoff_db": 1.0}, {"backoff_db": 6.0, "smoothness": 3.0},
                                     {"backoff_db": 3.0, "am_pm": True}], ids=str)
def test_bussgang_holds_on_gaussian_samples(options):
    amplifier, x = Rapp(**options), gaussian().to(torch.complex128)
    y, known = amplifier.amplify(x), amplifier.bussgang()
    gain = complex((y * x.conj()).mean() / x.abs().square().mean())
    assert gain == pytest.approx(known.gain, abs=4e-3)
    rest = y - known.gain * x
    assert float(rest.abs().square().mean()) == pytest.approx(known.distortion, rel=0.03)
    assert abs(complex((rest * x.conj()).mean())) < 4e-3


def test_the_phase_turns_with_the_level_as_published():
    """psi = 2560 r^2.4 / (1 + (r/0.114)^2.3) degrees at r volts; the amplifier saturates at 0.58 V behind 4.65."""
    amplifier = Rapp(6.0, 0.81, am_pm=True)
    for volts in (0.01, 0.05, 0.1247, 0.3):
        x = torch.tensor([volts / (0.58 / 4.65) * 10 ** (6 / 20)], dtype=torch.complex64)
        degrees = 2560 * volts**2.4 / (1 + (volts / 0.114) ** 2.3)
        assert math.degrees(float(amplifier.amplify(x).angle())) == pytest.approx(degrees, rel=1e-4, abs=1e-4)


def test_samples_meet_what_symbols_meet():
    x = gaussian(500)
    state = State.of(float("inf"), 1, Rng.seeded(0))
    both = [Rapp(2.0)(Signal(x, state.n0, rate_hz=rate), state).x for rate in (None, 20e6)]
    assert torch.equal(*both)


@pytest.mark.parametrize("options", [{}, {"am_pm": True}], ids=str)
def test_the_gradient_is_finite_at_every_level(options):
    x = torch.tensor([0.0, 1e-20, 1e-3, 1.0, 1e6], dtype=torch.complex64, requires_grad=True)
    Rapp(**options).amplify(x).abs().square().sum().backward()
    assert torch.isfinite(x.grad.abs()).all()


@pytest.mark.parametrize("options", [{"backoff_db": math.nan}, {"backoff_db": -60.0}, {"smoothness": 0.0},
                                     {"smoothness": math.inf}], ids=str)
def test_settings_without_meaning_are_refused(options):
    with pytest.raises(InputError, match=next(iter(options))):
        Rapp(**options)
