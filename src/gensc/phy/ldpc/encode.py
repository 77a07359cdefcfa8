"""Encoding by back substitution: the parity part of H is dual-diagonal behind one column of weight three."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gensc.machine.jit import kernel
from gensc.phy.threads import in_threads

if TYPE_CHECKING:
    from gensc.phy.ldpc.quasicyclic import QuasiCyclic


def encode(code: QuasiCyclic, bits: np.ndarray) -> np.ndarray:
    """Codewords uint8 [B, n] of ``bits`` uint8 [B, k]."""
    starts, column, shift = code.edges
    out = np.zeros((len(bits), code.n), dtype=np.uint8)
    out[:, :code.k] = bits
    three = [row[code.k // code.z] for row in code.shifts[:code.core] if row[code.k // code.z] >= 0]
    turn = next(one for one in three if three.count(one) % 2)
    in_threads(lambda part: _encode(out[part], starts, column, shift, code.z, code.core, turn), len(bits), at_least=64)
    return out


@kernel
def _encode(words: np.ndarray, starts: np.ndarray, column: np.ndarray, shift: np.ndarray, z: int, core: int,
            turn: int) -> None:
    """Fill in the parity bits of ``words`` uint8 [B, n].

    The column of weight three has two equal shifts, which cancel, so that the ``core`` block rows together give
    p_0, turned by the third shift ``turn``; then each block row gives the next parity block, or, behind the core,
    its own.
    """
    first = words.shape[1] // z - (len(starts) - 1)
    partial = np.empty(z, dtype=np.uint8)
    total = np.empty(z, dtype=np.uint8)
    for word in words:
        total[:] = 0
        for edge in range(starts[core]):
            if column[edge] < first:
                _add_shifted(total, word[column[edge] * z:(column[edge] + 1) * z], shift[edge])
        _add_shifted(word[first * z:(first + 1) * z], total, (z - turn) % z)
        for row in range(len(starts) - 1):
            partial[:] = 0
            for edge in range(starts[row], starts[row + 1]):
                if column[edge] <= first + row:
                    _add_shifted(partial, word[column[edge] * z:(column[edge] + 1) * z], shift[edge])
            if row < core - 1:
                word[(first + row + 1) * z:(first + row + 2) * z] = partial
            elif row >= core:
                word[(first + row) * z:(first + row + 1) * z] = partial


@kernel
def _add_shifted(total: np.ndarray, block: np.ndarray, shift: int) -> None:
    """total[i] += block[(i + shift) mod z] in GF(2)."""
    z = len(total)
    for i in range(z - shift):
        total[i] ^= block[i + shift]
    for i in range(z - shift, z):
        total[i] ^= block[i + shift - z]
