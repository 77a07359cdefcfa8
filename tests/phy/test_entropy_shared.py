"""Streams for a model that both ends hold."""

import math

import numpy as np
import pytest
import torch

from gensc.errors import InputError
from gensc.phy import entropy
from gensc.phy.entropy import Prior
from gensc.rng import Rng


def draws(name: str, *shape: int) -> torch.Tensor:
    return Rng.seeded(11, "tests", "entropy", name).normal(*shape)[0]


def damaged(data: bytes, generator: np.random.Generator) -> list[bytes]:
    flipped = bytearray(data)
    flipped[generator.integers(len(data))] ^= 1 << int(generator.integers(8))
    start = bytearray(data)
    start[generator.integers(min(8, len(data)))] = int(generator.integers(256))
    return [data[:generator.integers(len(data))], bytes(flipped), bytes(start), data + generator.bytes(9),
            generator.bytes(int(generator.integers(1, 300))), data[1:]]


@pytest.fixture(scope="module")
def features() -> torch.Tensor:
    """[400,320] with a location and a scale of its own at each position."""
    scale = draws("scales", 320).abs() + 0.05
    return draws("features", 400, 320) * scale + draws("locations", 320)


@pytest.mark.parametrize("family", ["gaussian", "laplace", "rectified"])
@pytest.mark.parametrize("step", [0.01, 0.1, 1.0, 5.0])
def test_shared_streams_come_back_at_the_rate_that_was_foretold(features, family, step):
    features = features.clamp(min=0) if family == "rectified" else features
    prior = Prior.fit(features[:200], family)
    indices = prior.quantise(features[200:], step)
    streams = [entropy.encode_with(prior, item, step) for item in indices]
    assert all(torch.equal(entropy.decode_with(prior, data, step), item)
               for data, item in zip(streams, indices, strict=True))
    excess = 8 * torch.tensor([len(data) for data in streams]) - entropy.rate_bits(prior, features[200:], [step])[:, 0]
    assert float(excess.max()) < 11 and 0 < float(excess.mean()) < 6


def test_shared_rate_equals_the_gaussians_own_entropy():
    """At high rate n (log2(sigma/step) + 1/2 log2(2 pi e)) bits, and an exact prior."""
    scale = torch.logspace(-1, 1, 512)
    prior = Prior(torch.zeros(512), scale, -60.0, 60.0, "gaussian")
    rate = float(entropy.rate_bits(prior, draws("exact", 64, 512) * scale, [0.05]).mean())
    expected = 512 * 0.5 * math.log2(2 * math.pi * math.e) + float(torch.log2(scale / 0.05).sum())
    assert rate == pytest.approx(expected, rel=3e-3)


def binary(p: float) -> float:
    """The binary entropy in bits."""
    return -p * math.log2(p) - (1 - p) * math.log2(1 - p)


def test_rectified_rate_is_the_entropy_of_its_own_source():
    """Zero half of the time, else exponential: the index is 0, or geometric with ratio exp(-step / scale)."""
    generator = Rng.seeded(4, "rectified")
    x = -3 * torch.log1p(-generator.uniform(200_000)[0]) * (generator.child("spike").uniform(200_000)[0] < 0.5)
    x, step = x.reshape(400, 500), 0.02
    prior = Prior(torch.zeros(500), torch.full((500,), 3.0), 0.0, 60.0, "rectified", torch.full((500,), 0.5))
    rate = float(entropy.rate_bits(prior, x, [step]).mean()) / 500
    above, ratio = 0.5 * math.exp(-step / 6), math.exp(-step / 3)
    assert rate == pytest.approx(binary(above) + above * binary(ratio) / (1 - ratio), rel=4e-3)
    alone = [8 * len(data) / 500 for data in entropy.encode_many(prior.quantise(x[:20], step))]
    fitted = Prior.fit(x[:200], "rectified")
    assert float(fitted.scale.mean()) == pytest.approx(3, rel=0.01)
    assert float(fitted.spike.mean()) == pytest.approx(0.5, abs=0.01)
    assert float(entropy.rate_bits(fitted, x[200:], [step]).mean()) / 500 < 1.01 * rate < np.mean(alone)


