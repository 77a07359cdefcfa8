"""How far a learned p(y|x) is from the true one: total variation on a grid, beside what true samples score."""

import math
from dataclasses import dataclass

import numpy as np
import torch

from gensc import units
from gensc.channel.learned.networks import Sampler, conditions
from gensc.channel.learned.truth import Truth, density, reach, spread
from gensc.rng import Rng

CELL = 0.4
"""Side of a cell in standard deviations of y per real dimension."""
FINER = 4
SAMPLES = 100_000
AMPLITUDES = (0.25, 1.0, 1.75)
SNRS_DB = (0.0, 10.0, 20.0)


@dataclass(frozen=True)
class Use:
    """One use of a channel: ``x``, the SNR, and the gain ``h`` where the model is told of it."""

    x: complex
    snr_db: float
    h: complex

    @property
    def n0(self) -> float:
        """N0."""
        return float(units.noise_power(self.snr_db))


@dataclass(frozen=True)
class Distance:
    """Total variation between a histogram of samples and the true law in the same cells, and its ``floor``: what
    as many samples of the true law itself score."""

    use: Use
    total_variation: float
    floor: float


def uses(of: Truth, rng: Rng) -> list[Use]:
    """Where laws are compared: 3 amplitudes at random angles (and gains CN(0,1) where told), 3 SNRs."""
    found = []
    for snr_db in SNRS_DB:
        for amplitude in AMPLITUDES:
            draws = rng.child("use", snr_db, amplitude).of(1)
            angle = 2 * math.pi * float(draws.uniform(1))
            h = complex(draws.child("h").complex_normal(1)) if of.told else 1.0 + 0j
            found.append(Use(amplitude * complex(math.cos(angle), math.sin(angle)), snr_db, h))
    return found


def distance(model: Sampler, of: Truth, use: Use, rng: Rng) -> Distance:
    """Total variation of 100,000 draws of a model at one use."""
    edges, share = cells(of, use)
    true = np.append(share.ravel(), max(0.0, 1 - share.sum()))
    floor = next(rng.child("floor").of(1).generators()).multinomial(SAMPLES, true / true.sum())
    seen = counts(drawn(model, of, use, rng.child("draws")), edges)
    return Distance(use, _variation(seen, true), _variation(floor, true))


def drawn(model: Sampler, of: Truth, use: Use, rng: Rng) -> np.ndarray:
    """100,000 draws of y from a model, complex128 [N]."""
    with torch.no_grad():
        told = torch.full((SAMPLES,), use.h) if of.told else None
        known = conditions(torch.full((SAMPLES,), use.x), torch.full((SAMPLES,), use.n0), told)
        y = model(known, rng.of(1).normal(SAMPLES, model.draws)[0]).double().numpy()
    return y[:, 0] + 1j * y[:, 1]


def cells(of: Truth, use: Use) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """The grid's edges (real [n+1], imaginary [n+1]) and the true probability of its cells [n,n], each the mean of
    the density at 16 of its points."""
    centre, half = reach(of, use.x, use.n0, use.h)
    side = CELL * spread(of, use.x, use.n0)
    count = math.ceil(half / side)
    steps = side * np.arange(-count, count + 1)
    inner = side * (np.arange(-count * FINER, count * FINER) + 0.5) / FINER
    y = (centre.real + inner)[:, None] + 1j * (centre.imag + inner)
    fine = density(of, y, use.x, use.n0, use.h) * (side / FINER) ** 2
    share = fine.reshape(2 * count, FINER, 2 * count, FINER).sum(axis=(1, 3))
    return (centre.real + steps, centre.imag + steps), share


def counts(y: np.ndarray, edges: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """How many of y [N] lie in each cell, int64 [n*n+1]: the last is everywhere else."""
    inside, _, _ = np.histogram2d(y.real, y.imag, bins=edges)
    return np.append(inside.ravel(), len(y) - inside.sum())


def _variation(seen: np.ndarray, true: np.ndarray) -> float:
    return float(np.abs(seen / seen.sum() - true).sum() / 2)
