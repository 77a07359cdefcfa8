"""The range coder, and streams for a model that both ends hold."""

import math

import numpy as np
import pytest
import torch

from gensc.errors import InputError
from gensc.phy import entropy
from gensc.phy.entropy import Prior
from gensc.phy.entropy.coder import Reader, Writer
from gensc.phy.entropy.prior import rate_bits
from gensc.rng import Rng


def content(symbols: np.ndarray, weights: np.ndarray) -> float:
    """The information content of symbols in bits."""
    return float(-np.log2(weights[symbols] / weights.sum()).sum())


def test_the_end_costs_less_than_a_byte_on_average():
    """Over 300 short streams of known content; flushing whole 32-bit words would cost 3.5 bytes on average."""
    weights, excess = np.array([5.0, 3.0, 1.0, 0.5]), []
    for item, generator in enumerate(Rng.seeded(5, "end").of(300).generators()):
        symbols = generator.choice(4, size=1 + item, p=weights / weights.sum()).astype(np.int32)
        writer = Writer()
        writer.code(symbols, weights)
        data = writer.finish()
        assert (Reader(data).code(symbols * 0, weights) == symbols).all()
        excess.append(8 * len(data) - content(symbols, weights))
    assert max(excess) < 10 and 0 < np.mean(excess) < 5.5


@pytest.mark.parametrize("probability", [0.5, 0.01, 1e-4, 1 - 1e-6])
def test_long_runs_carry_through_the_end(probability):
    """Carries that run through the last words, and streams that end in zeros, survive the trimming."""
    weights = np.array([1 - probability, probability])
    for generator in Rng.seeded(6, "carry").of(100).generators():
        for symbols in (np.zeros(1 + generator.integers(200), np.int32), np.ones(1 + generator.integers(200), np.int32),
                        (generator.random(200) < probability).astype(np.int32)):
            writer = Writer()
            writer.code(symbols, weights)
            assert (Reader(writer.finish()).code(symbols, weights) == symbols).all()


@pytest.mark.parametrize("weights", [[1.0, 2.0, 1.0], [3.0, 1.0, 3.0], [1.0, 30.0, 1.0]])
def test_an_interval_that_straddles_one_half_for_long_ends_well(weights):
    """Middle symbols alone keep 0.0111... and 0.1000... both possible: the coder holds back its words."""
    for generator in Rng.seeded(7, "straddle").of(100).generators():
        symbols = np.ones(1 + generator.integers(300), np.int32)
        symbols = np.append(symbols, generator.integers(0, 3, generator.integers(4))).astype(np.int32)
        writer = Writer()
        writer.code(symbols, np.array(weights))
        data = writer.finish()
        assert 8 * len(data) < content(symbols, np.array(weights)) + 11
        assert (Reader(data).code(symbols, np.array(weights)) == symbols).all()


def draws(name: str, *shape: int) -> torch.Tensor:
    return Rng.seeded(11, "tests", "entropy", name).normal(*shape)[0]


SCALE, LOCATION = draws("scales", 320).abs() + 0.05, draws("locations", 320)


@pytest.fixture(scope="module")
def features() -> torch.Tensor:
    """[200,320] with a location and a scale of its own at each position."""
    u = Rng.seeded(12, "tests", "entropy").uniform(200, 320, low=-0.5, high=0.5)[0].double()
    return (LOCATION - SCALE * u.sign() * torch.log1p(-2 * u.abs() + 1e-12)).float()


@pytest.fixture(scope="module")
def prior(features) -> Prior:
    return Prior(LOCATION, SCALE, float(features.min()), float(features.max()))


@pytest.mark.parametrize("step", [0.01, 0.1, 1.0, 5.0])
def test_streams_come_back_at_the_rate_that_was_foretold(prior, features, step):
    indices = prior.quantise(features, step)
    streams = [entropy.encode_with(prior, item, [7.0, step], 1) for item in indices]
    for data, item in zip(streams, indices, strict=True):
        found, at = entropy.decode_with(prior, data, [7.0, step])
        assert torch.equal(found, item) and at == step
    assert float((prior.dequantise(indices, step) - features).abs().max()) <= step / 2 + 1e-4
    # A bit for one of two steps is in it; zeros at the end, which a block of a known length has anyway, are not.
    excess = torch.tensor([entropy.bits_of(data) for data in streams]) - rate_bits(prior, features, [step])[:, 0] - 1
    assert float(excess.max()) < 1.5 and -1.5 < float(excess.mean()) < 0