def test_shared_model_beats_the_self_contained_stream_where_positions_differ(features):
    prior, step = Prior.fit(features[:200], "gaussian"), 0.1
    indices = prior.quantise(features[200:240], step)
    shared = sum(len(entropy.encode_with(prior, item, step)) for item in indices)
    assert shared < 0.85 * sum(len(data) for data in entropy.encode_many(indices))


def test_finest_step_fits_the_room_and_is_the_finest(features):
    prior, steps = Prior.fit(features[:200]), [2 ** (place / 4) for place in range(-24, 16)]
    room = [20 + 2 * item for item in range(200)]
    places = entropy.finest_step(prior, features[200:], room, steps)
    for item, place, size in zip(features[200:], places.tolist(), room, strict=True):
        if place < 0:
            continue
        assert len(entropy.encode_with(prior, prior.quantise(item, steps[place]), steps[place])) <= size
        if place > 0:
            finer = steps[place - 1]
            assert len(entropy.encode_with(prior, prior.quantise(item, finer), finer)) > size - 3
    assert (places >= 0).all() and int(places[0]) > int(places[-1])
    assert entropy.finest_step(prior, features[:1], [0], steps).tolist() == [-1]
    assert entropy.finest_step(prior, features[:1], [10**6], [1e-6, 1e-5, 0.5]).tolist() == [2]


@pytest.mark.parametrize("family", ["gaussian", "laplace", "rectified"])
def test_damaged_shared_streams_end_in_the_right_shape(features, family):
    prior, step = Prior.fit(features[:200], family), 0.1
    data = entropy.encode_with(prior, prior.quantise(features[300], step), step)
    for generator in Rng.seeded(8, "shared").of(100).generators():
        for bad in (*damaged(data, generator), b"", bytes(1 << 16)):
            try:
                decoded = entropy.decode_with(prior, bad, step)
                assert decoded.shape == (320,) and decoded.dtype == torch.int32
                assert prior.bounds(step)[0] <= int(decoded.min()) and int(decoded.max()) <= prior.bounds(step)[1]
            except InputError:
                continue


@pytest.mark.parametrize("make", [
    lambda: Prior(torch.zeros(3), torch.ones(4), 0, 1), lambda: Prior(torch.zeros(3), torch.zeros(3), 0, 1),
    lambda: Prior(torch.zeros(3), torch.ones(3), 1, 1), lambda: Prior(torch.zeros(3), torch.ones(3), 0, 1, "cauchy"),
    lambda: Prior(torch.zeros(3), torch.ones(3), 0, 1, "rectified"),
    lambda: Prior(torch.zeros(3), torch.ones(3), 0, 1, "rectified", torch.ones(3)),
    lambda: Prior(torch.zeros(3), torch.ones(3), 0, 1, "laplace", torch.full((3,), 0.5)),
    lambda: Prior(torch.full((3,), math.nan), torch.ones(3), 0, 1), lambda: Prior.fit(torch.zeros(3)),
    lambda: Prior(torch.zeros(3), torch.ones(3), 0, 1).bounds(1e-6),
    lambda: Prior(torch.zeros(3), torch.ones(3), 0, 1).bounds(0),
    lambda: Prior(torch.zeros(3), torch.ones(3), 0, 1).quantise(torch.tensor([0, math.nan, 1]), 0.1),
    lambda: entropy.encode_with(Prior(torch.zeros(3), torch.ones(3), 0, 1), torch.tensor([0, 1, 11]), 0.1),
    lambda: entropy.encode_with(Prior(torch.zeros(3), torch.ones(3), 0, 1), torch.tensor([0, 1]), 0.1),
])
def test_bad_priors_are_refused(make):
    with pytest.raises(InputError):
        make()
