"""A quasi-cyclic LDPC code whose parity part is dual-diagonal: its parity-check matrix, encoder and decoder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from gensc.errors import InputError


@dataclass(frozen=True)
class Decoded:
    """What a decoder found: ``bits`` uint8 [B, k], ``ok`` bool [B] (every check holds), ``iterations`` int32 [B]."""

    bits: Tensor
    ok: Tensor
    iterations: Tensor


@dataclass(frozen=True)
class QuasiCyclic:
    """A code made of cyclic shifts of the z x z identity; ``shifts`` are its block rows, -1 for zeros.

    The first ``core`` block rows have one block column of weight three and then two diagonals of identities; each
    row behind them makes a parity block of its own. The decoder takes the block rows in ``order`` and multiplies
    their min-sum messages by ``scale``.
    """

    name: str
    z: int
    shifts: tuple[tuple[int, ...], ...]
    core: int
    order: tuple[int, ...]
    scale: float

    @property
    def n(self) -> int:
        """Bits of a codeword."""
        return self.z * len(self.shifts[0])

    @property
    def k(self) -> int:
        """Information bits of a codeword."""
        return self.n - self.z * len(self.shifts)

    def parity_check(self) -> np.ndarray:
        """The matrix H, uint8 [n-k, n]: H c = 0 (mod 2) for every codeword c."""
        matrix = np.zeros((self.n - self.k, self.n), dtype=np.uint8)
        within = np.arange(self.z)
        for row, shifts in enumerate(self.shifts):
            for column, shift in enumerate(shifts):
                if shift >= 0:
                    matrix[row * self.z + within, column * self.z + (within + shift) % self.z] = 1
        return matrix

    @cached_property
    def edges(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The blocks of H row by row, int32: where each block row starts, and each block's column and shift."""
        return _edges(list(self.shifts))

    @cached_property
    def layers(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The ``edges`` with the block rows in the decoder's ``order``."""
        return _edges([self.shifts[row] for row in self.order])

    def encode(self, bits: Tensor) -> Tensor:
        """Codewords, uint8 [B, n], information first, of ``bits`` uint8 [B, k] in {0,1}."""
        _check(bits, self.k, "information bits", self.name)
        from gensc.phy.ldpc.encode import encode

        return torch.from_numpy(encode(self, bits.cpu().numpy())).to(bits.device)

    def decode(self, llr: Tensor, iterations: int = 20) -> Decoded:
        """Layered min-sum decoding of ``llr`` [B, n] = log p(1)/p(0), at most ``iterations`` a frame.

        A frame stops as soon as its checks hold; what it decodes to depends on no other frame of the batch.
        LLRs of 0 are erasures, nan counts as 0, infinity as certainty.
        """
        _check(llr, self.n, "LLRs", self.name)
        if iterations < 1:
            raise InputError(f"iterations is {iterations}: a decoder needs 1 or more, e.g. 20")
        llr = llr.detach().to(torch.float32)
        if llr.device.type == "cpu":
            from gensc.phy.ldpc.layered import decode
        else:
            from gensc.phy.ldpc.layered_torch import decode
        return decode(self, llr, iterations)


def _edges(rows: list[tuple[int, ...]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    found = [[(column, shift) for column, shift in enumerate(row) if shift >= 0] for row in rows]
    starts = np.cumsum([0, *map(len, found)])
    column, shift = np.array([block for row in found for block in row]).T
    return starts.astype(np.int32), column.astype(np.int32), shift.astype(np.int32)


def _check(given: Tensor, wanted: int, what: str, name: str) -> None:
    if given.ndim != 2 or given.shape[1] != wanted:
        raise InputError(f"the code {name} takes {what} of shape [B, {wanted}], got {list(given.shape)}")