def test_the_rate_is_the_densitys_own_entropy(prior, features):
    """At high rate n log2(2 e scale / step) bits."""
    expected = float(torch.log2(2 * math.e * SCALE / 0.01).sum())
    assert float(rate_bits(prior, features, [0.01]).mean()) == pytest.approx(expected, rel=3e-3)


def test_finest_step_fits_the_room_and_is_the_finest(prior, features):
    steps = [2 ** (place / 4) for place in range(-24, 16)]
    room = [160 + 16 * item for item in range(200)]
    places = entropy.finest_step(prior, features, room, steps)
    for item, place, size in zip(features, places.tolist(), room, strict=True):
        if place < 0:
            continue
        assert entropy.bits_of(entropy.encode_with(prior, prior.quantise(item, steps[place]), steps, place)) <= size
        if place > 0:
            finer = entropy.encode_with(prior, prior.quantise(item, steps[place - 1]), steps, place - 1)
            assert entropy.bits_of(finer) > size - 4
    assert (places >= 0).all() and int(places[0]) > int(places[-1])
    assert entropy.finest_step(prior, features[:1], [0], steps).tolist() == [-1]
    assert entropy.finest_step(prior, features[:1], [10**6], [1e-6, 1e-5, 0.5]).tolist() == [2]


def damaged(data: bytes, generator: np.random.Generator) -> list[bytes]:
    flipped = bytearray(data)
    flipped[generator.integers(len(data))] ^= 1 << int(generator.integers(8))
    start = bytearray(data)
    start[generator.integers(min(8, len(data)))] = int(generator.integers(256))
    return [data[:generator.integers(len(data))], bytes(flipped), bytes(start), data + generator.bytes(9),
            generator.bytes(int(generator.integers(1, 300))), data[1:]]


def test_damaged_streams_end_in_the_right_shape(prior, features):
    step = 0.1
    data = entropy.encode_with(prior, prior.quantise(features[100], step), [step, 2 * step], 0)
    for generator in Rng.seeded(8, "shared").of(100).generators():
        for bad in (*damaged(data, generator), b"", bytes(1 << 16)):
            try:
                decoded, _ = entropy.decode_with(prior, bad, [step, 2 * step])
                assert decoded.shape == (320,) and decoded.dtype == torch.int32
                assert prior.bounds(step)[0] <= int(decoded.min()) and int(decoded.max()) <= prior.bounds(step)[1]
            except InputError:
                continue


@pytest.mark.parametrize("make", [
    lambda: Prior(torch.zeros(3), torch.ones(4), 0, 1), lambda: Prior(torch.zeros(3), torch.zeros(3), 0, 1),
    lambda: Prior(torch.zeros(3), torch.ones(3), 1, 1), lambda: Prior(torch.full((3,), math.nan), torch.ones(3), 0, 1),
    lambda: Prior(torch.zeros(3), torch.ones(3), 0, 1).bounds(1e-6),
    lambda: Prior(torch.zeros(3), torch.ones(3), 0, 1).bounds(0),
    lambda: Prior(torch.zeros(3), torch.ones(3), 0, 1).quantise(torch.tensor([0, math.nan, 1]), 0.1),
    lambda: entropy.encode_with(Prior(torch.zeros(3), torch.ones(3), 0, 1), torch.tensor([0, 1, 11]), [0.1, 1.0], 0),
    lambda: entropy.encode_with(Prior(torch.zeros(3), torch.ones(3), 0, 1), torch.tensor([0, 1]), [0.1, 1.0], 0),
])
def test_bad_priors_are_refused(make):
    with pytest.raises(InputError):
        make()
