import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from gensc.channel import AWGN, Rayleigh, Rician
from gensc.channel.surface import Surface
from gensc.channel.tgn import TGn
from gensc.errors import InputError
from gensc.metric.estimate import wilson
from gensc.phy.adaptation import frame_error
from gensc.phy.entropy import bits_of, decode_with
from gensc.phy.mcs import SCHEMES
from gensc.rng import Rng
from gensc.signal import MAIN, State
from gensc.testing.informed import watched
from gensc.transport import profile
from gensc.transport.adaptation import Option, chosen
from gensc.transport.bytewise import MOST_BYTES
from gensc.transport.capacity import Capacity, poured
from gensc.transport.digital import HEADERS, Digital
from gensc.transport.packing import STEPS

ALL = range(len(SCHEMES["5g"]))
EFFICIENCY = np.array([float(scheme.efficiency) for scheme in SCHEMES["5g"]])


def ready(transport):
    transport.bind({MAIN: None})
    return transport.eval()


def sent(transport, part, at):
    return transport({MAIN: part}, at)


def budget(transport, at):
    return transport.inform(at).budget


def state(snr_db, items, seed=0):
    return State.of(snr_db, items, Rng.seeded(seed, "tests", "digital"))


def full(transport, items, snr_db, generator):
    """An item that fills its budget for each of ``items``."""
    return tuple(generator.bytes(most) for most in budget(transport, state(snr_db, items)))


def lost_share(transport, snr_db, items, generator):
    data = full(transport, items, snr_db, generator)
    return 1 - sent(transport, data, state(snr_db, items)).ok.float().mean().item()


@pytest.mark.parametrize(("code", "mcs", "uses", "snr_db"), [
    ("802.11", 0, 512, -1.75), ("802.11", 2, 1024, 4.5), ("802.11", 7, 384, 17.75),
    ("5g", 0, 160, -6.25), ("5g", 2, 700, -1.75), ("5g", 7, 300, 5.75), ("5g", 20, 1000, 18.0)])
def test_the_table_foretells_the_loss_over_awgn(code, mcs, uses, snr_db, generator):
    seen = lost_share(ready(Digital(AWGN(), mcs=mcs, uses=uses, code=code)), snr_db, 1000, generator)
    assert 0.01 < seen < 0.9
    near = [frame_error(code, mcs, uses, snr_db + off) for off in (0.2, -0.2)]
    low, high = wilson(seen, 1000)
    assert low <= near[1] and near[0] <= high, (seen, near)


def best(symbols, snr_db, target=0.01):
    """The 5G scheme for a frame over AWGN."""
    options = [Option(mcs, symbols, symbols * EFFICIENCY[mcs] / 8) for mcs in ALL]
    return chosen(options, profile.flat(snr_db), "5g", target).index


@pytest.mark.parametrize("channel", [Rayleigh(), Rayleigh("symbol"), Rician(10.0), TGn("D"), Surface()], ids=str)
def test_the_profile_foretells_the_loss_over_gains(channel, generator):
    link = ready(Digital(channel, mcs=2, uses=512))
    for snr_db in (0.0, 2.5, 12.0):
        seen = lost_share(link, snr_db, 1500, generator)
        if 0.005 < seen < 0.995:
            break
    low, high = wilson(seen, 1500)
    near = [link.adaptation.lost(Option(2, 512, 29), snr_db + off, "receiver") for off in (0.25, -0.25)]
    assert low <= near[1] and near[0] <= high, (seen, near)


def test_adaptation_takes_more_at_higher_snr_and_meets_its_target(generator):
    rates = [EFFICIENCY[best(768, snr_db)] for snr_db in range(-16, 45)]
    assert rates == sorted(rates) and rates[0] < EFFICIENCY[33] and rates[-1] == EFFICIENCY[27]
    for snr_db in (-8.0, -3.0, 3.0, 11.0, 18.0):
        index = best(768, snr_db)
        lost = np.array([frame_error("5g", mcs, 768, snr_db) for mcs in ALL])
        assert lost[index] <= 0.01 and lost[EFFICIENCY[index] < EFFICIENCY].min() > 0.01
    assert lost_share(ready(Digital(AWGN(), uses=768)), 11.0, 1000, generator) < 0.025


