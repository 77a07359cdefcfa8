"""Wi-Fi 7's place in a shared plot: power and noise of its samples, as of any other transport's channel uses."""

import pytest

from gensc.channel import AWGN
from gensc.phy.wifi7.tones import BANDWIDTHS_MHZ
from gensc.rng import Rng
from gensc.signal import MAIN, Signal, State
from gensc.testing.informed import watched
from gensc.transport import Wifi7

SIZES = (3, 700)


def on_the_air(transport, snr_db=20.0, sizes=SIZES):
    """The samples that go out, the noise that comes back with them, and the delivery."""
    transport.bind({MAIN: None})
    state = State.of(snr_db, len(sizes), Rng.seeded(1, "tests"))
    items = tuple(next(Rng.seeded(size).generators()).bytes(size) for size in sizes)
    with watched(transport.channel) as watch:
        delivery = transport({MAIN: items}, transport.inform(state))
    (x,) = watch.symbols
    return x, transport.channel(Signal(x, state.n0), state).x - x, delivery


@pytest.mark.parametrize("width", BANDWIDTHS_MHZ)
@pytest.mark.parametrize("uses", [0, 2000])
def test_mean_power_is_1_over_all_uses_that_are_paid_and_noise_n0_a_sample(width, uses):
    """A tone of power 1, as published figures have it, would be 0.055 off at 20 and 40 MHz and 0.027 above."""
    x, noise, out = on_the_air(Wifi7(AWGN(), width, uses=uses * width // 20, mcs=2))
    energy = x.abs().double().square().sum(dim=1)
    assert float(energy.sum() / out.cost.uses.sum()) == pytest.approx(1, abs=0.015)
    assert float(noise.abs().square().mean()) == pytest.approx(0.01, rel=0.03)


def test_an_item_fills_its_uses_whatever_its_length():
    x, _, out = on_the_air(Wifi7(AWGN(), uses=4096, mcs=2), sizes=(1, 100, 400))
    assert out.ok.all() and out.cost.uses.tolist() == [4096] * 3
    assert len(set((x != 0).sum(dim=1).tolist())) == 1


def test_adaptation_reads_its_table_at_the_es_n0_of_a_tone():
    """The table is that of symbols on tones: the scheme changes 0.24 dB (20 MHz) or 0.12 dB (80) lower."""
    def change(width, uses):
        transport = Wifi7(AWGN(), width, uses=8192)
        return next(step / 100 for step in range(600, 2000) if transport._lost(4, uses, step / 100) < 0.01)

    assert change(80, 4 * 1088) - change(20, 17 * 272) == pytest.approx(0.124, abs=0.011)
