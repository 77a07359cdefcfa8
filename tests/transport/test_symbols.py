"""A codec's own symbols: power, SNR, what is not sent, and what the receiver is told."""

from dataclasses import replace

import pytest
import torch

from gensc.batch import unlabelled
from gensc.channel import AWGN, Rayleigh
from gensc.codec import Jscc
from gensc.errors import InputError
from gensc.link import Link
from gensc.phy.power import unit_power
from gensc.rng import Rng
from gensc.signal import ANY, MAIN, State
from gensc.task import Reconstruct
from gensc.transport import Analog, Symbols


def state(items, snr_db, csi="receiver"):
    return State.of(snr_db, items, Rng.seeded(8), csi)


def sent(transport, values, at):
    """The delivery of values [B,n], and the soft symbols of it."""
    out = transport({MAIN: values}, at)
    return out, out.main


def test_what_is_sent_has_unit_power_whatever_is_left_out():
    payload = Rng.seeded(0).of(4).normal(200) * torch.tensor([[0.01], [1.0], [50.0], [1.0]])
    payload[2, 40:] = 0
    symbols, there = unit_power(payload)
    assert there.sum(dim=1).tolist() == [100, 100, 20, 100]
    power = symbols.abs().square().sum(dim=1) / there.sum(dim=1)
    assert torch.allclose(power, torch.ones(4), atol=1e-5)


@pytest.mark.parametrize("snr_db", [-5.0, 1.0, 10.0, 19.0])
def test_the_snr_is_the_one_that_is_stated(snr_db):
    """Over 2 x 10^5 symbols the estimate's error is within 0.03 dB of the linear MMSE's, N0/(1+N0)."""
    payload = Rng.seeded(1).of(4).normal(100_000)
    _, soft = sent(Symbols(AWGN()), payload, state(4, snr_db))
    symbols, _ = unit_power(payload)
    values = torch.view_as_real(symbols).flatten(1)
    error = 2 * (soft.value - values).square().mean()
    n0 = 10 ** (-snr_db / 10)
    assert abs(10 * torch.log10(error / (n0 / (1 + n0)))) < 0.03
    assert torch.allclose(soft.quality, torch.tensor(1 / (1 + n0)), atol=1e-5)


def test_what_stands_behind_the_last_symbol_costs_nothing_and_says_nothing():
    payload = Rng.seeded(2).of(3).normal(60)
    payload[1, 20:] = 0
    payload[2] = 0
    out, soft = sent(Symbols(AWGN()), payload, state(3, 5.0))
    assert out.cost.uses.tolist() == [30, 10, 0]
    assert (soft.value[1, 20:] == 0).all() and (soft.quality[1, 20:] == 0).all()
    assert (soft.value[2] == 0).all() and (soft.quality[2] == 0).all()
    assert (soft.quality[1, :20] > 0).all()


def test_a_zero_before_the_last_symbol_is_sent_and_paid():
    """Which symbols are zero is information: the receiver hears noise where nothing is, and is not told."""
    payload = Rng.seeded(2).of(200).normal(60)
    payload[:, 10:40] = 0
    payload[:, 50:] = 0
    symbols, there = unit_power(payload)
    assert (there.sum(dim=1) == 25).all() and (symbols[:, 5:20] == 0).all()
    assert torch.allclose(symbols.abs().square().sum(dim=1) / 25, torch.ones(200), atol=1e-5)
    out, soft = sent(Symbols(AWGN(), equalizer="zf"), payload, state(200, 5.0))
    assert (out.cost.uses == 25).all()
    assert (soft.quality[:, 10:40] > 0).all() and (soft.quality[:, 50:] == 0).all()
    n0 = 10**-0.5
    assert float(soft.value[:, 10:40].square().mean()) == pytest.approx(n0 / 2, rel=4.5 * (2 / 6000) ** 0.5)


