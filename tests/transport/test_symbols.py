"""A codec's own symbols: power, SNR, what is not sent, and what the receiver is told."""

import pytest
import torch

from gensc.channel import AWGN, Rayleigh
from gensc.codec import Jscc
from gensc.errors import InputError
from gensc.link import Link
from gensc.rng import Rng
from gensc.signal import State
from gensc.task import Reconstruct
from gensc.transport import Digital, Symbols
from gensc.transport.symbols import unit_power


def state(items, snr_db, csi="receiver"):
    return State.of(snr_db, items, Rng.seeded(8), csi)


def test_what_is_sent_has_unit_power_whatever_is_left_out():
    payload = Rng.seeded(0).of(4).normal(200) * torch.tensor([[0.01], [1.0], [50.0], [1.0]])
    payload[2, 40:] = 0
    symbols, sent = unit_power(payload)
    assert sent.sum(dim=1).tolist() == [100, 100, 20, 100]
    power = symbols.abs().square().sum(dim=1) / sent.sum(dim=1)
    assert torch.allclose(power, torch.ones(4), atol=1e-5)


@pytest.mark.parametrize("snr_db", [-5.0, 1.0, 10.0, 19.0])
def test_the_snr_is_the_one_that_is_stated(snr_db):
    """Over 2 x 10^5 symbols the estimate's error is within 0.03 dB of the linear MMSE's, N0/(1+N0)."""
    payload = Rng.seeded(1).of(4).normal(100_000)
    out = Symbols(AWGN())(payload, state(4, snr_db))
    symbols, _ = unit_power(payload)
    sent = torch.view_as_real(symbols).flatten(1)
    error = 2 * (out.payload[:, 0] - sent).square().mean()
    n0 = 10 ** (-snr_db / 10)
    assert abs(10 * torch.log10(error / (n0 / (1 + n0)))) < 0.03
    assert torch.allclose(out.payload[:, 1], torch.tensor(1 / (1 + n0)), atol=1e-5)


def test_symbols_that_are_zero_cost_nothing_and_say_nothing():
    payload = Rng.seeded(2).of(3).normal(60)
    payload[1, 20:] = 0
    payload[2] = 0
    out = Symbols(AWGN())(payload, state(3, 5.0))
    assert out.cost.uses.tolist() == [30, 10, 0]
    assert (out.payload[1, :, 20:] == 0).all() and (out.payload[2] == 0).all()
    assert (out.payload[1, 1, :20] > 0).all()


def test_each_symbol_has_the_quality_of_its_own_gain():
    transport, payload = Symbols(Rayleigh(fading="symbol")), Rng.seeded(3).of(2).normal(4000)
    quality = transport(payload, state(2, 10.0)).payload[:, 1]
    assert torch.equal(quality[:, ::2], quality[:, 1::2]), "one a symbol"
    snr = quality / (1 - quality)
    assert abs(float(snr[:, ::2].mean()) / 10 - 1) < 0.06, "E|h|^2 = 1"


def test_an_odd_number_of_values_and_pilots():
    transport = Symbols(Rayleigh(), pilots=4)
    assert transport.bind((7,)) == (2, 7)
    out = transport(Rng.seeded(4).of(2).normal(7), state(2, 20.0, "pilots"))
    assert out.payload.shape == (2, 2, 7) and out.cost.uses.tolist() == [8, 8]
    with pytest.raises(InputError, match="pilots"):
        Symbols(pilots=-1)


def test_both_ends_can_know_the_gain_before_it_is_met():
    link = Link(Jscc(size=16), Symbols(Rayleigh()), Reconstruct(("psnr",)))
    known = link.informed(state(4, 10.0, "both"))
    quality = link.transport(Rng.seeded(3).of(4).normal(40), known).payload[:, 1, 0]
    met_db = 10 * torch.log10(quality / (1 - quality))
    assert torch.allclose(known.known_db, met_db, atol=1e-3) and met_db.std() > 1
    pictures = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert not torch.allclose(link.codec.rest(pictures, known), link.codec.rest(pictures, state(4, 10.0)))
    with pytest.raises(InputError, match="every symbol"):
        Symbols(Rayleigh(fading="symbol")).gain_db(state(4, 10.0, "both"))
    with pytest.raises(InputError, match="does not tell"):
        Digital().gain_db(state(4, 10.0, "both"))
