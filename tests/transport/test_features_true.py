"""Features over a channel in the true convention."""

import pytest
import torch

from gensc.channel import AWGN, Rayleigh
from gensc.errors import InputError
from gensc.phy.power import as_symbols
from gensc.rng import Rng
from gensc.signal import ANY, MAIN, State
from gensc.transport import Features

INF = float("inf")


def features(items: int, width: int) -> torch.Tensor:
    return Rng.seeded(6, "features").of(items).normal(width) * torch.arange(1, items + 1)[:, None] + 0.5


def unit_rms(x: torch.Tensor) -> torch.Tensor:
    return x / x.square().mean(dim=1, keepdim=True).sqrt()


def sent(transport: Features, payload: torch.Tensor, snr_db, csi: str = "receiver"):
    transport.bind({MAIN: tuple(payload.shape[1:])})
    return transport({MAIN: payload}, State.of(snr_db, len(payload), Rng.seeded(1, "tests"), csi))


def test_without_noise_the_unit_power_features_arrive_exactly():
    payload = features(5, 64)
    out = sent(Features(), payload, INF)
    assert torch.allclose(out.main, unit_rms(payload), rtol=0, atol=1e-6)
    assert out.ok.all()


def test_an_odd_number_of_features_also_arrives_at_unit_power():
    payload = features(5, 7)
    received = sent(Features(), payload, INF).main
    assert torch.allclose(received, unit_rms(payload), rtol=0, atol=1e-6)


@pytest.mark.parametrize(("width", "pilots", "uses"), [(64, 0, 32), (7, 0, 4), (64, 5, 37)])
def test_two_features_are_one_use_and_pilots_are_paid(width, pilots, uses):
    csi = "pilots" if pilots else "receiver"
    cost = sent(Features(Rayleigh(), pilots=pilots, bandwidth_hz=1e6), features(3, width), 10.0, csi).cost
    assert cost.uses.tolist() == [uses] * 3
    assert cost.seconds.tolist() == pytest.approx([uses / 1e6] * 3)
    assert cost.bits.tolist() == [0.0] * 3


@pytest.mark.parametrize("snr_db", [0.0, 10.0])
def test_the_snr_holds_feature_by_feature(snr_db):
    """Zero forcing over AWGN: each unit-power feature gets noise of variance N0."""
    payload = features(20, 4_000)
    noise = sent(Features(equalizer="zf"), payload, snr_db).main - unit_rms(payload)
    n0 = 10 ** (-snr_db / 10)
    assert float(noise.double().square().mean()) == pytest.approx(n0, rel=4.5 * (2 / 80_000) ** 0.5)
    per_item = noise.double().square().mean(dim=1) / n0
    assert (per_item - 1).abs().max() < 4.5 * (2 / 4_000) ** 0.5, "an item's noise does not follow its loudness"


@pytest.mark.parametrize("csi", ["receiver", "pilots"])
def test_rayleigh_is_undone_where_the_gain_is_known(csi):
    payload = features(40, 32)
    out = sent(Features(Rayleigh(), pilots=4 if csi == "pilots" else 0), payload, 80.0, csi)
    assert float((out.main - unit_rms(payload)).square().mean()) < 1e-4


def test_an_item_of_zeros_sends_nothing_and_breaks_nothing():
    payload = torch.zeros(2, 8, requires_grad=True)
    out = sent(Features(), payload, INF).main
    out.sum().backward()
    assert torch.equal(out, torch.zeros(2, 8))
    assert torch.isfinite(payload.grad).all()


@pytest.mark.parametrize("scale", [1e-25, 1e-12, 1.0, 1e12, 1e25])
def test_power_is_unit_at_any_scale_that_a_float_holds(scale):
    symbols = as_symbols(features(3, 10) * scale)
    assert torch.allclose(symbols.abs().square().mean(dim=1), torch.ones(3), atol=1e-5)


def test_negative_pilots_are_refused():
    with pytest.raises(InputError, match="pilots is -1"):
        Features(AWGN(), pilots=-1)


@pytest.mark.parametrize(("form", "words"), [
    ({MAIN: None}, "makes bytes"), ({MAIN: (ANY,)}, "transport symbols"),
    ({MAIN: (8,), "side": None}, "transport split"),
])
def test_what_it_cannot_carry_is_named(form, words):
    with pytest.raises(InputError, match=words):
        Features().bind(form)
