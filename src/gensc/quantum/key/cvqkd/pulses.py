"""Simulated GG02 pulses: what Alice modulates and what Bob measures, chunk by chunk.

Modelled: Gaussian modulation, loss, Gaussian excess noise, detector efficiency and electronic noise. Not modelled:
phase and clock recovery, finite resolution of the converters, calibration errors of shot noise and detector.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gensc.errors import InputError
from gensc.quantum.key.cvqkd.attack import InterceptResend
from gensc.quantum.key.cvqkd.rate import Setup
from gensc.rng import Rng

CHUNK = 1 << 17


@dataclass(frozen=True)
class Pulses:
    """Values of the same pulses after sifting, float32 [n, reals]: Alice's ``alice`` and Bob's ``bob``.

    By homodyne detection Bob measures one quadrature of each pulse, chosen at random, and Alice keeps hers of that
    quadrature (``reals`` 1); by heterodyne detection both are kept (``reals`` 2).
    """

    alice: np.ndarray
    bob: np.ndarray


def transmit(setup: Setup, pulses: int, rng: Rng, attack: InterceptResend | None = None) -> Iterator[Pulses]:
    """The values of ``pulses`` pulses, at most CHUNK at a time: memory does not grow with their number.

    Every chunk draws from a stream of its own, so the first pulses are the same however many follow.
    """
    if pulses < 1:
        raise InputError(f"pulses is {pulses}: send 1 or more")
    for chunk, start in enumerate(range(0, pulses, CHUNK)):
        yield _chunk(setup, min(CHUNK, pulses - start), rng.of([chunk]), attack)


def _chunk(setup: Setup, count: int, rng: Rng, attack: InterceptResend | None) -> Pulses:
    modulation = np.sqrt(setup.v_a) * _normal(rng.child("modulation"), 2)
    field = modulation if attack is None else attack.resend(modulation, rng.child("attack"))
    if setup.detection == "homodyne":
        # one column is measured; row by row, so that a shorter last chunk begins like a whole one
        quadrature = (rng.child("quadrature").uniform(CHUNK).numpy()[0] < 0.5).astype(np.intp)[:, None]
        modulation, field = (np.take_along_axis(both, quadrature, axis=1) for both in (modulation, field))
    noise = np.sqrt(setup.noise) * _normal(rng.child("noise"), setup.reals)
    bob = np.float32(np.sqrt(setup.gain)) * field + noise
    return Pulses(modulation[:count].astype(np.float32), bob[:count].astype(np.float32))


def _normal(rng: Rng, columns: int) -> np.ndarray:
    return rng.normal(CHUNK, columns).numpy()[0]
