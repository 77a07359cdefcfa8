"""The LDPC codes of 5G NR for one code block of any payload in any number of bits (3GPP TS 38.212, 5.3.2 and 5.4.2).

Redundancy version 0, no CRC: whoever sends a block adds one to know whether it arrived.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import ClassVar

import torch
from torch import Tensor

from gensc.errors import InputError
from gensc.phy.ldpc.fit import KNOWN_ZERO
from gensc.phy.ldpc.quasicyclic import Decoded, QuasiCyclic

# Block columns of information and block rows of the base graphs 1 and 2
COLUMNS = {1: 22, 2: 10}
ROWS = {1: 46, 2: 42}
CORE = 4
MOST = {1: 8448, 2: 3840}
# Table 5.3.2-1: the lifting sizes of set index i are SIZES[i] times powers of two, up to 384
SIZES = (2, 3, 5, 7, 9, 11, 13, 15)
LARGEST = 384
# The factor on the min-sum messages, by block rows, that loses fewest frames at a BLER of 1e-2 within 20 iterations, in
# sweeps from 0.7 to 0.9 over 32 pairs of payload and bits; what is best for one pair gains some 0.05 dB at most.
SCALE = {4: 0.85, 5: 0.85, 6: 0.8}
OTHER_SCALE = 0.75


@dataclass(frozen=True)
class NrFit:
    """``payload_bits`` in one codeword, of which ``available_bits`` are sent, at a rate of 0.95 at most.

    ``bits`` per symbol of a QAM labelled as 3GPP does (``Constellation(bits, "3gpp")``): the bits are interleaved so
    that the first ones, the payload, lie where the QAM protects them best (5.4.2.2). 1 leaves them in order.
    The pieces ``llrs`` and ``payload`` let a caller decode the words of many items at once; ``count`` words an item.
    """

    payload_bits: int
    available_bits: int
    bits: int = 1
    count: ClassVar[int] = 1

    def __post_init__(self) -> None:
        k, n = self.payload_bits, self.available_bits
        if k < 1 or n < 1:
            raise InputError(f"a payload of {k} bits in {n} bits: both must be 1 or more")
        if k > MOST[self.graph]:
            raise InputError(f"a payload of {k} bits in {n} bits: one code block of base graph {self.graph} "
                             f"holds {MOST[self.graph]} at most; cut it into several")
        if 20 * k > 19 * n:
            raise InputError(f"a payload of {k} bits in {n} bits: the 5G NR code ends at a rate of 0.95; "
                             f"give {-(-20 * k // 19)} bits or more")
        if self.bits < 1 or n % self.bits:
            raise InputError(f"{n} bits fill no whole number of symbols of {self.bits} bits: "
                             f"give a multiple of the bits of a symbol")

    @property
    def graph(self) -> int:
        """The LDPC base graph, 1 or 2, by payload and rate (7.2.2)."""
        k, n = self.payload_bits, self.available_bits
        return 2 if k <= 292 or (k <= 3824 and 100 * k <= 67 * n) or 4 * k <= n else 1

    @property
    def z(self) -> int:
        """Lifting size Z_c: the least of Table 5.3.2-1 whose K_b block columns hold the payload."""
        k = self.payload_bits
        columns = 22 if self.graph == 1 else 10 if k > 640 else 9 if k > 560 else 8 if k > 192 else 6
        return min(size for size in _lifting_sizes() if columns * size >= k)

    @property
    def columns(self) -> int:
        """Block columns that hold payload; those that would hold filler bits alone are left out of the code."""
        return -(-self.payload_bits // self.z)

    @cached_property
    def code(self) -> QuasiCyclic:
        """The base graph, cut to the columns that hold payload and the rows whose parity bits are sent."""
        sent = int(self._sent.max()) + 1
        return _code(self.graph, self.z, self.columns, max(CORE, -(-sent // self.z) - self.columns))

    def words(self, bits: Tensor) -> Tensor:
        """The information words, uint8 [B, k], of payloads uint8 [B, payload_bits]: filler bits are zeros."""
        self._expect(bits, self.payload_bits, "payload bits")
        return torch.nn.functional.pad(bits, (0, self.code.k - self.payload_bits))

    def coded(self, words: Tensor) -> Tensor:
        """What goes on the air, uint8 [B, available_bits], of codewords uint8 [B, n]."""
        sent = words[:, self._sent.to(words.device)]
        return sent.reshape(len(sent), self.bits, -1).mT.reshape(sent.shape)

    def llrs(self, llr: Tensor) -> Tensor:
        """The decoder's input, float32 [B, n], of received LLRs [B, available_bits].

        Filler bits are certain zeros, bits that were not sent 0 (unknown), repeated bits the sum of their copies.
        """
        self._expect(llr, self.available_bits, "LLRs")
        llr = llr.to(torch.float32).reshape(len(llr), -1, self.bits).mT.reshape(llr.shape)
        out = torch.zeros(len(llr), self.code.n, device=llr.device)
        out[:, self.payload_bits:self.code.k] = KNOWN_ZERO
        for start in range(0, self.available_bits, self._buffer):
            part = slice(start, start + self._buffer)
            out[:, self._sent[part].to(llr.device)] += llr[:, part]
        return out

    def payload(self, bits: Tensor) -> Tensor:
        """The payloads, uint8 [B, payload_bits], of decoded information words uint8 [B, k]."""
        return bits[:, :self.payload_bits]

    def encode(self, bits: Tensor) -> Tensor:
        """uint8 [B, available_bits] of payloads uint8 [B, payload_bits]."""
        return self.coded(self.code.encode(self.words(bits)))

    def decode(self, llr: Tensor, iterations: int = 20) -> Decoded:
        """Payloads of LLRs [B, available_bits]; ok [B] where every check of the word holds."""
        found = self.code.decode(self.llrs(llr), iterations)
        return Decoded(self.payload(found.bits), found.ok, found.iterations)

    @property
    def _buffer(self) -> int:
        """Bits of the circular buffer without its filler bits (5.4.2.1)."""
        return max(0, self.payload_bits - 2 * self.z) + ROWS[self.graph] * self.z

    @cached_property
    def _sent(self) -> Tensor:
        """int64 [available_bits]: which bits of the codeword are sent, before interleaving; never the first 2 Z."""
        place = torch.arange(self.available_bits) % self._buffer
        data = max(0, self.payload_bits - 2 * self.z)
        return torch.where(place < data, place + 2 * self.z, place - data + self.columns * self.z)

    def _expect(self, given: Tensor, wanted: int, what: str) -> None:
        if given.ndim != 2 or given.shape[1] != wanted:
            raise InputError(f"this fit takes {what} of shape [B, {wanted}], got {list(given.shape)}")


@cache
def _code(graph: int, z: int, columns: int, rows: int) -> QuasiCyclic:
    """The first ``rows`` block rows of a base graph lifted by ``z``, with ``columns`` block columns of information."""
    kind = next(index for index, size in enumerate(SIZES) if z % size == 0 and _power_of_two(z // size))
    shifts = [[-1] * (columns + rows) for _ in range(rows)]
    for row, column, *values in _tables()[str(graph)]:
        place = column if column < columns else column - COLUMNS[graph] + columns
        if row < rows and (column < columns or column >= COLUMNS[graph]):
            shifts[row][place] = values[kind] % z
    # A row that holds both punctured columns says nothing at first; short rows say more than long ones.
    order = sorted(range(rows), key=lambda row: (sum(one >= 0 for one in shifts[row][:2]),
                                                 sum(one >= 0 for one in shifts[row])))
    return QuasiCyclic(f"nr{graph}:{z}:{columns}:{rows}", z, tuple(map(tuple, shifts)), CORE, tuple(order),
                       SCALE.get(rows, OTHER_SCALE))


@cache
def _lifting_sizes() -> tuple[int, ...]:
    return tuple(sorted(size << power for size in SIZES for power in range(8) if size << power <= LARGEST))


def _power_of_two(number: int) -> bool:
    return number & (number - 1) == 0


@cache
def _tables() -> dict:
    text = files("gensc.phy.ldpc").joinpath("ts38212.json").read_text(encoding="utf-8")
    return json.loads(text)["graphs"]
