"""Parts of one item on one channel: what they share, what each pays, and what is refused."""

from dataclasses import replace

import pytest
import torch

from gensc.channel import AWGN, Chain, Mix, PhaseNoise, Rayleigh
from gensc.errors import InputError
from gensc.phy.power import unit_power
from gensc.registry import create
from gensc.rng import Rng
from gensc.signal import ANY, MAIN, Signal, State
from gensc.testing import check_transport
from gensc.testing.informed import watched
from gensc.transport import Digital, Split, Symbols
from gensc.transport.digital import HEADERS

FORM = {MAIN: (60,), "side": None}
FIXED = {MAIN: {"name": "symbols"}, "side": {"name": "digital", "uses": 400, "mcs": 0}}


def state(items, snr_db, csi="receiver", seed=0):
    return State.of(snr_db, items, Rng.seeded(seed, "tests", "split"), csi)


def payload(items, width=60, length=12):
    generators = Rng.seeded(4, "bytes").of(items).generators()
    return {MAIN: Rng.seeded(3, "values").of(items).normal(width),
            "side": tuple(generator.bytes(length) for generator in generators)}


def ready(*args, **options):
    transport = Split(*args, **options)
    transport.bind({name: None if name == "side" else (60,) for name in options.get("parts") or FORM})
    return transport.eval()


@pytest.mark.parametrize(("options", "csi"), [
    ({"channel": Rayleigh()}, "receiver"), ({"channel": Rayleigh()}, "both"),
    ({"channel": Rayleigh("symbol"), "equalizer": "zf"}, "receiver"),
    ({"channel": Rayleigh(), "pilots": 5}, "pilots"), ({"channel": Rayleigh()}, "none"),
    ({"parts": FIXED}, "receiver"), ({"channel": Mix()}, "receiver"),
    ({"parts": {MAIN: {"name": "analog", "uses": 20, "hidden": 16}, "side": {"name": "digital", "uses": 0}}},
     "receiver"),
    ({"parts": {"side": {"name": "digital", "uses": 0, "mcs": 3}, MAIN: {"name": "features"}}}, "receiver"),
], ids=str)
def test_other_settings_keep_the_laws(options, csi):
    check_transport(lambda: create("transport", "split", **options), csi)


def test_all_parts_of_an_item_meet_one_gain():
    """Over block Rayleigh the gain that the symbols show and that the bytes were equalised by is one number an item."""
    transport, seen = ready(Rayleigh(), parts={MAIN: {"name": "symbols"}, "side": {"name": "digital", "uses": 400}}), {}
    for name, way in transport.ways.items():
        absorb = way.absorb

        def listening(heard, emission, at, name=name, absorb=absorb):
            seen[name] = heard.h
            return absorb(heard, emission, at)

        way.absorb = listening
    at = state(50, 15.0)
    out = transport(payload(50), at)
    for gain in seen.values():
        assert torch.equal(gain, gain[:, :1].expand_as(gain))
    assert torch.equal(seen[MAIN][:, 0], seen["side"][:, 0])
    met = Rayleigh()(Signal(torch.ones(50, 1, dtype=torch.complex64), at.n0), at.air()).h[:, 0]
    assert torch.equal(seen[MAIN][:, 0], met), "the gain of the channel's own stream"
    snr = out.main.quality[:, 0] / (1 - out.main.quality[:, 0])
    assert torch.allclose(snr, met.abs().square() * 10**1.5, rtol=1e-3)


def test_what_is_lost_is_lost_together():
    """Where the gain is low, both parts are bad: over block fading the loss of the side follows the quality."""
    out = ready(Rayleigh())(payload(600), state(600, 3.0))
    quality = out.main.quality[:, 0]
    assert 20 < int((~out.ok).sum()) < 300, int((~out.ok).sum())
    assert quality[~out.ok].max() < quality[out.ok].mean()
    assert quality[~out.ok].mean() < 0.5 * quality[out.ok].mean()


def test_there_is_one_use_of_the_channel_and_the_parts_follow_each_other():
    transport, parts = ready(AWGN(), parts=FIXED), payload(3)
    parts[MAIN][1, 20:] = 0
    with watched(transport.channel) as watch:
        out = transport(parts, state(3, 20.0))
    (x,) = watch.symbols
    assert out.cost.uses.tolist() == [430, 410, 430] and x.shape == (3, 430)
    symbols, _ = unit_power(parts[MAIN])
    side = Digital(uses=400, mcs=0)
    side.bind({"side": None})
    coded = side.emit({"side": parts["side"]}, side.inform(state(3, 20.0))).symbols
    for item, length in enumerate((30, 10, 30)):
        assert torch.equal(x[item, :length], symbols[item, :length])
        assert torch.equal(x[item, length:length + 400], coded[item])
        assert not x[item, length + 400:].any(), "nothing behind"


