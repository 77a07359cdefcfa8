"""Channel parameters from revealed values: T and xi, their confidence intervals and the worst case for the key.

Linear model y = t x + z with t^2 the gain and Var z the noise: A. Leverrier, F. Grosshans, P. Grangier, "Finite-size
analysis of a continuous-variable quantum key distribution", Phys. Rev. A 81, 062343 (2010), section IV.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import ndtri

from gensc.errors import InputError
from gensc.quantum.key.cvqkd.rate import Setup


@dataclass(frozen=True)
class Moments:
    """Sums over revealed pairs of values: their ``count``, sum x^2, sum x y and sum y^2. They add."""

    count: int = 0
    xx: float = 0.0
    xy: float = 0.0
    yy: float = 0.0

    @staticmethod
    def of(alice: np.ndarray, bob: np.ndarray) -> Moments:
        """The sums over Alice's and Bob's values of the same pulses, two arrays [n]."""
        if alice.shape != bob.shape or alice.ndim != 1:
            raise InputError(f"alice has shape {alice.shape}, bob {bob.shape}: give two arrays [n] of the same pulses")
        x, y = alice.astype(np.float64), bob.astype(np.float64)
        return Moments(len(x), float(x @ x), float(x @ y), float(y @ y))

    def __add__(self, other: Moments) -> Moments:
        return Moments(self.count + other.count, self.xx + other.xx, self.xy + other.xy, self.yy + other.yy)


@dataclass(frozen=True)
class Estimate:
    """What the revealed values say: slope t and noise Var z with their standard errors, and the ``setup`` with the
    detector and modulation that the ends know (its transmittance and xi are not used).

    T = t^2 reals / eta may come out above 1 and xi below 0 by chance; ``worst`` never does.
    """

    setup: Setup = field(repr=False)
    count: int
    slope: float
    noise: float
    slope_error: float
    noise_error: float

    @property
    def transmittance(self) -> float:
        """Estimate of T."""
        return _transmittance(self.setup, self.slope)

    @property
    def xi(self) -> float:
        """Estimate of the excess noise at the channel input, in shot-noise units."""
        return _xi(self.setup, self.slope, self.noise)

    @property
    def snr(self) -> float:
        """Estimate of the signal-to-noise ratio per real value, from the nominal modulation variance."""
        return self.slope**2 * self.setup.v_a / self.noise

    def transmittance_interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Two-sided confidence interval of T."""
        width = _quantile(confidence) * self.slope_error
        return _transmittance(self.setup, max(self.slope - width, 0.0)), _transmittance(self.setup, self.slope + width)

    def xi_interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Two-sided confidence interval of xi, by propagation of both errors."""
        by_noise = self.noise_error / self.slope**2
        by_slope = 2 * self.xi * self.slope_error / self.slope
        width = _quantile(confidence) * math.hypot(by_noise, by_slope)
        return self.xi - width, self.xi + width

    def worst(self, epsilon: float = 1e-10) -> Setup | None:
        """The setup of least t and most noise that the data allow, each bound failing with ``epsilon`` / 2.

        None where t = 0 can't be ruled out. Leverrier et al., eq. (22) to (25).
        """
        z = worst_case_quantile(epsilon)
        slope = self.slope - z * self.slope_error
        if slope <= 0:
            return None
        xi = _xi(self.setup, slope, self.noise + z * self.noise_error)
        return replace(self.setup, transmittance=min(_transmittance(self.setup, slope), 1.0), xi=max(xi, 0.0))


def estimate(moments: Moments, setup: Setup) -> Estimate:
    """Maximum-likelihood estimate from ``moments``; ``setup`` gives modulation variance and detector."""
    if moments.count < 100:
        raise InputError(f"{moments.count} revealed values are too few to estimate a channel: reveal 100 or more")
    if moments.xx <= 0:
        raise InputError("Alice's revealed values are all 0: without modulation there is nothing to estimate")
    slope = moments.xy / moments.xx
    noise = (moments.yy - slope * moments.xy) / moments.count
    return _estimate(setup, moments.count, slope, noise)


def expected(setup: Setup, count: int) -> Estimate:
    """The estimate that ``count`` values of ``setup`` give on average: true values with their standard errors."""
    return _estimate(setup, count, math.sqrt(setup.gain), setup.noise)


def worst_case_quantile(epsilon: float) -> float:
    """z such that a normal value exceeds it with probability ``epsilon`` / 2."""
    if not 0 < epsilon < 1:
        raise InputError(f"epsilon is {epsilon}: give a failure probability between 0 and 1, e.g. 1e-10")
    return float(-ndtri(epsilon / 2))


def _estimate(setup: Setup, count: int, slope: float, noise: float) -> Estimate:
    return Estimate(setup, count, slope, noise, math.sqrt(noise / (count * setup.v_a)), noise * math.sqrt(2 / count))


def _quantile(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise InputError(f"confidence is {confidence}: give a probability between 0 and 1, e.g. 0.95")
    return float(ndtri((1 + confidence) / 2))


def _transmittance(setup: Setup, slope: float) -> float:
    return slope**2 * setup.reals / setup.eta


def _xi(setup: Setup, slope: float, noise: float) -> float:
    return (noise - 1 - setup.v_el) / slope**2
