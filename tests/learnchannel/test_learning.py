"""Training of channel models, short, and of links through channels, against closed forms."""

import math

import pytest
import torch

from gensc.bench.learned_channel.autoencoder import positions, quadrature, trained, wrong
from gensc.bench.learned_channel.distance import Use, distance
from gensc.channel import AWGN, Rayleigh
from gensc.channel.learned import training
from gensc.channel.learned.networks import conditions
from gensc.channel.learned.truth import pairs, truth
from gensc.rng import Rng
from gensc.signal import Signal, State


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(training, "MOMENT_STEPS", 600)


def test_the_gaussian_finds_mean_and_spread(short):
    of = truth("rayleigh")
    model = training.learn("gaussian", pairs(of, Rng.seeded(1), items=2000), Rng.seeded(2), 0)
    x, n0 = torch.tensor([1.0 + 0j, 1.5j]), torch.tensor([0.1, 0.1])
    mean, log_spread = model.moments(conditions(x, n0))
    expected = ((x.abs().square() + n0) / 2).sqrt()
    assert mean.abs().max() < 0.12
    assert torch.allclose(log_spread[:, 0].exp(), expected, rtol=0.1)


def test_training_repeats(short):
    data = pairs(truth("awgn"), Rng.seeded(1), items=50)
    base = training.learn("gaussian", data, Rng.seeded(2), 0)
    for kind in ("gan", "diffusion"):
        first, again = (training.learn(kind, data, Rng.seeded(2), 5, base).state_dict() for _ in range(2))
        assert all(torch.equal(first[name], again[name]) for name in first)
        other = training.learn(kind, data, Rng.seeded(3), 5, base).state_dict()
        assert not torch.equal(first["net.0.weight"], other["net.0.weight"])
        assert torch.equal(first["body.0.weight"], base.body[0].weight)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gan", "diffusion"])
def test_what_a_gaussian_cannot_say_is_learned(kind):
    """The ring of a line of sight of unknown phase: its hole is more than a quarter of the samples to a Gaussian."""
    of, use = truth("rician"), Use(1.0 + 0j, 10.0, 1)
    data = pairs(of, Rng.seeded(1), items=3000)
    base = training.learn("gaussian", data, Rng.seeded(2), 0)
    model = training.learn(kind, data, Rng.seeded(2), 4000, base)
    plain = distance(base, of, use, Rng.seeded(3)).total_variation
    assert plain > 0.25
    assert distance(model, of, use, Rng.seeded(3)).total_variation < 0.75 * plain


def test_classical_error_rates_are_those_of_simulation():
    """Two QPSK symbols over AWGN; one pulse of energy 4 in 4 positions over Rayleigh fading, found by its energy."""
    message = (4 * Rng.seeded(5).of(1).uniform(100_000)[0]).long()
    x = torch.zeros(100_000, 4, dtype=torch.complex64)
    x[torch.arange(100_000), message] = 2
    state = State.of(9.0, 1, Rng.seeded(6))
    y = Rayleigh("symbol")(Signal(x.reshape(1, -1), state.n0), state).x.reshape(-1, 4)
    seen = float((y.abs().argmax(dim=1) != message).float().mean())
    assert positions(9.0, 4) == pytest.approx(seen, rel=0.03)
    q = 0.5 * math.erfc(math.sqrt(10**0.8 / 2))
    assert quadrature(8.0, 1.0, 2) == pytest.approx(1 - (1 - q) ** 4, rel=1e-5)
    assert quadrature(8.0, 0.5**0.5, 1) == pytest.approx(quadrature(8.0 - 10 * math.log10(2), 1.0, 1), rel=1e-4)


def test_a_link_learns_its_symbols_through_a_channel():
    """16 messages in two uses: after a short training no worse than 1.15 times two QPSK symbols."""
    rng = Rng.seeded(7)
    link = trained(AWGN(), 16, 2, 8.0, rng, 400)
    power = link.codebook().abs().square().mean(dim=1)
    assert torch.allclose(power, torch.ones(16), atol=1e-5)
    share = wrong(link, AWGN(), 8.0, 50_000, rng) / 50_000
    assert 0.5 * quadrature(8.0, 1.0, 2) < share < 1.15 * quadrature(8.0, 1.0, 2)
    assert wrong(link, AWGN(), 8.0, 1000, rng) == wrong(link, AWGN(), 8.0, 1000, rng)
