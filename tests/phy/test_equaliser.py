"""Equalisers of multipath against closed forms, and the blind ones against the filter that knows the channel."""

import math

import numpy as np
import pytest
import torch
from scipy.special import erfc

from gensc.bench.equaliser import FIXED
from gensc.errors import InputError
from gensc.phy.equaliser import aligned, centred, constant_modulus, convolved, estimated, mmse, variational
from gensc.phy.equaliser.vae import Posterior, bound, posterior
from gensc.phy.qam import Constellation
from gensc.rng import Rng

QPSK, QAM16 = Constellation(2), Constellation(4)


def response(blocks=1):
    h = torch.tensor(FIXED)
    return (h / h.abs().square().sum().sqrt()).expand(blocks, -1)


def block(constellation, h, snr_db, symbols, seed=0):
    rng = Rng.seeded(seed, "block").of(len(h))
    x = constellation.map((rng.child("bits").uniform(symbols * constellation.bits) < 0.5).to(torch.uint8))
    noise = 10 ** (-snr_db / 20) * rng.child("noise").complex_normal(symbols)
    return x, convolved(x, h) + noise


def errors(constellation, z, x):
    def label(s):
        return (s[:, 20:-20, None] - constellation.points).abs().argmin(-1)
    return (label(z) != label(x)).float().mean(1)


def test_convolution_is_numpys():
    rng = Rng.seeded(1).of(3)
    x, h = rng.child("x").complex_normal(50), rng.child("h").complex_normal(4)
    for row in range(3):
        full = torch.from_numpy(np.convolve(x[row].numpy(), h[row].numpy()))
        assert torch.allclose(convolved(x, h)[row], full[:50], atol=1e-5)
        assert torch.allclose(centred(x, h)[row], full[1:51], atol=1e-5)


@pytest.mark.parametrize("move", [-3, 0, 2])
def test_alignment_finds_the_delay_and_the_phase_and_leaves_the_amplitude(move):
    x, _ = block(QPSK, response(2), 10.0, 200)
    z = 0.5 * torch.roll(x, move, dims=1) * torch.polar(torch.tensor(1.0), torch.tensor(2.0))
    assert torch.allclose(aligned(z, x, 5)[:, 5:-5], 0.5 * x[:, 5:-5], atol=1e-5)


def test_the_filter_of_least_error_has_the_error_of_theory():
    """Infinite length: 1/(1+snr) of the output is the mean over frequency of N0 / (|H(f)|^2 + N0)."""
    n0 = 0.1
    x, y = block(QPSK, response(4), 10.0, 20_000)
    z = mmse(y, response(4), n0, 31)
    spectrum = torch.fft.fft(response()[0], 512).abs().square()
    least = float((n0 / (spectrum + n0)).mean())
    seen = float((z - x)[:, 20:-20].abs().square().mean())
    assert seen == pytest.approx(least / (1 - least), rel=0.03)
    assert float((z * x.conj())[:, 20:-20].mean().real) == pytest.approx(1.0, abs=0.01)
    rate = 1 - (1 - erfc(math.sqrt((1 - least) / least / 2)) / 2) ** 2
    assert float(errors(QPSK, z, x).mean()) == pytest.approx(rate, rel=0.15)


def test_pilots_give_the_channel_with_the_error_of_least_squares():
    h = Rng.seeded(2).of(400).complex_normal(4) / 2
    x, y = block(QPSK, h, 10.0, 40)
    guess = estimated(y, x, 4)
    # P - L + 1 = 37 equations of white symbols of power 1: N0 / 37 a tap, a little more since they are not orthogonal.
    assert float((guess - h).abs().square().mean()) == pytest.approx(0.1 / (37 - 4), rel=0.1)
    clean = convolved(x, h)
    assert torch.allclose(estimated(clean, x[:, :10], 4), h, atol=1e-3)
    with pytest.raises(InputError, match="at least 7"):
        estimated(y, x[:, :6], 4)


def test_the_posterior_of_a_dimension_is_bayes_rule_over_all_points():
    z = Rng.seeded(3).of(2).complex_normal(5)
    spread = torch.tensor([0.1, 0.7])
    q = (-(z[..., None] - QAM16.points).abs().square() / spread[:, None, None]).softmax(-1)
    found = posterior(z, spread, QAM16.points.real.unique())
    mean = (q * QAM16.points).sum(-1)
    assert torch.allclose(found.mean, mean, atol=1e-5)
    assert torch.allclose(found.variance, (q * (QAM16.points - mean[..., None]).abs().square()).sum(-1), atol=1e-5)
    assert torch.allclose(found.entropy, -(q * q.log()).nan_to_num().sum(-1), atol=1e-4)


def test_the_bound_holds_the_expected_error_of_independent_symbols():
    """E|y - h*a|^2 over random symbols of the posterior, by drawing them."""
    rng = Rng.seeded(4).of(1)
    h, y = response(), rng.child("y").complex_normal(30)
    z = rng.child("z").complex_normal(30)
    believed = posterior(z, torch.tensor([0.8]), QPSK.points.real.unique())
    q = (-(z[..., None] - QPSK.points).abs().square() / 0.8).softmax(-1)[0]
    choice = torch.multinomial(q, 20_000, replacement=True, generator=torch.Generator().manual_seed(1))
    away = (y - centred(QPSK.points[choice].T.contiguous(), h.expand(20_000, -1))).abs().square()[:, 5:-5].mean()
    expected = math.log(float(away)) - float(believed.entropy[:, 5:-5].mean())
    assert float(bound(y, believed, h)[0]) == pytest.approx(expected, abs=0.01)
    sure = Posterior(z, torch.zeros(1, 30), torch.zeros(1, 30))
    assert float(bound(centred(z, h) + 0.1, sure, h)[0]) == pytest.approx(math.log(0.01), abs=1e-3)


@pytest.mark.parametrize(("constellation", "snr_db"), [(QPSK, 10.0), (QAM16, 18.0)], ids=["qpsk", "16-qam"])
def test_blind_equalisers_open_the_eye_of_the_fixed_channel(constellation, snr_db):
    x, y = block(constellation, response(6), snr_db, 1000, seed=5)
    closed = float(errors(constellation, aligned(y, x, 8), x).mean())
    known = float(errors(constellation, mmse(y, response(6), 10 ** (-snr_db / 10), 11), x).mean())
    cma = float(errors(constellation, aligned(centred(y, constant_modulus(y, constellation, 11)), x, 8), x).mean())
    vae = float(errors(constellation, aligned(centred(y, variational(y, constellation, 11, 7)), x, 8), x).mean())
    assert closed > 4 * known
    assert cma < 3 * known
    assert vae < cma
    assert vae < 1.5 * known


def test_a_block_is_equalised_on_its_own():
    _, y = block(QPSK, response(3), 12.0, 300)
    for search in (lambda part: constant_modulus(part, QPSK, 7, steps=30),
                   lambda part: variational(part, QPSK, 7, 5, steps=30)):
        beside_others = torch.stack([2 * y[2], y[1], y[0].conj()])
        assert torch.allclose(search(y)[1], search(beside_others)[1], atol=1e-5)