def test_the_pattern_of_zeros_within_hides_no_bits():
    """As many patterns as one likes, one cost."""
    payload, seen = Rng.seeded(2).of(4).normal(60), set()
    for seed in range(20):
        pattern = (Rng.seeded(seed).of(4).uniform(30) < 0.5).float().repeat_interleave(2, dim=1)
        pattern[:, -2:] = 1
        seen |= set(Symbols()({MAIN: payload * pattern}, state(4, 5.0)).cost.uses.tolist())
    assert seen == {30.0}


def test_each_symbol_has_the_quality_of_its_own_gain():
    transport, payload = Symbols(Rayleigh(fading="symbol")), Rng.seeded(3).of(2).normal(4000)
    quality = sent(transport, payload, state(2, 10.0))[1].quality
    assert torch.equal(quality[:, ::2], quality[:, 1::2]), "one a symbol"
    snr = quality / (1 - quality)
    assert abs(float(snr[:, ::2].mean()) / 10 - 1) < 0.06, "E|h|^2 = 1"


def test_an_odd_number_of_values_and_pilots():
    transport = Symbols(Rayleigh(), pilots=4)
    assert transport.bind({MAIN: (7,)}) == {MAIN: (7,)}
    out, soft = sent(transport, Rng.seeded(4).of(2).normal(7), state(2, 20.0, "pilots"))
    assert soft.value.shape == soft.quality.shape == (2, 7) and out.cost.uses.tolist() == [8, 8]
    with pytest.raises(InputError, match="pilots"):
        Symbols(pilots=-1)


def test_a_row_of_any_length_is_carried():
    transport = Symbols()
    assert transport.bind({"latents": (ANY,)}) == {"latents": (ANY,)}
    assert transport.bind({"latents": (4, ANY, ANY)}) == {"latents": (ANY,)}
    for width in (10, 33):
        out = transport({"latents": Rng.seeded(4).of(2).normal(width)}, state(2, 20.0))
        assert out.parts["latents"].value.shape == (2, width)


@pytest.mark.parametrize("form", [{MAIN: None}, {MAIN: (8,), "side": None}])
def test_bytes_are_refused_with_the_transport_that_takes_them(form):
    with pytest.raises(InputError, match="split"):
        Symbols().bind(form)


def test_both_ends_can_know_the_gain_before_it_is_met():
    transport = Symbols(Rayleigh())
    told = transport.inform(state(4, 10.0, "both"))
    quality = sent(transport, Rng.seeded(3).of(4).normal(40), told)[1].quality[:, 0]
    met_db = 10 * torch.log10(quality / (1 - quality))
    assert torch.allclose(told.known_db, met_db, atol=1e-3) and met_db.std() > 1
    assert torch.equal(told.sender().known_db, told.receiver().known_db), "both ends know it"
    assert transport.inform(state(4, 10.0)).gain_db is None
    with pytest.raises(InputError, match="every symbol"):
        Symbols(Rayleigh(fading="symbol")).inform(state(4, 10.0, "both"))
    with pytest.raises(InputError, match="does not tell"):
        Analog(uses=8).inform(state(4, 10.0, "both"))


def test_an_encoder_that_is_told_the_gain_sends_something_else():
    link = Link(Jscc(), Symbols(Rayleigh()), Reconstruct(("psnr",))).eval()
    batch = unlabelled(torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0)))
    rows = [link.codec.encode(batch, link.informed(batch, state(4, 10.0, csi)).sender())[MAIN]
            for csi in ("both", "receiver")]
    assert not torch.allclose(*rows)


def test_what_a_session_keeps_changes_nothing_on_the_air():
    payload, transport = Rng.seeded(3).of(4).normal(40), Symbols(Rayleigh())
    bare = sent(transport, payload, state(4, 10.0))[1]
    later = sent(transport, payload, replace(state(4, 10.0), round=3, budget=(1, 2, 3, 4)))[1]
    assert torch.equal(bare.value, later.value)
