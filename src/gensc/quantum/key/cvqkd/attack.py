"""The intercept-resend attack, which the estimated excess noise betrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gensc.errors import InputError
from gensc.rng import Rng

EXCESS = 2.0
"""Excess noise at the channel input, in shot-noise units, of intercepting every pulse: heterodyne detection of a
coherent state costs one unit twice (its own vacuum and that of the other port). J. Lodewyck et al., "Experimental
implementation of non-Gaussian attacks on a continuous-variable quantum-key-distribution system", Phys. Rev. Lett. 98,
030503 (2007)."""


@dataclass(frozen=True)
class InterceptResend:
    """Eve measures a ``fraction`` of the pulses by heterodyne detection at the channel input and sends coherent states
    at the values that she found. It adds 2 ``fraction`` shot-noise units of excess noise at the channel input."""

    fraction: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.fraction <= 1:
            raise InputError(f"fraction is {self.fraction}: give the attacked part of the pulses, from 0 to 1")

    def resend(self, displacement: np.ndarray, rng: Rng) -> np.ndarray:
        """The displacements float32 [n, 2] of the states that travel on; those of Alice's were ``displacement``."""
        count = len(displacement)
        hit = rng.child("which").uniform(count).numpy()[0] < self.fraction
        noise = np.float32(np.sqrt(EXCESS)) * rng.child("noise").normal(count, 2).numpy()[0]
        return displacement + hit[:, None] * noise
