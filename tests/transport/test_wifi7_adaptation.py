"""Wi-Fi 7 chooses its MCS on draws of the channel at hand."""

import numpy as np
import pytest

from gensc.channel import AWGN, Interference, Rayleigh, Rician
from gensc.channel.offset import CarrierOffset
from gensc.channel.tgn import TGn
from gensc.metric.estimate import wilson
from gensc.phy.wifi7.layout import payload_within
from gensc.phy.wifi7.phy import Phy
from gensc.rng import Rng
from gensc.signal import MAIN, State
from gensc.transport import Wifi7, wifi7, wifi7loss
from gensc.transport.wifi7loss import Frames, losses, measured, standing

FRAMES = Frames(20, 0.8, 4096, 4096, 20)
MCS = range(14)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GENSC_CACHE", str(tmp_path))


@pytest.fixture
def told(monkeypatch):
    """Losses by decree, and what was asked."""
    share, asked = np.ones(14), []

    def table(channel, frames, target, snr_db):
        asked.append((frames.uses, snr_db))
        return share

    monkeypatch.setattr(wifi7, "losses", table)
    return share, asked


def plan(transport, snr_db):
    transport.bind({MAIN: None})
    return transport.inform(State.of(snr_db, 1, Rng.seeded(0))).plan[0]


def lost(channel, mcs, snr_db, items, uses=4096):
    """The share of real items that are lost, and the bytes of one."""
    link = Wifi7(channel, uses=uses, mcs=mcs).eval()
    link.bind({MAIN: None})
    state = State.of(snr_db, items, Rng.seeded(5, "fresh"))
    size = payload_within(Phy(20, mcs), uses) - wifi7.HEAD
    data = tuple(generator.bytes(size) for generator in state.child("data").rng.generators())
    got = link({MAIN: data}, state).main
    return sum(one != sent for one, sent in zip(got, data, strict=True)) / items, size


def test_the_fastest_that_keeps_the_target_is_taken_though_a_slower_one_does_not(told):
    told[0][[0, 1, 3]] = 0.01
    assert plan(Wifi7(Rayleigh()), 20.0) == 3
    assert plan(Wifi7(Rayleigh(), target=0.005), 20.0) == 3  # None keeps it: what delivers most.


def test_where_none_keeps_the_target_the_one_that_delivers_most_is_taken(told):
    told[0][:3] = 0.2, 0.3, 0.6
    assert plan(Wifi7(Rayleigh()), 20.0) == 1


def test_a_table_serves_a_whole_db_and_ends(told):
    transport = Wifi7(Rayleigh())
    for snr_db in (20.0, 20.3, 20.99, 19.99995, 300.0, -300.0):
        plan(transport, snr_db)
    assert told[1] == [(4096, 20), (4096, 60), (4096, -30)]


def test_items_that_take_what_they_need_are_judged_by_frames_of_a_few_lengths(told):
    told[0][:6] = 0.0
    transport = Wifi7(Rayleigh(), uses=0)
    transport.bind({MAIN: None})
    transport._schemes([3, 700, 700, 9000], State.of(20.0, 4, Rng.seeded(0)))
    lengths = {uses for uses, _ in told[1]}
    assert lengths == {standing(uses, Phy(20)) for uses in lengths} and len(told[1]) == len(lengths) <= 5


def test_over_awgn_nothing_is_tried(monkeypatch):
    monkeypatch.setattr(wifi7, "losses", None)
    assert plan(Wifi7(AWGN()), 20.0) == 7


def test_a_table_is_kept_and_belongs_to_its_channel(monkeypatch):
    made = []

    def table(channel, frames, target, snr_db):
        made.append(channel.sir_db)
        return np.full(14, channel.sir_db, np.float32)

    monkeypatch.setattr(wifi7loss, "measured", table)
    for sir_db in (10.0, 20.0, 10.0):
        assert (losses(Interference(sir_db), FRAMES, 0.01, 20) == sir_db).all()
    assert made == [10.0, 20.0]


@pytest.mark.parametrize(("channel", "snr_db", "near"), [
    (AWGN(), 20.0, {7}), (CarrierOffset(ppm=0.01), 20.0, {7}), (TGn(), 20.0, {1, 2, 3})])
def test_what_a_table_says(channel, snr_db, near, monkeypatch):
    monkeypatch.setattr(wifi7loss, "FIRST", 25)
    monkeypatch.setattr(wifi7loss, "MORE", 0)
    share = measured(channel, FRAMES, 0.01, snr_db)
    assert max(index for index in MCS if share[index] <= 0.01) in near


@pytest.mark.slow
@pytest.mark.parametrize("channel", [TGn(), TGn("B"), Rayleigh(), Rician(), Interference(), CarrierOffset()],
                         ids=lambda channel: type(channel).__name__)
@pytest.mark.parametrize("snr_db", [5.0, 15.0, 30.0])
def test_the_choice_keeps_the_target_on_fresh_draws_and_delivers_what_the_best_fixed_one_does(channel, snr_db):
    items, chosen = 200, plan(Wifi7(channel), snr_db)
    tried = {index: lost(channel, index, snr_db, items) for index in range(max(chosen - 1, 0), min(chosen + 3, 14))}
    within = {index: size * (1 - share) for index, (share, size) in tried.items()
              if wilson(share, items)[1] <= 0.02}
    share, size = tried[chosen]
    if within:
        assert wilson(share, items)[0] <= 0.01
        assert size * (1 - share) >= 0.95 * max(within.values())