def test_below_every_target_adaptation_takes_what_delivers_most():
    assert best(768, -25.0) == int(np.argmax(EFFICIENCY * [1 - frame_error("5g", mcs, 768, -25.0) for mcs in ALL]))


def test_three_bytes_arrive_where_the_lowest_rate_of_the_first_table_brings_nothing(generator):
    """640 uses at -10 dB: what repetition and the low rates are for."""
    link = ready(Digital(AWGN(), uses=640, target=0.05))
    assert budget(link, state(-10.0, 1))[0] == 2, "and what says where they end"
    assert lost_share(link, -10.0, 1000, generator) < 0.07
    lowest = ready(Digital(AWGN(), uses=640, mcs=0))
    assert lost_share(lowest, -10.0, 100, generator) > 0.95


@pytest.mark.parametrize("channel", [Rayleigh("symbol"), TGn("D")], ids=["symbol", "tgn"])
def test_a_sender_that_knows_all_gains_fits_each_item_to_its_own(channel, generator):
    link = ready(Digital(channel, uses=128, target=0.05))
    both = State.of(8.0, 800, Rng.seeded(3), csi="both")
    sizes = budget(link, both)
    assert len(set(sizes)) > 1
    out = sent(link, tuple(generator.bytes(size) for size in sizes), both)
    assert (~out.ok).float().mean() < 0.07


def test_pilots_take_their_share_of_the_snr():
    """With P pilots the noise is about N0 (1 + 1/P): fewer bytes than with the channel known."""
    ends = State.of(8.0, 1, Rng.seeded(0), csi="pilots")
    few, known = Digital(Rician(20.0), uses=264, pilots=8, target=0.05), Digital(Rician(20.0), uses=256, target=0.05)
    assert budget(ready(few), ends)[0] < budget(ready(known), state(8.0, 1))[0]


def test_a_header_goes_by_a_scheme_that_arrives(generator):
    link, data = ready(Digital(Rayleigh("symbol"), uses=0, target=0.02)), tuple(generator.bytes(9) for _ in range(300))
    out = sent(link, data, state(-9.0, 300))
    assert (~out.ok).float().mean() < 0.04 and out.cost.uses[0] > HEADERS[0].symbols


def test_a_longer_frame_than_any_measured_fails_like_several():
    one, two = (frame_error("802.11", 2, symbols, 4.0) for symbols in (3072, 6144))
    assert two == pytest.approx(1 - (1 - one) ** 2)


def test_free_items_pay_for_their_header_and_no_more(generator):
    transport = ready(Digital(AWGN(), mcs=4, uses=0, pilots=0))
    data = tuple(generator.bytes(size) for size in (1, 400, 4000))
    out = sent(transport, data, state(20.0, 3))
    assert out.main == data
    bits = (out.cost.uses - HEADERS[0].symbols) * float(SCHEMES["5g"][4].efficiency)
    assert (bits >= 8 * torch.tensor([1, 400, 4000])).all() and bits[2] < 1.03 * 32_000


def test_an_empty_free_item_is_its_header(generator):
    out = sent(ready(Digital(AWGN(), uses=0)), (b"", b"x"), state(20.0, 2))
    assert out.main[1] == b"x" and out.cost.uses[0] < out.cost.uses[1]


def test_short_free_items_meet_their_target_too(generator):
    transport = ready(Digital(AWGN(), uses=0))
    out = sent(transport, tuple(generator.bytes(40) for _ in range(1500)), state(13.0, 1500))
    assert (~out.ok).float().mean() < 0.02


def test_pilots_are_paid_and_estimate_the_gain(generator):
    transport = ready(Digital(Rayleigh(), mcs=3, uses=512, pilots=32))
    data = full(transport, 200, 30.0, generator)
    ends = State.of(30.0, 200, Rng.seeded(0), csi="pilots")
    out = sent(transport, data, ends)
    assert (out.cost.uses == 512).all() and out.ok.float().mean() > 0.95
    assert budget(transport, ends) < budget(ready(Digital(Rayleigh(), mcs=3, uses=512)), ends)


