"""The true laws against the registered channels' own samples, and the measure of distance against known distances."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import multivariate_normal, rice

from gensc.bench.learned_channel.distance import SAMPLES, Use, cells, counts, distance, uses
from gensc.channel.learned.networks import Sampler
from gensc.channel.learned.truth import TRUTHS, density, pairs, truth
from gensc.errors import InputError
from gensc.rng import Rng
from gensc.signal import Signal, State

ITEMS, PER_ITEM = 4000, 5


@pytest.mark.parametrize("name", TRUTHS)
@pytest.mark.parametrize(("amplitude", "snr_db"), [(0.3, 18.0), (1.5, 5.0)])
def test_the_density_is_that_of_the_registered_channel(name, amplitude, snr_db):
    """20,000 samples in the cells of the grid are as far from the law as multinomial samples of it."""
    of, x = truth(name), amplitude * complex(0.6, 0.8)
    per_item = 1 if name == "rician" else PER_ITEM
    state = State.of(snr_db, ITEMS, Rng.seeded(1, name))
    out = of.made()(Signal(torch.full((ITEMS, per_item), x), state.n0), state)
    y = out.x.flatten().numpy().astype(complex)
    if of.told:
        y = y - (out.h.flatten().numpy() - 1) * x
    use = Use(x, snr_db, 1)
    edges, share = cells(of, use)
    assert share.sum() == pytest.approx(1, abs=2e-3)
    true = np.append(share.ravel(), max(0.0, 1 - share.sum()))
    chance = np.random.default_rng(0).multinomial(len(y), true / true.sum(), size=30)
    floors = np.abs(chance / len(y) - true).sum(axis=1) / 2
    seen = np.abs(counts(y, edges) / len(y) - true).sum() / 2
    assert seen < floors.mean() + 5 * floors.std()


def test_densities_are_scipys():
    y = np.array([0.3 + 0.2j, -1.0 + 0.5j])
    points = np.stack([y.real, y.imag], axis=1)
    own = density(truth("rayleigh"), y, 1.2j, 0.1, 1)
    assert own == pytest.approx(multivariate_normal([0, 0], (1.44 + 0.1) / 2 * np.eye(2)).pdf(points))
    own = density(truth("rayleigh-h"), y, 1.2j, 0.1, 0.5)
    assert own == pytest.approx(multivariate_normal([0, 0.6], 0.05 * np.eye(2)).pdf(points))
    scatter = 1 / 11
    deviation, sight = math.sqrt((scatter * 0.64 + 0.1) / 2), math.sqrt(1 - scatter) * 0.8
    ring = rice(sight / deviation, scale=deviation).pdf(np.abs(y)) / (2 * math.pi * np.abs(y))
    assert density(truth("rician"), y, 0.8, 0.1, 1) == pytest.approx(ring)


class Shifted(Sampler):
    """AWGN with a bias of ``by`` standard deviations, which has a known total variation erf(by / sqrt(8))."""

    def __init__(self, by):
        super().__init__(4, 8)
        self.by = by

    def forward(self, known, draws):
        return known[:, :2] + known[:, 2:3] * 0.5**0.5 * (draws + torch.tensor([self.by, 0.0]))


@pytest.mark.parametrize("by", [0.0, 0.3, 1.0])
def test_a_known_distance_is_found(by):
    found = distance(Shifted(by), truth("awgn"), Use(0.7 + 0.1j, 10.0, 1), Rng.seeded(3))
    true = math.erf(by / math.sqrt(8))
    assert found.floor < 0.02
    assert max(true, found.floor) - 0.003 < found.total_variation < math.hypot(true, found.floor) + 0.004
    assert SAMPLES == 100_000


def test_pairs_are_uses_of_the_channel():
    made = pairs(truth("rapp"), Rng.seeded(4), items=500)
    assert made.known.shape == (32_000, 4)
    x = torch.complex(made.known[:, 0], made.known[:, 1])
    y = torch.view_as_complex(made.y.contiguous())
    n0 = made.known[:, 2].square()
    unit = (y - truth("rapp").made().amplify(x)) / n0.sqrt()
    assert float(unit.abs().square().mean()) == pytest.approx(1, rel=0.03)
    assert 2.45 < float(x.abs().max()) <= 2.5
    assert float(n0.min()) == pytest.approx(0.01, rel=0.1)
    assert pairs(truth("rayleigh-h"), Rng.seeded(4), items=2).known.shape == (128, 6)


def test_uses_and_names():
    assert len(uses(truth("awgn"), Rng.seeded(0))) == 9
    assert all(use.h == 1 for use in uses(truth("rayleigh"), Rng.seeded(0)))
    assert len({use.h for use in uses(truth("rayleigh-h"), Rng.seeded(0))}) == 9
    with pytest.raises(InputError, match="did you mean 'rayleigh'"):
        truth("raileigh")
