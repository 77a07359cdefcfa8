"""Stabilizer codes of the CSS kind that hold one logical qubit: repetition, Shor [[9,1,3]], Steane [[7,1,3]].

Calderbank and Shor, Phys. Rev. A 54, 1098 (1996); Shor, Phys. Rev. A 52, R2493 (1995); Steane, Phys. Rev. Lett. 77, 793
(1996). Logical operators are labelled by what they consist of: logical X is a product of X.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from gensc.errors import InputError

Name = Literal["none", "repetition", "shor", "steane"]
Bits = tuple[tuple[int, ...], ...]
LONGEST = 11
"""The longest repetition code: what lists all errors and syndromes has 4^n of them."""


@dataclass(frozen=True)
class Code:
    """``x_checks``: the stabilizer generators that consist of X, rows of n bits; ``z_checks``: those of Z.
    ``x_logical`` and ``z_logical``: n bits each; they anticommute. No checks at all: a bare qubit."""

    name: Name
    x_checks: Bits
    z_checks: Bits
    x_logical: tuple[int, ...]
    z_logical: tuple[int, ...]

    def __post_init__(self) -> None:
        x, z = (rows(checks, self.n) for checks in (self.x_checks, self.z_checks))
        lx, lz = np.array(self.x_logical), np.array(self.z_logical)
        commute = not ((x @ z.T) % 2).any() and not ((x @ lz) % 2).any() and not ((z @ lx) % 2).any()
        if not commute or lx @ lz % 2 != 1 or len(x) + len(z) != self.n - 1:
            raise InputError(f"{self.name}: the checks and logical operators are no CSS code of one qubit: all must "
                             "commute but the two logical operators, and there are n - 1 checks")

    @property
    def n(self) -> int:
        """Physical qubits of a logical one."""
        return len(self.x_logical)


def code(name: Name, length: int = 3) -> Code:
    """The code of this name; ``length`` is that of the repetition code."""
    if name == "none":
        return Code("none", (), (), (1,), (1,))
    if name == "repetition":
        return repetition(length)
    if name == "shor":
        return shor()
    if name == "steane":
        return steane()
    raise InputError(f"there is no code {name!r}: expected none, repetition, shor or steane")


def repetition(length: int = 3) -> Code:
    """alpha|0...0> + beta|1...1>: corrects (length - 1)/2 bit flips and no phase flip at all."""
    if length % 2 == 0 or not 3 <= length <= LONGEST:
        raise InputError(f"repetition: length is {length}; expected an odd number from 3 to {LONGEST} (a majority "
                         "decides)")
    pairs = tuple(tuple(int(place in (at, at + 1)) for place in range(length)) for at in range(length - 1))
    return Code("repetition", (), pairs, (1,) * length, (1,) + (0,) * (length - 1))


def shor() -> Code:
    """[[9,1,3]]: three blocks of three; flips of bits are mended in each block, flips of phases between blocks."""
    pairs = tuple(tuple(int(place in (at, at + 1)) for place in range(9)) for at in (0, 1, 3, 4, 6, 7))
    blocks = ((1, 1, 1, 1, 1, 1, 0, 0, 0), (0, 0, 0, 1, 1, 1, 1, 1, 1))
    return Code("shor", blocks, pairs, (1, 1, 1, 0, 0, 0, 0, 0, 0), (1, 0, 0, 1, 0, 0, 1, 0, 0))


def steane() -> Code:
    """[[7,1,3]]: both kinds of checks are those of the Hamming code [7,4]; column j is j + 1 in binary."""
    hamming = tuple(tuple((place + 1) >> bit & 1 for place in range(7)) for bit in (2, 1, 0))
    return Code("steane", hamming, hamming, (1,) * 7, (1,) * 7)


def rows(bits: Bits, n: int) -> np.ndarray:
    """Rows of bits as uint8 [rows,n], also where there are none."""
    return np.array(bits, dtype=np.uint8).reshape(len(bits), n)


def patterns(n: int) -> np.ndarray:
    """All bit patterns uint8 [2^n,n], in the order of the numbers they write."""
    return (np.arange(2**n)[:, None] >> np.arange(n - 1, -1, -1) & 1).astype(np.uint8)


def numbers(bits: np.ndarray) -> np.ndarray:
    """The numbers int64 [N] that rows of bits [N,r] write, most significant first; 0 where r is 0."""
    return bits.astype(np.int64) @ (1 << np.arange(bits.shape[1] - 1, -1, -1, dtype=np.int64))


@cache
def lookup(checks: Bits, n: int) -> np.ndarray:
    """The decoder: for each syndrome, as a number, an error of minimum weight that has it, uint8 [2^r,n].

    Of several of one weight, the one that writes the largest number (its errors on the first qubits).
    """
    errors = patterns(n)[::-1]
    ordered = errors[np.argsort(errors.sum(axis=1), kind="stable")]
    syndromes = numbers(ordered @ rows(checks, n).T % 2)
    _, first = np.unique(syndromes, return_index=True)
    return ordered[first]
