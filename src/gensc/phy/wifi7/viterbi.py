"""The compiled part of the Viterbi decoder: 64 states, generators 133 and 171 (octal)."""

from __future__ import annotations

import numpy as np

from gensc.machine.jit import kernel


@kernel
def best_path(llr: np.ndarray, known: np.ndarray) -> np.ndarray:
    """The bits uint8 [n] of the best path from the zero state, for LLRs float64 [2n] and ``known`` int8 [n] (-1: open).

    A state holds the last six bits, the newest on top.
    """
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