def test_without_channel_knowledge_a_phase_turn_loses_everything(generator):
    transport = ready(Digital(Rayleigh(), mcs=6, uses=512))
    data = full(transport, 100, 30.0, generator)
    blind = sent(transport, data, State.of(30.0, 100, Rng.seeded(0), csi="none"))
    assert blind.ok.float().mean() < 0.2


@pytest.mark.parametrize(("options", "told"), [
    ({"mcs": 44}, "0 to 43"), ({"mcs": 14, "code": "802.11"}, "0 to 13"), ({"uses": 1}, "not even one byte"),
    ({"uses": -1}, "0 or more"),
    ({"target": 0.0}, "between 0 and 1"), ({"iterations": 0}, "at least 1"), ({"uses": 100, "pilots": 100}, "one byte"),
    ({"packing": {"values": 0}}, "at least 1"), ({"code": "turbo"}, "5g, 802.11"),
    ({"packing": {"value": 8}}, "did you mean 'values'"), ({"packing": {"hidden": "many"}}, "expected int"),
    ({"uses": 128, "cbr": 0.1}, "one of them"), ({"cbr": -0.1}, "uses a source value"), ({"pilots": -1}, "0 or more"),
])
def test_bad_options_are_refused(options, told):
    with pytest.raises(InputError, match=told):
        Digital(AWGN(), **options)


def test_bad_payloads_are_refused_or_lost(generator):
    transport = ready(Digital(AWGN(), mcs=4, uses=256))
    out = sent(transport, (b"", generator.bytes(5), generator.bytes(5000)), state(30.0, 3))
    assert out.ok.tolist() == [False, True, False]
    with pytest.raises(InputError, match="cut it into several"):
        sent(ready(Digital(AWGN(), mcs=4, uses=0)), (bytes(MOST_BYTES + 1),), state(30.0, 1))
    with pytest.raises(InputError, match="fit their rate"):
        Digital(AWGN(), uses=0).bind({MAIN: (8,)})


def test_features_fill_their_budget_and_survive_the_trip(generator):
    transport = Digital(AWGN(), uses=64, packing={"hidden": 32})
    transport.bind({MAIN: (24,)})
    transport.eval()
    payload = Rng.seeded(1).of(50).normal(24)
    finer = []
    for snr_db in (5.0, 10.0, 15.0):
        here = state(snr_db, 50)
        space = transport.space(transport.inform(here))
        streams = transport.packing.pack(payload, space)
        assert all(0 < bits_of(one) <= most for one, most in zip(streams, space, strict=True))
        finer.append(np.mean([decode_with(transport.packing._prior(), one, STEPS)[1] for one in streams]))
        out = sent(transport, payload, here)
        assert torch.equal(out.main[out.ok], transport.packing.unpack(streams)[out.ok])
    assert finer == sorted(finer, reverse=True) and finer[0] > finer[-1]


@pytest.mark.parametrize("transport", [Capacity(AWGN(), uses=16), Digital(AWGN(), uses=40, mcs=4)])
def test_features_that_fit_no_budget_are_lost_even_without_noise(transport):
    transport.bind({MAIN: (24,)})
    transport.packing.scale.fill_(100.0)  # a prior that makes every value cost bytes
    snr_db = float("inf") if isinstance(transport, Digital) else -10.0
    out = sent(transport.eval(), Rng.seeded(1).of(3).normal(24), state(snr_db, 3))
    assert not out.ok.any()
    assert torch.equal(out.main, transport.packing.unpack([None] * 3))


def test_a_lost_item_of_features_is_concealed_as_the_mean():
    transport = Digital(AWGN(), uses=256, packing={"values": 16, "hidden": 32})
    transport.bind({MAIN: (24,)})
    out = sent(transport.eval(), Rng.seeded(1).of(3).normal(24), state(-30.0, 3))
    assert not out.ok.any()
    assert torch.equal(out.main, transport.packing.unpack([None] * 3))


