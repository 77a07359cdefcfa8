"""Low-rate multi-edge-type LDPC codes, lifted quasi-cyclically: what reconciliation needs below 0 dB.

A small core code of rate 0.8 or so is extended by very many parity bits of degree one, each the sum of two or more
core bits: T. Richardson and R. Urbanke, "Multi-edge type LDPC codes", 2004.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from gensc.errors import InputError
from gensc.quantum.key.cvqkd import lift
from gensc.rng import Rng


@dataclass(frozen=True)
class Ensemble:
    """Node counts of a base graph. ``variables`` (count, degree in the core, degree in the extension) of the core
    bits; ``core`` (count, degree) of the core's checks; ``extension`` (count, degree) of the extension's checks, the
    parity bit of degree one that each of them has not counted."""

    variables: tuple[tuple[int, int, int], ...]
    core: tuple[tuple[int, int], ...]
    extension: tuple[tuple[int, int], ...]


ENSEMBLES = {
    # ours: of some thirty tried, the one that the decoder takes fewest iterations for at an efficiency of 0.94 (AWGN)
    "1/5": Ensemble(((13, 2, 11), (3, 2, 12), (30, 3, 12)), ((2, 21), (4, 20)), ((77, 3), (77, 4))),
    # Richardson and Urbanke, "Multi-edge type LDPC codes", rate 1/10
    "1/10": Ensemble(((31, 2, 20), (19, 3, 22)), ((1, 11), (9, 12)), ((12, 2), (338, 3))),
    # P. Jouguet, S. Kunz-Jacques, A. Leverrier, Phys. Rev. A 84, 062317 (2011), rate 1/20
    "1/20": Ensemble(((8, 2, 34), (6, 3, 34)), ((2, 8), (2, 9)), ((82, 2), (104, 3))),
}


@dataclass(frozen=True)
class Code:
    """A lifted code: block row r of H holds in each of its blocks the z x z identity turned by a shift.

    A word is the core's bits, then one bit for each check of the extension. The blocks of the core's bits lie row by
    row, core rows first: ``starts`` [rows + 1], ``column`` and ``shift`` [blocks], int32; ``core_rows`` rows are the
    core's.
    """

    name: str
    z: int
    core_columns: int
    core_rows: int
    starts: np.ndarray
    column: np.ndarray
    shift: np.ndarray

    @property
    def rows(self) -> int:
        """Block rows of H."""
        return len(self.starts) - 1

    @property
    def core_bits(self) -> int:
        """Bits of a word that are the core's; the others follow from them and the syndrome."""
        return self.core_columns * self.z

    @property
    def n(self) -> int:
        """Bits of a word."""
        return self.core_bits + (self.rows - self.core_rows) * self.z

    @property
    def checks(self) -> int:
        """Bits of a syndrome, n - k."""
        return self.rows * self.z

    @property
    def rate(self) -> float:
        """k / n."""
        return 1 - self.checks / self.n

    def syndrome(self, words: np.ndarray) -> np.ndarray:
        """H u (mod 2), uint8 [B, checks], of ``words`` uint8 [B, n]."""
        if words.ndim != 2 or words.shape[1] != self.n:
            raise InputError(f"the code {self.name} takes words [B, {self.n}], got {list(words.shape)}")
        blocks = words[:, :self.core_bits].reshape(len(words), self.core_columns, self.z)
        out = np.zeros((len(words), self.rows, self.z), dtype=np.uint8)
        out[:, self.core_rows:] = words[:, self.core_bits:].reshape(len(words), -1, self.z)
        for row in range(self.rows):
            for edge in range(self.starts[row], self.starts[row + 1]):
                out[:, row] ^= np.roll(blocks[:, self.column[edge]], -int(self.shift[edge]), axis=1)
        return out.reshape(len(words), self.checks)


@cache
def code(rate: str, z: int) -> Code:
    """The code of ``rate``, a key of ENSEMBLES, lifted by ``z``: always the same one.

    Raises InputError on an unknown rate or a ``z`` too small to lift it without short cycles.
    """
    if rate not in ENSEMBLES:
        raise InputError(f"no code of rate {rate!r}: expected one of {', '.join(ENSEMBLES)}")
    if z < 64:
        raise InputError(f"z is {z}: lift the code by 64 or more, so that it has no short cycles")
    ensemble = ENSEMBLES[rate]
    random = next(Rng.seeded(0, "cvqkd", "code", rate, z).generators())
    variables = np.repeat([group[1:] for group in ensemble.variables], [group[0] for group in ensemble.variables], 0)
    core = lift.grown(variables[:, 0], _degrees(ensemble.core), z, random)
    extension = lift.scattered(variables[:, 1], _degrees(ensemble.extension), z, random)
    rows = core + extension
    starts = np.cumsum([0, *map(len, rows)]).astype(np.int32)
    column, shift = np.array([block for row in rows for block in row], dtype=np.int32).T
    return Code(f"{rate} x {z}", z, len(variables), len(core), starts, column.copy(), shift.copy())


def _degrees(checks: tuple[tuple[int, int], ...]) -> list[int]:
    return [degree for count, degree in checks for _ in range(count)]
