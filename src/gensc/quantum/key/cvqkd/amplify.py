"""Toeplitz hashing by fast Fourier transform: privacy amplification, and tags that tell equal words from others."""

from __future__ import annotations

import numpy as np
from scipy import fft

from gensc.errors import InputError, RunLost

BLOCK = 1 << 20


def toeplitz(bits: np.ndarray, seed: np.ndarray, length: int) -> np.ndarray:
    """T ``bits`` (mod 2), uint8 [length], with the Toeplitz matrix T_ij = ``seed``[i - j + n - 1].

    ``bits`` uint8 [n], ``seed`` uint8 [n + length - 1] of independent fair bits, chosen after the bits and public.
    A universal_2 family: two words have equal hashes with probability 2^-length (H. Krawczyk, CRYPTO 1994).
    Exact: the sums of each BLOCK of the input stay below 2^20, where the transform's error in float64 is around
    1e-9, and a sum further than 0.1 from an integer raises RunLost.
    """
    n = len(bits)
    if n == 0 or length < 1 or bits.ndim != 1 or seed.shape != (n + length - 1,):
        raise InputError(f"{n} bits hashed to {length} take a seed of {n + length - 1} bits and at least one of each, "
                         f"got a seed of shape {list(seed.shape)}")
    out = np.zeros(length, dtype=np.uint8)
    for start in range(0, n, BLOCK):
        block = bits[start:start + BLOCK]
        # column j of T begins at seed[n - 1 - j]
        part = seed[n - start - len(block):n - start + length - 1]
        size = fft.next_fast_len(len(part), real=True)
        spectrum = fft.rfft(block.astype(np.float64), size) * fft.rfft(part.astype(np.float64), size)
        # what wraps around falls before the first of the sums that are kept
        sums = fft.irfft(spectrum, size)[len(block) - 1:len(block) - 1 + length]
        whole = np.rint(sums)
        if np.abs(sums - whole).max() > 0.1:
            raise RunLost("the Fourier transform of a Toeplitz hash lost its precision; no key is made of it")
        out ^= (whole.astype(np.int64) & 1).astype(np.uint8)
    return out