def test_capacity_is_shannons():
    transport = ready(Capacity(AWGN(), uses=1000))
    most = budget(transport, state(10.0, 2))
    assert most == (math.floor(1000 * math.log2(11) / 8),) * 2
    over, fits = bytes(most[0] + 1), bytes(most[0])
    assert sent(transport, (over, fits), state(10.0, 2)).ok.tolist() == [False, True]


def test_capacity_over_fading_is_that_of_each_gain():
    transport = ready(Capacity(Rayleigh(), uses=1000))
    bits = torch.tensor(budget(transport, state(10.0, 4000)), dtype=torch.float64) * 8 / 1000
    # E[log2(1 + 10 g)] for g ~ Exp(1): e^(1/10) E1(1/10) / ln 2
    from scipy.special import exp1
    assert bits.mean().item() == pytest.approx(math.exp(0.1) * exp1(0.1) / math.log(2), abs=4 * bits.std().item() / 63)


def test_a_distorting_channel_has_no_such_capacity():
    from gensc.channel import PhaseNoise
    with pytest.raises(InputError, match="not its capacity"):
        Capacity(PhaseNoise())


def test_what_is_decided_once_is_not_decided_again():
    """The channel of a bound is probed by inform alone, and the scheme of an item is chosen there alone."""
    capacity = ready(Capacity(Rayleigh(), uses=100))
    told = capacity.inform(state(10.0, 3))
    with watched(capacity.channel) as watch:
        sent(capacity, (b"a", b"b", b"c"), told)
    assert not watch.states
    digital = ready(Digital(AWGN(), uses=512))
    chosen = digital.inform(state(20.0, 3))
    moved = replace(chosen, snr_db=torch.full((3,), 6.0))
    assert digital.inform(moved).plan != chosen.plan
    assert digital.space(moved) == digital.space(chosen), "the plan stands, whatever the SNR turns out to be"


def test_capacity_of_both_ends_pours_the_power_where_the_channel_is_good():
    """Rayleigh by symbol at -10 dB: water-filling carries 1.8 times what even power does (Goldsmith, 4.2.4)."""
    from scipy.integrate import quad
    from scipy.optimize import brentq

    transport = ready(Capacity(Rayleigh("symbol"), uses=4000))
    even, filled = (torch.tensor(transport.space(transport.inform(State.of(-10.0, 40, Rng.seeded(0), csi))))
                    .double().mean().item() / 4000 for csi in ("receiver", "both"))
    cut = brentq(lambda g: quad(lambda x: (1 / g - 1 / x) * math.exp(-x), g, 60)[0] - 0.1, 1e-3, 10)
    assert filled == pytest.approx(quad(lambda x: math.log2(x / cut) * math.exp(-x), cut, 60)[0], rel=0.01)
    assert 1.7 < filled / even < 1.9


def test_poured_power_is_all_used_and_nothing_better_is_near(generator):
    snr = torch.from_numpy(generator.exponential(size=(5, 60))) * 0.3
    power = poured(snr, torch.full((5,), 60))
    assert torch.allclose(power.sum(dim=1), torch.full((5,), 60.0, dtype=torch.float64))
    assert (power >= 0).all() and (power == 0).any()
    best = torch.log2(1 + power * snr).sum(dim=1)
    for _ in range(50):
        other = (power + torch.from_numpy(generator.normal(size=(5, 60))) * 0.2).clamp_min(0)
        other *= 60 / other.sum(dim=1, keepdim=True)
        assert (torch.log2(1 + other * snr).sum(dim=1) <= best + 1e-9).all()


