"""Logical error rates as polynomials in p, exactly, by listing every error; and pseudo-thresholds.

Code capacity: one use of the noise on each physical qubit, encoding and syndromes without error, minimum-weight lookup
of the two CSS halves apart. Of codes that are decoded so, errors count by what is left on the logical qubit:
"x" a logical bit flip (X or Y), "z" a logical phase flip (Z or Y), "either" any of X, Y and Z.
"""

from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

import numpy as np
from scipy.optimize import brentq

from gensc.errors import InputError
from gensc.quantum.qubit.correction.codes import Bits, Code, lookup, numbers, patterns, rows

Errors = Literal["bit_flip", "phase_flip", "depolarizing"]
Counted = Literal["x", "z", "either"]


@dataclass(frozen=True)
class Polynomial:
    """The sum over w of counts[w] (p / kinds)^w (1 - p)^(n - w): ``counts`` [n+1] errors of weight w are not mended,
    and an error on a qubit is one of ``kinds`` equally likely ones."""

    counts: tuple[int, ...]
    kinds: int

    def rate(self, p: float) -> float:
        """The logical error rate at the physical error probability p."""
        if not 0 <= p <= 1:
            raise InputError(f"p is {p}; expected a probability from 0 to 1, e.g. 0.01")
        n = len(self.counts) - 1
        return float(sum(count * (p / self.kinds) ** w * (1 - p) ** (n - w) for w, count in enumerate(self.counts)))

    @property
    def leading(self) -> tuple[int, float]:
        """The lowest power of p and its factor: (2, 21.0) for 21 p^2 + ...; (0, 0.0) where nothing fails."""
        power = next((w for w, count in enumerate(self.counts) if count), 0)
        return power, self.counts[power] / self.kinds**power


@cache
def polynomial(code: Code, noise: Errors, counted: Counted = "either") -> Polynomial:
    """How often the decoded logical qubit has an error of the kind ``counted``, for p of ``noise`` on each qubit."""
    if noise not in get_args(Errors) or counted not in get_args(Counted):
        raise InputError(f"noise is {noise!r} and counted {counted!r}; expected one of {', '.join(get_args(Errors))} "
                         f"(amplitude damping has no such polynomial) and one of {', '.join(get_args(Counted))}")
    n = code.n
    flips, phases = _fails(code.z_checks, code.z_logical, n), _fails(code.x_checks, code.x_logical, n)
    if noise != "depolarizing":
        # One half of the decoder meets errors, the other none, whose empty pattern (the first) is mended.
        fails = {"bit_flip": {"x": flips, "z": np.zeros_like(flips), "either": flips},
                 "phase_flip": {"x": np.zeros_like(phases), "z": phases, "either": phases}}[noise][counted]
        return Polynomial(_by_weight(patterns(n).sum(axis=1), fails, n), 1)
    total = np.zeros(n + 1, dtype=np.int64)
    bits = patterns(n)
    for place, x in enumerate(bits):
        fails = {"x": np.full(len(bits), flips[place]), "z": phases, "either": phases | flips[place]}[counted]
        total += np.array(_by_weight((bits | x).sum(axis=1), fails, n))
    return Polynomial(tuple(total.tolist()), 3)


def pseudo_threshold(code: Code, noise: Errors, counted: Counted = "either") -> float | None:
    """The lowest p above 0 where the code is as bad as a bare qubit, counted alike; None where it never helps."""
    coded = polynomial(code, noise, counted)
    bare = polynomial(Code("none", (), (), (1,), (1,)), noise, counted)
    grid = np.geomspace(1e-6, 0.75, 2000)
    gain = [bare.rate(p) - coded.rate(p) for p in grid]
    if gain[0] <= 0:
        return None
    crossing = next((place for place, one in enumerate(gain) if one <= 0), None)
    if crossing is None:
        return None
    return float(brentq(lambda p: bare.rate(p) - coded.rate(p), grid[crossing - 1], grid[crossing], xtol=1e-12))


def _fails(checks: Bits, logical: tuple[int, ...], n: int) -> np.ndarray:
    """For each pattern of flips [2^n] whether it and its correction together anticommute with ``logical``."""
    errors = patterns(n)
    left = errors ^ lookup(checks, n)[numbers(errors @ rows(checks, n).T % 2)]
    failed: np.ndarray = (left @ np.array(logical, dtype=np.uint8)) % 2 == 1
    return failed


def _by_weight(weight: np.ndarray, fails: np.ndarray, n: int) -> tuple[int, ...]:
    return tuple(np.bincount(weight[fails], minlength=n + 1).tolist())
