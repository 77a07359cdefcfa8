"""Phase noise and chains of channels."""

import math

import pytest
import torch

from gensc.channel import AWGN, Chain, Interference, PhaseNoise, Rayleigh
from gensc.errors import InputError

INF = float("inf")


def test_the_variance_of_the_phase_grows_linearly_from_zero(send, ones):
    linewidth, items = 1e-4, 4_000
    phase = send(PhaseNoise(linewidth), ones(items, 201), INF).x.angle().double()
    assert torch.equal(phase[:, 0], torch.zeros(items, dtype=torch.float64))
    for t in (1, 20, 200):
        expected = 2 * math.pi * linewidth * t
        measured = float(phase[:, t].square().mean())
        # The relative standard error of a variance from N normal draws is sqrt(2/N).
        assert measured == pytest.approx(expected, rel=4.5 * math.sqrt(2 / items))
    steps = phase.diff(dim=1)
    correlation = float((steps[:, 1:] * steps[:, :-1]).mean() / steps.square().mean())
    assert abs(correlation) < 4.5 / math.sqrt(steps[:, 1:].numel())


def test_phase_noise_keeps_every_modulus_and_hides_the_phase(send, ones):
    x = ones(5, 40) * 0.7
    out = send(PhaseNoise(1e-2), x, INF)
    assert torch.allclose(out.x.abs(), x.abs(), atol=1e-6)
    assert torch.equal(out.h, torch.ones_like(x)), "the receiver does not know the phase"


def test_no_linewidth_is_no_phase_noise(send, ones):
    assert torch.equal(send(PhaseNoise(0.0), ones(3, 9), INF).x, ones(3, 9))


@pytest.mark.parametrize("linewidth", [-1e-4, float("nan"), INF])
def test_a_linewidth_without_meaning_is_refused(linewidth):
    with pytest.raises(InputError, match="linewidth"):
        PhaseNoise(linewidth)


def test_a_chain_adds_the_noise_once(send, ones):
    x = ones(16, 4_096)
    chain = Chain((AWGN(), AWGN(), AWGN(), AWGN()))
    power = float((send(chain, x, 3.0).x - x).abs().double().square().mean())
    assert power == pytest.approx(10**-0.3, rel=4.5 / math.sqrt(x.numel()))
    assert torch.equal(send(chain, x, 3.0).x, send(AWGN(), x, 3.0).x)


def test_a_chain_multiplies_gains_and_keeps_the_order(send, ones):
    x = ones(6, 50)
    two = send(Chain((Rayleigh(), Rayleigh("symbol"))), x, INF)
    assert torch.allclose(two.x, two.h * x)
    after = send(Chain((Rayleigh(), Interference(0.0))), x, INF)
    before = send(Chain((Interference(0.0), Rayleigh())), x, INF)
    assert torch.allclose((after.x - after.h * x).abs(), torch.ones(6, 50), atol=1e-5)
    assert torch.allclose((before.x - before.h * x).abs(), before.h.abs(), atol=1e-5)


def test_equal_parts_of_a_chain_draw_apart(send, ones):
    h = send(Chain((Rayleigh(), Rayleigh())), ones(20_000, 1), INF).h.abs().double().square()
    # Independent gains: E|h1 h2|^2 = 1. One gain squared would have 2.
    assert float(h.mean()) == pytest.approx(1, abs=4.5 * float(h.std()) / math.sqrt(20_000))


def test_a_chain_can_be_measured_by_pilots_only_if_all_its_parts_can():
    assert Chain((Rayleigh(), PhaseNoise())).block_fading
    assert not Chain((Rayleigh("symbol"), AWGN())).block_fading


@pytest.mark.parametrize(("parts", "message"), [
    ((), "empty"), (({"name": "reyleigh"},), "did you mean 'rayleigh'"), (({"nam": "awgn"},), "name"),
    (({"name": "awgn", "kind": "channel"},), "kind"), (({"name": "rayleigh", "fadin": "block"},), "did you mean"),
], ids=str)
def test_wrong_parts_are_named(parts, message):
    with pytest.raises(InputError, match=message):
        Chain(parts)
