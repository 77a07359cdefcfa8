"""One quasi-cyclic LDPC code of IEEE 802.11: its parity-check matrix, encoder and decoder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

import numpy as np
import torch
from torch import Tensor

from gensc.errors import InputError

LENGTHS = (648, 1296, 1944)
RATES = ("1/2", "2/3", "3/4", "5/6")
NAMES = tuple(f"{n}:{rate}" for n in LENGTHS for rate in RATES)
# The factors on the min-sum messages that lose fewest frames at a BLER of 1e-2 within 20 iterations, in a sweep
# from 0.74 to 0.86; docs/measured/ldpc_loss.csv holds where they stand against sum-product decoding.
SCALE = {"1/2": 0.82, "2/3": 0.77, "3/4": 0.77, "5/6": 0.77}


@dataclass(frozen=True)
class Decoded:
    """What a decoder found: ``bits`` uint8 [B, k], ``ok`` bool [B] (every check holds), ``iterations`` int32 [B]."""

    bits: Tensor
    ok: Tensor
    iterations: Tensor


@dataclass(frozen=True)
class Code:
    """A code of length ``n`` and ``rate``; ``shifts`` are rows of cyclic shifts of the z x z identity, -1 for zeros."""

    n: int
    rate: str
    z: int
    shifts: tuple[tuple[int, ...], ...]

    @property
    def k(self) -> int:
        """Information bits of a codeword."""
        return self.n - self.z * len(self.shifts)

    @property
    def name(self) -> str:
        """As the command line writes it, e.g. "1944:1/2"."""
        return f"{self.n}:{self.rate}"

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
        found = [[(column, shift) for column, shift in enumerate(row) if shift >= 0] for row in self.shifts]
        starts = np.cumsum([0, *map(len, found)])
        column, shift = np.array([block for row in found for block in row]).T
        return starts.astype(np.int32), column.astype(np.int32), shift.astype(np.int32)

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


def _check(given: Tensor, wanted: int, what: str, name: str) -> None:
    if given.ndim != 2 or given.shape[1] != wanted:
        raise InputError(f"the code {name} takes {what} of shape [B, {wanted}], got {list(given.shape)}")


@cache
def code(n: int, rate: str) -> Code:
    """The IEEE 802.11-2020 code (Annex F) of length 648, 1296 or 1944 and rate "1/2", "2/3", "3/4" or "5/6"."""
    name = f"{n}:{rate}"
    if name not in NAMES:
        raise InputError(f"no 802.11 LDPC code {name}: n is one of {LENGTHS}, the rate one of {', '.join(RATES)}")
    table = _tables()[name]
    return Code(n, rate, table["z"], tuple(map(tuple, table["shifts"])))


@cache
def _tables() -> dict:
    text = files("gensc.phy.ldpc").joinpath("ieee80211.json").read_text(encoding="utf-8")
    return json.loads(text)["codes"]
