"""Channel estimation: linear MMSE over the tones, with a prior of uniformly spread delays.

A channel whose paths arrive between delays a and b with equal mean power has the tone covariance
R(d) = sinc(d D (b - a)) exp(-j pi d D (a + b)), d D the tones' distance in Hz. What a noisy look at known tones
holds outside the few eigenvectors of R that matter is noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gensc.phy.wifi7.tones import TONE_SPACING_HZ, plan

_SPREADS_US = (0.05, 0.15, 0.4, 0.8, 1.6)
"""Widths of the uniform delay priors; the one that explains the observation best is used."""
_LEAST_POWER = 1e-12
"""Below this the field is taken for silence; recordings come at a mean power of 1."""


@dataclass(frozen=True)
class Channel:
    """Gains complex64 [occupied tones], the variance of their errors float32 [occupied tones], the noise power, and the
    channel's mean delay from the FFT window's start."""

    gain: np.ndarray
    error: np.ndarray
    noise: float
    delay_us: float


@dataclass(frozen=True)
class Basis:
    """Eigenvectors [tones, rank] of the prior covariance and its eigenvalues [rank]."""

    vectors: np.ndarray
    values: np.ndarray


def covariance(tones: np.ndarray, others: np.ndarray, spacing_hz: float, spread_us: float) -> np.ndarray:
    """R between tones and others, float64, for delays spread evenly around 0."""
    return np.sinc((tones[:, None] - others) * spacing_hz * spread_us * 1e-6)


@lru_cache(maxsize=16)
def basis(block_mhz: int, spread_us: float) -> Basis:
    """The eigenvectors that carry all but 1e-6 of a uniform prior over the occupied tones of 20, 40 or 80 MHz.

    Gauss-Legendre delays stand in for the continuum, exact to double precision, and the eigenvectors follow from
    their small Gram matrix.
    """
    tones = plan(block_mhz).occupied
    widest_turn = np.pi * TONE_SPACING_HZ * spread_us * 1e-6 * tones[-1]
    nodes, weights = np.polynomial.legendre.leggauss(int(widest_turn / 2) + 20)
    phase = 2 * np.pi * TONE_SPACING_HZ * 1e-6 * tones[:, None] * (spread_us / 4 * (nodes + 1))
    waves = np.concatenate([np.cos(phase), np.sin(phase)], axis=1) * np.sqrt(np.tile(weights, 2) / 2)
    values, inner = np.linalg.eigh(waves.T @ waves)
    keep = values > 1e-6
    vectors = (waves @ inner[:, keep] / np.sqrt(values[keep]))[:, ::-1]
    return Basis(np.ascontiguousarray(vectors, np.float32), values[keep][::-1].astype(np.float32))


def smooth(raw: np.ndarray, bandwidth_mhz: int, guard_us: float) -> Channel:
    """The channel on the occupied tones from a raw look ``raw`` complex64 = h + noise at each.

    Blocks of up to 80 MHz are estimated one by one with one prior. What the look holds outside the eigenvectors
    of the widest prior, as wide as the guard interval (1.6 us at most), tells the noise power.
    """
    tones = plan(bandwidth_mhz)
    block_mhz = min(bandwidth_mhz, 80)
    blocks = raw.reshape(tones.segments, -1)
    centre = _mean_delay_us(blocks)
    turn = np.exp(2j * np.pi * TONE_SPACING_HZ * centre * 1e-6 * tones.occupied).astype(np.complex64)
    straight = blocks * turn.reshape(blocks.shape)
    power = max(float(np.mean(np.abs(raw) ** 2)), _LEAST_POWER)
    widest = min(guard_us, _SPREADS_US[-1])
    noise = _outside(straight, basis(block_mhz, widest))
    strength = max(power - noise, 1e-3 * power)
    chosen, best = basis(block_mhz, widest), -np.inf
    for spread in (s for s in _SPREADS_US if s <= guard_us):
        candidate = basis(block_mhz, spread)
        evidence = _evidence(straight, candidate, strength, noise)
        if evidence > best:
            chosen, best = candidate, evidence
    keep = strength * chosen.values / (strength * chosen.values + noise)
    gain = (_onto(straight, chosen) * keep) @ chosen.vectors.T
    error = np.float32(noise) * (chosen.vectors**2 @ keep)
    return Channel((gain.reshape(-1) * turn.conj()).astype(np.complex64),
                   np.tile(error, tones.segments).astype(np.float32), noise, centre)


def _mean_delay_us(blocks: np.ndarray) -> float:
    """Power-weighted mean delay, from the phase between neighbouring tones."""
    turn = np.sum(blocks[:, 1:] * blocks[:, :-1].conj())
    return float(-np.angle(turn)) / (2 * np.pi * TONE_SPACING_HZ) * 1e6


def _outside(straight: np.ndarray, widest: Basis) -> float:
    """Noise power a tone, from what lies outside the widest prior."""
    total = float(np.sum(np.abs(straight) ** 2))
    rest = total - float(np.sum(np.abs(_onto(straight, widest)) ** 2))
    free = straight.size - len(straight) * widest.vectors.shape[1]
    return max(rest / free, 1e-9 * total / straight.size, 1e-3 * _LEAST_POWER)


def _onto(straight: np.ndarray, prior: Basis) -> np.ndarray:
    """Coefficients, complex [blocks, rank]: the vectors are real, so real and imaginary parts go through alone."""
    return straight.real @ prior.vectors + 1j * (straight.imag @ prior.vectors)


def _evidence(straight: np.ndarray, prior: Basis, strength: float, noise: float) -> float:
    """Log likelihood of the look under a prior, up to what all priors share."""
    variance = strength * prior.values + noise
    inside = np.abs(_onto(straight, prior)) ** 2
    gained = inside * (1 / noise - 1 / variance) - np.log(variance / noise)
    return float(np.sum(gained))
