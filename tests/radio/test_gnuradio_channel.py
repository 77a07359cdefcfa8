"""The channel `gnuradio`: the laws of channels that hold for it, and frames over it."""

import copy
import os
import pickle
import signal

import pytest
import torch

from gensc import registry, units
from gensc.errors import InputError
from gensc.phy.wifi7.phy import Phy
from gensc.phy.wifi7.receive import receive
from gensc.phy.wifi7.transmit import transmit
from gensc.rng import Rng
from gensc.signal import Signal, State
from gensc.testing import channels as laws


def make(**options):
    return registry.create("channel", "gnuradio", **options)


@pytest.fixture(scope="module")
def channel(gnuradio):
    return make()


def sent(channel, x, snr_db, seed=0, rate_hz=20e6, items=None):
    state = State.of(snr_db, items or len(x), Rng.seeded(seed, "tests"))
    return channel(Signal(x, state.n0, rate_hz=rate_hz), state)


def test_the_laws_of_noise_and_repeatability(channel):
    """All of check_channel but the gradient, which GNU Radio can't give, and 20,000 bursts of one symbol."""
    with torch.no_grad():
        laws._outputs(channel, "cpu")
        laws._same_bits(channel, make(), "cpu")
        laws._noise(channel, "cpu")
        laws._noise_apart_from_signal(channel, "cpu")


def test_without_noise_it_is_perfect(channel):
    x = Rng.seeded(1).of(2).complex_normal(999)
    for rate_hz in (None, 20e6):
        out = sent(channel, x, float("inf"), rate_hz=rate_hz)
        assert torch.equal(out.x, x) and torch.equal(out.h, torch.ones_like(x)) and out.rate_hz == rate_hz


def test_a_gain_and_a_rate_that_came_are_handed_on(channel):
    x = Rng.seeded(1).of(2).complex_normal(9)
    state = State.of(10.0, 2, Rng.seeded(0))
    h = torch.full_like(x, 2j)
    assert torch.equal(channel(Signal(x, state.n0, h, 5e6), state).h, h)


@pytest.mark.parametrize("timing_ppm", [-40.0, 40.0])
def test_frames_arrive_with_the_offsets_that_were_set(gnuradio, timing_ppm):
    phy = Phy(20, 4)
    payloads = [Rng.seeded(3, at).permutation(256).astype("uint8").tobytes() * 4 for at in range(3)]
    x = torch.stack([torch.nn.functional.pad(transmit(one, phy), (500, 500)) for one in payloads])
    out = sent(make(carrier_offset_hz=-30e3, timing_ppm=timing_ppm), x, 16.0)
    assert out.x.shape == x.shape and torch.allclose(out.n0, units.noise_power(16.0))
    for samples, payload in zip(out.x, payloads, strict=True):
        (packet,) = receive(samples, 20)
        assert packet.psdu == payload
        assert packet.cfo_hz == pytest.approx(-30e3, abs=600) and packet.snr_db == pytest.approx(16, abs=1)
        assert packet.clock_ppm == pytest.approx(-timing_ppm, abs=20)


def test_symbols_have_no_rate_for_offsets(gnuradio):
    x = torch.ones(1, 8, dtype=torch.complex64)
    for options in ({"carrier_offset_hz": 1.0}, {"timing_ppm": 1.0}):
        with pytest.raises(InputError, match="symbols have no sample rate"):
            sent(make(**options), x, 10.0, rate_hz=None)


@pytest.mark.parametrize(("options", "says"), [
    ({"timing_ppm": 5000.0}, "timing_ppm"), ({"carrier_offset_hz": float("nan")}, "carrier_offset_hz"),
    ({"python": "/nowhere/python3"}, "apt install gnuradio"), ({"carrier_offset_hz": 11e6}, "half the sample rate")])
def test_what_can_not_be_is_refused(options, says):
    with pytest.raises(InputError, match=says):
        sent(make(**options), torch.ones(1, 8, dtype=torch.complex64), 10.0)


def test_no_gradient_is_promised(channel):
    x = torch.ones(1, 8, dtype=torch.complex64, requires_grad=True)
    with pytest.raises(InputError, match="train over a channel such as awgn"):
        sent(channel, x, 10.0)
    with torch.no_grad():
        sent(channel, x, 10.0)


def test_one_process_serves_the_object_and_a_new_one_follows_a_dead_one(gnuradio):
    one, x = make(), torch.ones(2, 100, dtype=torch.complex64)
    before = sent(one, x, 10.0).x
    pid = one._loop.pid
    sent(one, x, 3.0)
    assert one._loop.pid == pid
    os.kill(pid, signal.SIGKILL)
    one._loop._process._process.wait()
    assert torch.equal(sent(one, x, 10.0).x, before) and one._loop.pid != pid
    for other in (copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert torch.equal(sent(other, x, 10.0).x, before) and other._loop.pid != one._loop.pid


def test_in_a_chain_the_noise_is_the_chains(gnuradio):
    x = Rng.seeded(1).of(2).complex_normal(5000)
    chain = registry.create("channel", "chain", parts=({"name": "gnuradio"},))
    assert torch.equal(sent(chain, x, float("inf")).x, x)
    noise = sent(chain, x, 0.0).x - x
    assert float(noise.abs().square().mean()) == pytest.approx(1, abs=0.05)
