"""The learned channel: the shipped file against AWGN, the laws that need no exact noise, and what it refuses."""

import json
import math

import pytest
import torch
from safetensors.torch import save_file

from gensc.bench.learned_channel.distance import Use, distance
from gensc.channel import Chain
from gensc.channel.learned import DEFAULT, Card, Learned, load, save
from gensc.channel.learned.networks import Denoiser, sampler
from gensc.channel.learned.truth import truth
from gensc.errors import InputError
from gensc.registry import create
from gensc.rng import Rng
from gensc.signal import Signal, State

CARD = Card("diffusion", 8, "rayleigh-h", True, 0.0, 20.0, 2.5)


def symbols(items, uses):
    angle = 2 * math.pi * Rng.seeded(1).of(items).uniform(uses)
    return torch.polar(torch.ones_like(angle), angle)


def send(channel, items, snr_db, uses=64, seed=3, **more):
    x = symbols(items, uses)
    state = State.of(snr_db, items, Rng.seeded(seed))
    return channel(Signal(x, state.n0, **more), state)


def untrained(tmp_path, kind="diffusion"):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = sampler(kind, 6, 8)
    path = tmp_path / "one.safetensors"
    save(path, model, Card(kind, 8, "rayleigh-h", True, 0.0, 20.0, 2.5))
    return path, model


@pytest.mark.parametrize("snr_db", [1.0, 10.0, 19.0])
def test_the_shipped_file_is_nearly_awgn(snr_db):
    """N0 within 0.35 dB, no bias, and a total variation of at most 0.06."""
    out = send(create("channel", "learned"), [0], snr_db, uses=50_000)
    n0 = 10 ** (-snr_db / 10)
    noise = out.x - symbols([0], 50_000)
    assert float(noise.abs().square().mean()) == pytest.approx(n0, rel=0.085)
    assert float(noise.mean().abs()) < 0.06 * math.sqrt(n0)
    assert float(out.n0) == pytest.approx(n0, rel=1e-5)
    found = distance(load(DEFAULT)[0], truth("awgn"), Use(0.6 - 0.8j, snr_db, 1), Rng.seeded(2))
    assert found.floor < 0.02
    assert found.total_variation < 0.06


@pytest.mark.parametrize("kind", ["gan", "diffusion", "gaussian"])
def test_an_items_output_is_its_own(tmp_path, kind):
    channel = Learned(str(untrained(tmp_path, kind)[0]))
    items = [3, 1, 4, 15]
    whole = send(channel, items, 10.0)
    assert torch.equal(whole.x, send(channel, items, 10.0).x)
    assert not torch.equal(whole.x, send(channel, items, 10.0, seed=4).x)
    for place, item in enumerate(items):
        alone = send(channel, [item], 10.0)
        assert torch.equal(alone.x[0], whole.x[place])
        assert torch.equal(alone.h[0], whole.h[place])


def test_a_gradient_reaches_every_symbol_and_no_weight(tmp_path):
    channel = Learned(str(untrained(tmp_path)[0]))
    x = symbols([0, 1], 5).requires_grad_()
    state = State.of(10.0, 2, Rng.seeded(0))
    channel(Signal(x, state.n0), state).x.abs().square().sum().backward()
    assert (x.grad.abs() > 0).all()
    assert not any(parameter.requires_grad for parameter in channel.parameters())


def test_a_file_gives_back_the_model_and_the_gain_that_it_is_told(tmp_path):
    path, model = untrained(tmp_path)
    again, card = load(path)
    assert card == CARD
    for name, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], value)
    out = send(Learned(str(path)), [0], 10.0, uses=20_000)
    assert float(out.h.abs().square().mean()) == pytest.approx(1.0, rel=0.05)
    assert (send(Learned(), [0], 10.0).h == 1).all()


def test_what_a_learned_channel_refuses(tmp_path):
    channel = Learned()
    with pytest.raises(InputError, match="learned at 0 to 20 dB"):
        send(channel, [0], 25.0)
    with pytest.raises(InputError, match="samples of a waveform"):
        send(channel, [0], 10.0, rate_hz=20e6)
    with pytest.raises(InputError, match="chain"):
        send(Chain((channel,)), [0], 10.0)
    with pytest.raises(InputError, match="there is no learned channel"):
        Learned(str(tmp_path / "none.safetensors"))
    other = tmp_path / "other.safetensors"
    facts = {"learned channel": {**CARD.__dict__, "kind": "flow"}}
    for metadata in ({}, {"gensc": "{}"}, {"gensc": json.dumps(facts)}):
        save_file({"a": torch.zeros(1)}, other, metadata)
        with pytest.raises(InputError, match="no learned channel"):
            Learned(str(other))


@pytest.mark.parametrize("spread", [0.5, 1.0, 1.5])
def test_the_sampler_of_second_order_keeps_the_spread_of_a_gaussian(spread):
    """For w ~ N(0, s^2) the velocity is known: sqrt(bar (1-bar)) (1 - s^2) x / (bar s^2 + 1 - bar)."""
    class Known(Denoiser):
        def velocity(self, noisy, sigma, known):
            bar = 1 / (1 + sigma.square())[:, None]
            return (bar * (1 - bar)).sqrt() * (1 - spread**2) * noisy / (bar * spread**2 + 1 - bar)

    draws = Rng.seeded(6).of(1).normal(20_000, 2)[0]
    w = Known(4, 8).shape(torch.zeros(20_000, 4), draws)
    assert float(w.std() / draws.std()) == pytest.approx(spread, rel=0.025)
