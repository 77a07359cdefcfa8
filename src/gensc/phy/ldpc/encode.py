"""Encoding by back substitution: the parity part of H is dual-diagonal behind one column of weight three."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gensc.phy.jit import kernel
from gensc.phy.threads import in_threads

if TYPE_CHECKING:
    from gensc.phy.ldpc.codes import Code


def encode(code: Code, bits: np.ndarray) -> np.ndarray:
    """Codewords uint8 [B, n] of ``bits`` uint8 [B, k]."""
    starts, column, shift = code.edges
    out = np.zeros((len(bits), code.n), dtype=np.uint8)
    out[:, :code.k] = bits
    in_threads(lambda part: _encode(out[part], starts, column, shift, code.z), len(bits), at_least=64)
    return out


@kernel
def _encode(words: np.ndarray, starts: np.ndarray, column: np.ndarray, shift: np.ndarray, z: int) -> None:
    """Fill in the parity bits of ``words`` uint8 [B, n].

    The column of weight three (shift s in the first and last block row, 0 in between) makes all block rows
    together give p_0 = the sum of all partial syndromes; then each block row gives the next parity block.
    """
    rows = len(starts) - 1
    first = words.shape[1] // z - rows
    partial = np.empty((rows, z), dtype=np.uint8)
    total = np.empty(z, dtype=np.uint8)
    for word in words:
        total[:] = 0
        for row in range(rows):
            partial[row, :] = 0
            for edge in range(starts[row], starts[row + 1]):
                if column[edge] < first:
                    _add_shifted(partial[row], word[column[edge] * z:(column[edge] + 1) * z], shift[edge])
            for i in range(z):
                total[i] ^= partial[row, i]
        word[first * z:(first + 1) * z] = total
        for row in range(rows):
            for edge in range(starts[row], starts[row + 1]):
                if column[edge] == first:
                    _add_shifted(partial[row], total, shift[edge])
                elif first < column[edge] <= first + row:
                    for i in range(z):
                        partial[row, i] ^= word[column[edge] * z + i]
            if row < rows - 1:
                word[(first + row + 1) * z:(first + row + 2) * z] = partial[row]


@kernel
def _add_shifted(total: np.ndarray, block: np.ndarray, shift: int) -> None:
    """total[i] += block[(i + shift) mod z] in GF(2)."""
    z = len(total)
    for i in range(z - shift):
        total[i] ^= block[i + shift]
    for i in range(z - shift, z):
        total[i] ^= block[i + shift - z]
