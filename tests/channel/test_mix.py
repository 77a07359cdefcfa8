"""Channels by chance: one an item, drawn from the item's own stream."""

import math

import pytest
import torch

from gensc.channel import AWGN, Chain, Interference, Mix, PhaseNoise, Rayleigh, Rician
from gensc.errors import InputError
from gensc.registry import create
from gensc.rng import Rng
from gensc.signal import Signal, State
from gensc.testing import check_channel
from gensc.transport import Capacity

INF = float("inf")


def state(items, snr_db=INF, seed=0):
    return State.of(snr_db, items, Rng.seeded(seed, "tests"))


@pytest.mark.parametrize("options", [
    {"parts": [{"name": "awgn"}, {"name": "rician"}, {"name": "interference"}], "shares": [1.0, 2.0, 1.0]},
    {"parts": [{"name": "tgn"}, {"name": "rayleigh", "fading": "symbol"}]},
    {"parts": [{"name": "rayleigh"}]},
    {"parts": [{"name": "mix"}, {"name": "chain"}]},
], ids=str)
def test_it_keeps_the_laws_of_its_parts(options):
    check_channel(lambda: create("channel", "mix", **options))


@pytest.mark.parametrize(("shares", "expected"), [(None, (1 / 3, 1 / 3, 1 / 3)), ((6.0, 3.0, 1.0), (0.6, 0.3, 0.1)),
                                                  ((0.0, 1.0, 0.0), (0.0, 1.0, 0.0))])
def test_each_part_is_drawn_as_often_as_its_share(shares, expected):
    items = 20_000
    drawn = Mix((AWGN(), Rayleigh(), Rician()), shares).drawn(state(items))
    for place, share in enumerate(expected):
        seen = float((drawn == place).double().mean())
        assert abs(seen - share) <= 4.5 * math.sqrt(share * (1 - share) / items)


def test_an_item_meets_the_channel_that_it_drew_whole(ones):
    mix, at = Mix((AWGN(), Rayleigh(), Interference(0.0))), state(300)
    out, drawn = mix(Signal(ones(300, 20), at.n0), at), mix.drawn(at)
    assert torch.equal(out.x[drawn == 0], ones(300, 20)[drawn == 0])
    faded = out.h[drawn == 1]
    assert torch.equal(faded, faded[:, :1].expand_as(faded)) and faded[:, 0].abs().std() > 0.3
    assert torch.allclose((out.x - 1)[drawn == 2].abs(), torch.ones(int((drawn == 2).sum()), 20), atol=1e-5)
    assert torch.equal(out.h[drawn != 1], ones(int((drawn != 1).sum()), 20))


def test_the_draw_is_an_item_s_own_and_apart_from_the_fade(ones):
    mix, items = Mix((Rayleigh(), Rayleigh())), [4, 9, 2, 77]
    whole = mix(Signal(ones(4, 3), state(items).n0), state(items))
    for place, item in enumerate(items):
        alone = mix(Signal(ones(1, 3), state([item]).n0), state([item]))
        assert torch.equal(alone.h[0], whole.h[place])
    gains = Mix((Rayleigh(), AWGN()))(Signal(ones(20_000, 1), state(20_000).n0), state(20_000)).h
    drawn = Mix((Rayleigh(), AWGN())).drawn(state(20_000))
    power = gains[drawn == 0].abs().double().square()
    assert float(power.mean()) == pytest.approx(1, abs=4.5 * float(power.std()) / len(power) ** 0.5)


def test_noise_is_added_once_and_is_that_of_the_nominal_power(ones, send):
    out = send(Mix((AWGN(), Chain((AWGN(), AWGN())))), ones(16, 4096), 3.0)
    assert torch.equal(out.x, send(AWGN(), ones(16, 4096), 3.0).x)


def test_what_it_is_follows_from_its_parts():
    plain, symbol, bent = Mix((AWGN(), Rayleigh())), Mix((AWGN(), Rayleigh("symbol"))), Mix((AWGN(), PhaseNoise()))
    assert plain.block_fading and plain.transparent and plain.exact
    assert not symbol.block_fading and symbol.transparent
    assert bent.block_fading and not bent.transparent
    assert Mix((create("channel", "tgn"), AWGN())).cycle == create("channel", "tgn").cycle
    Capacity(plain)
    with pytest.raises(InputError, match="not its capacity"):
        Capacity(bent)


@pytest.mark.parametrize(("options", "words"), [
    ({"parts": []}, "empty"), ({"parts": [{"nam": "awgn"}]}, "needs a name"),
    ({"parts": [{"name": "awg"}]}, "did you mean"),
    ({"shares": [1.0]}, "for 2 parts"), ({"shares": [1.0, -1.0]}, "0 or more"), ({"shares": [0.0, 0.0]}, "not all 0"),
    ({"shares": [float("nan"), 1.0]}, "0 or more"), ({"shares": [INF, 1.0]}, "0 or more"),
], ids=str)
def test_wrong_options_are_named(options, words):
    with pytest.raises(InputError, match=words):
        create("channel", "mix", **options)
