"""The convolutional code of the signalling fields: encoder, interleaver and Viterbi decoder."""

from __future__ import annotations

import numpy as np

_G0, _G1 = 0o133, 0o171
TAIL_BITS = 6


def encode(bits: np.ndarray) -> np.ndarray:
    """Rate 1/2, constraint length 7, generators 133 and 171 (IEEE Std 802.11-2020, 17.3.5.6): uint8 [n] -> [2n]."""
    taps = [np.array([g >> (6 - i) & 1 for i in range(7)]) for g in (_G0, _G1)]
    outputs = [np.convolve(bits, tap)[: len(bits)] & 1 for tap in taps]
    return np.stack(outputs, axis=-1).reshape(-1).astype(np.uint8)


def interleaved(count: int, columns: int) -> np.ndarray:
    """Where coded bit k of a BPSK symbol goes: int64 [count]; 16 columns for 48 tones (17.3.5.7),
    13 for 52 (19.3.11.8)."""
    k = np.arange(count)
    return count // columns * (k % columns) + k // columns


def viterbi(llr: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The most likely bits uint8 [n] for ``llr`` float64 [2n] = log p(1)/p(0), from the all-zero state.

    ``known`` int8 [n]: 0 or 1 where a bit is certain beforehand (the tail is), -1 elsewhere.
    """
    from gensc.phy.wifi7.viterbi import best_path

    return best_path(np.ascontiguousarray(llr, dtype=np.float64), known.astype(np.int8))
