"""Reverse reconciliation: Bob turns his values into bits, Alice finds them from hers and what he tells in public.

Multidimensional reconciliation in dimension 8: A. Leverrier, R. Alléaume, J. Boutros, G. Zémor, P. Grangier,
"Multidimensional reconciliation for a continuous-variable quantum key distribution", Phys. Rev. A 77, 042325 (2008).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gensc.errors import InputError
from gensc.quantum.key.cvqkd.code import Code
from gensc.quantum.key.cvqkd.decode import Decoded, decode

DIMENSION = 8


def _signs(size: int) -> np.ndarray:
    """s [size, size] with e_i e_j = s_ij e_(i xor j), by Cayley-Dickson doubling: (a,b)(c,d) = (ac - d*b, da + bc*)."""
    if size == 1:
        return np.ones((1, 1), dtype=np.int8)
    half = size // 2
    s = _signs(half)
    conjugate = np.where(np.arange(half) == 0, 1, -1).astype(np.int8)
    return np.block([[s, s.T], [s * conjugate[None, :], -(s.T * conjugate[None, :])]]).astype(np.int8)


SIGNS = _signs(DIMENSION)


@dataclass(frozen=True)
class Told:
    """What Bob tells in public about frames of values: the octonions ``turn`` float32 [B, n/8, 8] that carry his
    directions to his bits', the lengths ``norm`` float32 [B, n/8] of his vectors, and the ``syndrome`` uint8
    [B, checks] of his bits. Turn and norm are independent of the bits; the syndrome is what leaks."""

    turn: np.ndarray
    norm: np.ndarray
    syndrome: np.ndarray


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Products [..., 8] of octonions ``a`` and ``b`` [..., 8]."""
    out = np.zeros(np.broadcast_shapes(a.shape, b.shape), dtype=np.result_type(a, b))
    for i in range(DIMENSION):
        for j in range(DIMENSION):
            out[..., i ^ j] += SIGNS[i, j] * a[..., i] * b[..., j]
    return out


def tell(code: Code, bob: np.ndarray, bits: np.ndarray) -> Told:
    """What Bob tells for his values ``bob`` float32 [B, n] to stand for secret random ``bits`` uint8 [B, n]."""
    if bob.shape != bits.shape or bob.ndim != 2 or bob.shape[1] != code.n:
        raise InputError(f"the code {code.name} takes values and bits [B, {code.n}], got {list(bob.shape)} and "
                         f"{list(bits.shape)}")
    vectors = bob.reshape(len(bob), -1, DIMENSION)
    norm = np.sqrt((vectors**2).sum(axis=-1))
    conjugate = vectors / norm[..., None]
    conjugate[..., 1:] *= -1
    # (u y*) y = u |y|^2, for octonions are alternative: the turn takes y's direction to u
    return Told(product(_corners(bits), conjugate), norm, code.syndrome(bits))


def llr(alice: np.ndarray, told: Told, slope: float, noise: float) -> np.ndarray:
    """log p(1)/p(0) float32 [B, n] of Bob's bits, by Alice's values ``alice`` [B, n] and the model y = slope x + z,
    Var z = ``noise``."""
    turned = product(told.turn, alice.reshape(told.turn.shape))
    scale = np.float32(2 * slope / noise / np.sqrt(DIMENSION))
    return (scale * told.norm[..., None] * turned).reshape(alice.shape)


def find(code: Code, alice: np.ndarray, told: Told, slope: float, noise: float, iterations: int = 200) -> Decoded:
    """The core bits of Bob's words as Alice finds them; see ``llr`` and gensc.quantum.key.cvqkd.decode."""
    return decode(code, llr(alice, told, slope, noise), told.syndrome, iterations)


def _corners(bits: np.ndarray) -> np.ndarray:
    """Unit vectors float32 [B, n/8, 8] at the corners of the cube that ``bits`` [B, n] name; 1 is positive."""
    signs = bits.astype(np.float32) * 2 - 1
    return signs.reshape(len(bits), -1, DIMENSION) / np.float32(np.sqrt(DIMENSION))