@pytest.mark.parametrize("channel", [AWGN(), Rayleigh(), Rayleigh("symbol")], ids=["awgn", "block", "symbol"])
def test_what_comes_first_arrives_as_it_does_alone(channel):
    """To the bit: what follows the bytes changes nothing."""
    parts, at = payload(40, length=50), state(40, 5.0)
    way = {"name": "digital", "uses": 0, "mcs": 3}
    alone = Digital(channel, uses=0, mcs=3)({"side": parts["side"]}, at)
    beside = ready(channel, parts={MAIN: {"name": "symbols"}, "side": way})(parts, at)
    assert beside.parts["side"] == alone.parts["side"]


def test_where_symbols_end_is_not_told_for_nothing():
    """Bytes of free length come first: behind the symbols they would tell for nothing where those end."""
    parts, transport = payload(3), ready(AWGN())
    parts[MAIN][1, 20:] = 0
    at = transport.inform(state(3, 20.0))
    with watched(transport.channel) as watch:
        transport(parts, at)
    (x,) = watch.symbols
    price = at.sender().price("side", [12, 12, 12])
    side = Digital(uses=0, target=1e-4)
    side.bind({"side": None})
    coded = side.emit({"side": parts["side"]}, side.inform(state(3, 20.0))).symbols
    for item in range(3):
        assert torch.equal(x[item, :int(price[item])], coded[item, :int(price[item])])


def test_bytes_alone_are_those_of_digital():
    parts, at = payload(40, length=50), state(40, 5.0)
    alone = Digital(Rayleigh(), uses=0, mcs=3)({"side": parts["side"]}, at)
    only = ready(Rayleigh(), parts={"side": {"name": "digital", "uses": 0, "mcs": 3}})
    out = only({"side": parts["side"]}, at)
    assert out.parts == alone.parts and torch.equal(out.cost.uses, alone.cost.uses)
    assert 0 < int(out.ok.sum()) < 40 and torch.equal(out.ok, alone.ok)


def test_costs_add_up_and_pilots_are_paid_once():
    parts = payload(2)
    alone = sum(float(one({name: parts[name]}, state(2, 20.0)).cost.uses[0])
                for name, one in ((MAIN, Symbols()), ("side", Digital(uses=0, target=1e-4))))
    plain = ready()(parts, state(2, 20.0))
    assert plain.cost.uses.tolist() == [alone, alone]
    assert plain.cost.bits.tolist() == [96, 96]
    assert plain.cost.seconds.tolist() == pytest.approx([alone / 20e6] * 2)
    piloted = ready(Rayleigh(), pilots=6)
    at = piloted.inform(state(2, 20.0, "pilots"))
    assert torch.equal(piloted(parts, at).cost.uses, at.price("side", [12, 12]) + 30 + 6)


@pytest.mark.parametrize("csi", ["receiver", "both"])
def test_the_price_of_the_side_is_what_it_costs(csi):
    transport, sizes = ready(Rayleigh()), [0, 1, 12, 300]
    at = transport.inform(state(4, torch.tensor([2.0, 9.0, 14.0, 30.0]), csi))
    assert at.budget is None and (at.gain_db is not None) == (csi == "both")
    parts = payload(4)
    parts["side"] = tuple(bytes(size) for size in sizes)
    uses = transport(parts, at).cost.uses
    assert torch.equal(at.sender().price("side", sizes) + 30, uses)
    assert HEADERS[0].symbols + 30 <= float(uses[0]) <= 4 * HEADERS[0].symbols + 30
    assert at.receiver().price is None
    with pytest.raises(InputError, match="'main'"):
        at.price(MAIN, sizes)


def test_the_scheme_follows_a_gain_that_both_ends_know():
    transport = ready(Rayleigh())
    told = transport.inform(state(200, 12.0, "both"))
    price = told.price("side", [500] * 200)
    order = told.gain_db.argsort()
    assert (price[order][10:].diff() <= 0).all() and price.max() > 2 * price.min()
    blind = transport.inform(state(200, 12.0)).price("side", [500] * 200)
    assert (blind == blind[0]).all()
    parts = payload(200, length=500)
    assert transport(parts, told).ok.float().mean() > transport(parts, state(200, 12.0)).ok.float().mean() + 0.05


def test_bytes_of_fixed_uses_have_a_budget_and_no_price():
    told = ready(parts=FIXED).inform(state(3, 10.0))
    alone = Digital(uses=400, mcs=0)
    alone.bind({"side": None})
    assert told.budget == alone.inform(state(3, 10.0)).budget and told.price is None
    ratio = ready(parts={**FIXED, "side": {"name": "digital", "cbr": 0.1}})
    at = ratio.inform(replace(state(2, 10.0), values=torch.tensor([3000.0, 5000.0])))
    assert ratio(payload(2), at).cost.uses.tolist() == [330, 530]