def test_features_over_capacity_are_counted_in_bits():
    """At 64 uses and -10 dB there are 8 bits on average: an eighth of a byte lost each would be half of it."""
    capacity = Capacity(Rayleigh(), uses=64, packing={"values": 4, "hidden": 8})
    capacity.bind({MAIN: (12,)})
    at = capacity.inform(state(-4.0, 400))
    out = capacity.eval()(dict([(MAIN, Rng.seeded(1).of(400).normal(12))]), at)
    assert (out.cost.bits <= torch.tensor(capacity.space(at))).all()
    assert (out.cost.bits % 8 != 0).any() and out.ok.float().mean() > 0.5


@pytest.mark.parametrize("mcs", ["adaptive", 4])
@pytest.mark.parametrize(("code", "channel"), [("5g", AWGN()), ("802.11", Rayleigh())], ids=["5g", "802.11"])
def test_the_price_that_the_encoder_is_told_is_what_is_paid(mcs, code, channel, generator):
    sizes = [0, 1, 30, 61, 62, 63, 400, 5000]
    snr_db = torch.linspace(0, 24, len(sizes))
    for pilots, csi in ((0, "receiver"), (7, "pilots")):
        transport = ready(Digital(channel, uses=0, mcs=mcs, code=code, pilots=pilots))
        told = transport.inform(State.of(snr_db, len(sizes), Rng.seeded(0), csi))
        assert told.budget is None
        out = sent(transport, tuple(generator.bytes(size) for size in sizes), told)
        assert torch.equal(told.price(MAIN, sizes) + pilots, out.cost.uses)
    heads = told.price(MAIN, [0] * len(sizes))
    assert (heads >= HEADERS[0].symbols).all() and (heads <= 4 * HEADERS[0].symbols).all()
    assert ready(Digital()).inform(state(10.0, 2)).price is None


@pytest.mark.parametrize("make", [lambda **uses: Digital(AWGN(), mcs=3, pilots=0, **uses),
                                  lambda **uses: Capacity(Rayleigh(), **uses)], ids=["digital", "capacity"])
def test_a_ratio_gives_each_item_its_own_uses(make, generator):
    transport = ready(make(cbr=1 / 12))
    values = torch.tensor([3.0 * 32 * 48, 3.0 * 64 * 64, 1800.0])
    told = transport.inform(replace(state(15.0, 3), values=values))
    out = sent(transport, tuple(generator.bytes(most) for most in told.budget), told)
    assert out.cost.uses.tolist() == [384, 1024, 150] and out.ok.all()
    for place, uses in enumerate((384, 1024, 150)):
        fixed = ready(make(uses=uses)).inform(State.of(15.0, [place], state(15.0, 1).rng))
        assert fixed.budget == told.budget[place:place + 1], "as many bytes as in so many uses"


def test_a_ratio_includes_the_pilots_and_leaves_features_their_uses():
    with_pilots = ready(Digital(Rayleigh(), cbr=0.1, pilots=30))
    at = replace(State.of(20.0, 2, Rng.seeded(0), "pilots"), values=torch.tensor([3000.0, 4000.0]))
    assert sent(with_pilots, (b"a", b"b"), at).cost.uses.tolist() == [300, 400]
    features = Digital(AWGN(), cbr=0.1, packing={"values": 8, "hidden": 16})
    features.bind({MAIN: (24,)})
    out = sent(features.eval(), Rng.seeded(1).of(2).normal(24), replace(at, csi="receiver"))
    assert out.cost.uses.tolist() == [300, 400] and out.ok.all()


@pytest.mark.parametrize(("make", "words"), [
    (lambda: Digital(cbr=0.0001), "1 channel uses.*give more cbr"), (lambda: Capacity(cbr=1e-6), "no channel use"),
    (lambda: Capacity(uses=0), "1 or more"), (lambda: Digital(uses=2), "2 channel uses.*give more uses")])
def test_too_few_uses_are_named(make, words):
    with pytest.raises(InputError, match=words):
        ready(make()).inform(replace(state(10.0, 2), values=torch.tensor([12_288.0, 12_288.0])))


@pytest.mark.parametrize("kind", [Digital, Capacity])
def test_a_ratio_needs_something_to_count(kind):
    with pytest.raises(InputError, match=r"State\.values"):
        ready(kind(cbr=0.1)).inform(state(10.0, 2))
