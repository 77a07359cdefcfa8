"""Fading against closed forms: bit errors, envelope, moments, limits."""

import math

import pytest
import torch
from scipy.stats import kstest, norm, rice

from gensc.channel import AWGN, Rayleigh, Rician
from gensc.errors import InputError
from gensc.rng import Rng


def bpsk(items: int, uses: int) -> torch.Tensor:
    return torch.where(Rng.seeded(5, "bits").of(items).uniform(uses) < 0.5, -1.0, 1.0).to(torch.complex64)


def gains(send, ones, channel, items: int, uses: int = 1) -> torch.Tensor:
    return send(channel, ones(items, uses), float("inf")).h


@pytest.mark.parametrize("fading", ["block", "symbol"])
@pytest.mark.parametrize("ebn0_db", [0.0, 10.0])
def test_bpsk_bit_errors_over_rayleigh_follow_the_closed_form(send, fading, ebn0_db):
    """P = (1 - sqrt(g/(1+g)))/2 with perfect channel knowledge (Proakis, 13.3); a bit a use: Es = Eb."""
    items, uses = (20_000, 64) if fading == "block" else (40, 20_000)
    symbols = bpsk(items, uses)
    out = send(Rayleigh(fading), symbols, ebn0_db)
    wrong = ((out.x * out.h.conj()).real.sign() != symbols.real).double()
    g = 10 ** (ebn0_db / 10)
    expected = 0.5 * (1 - math.sqrt(g / (1 + g)))
    # Given the gains, bit errors are independent: 0.2 dB (over 4 % of the error rate) shows here.
    given = torch.from_numpy(norm.sf((2 * g * out.h.abs().double().square()).sqrt().numpy()))
    spread = float((given * (1 - given)).sum().sqrt() / given.sum())
    assert spread < 0.01, "too few trials to see 0.2 dB"
    assert float(wrong.sum() / given.sum()) == pytest.approx(1, abs=4 * spread)
    # Uses of one block share their gain, so the items are the independent trials of the fading.
    per_item = wrong.mean(dim=1)
    assert float(per_item.mean()) == pytest.approx(expected, abs=4 * float(per_item.std()) / math.sqrt(items))


def test_rayleigh_envelope_and_phase_are_those_of_a_circular_gaussian(send, ones):
    h = gains(send, ones, Rayleigh(), 20_000).flatten()
    assert kstest(h.abs().square().numpy(), "expon").pvalue > 1e-4
    assert kstest((h.angle() / (2 * math.pi) + 0.5).numpy(), "uniform").pvalue > 1e-4


@pytest.mark.parametrize("fading", ["block", "symbol"])
def test_fading_sets_how_often_a_gain_is_drawn(send, ones, fading):
    for channel in (Rayleigh(fading), Rician(3.0, fading)):
        h = gains(send, ones, channel, 4, 64)
        distinct = [len(row.unique()) for row in torch.view_as_real(h)[..., 0]]
        assert distinct == ([1] * 4 if fading == "block" else [64] * 4)


@pytest.mark.parametrize("k_db", [0.0, 10.0])
def test_rician_k_is_recovered_from_the_moments(send, ones, k_db):
    """With m2 = E|h|^2 and m4 = E|h|^4: K = s/(1-s), s = sqrt(2 - m4/m2^2)
    (Tepedelenlioglu, Abdi and Giannakis, IEEE Trans. Wireless Commun. 2(4), 2003)."""
    power = gains(send, ones, Rician(k_db), 30_000).abs().double().square()
    ratio = float(power.square().mean() / power.mean() ** 2)
    share = math.sqrt(2 - ratio)
    measured_db = 10 * math.log10(share / (1 - share))
    assert measured_db == pytest.approx(k_db, abs=0.3)


@pytest.mark.parametrize("fading", ["block", "symbol"])
def test_rician_envelope_follows_the_rice_distribution(send, ones, fading):
    k = 10**0.3
    items, uses = (20_000, 1) if fading == "block" else (10, 2_000)
    envelope = gains(send, ones, Rician(3.0, fading), items, uses).abs().flatten().double().numpy()
    law = rice(math.sqrt(2 * k), scale=math.sqrt(1 / (2 * (k + 1))))
    assert envelope.mean() == pytest.approx(law.mean(), abs=4 * law.std() / math.sqrt(envelope.size))
    assert kstest(envelope, law.cdf).pvalue > 1e-4


def test_rician_without_line_of_sight_is_rayleigh(send, ones):
    power = gains(send, ones, Rician(-60.0), 20_000).abs().square().flatten().numpy()
    assert kstest(power, "expon").pvalue > 1e-4


@pytest.mark.parametrize("k_db", [80.0, float("inf")])
def test_rician_with_line_of_sight_alone_is_awgn_with_a_phase(send, ones, k_db):
    x = ones(6, 32)
    out, plain = send(Rician(k_db), x, 5.0), send(AWGN(), x, 5.0)
    assert torch.isfinite(out.h.abs()).all()
    assert torch.allclose(out.h.abs(), torch.ones(6, 32), atol=1e-3)
    # The noise has the same stream in both: what differs is the phase of the line of sight alone.
    assert torch.allclose(out.x - out.h * x, plain.x - x, atol=1e-3)
    assert out.h.angle()[:, 0].unique().numel() == 6


def test_a_k_factor_of_nan_is_refused():
    with pytest.raises(InputError, match="k_db"):
        Rician(float("nan"))