def test_the_part_of_free_length_comes_first_whatever_the_table_says():
    turned = {"side": {"name": "digital", "uses": 0, "target": 1e-4}, MAIN: {"name": "symbols"}}
    transport = ready(parts=turned)
    assert list(transport.ways) == ["side", MAIN]
    first, second = (one(payload(3), state(3, 6.0)) for one in (transport, ready()))
    assert torch.equal(first.main.value, second.main.value) and first.parts["side"] == second.parts["side"]


def test_a_row_of_any_length_goes_beside_bytes():
    transport = Split()
    assert transport.bind({MAIN: (ANY,), "side": None}) == {MAIN: (ANY,), "side": None}
    out = transport.eval()(payload(2, width=77), state(2, 20.0))
    assert out.main.value.shape == (2, 77) and out.ok.all()


def test_an_item_without_symbols_still_has_its_bytes():
    parts = payload(3)
    parts[MAIN][1] = 0
    out = ready()(parts, state(3, 20.0))
    assert out.ok.all() and out.parts["side"] == parts["side"]
    assert (out.cost.uses[0] - out.cost.uses[1]) == 30


def test_the_gradient_goes_through_the_symbols():
    parts = payload(3)
    parts[MAIN].requires_grad_()
    ready(Rayleigh()).train()(parts, state(3, 10.0)).main.value.square().sum().backward()
    assert (parts[MAIN].grad.abs().sum(dim=1) > 0).all()


def test_no_weight_is_there_twice():
    transport = Split(create("channel", "learned"), parts={MAIN: {"name": "analog", "uses": 10},
                                                           "side": {"name": "digital", "uses": 0}})
    transport.bind({MAIN: (8,), "side": None})
    names = list(transport.state_dict())
    assert sum("model" in name for name in names) == len(create("channel", "learned").state_dict())
    assert all(name.startswith(("channel.", "ways.main.")) for name in names)


@pytest.mark.parametrize(("parts", "words"), [
    ({}, "parts is empty"), ({MAIN: {"name": "wifi7"}}, "can't be joined"), ({MAIN: {"name": "capacity"}}, "can't be"),
    ({MAIN: {"name": "qubit"}}, "can't be"), ({MAIN: {"name": "sealed"}}, "can't be"),
    ({MAIN: {"name": "split"}}, "can't be"), ({MAIN: {"name": "features", "convention": "gensc6g"}}, "can't be"),
    ({MAIN: {"uses": 3}}, "by name"), ({MAIN: "symbols"}, "by name"), ({MAIN: {"name": "symbol"}}, "did you mean"),
    ({MAIN: {"name": "symbols", "pilots": 3}}, "share the split's"),
    ({MAIN: {"name": "symbols", "equalizer": "zf"}}, "share the split's"),
    ({"a": {"name": "digital", "uses": 0}, "b": {"name": "digital", "uses": 0}}, "a, b all take"),
    ({"a": {"name": "digital"}, "b": {"name": "digital", "uses": 300}}, "one budget"),
], ids=str)
def test_wrong_parts_are_named(parts, words):
    with pytest.raises(InputError, match=words):
        create("transport", "split", parts=parts)


@pytest.mark.parametrize("form", [{MAIN: (8,)}, {MAIN: (8,), "map": None}, {MAIN: (8,), "side": None, "more": None}],
                         ids=str)
def test_a_codec_with_other_parts_is_refused(form):
    with pytest.raises(InputError, match="for each part of the codec"):
        Split().bind(form)


@pytest.mark.parametrize(("form", "words"), [
    ({MAIN: None, "side": None}, "symbols carries features"), ({MAIN: (8,), "side": (3,)}, "'side' is features")])
def test_a_part_of_another_kind_is_refused(form, words):
    with pytest.raises(InputError, match=words):
        Split().bind(form)


def test_what_is_given_must_be_what_was_bound():
    with pytest.raises(InputError, match="expected side, main"):
        ready()({MAIN: torch.ones(2, 60)}, state(2, 10.0))


def test_the_gain_is_told_only_where_there_is_one_an_item():
    with pytest.raises(InputError, match="every symbol"):
        ready(Rayleigh("symbol")).inform(state(2, 10.0, "both"))


def test_a_channel_that_distorts_distorts_all():
    """Phase noise runs on from the symbols into the bytes: it is one waveform."""
    transport = ready(Chain((PhaseNoise(1e-3),)), parts={MAIN: {"name": "features"},
                                                        "side": {"name": "digital", "uses": 400, "mcs": 0}})
    with watched(transport.channel) as watch:
        transport(payload(2), state(2, 30.0))
    assert len(watch.symbols) == 1 and watch.symbols[0].shape == (2, 430)
