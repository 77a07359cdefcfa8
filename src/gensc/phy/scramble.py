"""The 802.11be scrambler: a fixed pseudo-random sequence that makes every payload look like noise."""

from functools import lru_cache

import numpy as np

PERIOD = 2**11 - 1


@lru_cache(maxsize=64)
def sequence(length: int, state: int = 0x5AD) -> np.ndarray:
    """The first ``length`` bits (uint8) of x^11 + x^9 + 1 from an 11-bit ``state`` other than 0
    (IEEE 802.11be, 36.3.13.2). XOR with it scrambles, and descrambles."""
    return np.resize(_period(state), length)


@lru_cache(maxsize=8)
def _period(state: int) -> np.ndarray:
    register = [state >> place & 1 for place in range(10, -1, -1)]
    bits = np.empty(PERIOD, np.uint8)
    for place in range(PERIOD):
        bit = register[10] ^ register[8]
        register = [bit, *register[:10]]
        bits[place] = bit
    return bits
