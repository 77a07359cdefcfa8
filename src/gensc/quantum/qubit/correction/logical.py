"""The logical channel of a code, exactly, for any noise that meets each of its qubits alone.

Encoding without error, one use of the noise on each physical qubit, syndromes measured without error, the correction of
the lookup decoder, averaged over all syndromes. Rahn, Doherty and Mabuchi, Phys. Rev. A 66, 032304 (2002), section III.
"""

import numpy as np
import torch
from torch import Tensor

from gensc.quantum.qubit.correction.codes import Bits, Code, lookup, patterns, rows
from gensc.quantum.qubit.noise import transfer


def logical_transfer(code: Code, kraus: Tensor) -> Tensor:
    """The Pauli transfer matrix float64 [4,4] over logical I, X, Y, Z for ``kraus`` [K,2,2] on every physical qubit."""
    physical = transfer(kraus)
    out = torch.zeros(4, 4, dtype=torch.float64)
    places, signs = zip(*(_logical(code, which) for which in range(4)), strict=True)
    for j in range(4):
        vector = torch.zeros(4**code.n, dtype=torch.float64)
        vector[places[j]] = signs[j]
        for qubit in range(code.n):
            split = vector.reshape(4**qubit, 4, -1)
            vector = torch.einsum("ij,ljr->lir", physical, split).flatten()
        for i in range(4):
            out[i, j] = (vector[places[i]] * signs[i] * _mended(code, i)).sum() / 2 ** (code.n - 1)
    return out


def _strings(code: Code, which: int) -> tuple[np.ndarray, np.ndarray]:
    """Bits of X and of Z, uint8 [2^(n-1),n] each, of logical I, X, Y or Z (``which``) times every stabilizer."""
    x, z = (patterns(len(checks)) @ rows(checks, code.n) % 2 for checks in (code.x_checks, code.z_checks))
    if which in (1, 2):
        x = x ^ np.array(code.x_logical, dtype=np.uint8)
    if which in (2, 3):
        z = z ^ np.array(code.z_logical, dtype=np.uint8)
    return np.repeat(x, len(z), axis=0), np.tile(z, (len(x), 1))


def _logical(code: Code, which: int) -> tuple[Tensor, Tensor]:
    """Places of the Pauli strings in a vector of 4^n (digits 0 to 3: I, X, Y, Z), and their signs."""
    x, z = _strings(code, which)
    # X^x Z^z is (-i)^k times the string with a Y where both are 1, k of them; logical Y is i X Z.
    phase = ((x & z).sum(axis=1, dtype=np.int64) * 3 + (which == 2)) % 4
    digits = np.where(z == 0, x, 3 - x).astype(np.int64)
    places = digits @ (4 ** np.arange(code.n - 1, -1, -1, dtype=np.int64))
    return torch.from_numpy(places), torch.from_numpy(1.0 - phase)


def _mended(code: Code, which: int) -> Tensor:
    """For each of the strings, the signs that the corrections give it, summed over all syndromes."""
    x, z = _strings(code, which)
    return torch.from_numpy(_signs(code.z_checks, z, code.n) * _signs(code.x_checks, x, code.n))


def _signs(checks: Bits, strings: np.ndarray, n: int) -> np.ndarray:
    """For each of ``strings`` [S,n]: the sum of +1 or -1 as each correction of ``checks`` commutes with it, [S]."""
    return (1.0 - 2.0 * (strings.astype(np.int64) @ lookup(checks, n).T.astype(np.int64) % 2)).sum(axis=1)
