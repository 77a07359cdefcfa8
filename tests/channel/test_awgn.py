"""Symbol decisions over AWGN against the closed form (Proakis, Digital Communications, 4.3)."""

import math

import pytest
import torch
from scipy.stats import binom, norm

from gensc.channel import AWGN
from gensc.rng import Rng


def within(errors: int, trials: int, p: float) -> bool:
    """Inside the 99.99 % binomial interval: the odds of a fixed seed falling outside are known."""
    low, high = binom.interval(0.9999, trials, p)
    return low <= errors <= high


def qpsk(items: int, uses: int) -> tuple[torch.Tensor, torch.Tensor]:
    bits = Rng.seeded(5, "bits").of(items).uniform(uses, 2) < 0.5
    return bits, torch.view_as_complex((1 - 2 * bits.float()) * 0.5**0.5)


def bit_errors(received: torch.Tensor, bits: torch.Tensor) -> int:
    return int(((torch.view_as_real(received) < 0) != bits).sum())


@pytest.mark.parametrize("ebn0_db", [-2.0, 0.0, 4.0, 6.0])
def test_qpsk_bit_errors_follow_the_q_function(send, ebn0_db):
    bits, symbols = qpsk(50, 20_000)
    out = send(AWGN(), symbols, ebn0_db + 10 * math.log10(2))
    expected = norm.sf(math.sqrt(2 * 10 ** (ebn0_db / 10)))
    assert within(bit_errors(out.x, bits), bits.numel(), expected)


@pytest.mark.parametrize("error_db", [-0.2, 0.2])
def test_two_tenths_of_a_decibel_would_show(send, error_db):
    bits, symbols = qpsk(50, 20_000)
    out = send(AWGN(), symbols, 4.0 + error_db + 10 * math.log10(2))
    assert not within(bit_errors(out.x, bits), bits.numel(), norm.sf(math.sqrt(2 * 10**0.4)))


def test_each_item_has_the_errors_of_its_own_snr(send):
    bits, symbols = qpsk(20, 20_000)
    esn0_db = torch.tensor([0.0, 7.0] * 10)
    out = send(AWGN(), symbols, esn0_db)
    for level in (0.0, 7.0):
        chosen = esn0_db == level
        expected = norm.sf(math.sqrt(10 ** (level / 10)))
        assert within(bit_errors(out.x[chosen], bits[chosen]), bits[chosen].numel(), expected)


def test_without_noise_the_symbols_come_out_as_they_went_in(send):
    _, symbols = qpsk(3, 50)
    out = send(AWGN(), symbols, float("inf"))
    assert torch.equal(out.x, symbols)
    assert torch.equal(out.h, torch.ones_like(symbols))
    assert torch.equal(out.n0, torch.zeros(3))
