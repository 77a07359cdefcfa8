"""Equalisers and pilots against their closed forms."""

import pytest
import torch

from gensc.channel import AWGN, Rayleigh
from gensc.errors import InputError
from gensc.rng import Rng
from gensc.signal import State
from gensc.transport.equalize import carry, equalize, estimate


def qpsk(items: int, uses: int) -> torch.Tensor:
    signs = torch.where(Rng.seeded(3, "bits").of(items).uniform(uses, 2) < 0.5, -1.0, 1.0)
    return torch.view_as_complex(signs * 0.5**0.5)


def state(snr_db, items: int, csi: str = "receiver") -> State:
    return State.of(snr_db, items, Rng.seeded(1, "tests"), csi)


@pytest.mark.parametrize("pilots", [1, 4])
@pytest.mark.parametrize("snr_db", [0.0, 10.0])
def test_the_error_of_the_pilot_estimate_is_the_closed_form(send, ones, pilots, snr_db):
    items = 20_000
    out = send(Rayleigh(), ones(items, pilots), snr_db)
    h, error = estimate(out.x, out.n0)
    ratio = 10 ** (-snr_db / 10) / pilots
    expected = ratio / (1 + ratio)
    assert torch.allclose(error, torch.full((items, 1), expected), rtol=1e-5)
    miss = h - out.h[:, :1]
    # |CN|^2 has a relative spread of 1: the mean of 20,000 is known to 0.7 %, and 0.2 dB is 4.7 %.
    assert float(miss.abs().double().square().mean()) == pytest.approx(expected, rel=4.5 / items**0.5)
    # Orthogonality: an LMMSE error is uncorrelated with its estimate.
    cross = (miss * h.conj()).mean().abs() / (miss.abs().square().mean() * h.abs().square().mean()).sqrt()
    assert float(cross) < 4.5 / items**0.5


def test_the_error_of_mmse_is_n0_over_gain_plus_n0():
    n0, h = 0.25, torch.tensor([0.2 + 0.1j, 1.0j, 2.0 + 0.0j], dtype=torch.complex64)
    x = qpsk(3, 60_000)
    noise = Rng.seeded(2, "n").of(3).complex_normal(60_000) * n0**0.5
    gain = h[:, None].expand_as(x)
    out = equalize(gain * x + noise, gain, torch.full((3, 1), n0), "mmse")
    measured = (out.x - x).abs().double().square().mean(dim=1)
    expected = n0 / (h.abs().double().square() + n0)
    assert torch.allclose(measured, expected, rtol=0.02)
    assert torch.allclose(out.snr, (h.abs().square() / n0)[:, None].expand_as(x))


def test_no_equaliser_has_a_smaller_error_than_mmse():
    x, n0 = qpsk(400, 100), 0.5
    h = Rng.seeded(4, "h").of(400).complex_normal(1).expand_as(x)
    y = h * x + Rng.seeded(5, "n").of(400).complex_normal(100) * n0**0.5
    noise = torch.full((400, 1), n0)
    errors = {method: float((equalize(y, h, noise, method).x - x).abs().square().mean()) for method in ("zf", "mmse")}
    best = errors["mmse"]
    for scale in (0.9, 1.1):
        assert float((scale * equalize(y, h, noise, "mmse").x - x).abs().square().mean()) > best
    assert errors["zf"] > best


def test_zero_forcing_and_mmse_agree_at_high_snr():
    x = qpsk(50, 20)
    sent = {method: carry(x, Rayleigh(), state(60.0, 50), 0).equalized(method).x for method in ("zf", "mmse")}
    strong = carry(x, Rayleigh(), state(60.0, 50), 0).equalized("zf").snr[:, 0] > 1e4
    assert strong.sum() > 40
    assert torch.allclose(sent["zf"][strong], sent["mmse"][strong], atol=2e-4)


@pytest.mark.parametrize("method", ["zf", "mmse"])
@pytest.mark.parametrize(("csi", "pilots"), [("receiver", 0), ("pilots", 2)])
def test_without_noise_the_symbols_come_back(method, csi, pilots):
    x = qpsk(30, 17)
    out = carry(x, Rayleigh(), state(float("inf"), 30, csi), pilots).equalized(method)
    assert torch.allclose(out.x, x, atol=1e-4)


def test_a_receiver_that_knows_nothing_does_not_equalise(send, ones):
    x = ones(20, 5)
    out = carry(x, Rayleigh(), state(float("inf"), 20, "none"), 0).equalized("mmse")
    assert torch.equal(out.x, send(Rayleigh(), x, float("inf"), 1).x)


def test_believed_snr_counts_the_error_of_the_estimate():
    x = qpsk(2_000, 50)
    out = carry(x, Rayleigh(), state(10.0, 2_000, "pilots"), 1).equalized("zf")
    h_square = out.snr[:, 0] * (0.1 + 0.1 / 1.1)
    # An LMMSE estimate has the power of the gain less its error: 1 - (N0/P)/(1+N0/P).
    assert float(h_square.mean()) == pytest.approx(1 - 0.1 / 1.1, rel=4.5 / 2_000**0.5)


@pytest.mark.parametrize(("csi", "pilots"), [("pilots", 0), ("receiver", 2), ("none", 2)])
def test_pilots_and_channel_knowledge_must_fit(csi, pilots):
    with pytest.raises(InputError, match=r"transport\.pilots"):
        carry(qpsk(2, 4), AWGN(), state(10.0, 2, csi), pilots)


def test_pilots_cannot_follow_symbol_fading():
    with pytest.raises(InputError, match="fading = 'block'"):
        carry(qpsk(2, 4), Rayleigh("symbol"), state(10.0, 2, "pilots"), 2)


def test_an_equaliser_that_is_none_is_named():
    with pytest.raises(InputError, match="one of mmse, zf"):
        carry(qpsk(2, 4), AWGN(), state(10.0, 2), 0).equalized("zero")


def test_equalising_after_slicing_is_slicing_after_equalising():
    whole = carry(qpsk(6, 40), Rayleigh("symbol"), state(10.0, 6), 0)
    places = torch.arange(7, 19).expand(6, -1)
    for method in ("mmse", "zf"):
        assert torch.equal(whole.at(places).equalized(method).x, whole.equalized(method).x[:, 7:19])
        assert torch.equal(whole.at(places).equalized(method).snr, whole.equalized(method).snr[:, 7:19])
