"""Learned analog symbols."""

import pytest
import torch

from gensc.channel import AWGN, Rayleigh
from gensc.errors import InputError
from gensc.rng import Rng
from gensc.signal import MAIN, State
from gensc.transport import Analog
from gensc.transport.analog import quality
from gensc.transport.equalize import Equalized


def bound(**options) -> Analog:
    with Rng.seeded(0, "layers").torch_seeded():
        transport = Analog(**options)
        transport.bind({MAIN: (16,)})
    return transport


def test_uses_count_the_pilots():
    transport = bound(channel=Rayleigh(), uses=10, pilots=4, hidden=8)
    payload = Rng.seeded(0, "x").of(3).normal(16)
    out = transport({MAIN: payload}, State.of(10.0, 3, Rng.seeded(0), "pilots"))
    assert out.cost.uses.tolist() == [10.0] * 3
    assert transport.encoder[-1].out_features == 2 * (10 - 4)


def test_quality_is_the_mmse_share_and_reaches_one_without_noise():
    snr = torch.tensor([[0.0, 1.0], [3.0, float("inf")]])
    assert quality(Equalized(torch.ones(2, 2), snr)).tolist() == [[0.25], [0.875]]


def test_it_learns_to_carry_features_better_than_their_mean():
    """A few steps of training leave less error than sending nothing, whose error is the variance 1."""
    transport = bound(channel=AWGN(), uses=8, mapping="linear")
    optimizer = torch.optim.Adam(transport.parameters(), lr=0.02)
    for step in range(150):
        payload = Rng.seeded(step, "train").of(64).normal(16)
        out = transport({MAIN: payload}, State.of(20.0, 64, Rng.seeded(step, "noise")))
        loss = (out.main - payload).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.3


@pytest.mark.parametrize("options", [{"uses": 0}, {"uses": 4, "pilots": 4}, {"pilots": -1}], ids=str)
def test_uses_must_leave_room_for_symbols(options):
    with pytest.raises(InputError, match="pilots"):
        Analog(**options)
