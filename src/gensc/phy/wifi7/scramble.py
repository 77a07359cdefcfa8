"""The EHT scrambler with its seed in the SERVICE field, from which a receiver takes it (802.11be, 36.3.13.2)."""

from __future__ import annotations

from functools import cache

import numpy as np

from gensc.phy.scramble import PERIOD
from gensc.phy.scramble import sequence as from_state

STATE_BITS = 11


@cache
def _cycle() -> np.ndarray:
    """Two periods of the scrambling sequence, uint8."""
    return np.resize(from_state(PERIOD), 2 * PERIOD)


@cache
def _places() -> dict[bytes, int]:
    cycle = _cycle()
    return {cycle[n : n + STATE_BITS].tobytes(): n for n in range(PERIOD)}


def sequence(first: np.ndarray, length: int) -> np.ndarray:
    """The scrambling sequence uint8 [length] that begins with the 11 bits ``first`` (all 0: stays 0)."""
    place = _places().get(first.astype(np.uint8).tobytes())
    if place is None:
        return np.zeros(length, dtype=np.uint8)
    return np.resize(_cycle()[place : place + PERIOD], length)


def scramble(bits: np.ndarray, seed: int) -> np.ndarray:
    """``bits`` uint8 [n] xor the sequence whose first 11 bits are ``seed``, 1 to 2047.

    The first 11 bits (of the SERVICE field) are 0 before scrambling, so they carry the seed to the receiver.
    """
    return bits ^ sequence(seed >> np.arange(STATE_BITS) & 1, len(bits))


def descramble(bits: np.ndarray) -> np.ndarray:
    """``bits`` uint8 [n] as they were before ``scramble``: the first 11 are the sequence itself."""
    return bits ^ sequence(bits[:STATE_BITS], len(bits))
