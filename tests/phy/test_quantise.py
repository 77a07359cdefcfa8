import math

import pytest
import torch

from gensc.errors import InputError
from gensc.phy import entropy
from gensc.phy.quantise import Learned, Uniform, lloyd_max
from gensc.rng import Rng


@pytest.fixture(scope="module")
def gaussian() -> torch.Tensor:
    return Rng.seeded(3, "tests", "quantise").normal(1_000_000)[0]


def error(x: torch.Tensor, level: torch.Tensor) -> float:
    return float((x.double() - level.detach().double()).square().mean())


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_uniform_error_is_a_twelfth_of_the_step_squared(gaussian, bits):
    quantiser = Uniform.over(-6, 6, bits)
    found = error(gaussian, quantiser.value(quantiser.index(gaussian)))
    assert found == pytest.approx(quantiser.step**2 / 12, rel=5e-3)


# Max, "Quantizing for minimum distortion", IRE Trans. Inf. Theory 1960, table I.
@pytest.mark.parametrize(("bits", "expected"), [(1, 0.3634), (2, 0.1175), (3, 0.03454), (4, 0.009497)])
def test_lloyd_max_reaches_the_gaussian_table(gaussian, bits, expected):
    quantiser = Learned.fit(gaussian, bits)
    assert error(gaussian, quantiser(gaussian)) == pytest.approx(expected, rel=4e-3)


def test_lloyd_max_levels_of_two_bits(gaussian):
    assert lloyd_max(gaussian, 2).tolist() == pytest.approx([-1.510, -0.4528, 0.4528, 1.510], abs=6e-3)


@pytest.mark.parametrize("bits", [5, 8])
def test_lloyd_max_nears_panter_and_dite(gaussian, bits):
    bound = math.sqrt(3) * math.pi / 2 * 4.0**-bits
    assert 0.9 * bound < error(gaussian, Learned.fit(gaussian, bits)(gaussian)) < bound


@pytest.mark.parametrize("bits", range(1, 17))
def test_every_bit_width_gives_its_indices_and_beats_or_meets_uniform(gaussian, bits):
    x = gaussian[:200_000]
    uniform, learnt = Uniform.covering(x, bits, share=1.0), Learned.fit(x, bits)
    for quantiser in (uniform, learnt):
        index = quantiser.index(x)
        assert index.dtype == torch.int32 and int(index.min()) >= 0 and int(index.max()) == 2**bits - 1
        assert torch.equal(quantiser.levels[index.long()], quantiser.value(index))
        assert torch.equal(quantiser.index(quantiser.value(index)), index)
    assert error(x, learnt(x)) < error(x, uniform.value(uniform.index(x)))


def test_entropy_coded_uniform_is_a_quarter_bit_from_the_bound(gaussian):
    """At high rate: 1/2 log2(2 pi e / 12) = 0.2546 bit, or 1.53 dB (Gish and Pierce, 1968), in real bytes."""
    quantiser = Uniform.signed(0.1, 9)
    x = gaussian[:400_000]
    index = quantiser.index(x)
    rate = 8 * len(entropy.encode(index)) / len(x)
    bound = 0.5 * math.log2(float(x.double().var()) / error(x, quantiser.value(index)))
    assert rate - bound == pytest.approx(0.5 * math.log2(2 * math.pi * math.e / 12), abs=3e-3)


def test_overload_becomes_the_outermost_level():
    x = torch.tensor([-1e30, -math.inf, 0.0, math.inf, 1e30])
    signed = Uniform.signed(0.5, 3)
    assert signed.index(x).tolist() == [0, 0, 4, 7, 7]
    assert signed.value(signed.index(x)).tolist() == [-2.0, -2.0, 0.0, 1.5, 1.5]
    assert Learned(torch.tensor([-1.0, 1.0]))(x[[0, 1, 3, 4]]).tolist() == [-1, -1, 1, 1]


def test_covering_leaves_outliers_out():
    x = torch.cat([torch.linspace(0, 1, 9999), torch.tensor([1e6])])
    assert Uniform.covering(x, 4).lowest + 15 * Uniform.covering(x, 4).step == pytest.approx(1.0, abs=1e-3)


def test_gradient_passes_within_the_range_only():
    x = torch.tensor([-9.0, -0.3, 0.2, 9.0], requires_grad=True)
    out = Uniform.signed(0.5, 2).straight_through(x)
    out.sum().backward()
    assert out.tolist() == [-1.0, -0.5, 0.0, 0.5]
    assert x.grad.tolist() == [0, 1, 1, 0]


def test_learned_levels_train_by_gradient_to_the_lloyd_max_error(gaussian):
    x = gaussian[:20_000]
    quantiser = Learned(torch.tensor([-3.0, -0.1, 0.0, 3.0]))
    optimiser = torch.optim.SGD(quantiser.parameters(), lr=1.0)
    for _ in range(400):
        optimiser.zero_grad()
        (quantiser(x) - x).square().mean().backward()
        optimiser.step()
    assert error(x, quantiser(x)) == pytest.approx(0.1175, rel=0.02)


def test_a_link_learns_through_the_quantiser(gaussian):
    """A gain before and one behind three bits: with the first so small that nothing but level 0 would come out."""
    x, gain = gaussian[:4096], torch.tensor([0.02, 1.0], requires_grad=True)
    quantiser = Uniform.signed(0.5, 3)
    optimiser = torch.optim.Adam([gain], lr=0.02)
    for _ in range(300):
        optimiser.zero_grad()
        loss = (quantiser.straight_through(gain[0] * x) * gain[1] - x).square().mean()
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < 0.08


def test_noise_is_the_steps_own_and_each_items_own():
    quantiser, rng = Uniform.signed(0.25, 8), Rng.seeded(0, "noise").of(64)
    x = torch.zeros(64, 4096, requires_grad=True)
    noisy = quantiser.noisy(x, rng)
    noisy.sum().backward()
    assert float(noisy.detach().double().var()) == pytest.approx(0.25**2 / 12, rel=0.01)
    assert float(noisy.detach().abs().max()) <= 0.125 and bool((x.grad == 1).all())
    assert torch.equal(quantiser.noisy(x[7:8].detach(), rng.of([7])), noisy[7:8].detach())


def test_few_samples_are_enough():
    for samples in ([5.0], [1.0, 1.0, 2.0], [0.0] * 100):
        x = torch.tensor(samples)
        assert error(x, Learned.fit(x, 4)(x)) == 0


@pytest.mark.parametrize("make", [
    lambda: Uniform.signed(0.0, 4), lambda: Uniform.signed(0.1, 0), lambda: Uniform.signed(0.1, 17),
    lambda: Uniform.signed(math.nan, 4), lambda: Uniform.over(1.0, 1.0, 4), lambda: Learned(torch.zeros(3)),
    lambda: Uniform.covering(torch.zeros(9), 4), lambda: lloyd_max(torch.tensor([math.nan]), 2),
    lambda: lloyd_max(torch.tensor([]), 2), lambda: Learned(torch.zeros(1)),
    lambda: Uniform.signed(0.1, 4).index(torch.tensor([math.nan])),
])
def test_bad_input_is_refused(make):
    with pytest.raises(InputError, match="quantiser"):
        make()
