"""The convention of the GenSC-6G paper's code (CQILAB-Official/GenSC-6G, commit b7dc636)."""

import math

import pytest
import torch

from gensc.channel import AWGN, Rayleigh, Rician
from gensc.errors import InputError
from gensc.rng import Rng
from gensc.signal import MAIN, State
from gensc.transport import Features


def noise(channel, ratio, payload: torch.Tensor) -> torch.Tensor:
    transport = Features(channel, "gensc6g")
    transport.bind({MAIN: tuple(payload.shape[1:])})
    state = State.of(ratio, len(payload), Rng.seeded(1, "tests"))
    return (transport({MAIN: payload}, state).main - payload).double()


def payload(items: int = 20, width: int = 5_000) -> torch.Tensor:
    return Rng.seeded(6, "features").of(items).normal(width) * torch.linspace(0.2, 4, items)[:, None] + 1


def test_thirty_means_a_ratio_of_thirty_which_is_14_77_db():
    x = payload()
    n = noise(AWGN(), 30.0, x)
    measured_db = 10 * math.log10(float(x.double().square().mean() / n.square().mean()))
    # 100,000 real draws: 4.5 standard errors are 0.09 dB.
    assert measured_db == pytest.approx(14.771, abs=0.09)
    assert float(n.mean()) == pytest.approx(0, abs=4.5 * float(n.std()) / math.sqrt(n.numel()))


def test_the_noise_power_is_that_of_the_whole_tensor_not_of_the_item():
    x = payload()
    per_item = noise(AWGN(), 30.0, x).square().mean(dim=1)
    nominal = float(x.double().square().mean()) / 30
    assert torch.allclose(per_item / nominal, torch.ones(20, dtype=torch.float64), atol=4.5 * (2 / 5_000) ** 0.5)
    assert Features(AWGN(), "gensc6g").whole_batch and not Features(AWGN()).whole_batch


def test_another_batch_changes_the_noise_of_an_item():
    x = payload(4, 64)
    louder = x.clone()
    louder[3] *= 10
    assert not torch.allclose(noise(AWGN(), 30.0, x)[0], noise(AWGN(), 30.0, louder)[0])


@pytest.mark.parametrize("ratio", [10.0, 30.0])
def test_its_rayleigh_adds_the_modulus_of_complex_noise(ratio):
    x = payload()
    n = noise(Rayleigh(), ratio, x)
    sigma = math.sqrt(float(x.double().square().mean()) / ratio)
    # The smallest offset is a rounding of x + n back to n.
    assert float(n.min()) > -1e-5
    root = math.sqrt(n.numel())
    assert float(n.mean()) == pytest.approx(sigma * math.sqrt(math.pi) / 2, abs=4.5 * float(n.std()) / root)
    assert float(n.square().mean()) == pytest.approx(sigma**2, rel=4.5 / root)


def test_its_rayleigh_is_never_equalised():
    """However large the ratio, the sign of what is added stays: no receiver takes it off."""
    x = payload(2, 1_000)
    assert (noise(Rayleigh(), 1e4, x) >= 0).all()


@pytest.mark.parametrize("ratio", [0.0, -10.0])
def test_a_number_of_decibels_that_is_no_ratio_is_refused(ratio):
    with pytest.raises(InputError, match="plain ratio"):
        noise(AWGN(), ratio, payload(2, 4))


def test_it_knows_no_other_channel():
    with pytest.raises(InputError, match=r"awgn and rayleigh, not Rician"):
        Features(Rician(), "gensc6g")
