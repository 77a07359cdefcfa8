"""The convolutional code of the signalling fields: encoder, interleaver and Viterbi decoder."""

from __future__ import annotations

import numpy as np

from gensc.phy.jit import kernel

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
    return _viterbi(np.ascontiguousarray(llr, dtype=np.float64), known.astype(np.int8))


@kernel
def _viterbi(llr: np.ndarray, known: np.ndarray) -> np.ndarray:
    n = len(known)
    metric = np.full(64, -1e30)
    metric[0] = 0.0
    new = np.empty(64)
    came = np.zeros((n, 64), dtype=np.uint8)
    sign = np.empty((2, 128))
    for word in range(128):
        for row in range(2):
            parity, masked = 0, word & (0o133 if row == 0 else 0o171)
            while masked:
                parity ^= masked & 1
                masked >>= 1
            sign[row, word] = parity - 0.5
    for t in range(n):
        for state in range(64):
            bit = state >> 5
            if known[t] >= 0 and known[t] != bit:
                new[state] = -1e30
                continue
            best, choice = -2e30, 0
            for old in range(2):
                word = state << 1 | old
                value = metric[word & 63] + sign[0, word] * llr[2 * t] + sign[1, word] * llr[2 * t + 1]
                if value > best:
                    best, choice = value, old
            new[state], came[t, state] = best, choice
        metric[:] = new
    state = int(np.argmax(metric))
    out = np.empty(n, dtype=np.uint8)
    for t in range(n - 1, -1, -1):
        out[t] = state >> 5
        state = (state << 1 | came[t, state]) & 63
    return out
