"""Any payload into any number of bits on the air: the 802.11 choice of codewords, shortening, puncturing, repetition.

IEEE Std 802.11-2020, 19.3.11.7.5 (LDPC PPDU encoding process), with its number of available bits as the caller's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from gensc.errors import InputError
from gensc.phy.ldpc.codes import RATES, Code, code
from gensc.phy.ldpc.quasicyclic import Decoded

# The LLR of a shortened bit, which both ends know to be 0.
KNOWN_ZERO = -1e4


@dataclass(frozen=True)
class Fit:
    """``payload_bits`` in ``count`` codewords of length ``n``, sent as ``available_bits``.

    The pieces ``words``, ``coded``, ``llrs`` and ``payload`` let a caller code the words of many items at once:
    the word of item b with number w has row b * count + w.
    """

    payload_bits: int
    available_bits: int
    rate: str
    n: int
    count: int

    @property
    def code(self) -> Code:
        """The code of every word."""
        return code(self.n, self.rate)

    @property
    def shortened(self) -> int:
        """N_shrt: information bits that are known zeros and not sent."""
        return max(0, self.count * self.code.k - self.payload_bits)

    @property
    def punctured(self) -> int:
        """N_punc: parity bits that are not sent."""
        return max(0, self.count * self.n - self.available_bits - self.shortened)

    @property
    def repeated(self) -> int:
        """N_rep: coded bits that are sent again."""
        return max(0, self.available_bits - (self.count * self.n - self.shortened))

    @property
    def needed_bits(self) -> int:
        """The least number of bits on the air, ``available_bits`` or more, within the standard's puncturing limits.

        Above a tenth of the parity bits, puncturing needs shortening beside it; above 0.3 it is never allowed.
        """
        parity = self.count * (self.n - self.code.k)
        balanced = 10 * self.shortened * (self.n - self.code.k) // (12 * self.code.k)
        limit = max(parity // 10, min(balanced, 3 * parity // 10))
        return max(self.available_bits, self.count * self.n - self.shortened - limit)

    def words(self, bits: Tensor) -> Tensor:
        """The information words, uint8 [B*count, k], of payloads uint8 [B, payload_bits]."""
        self._expect(bits, self.payload_bits, "payload bits")
        out = bits.new_zeros(len(bits), self.count * self.code.k)
        out[:, self._information.to(bits.device)] = bits
        return out.reshape(-1, self.code.k)

    def coded(self, words: Tensor) -> Tensor:
        """What goes on the air, uint8 [B, available_bits], of codewords uint8 [B*count, n]."""
        return words.reshape(-1, self.count * self.n)[:, self._sent.to(words.device)]

    def llrs(self, llr: Tensor) -> Tensor:
        """The decoder's input, float32 [B*count, n], of received LLRs [B, available_bits].

        Shortened bits are certain zeros, punctured bits 0 (unknown), repeated bits the sum of their copies.
        """
        self._expect(llr, self.available_bits, "LLRs")
        sent = self._sent.to(llr.device)
        once = len(sent) - self.repeated
        known = torch.full((self.count, self.n), KNOWN_ZERO, device=llr.device)
        known[:, self.code.k:] = 0
        out = known.reshape(1, -1).repeat(len(llr), 1)
        first = self._first.to(llr.device)
        out[:, sent[first]] = llr[:, first].to(torch.float32)
        if once < len(sent):
            out.index_add_(1, sent[~first], llr[:, ~first].to(torch.float32))
        return out.reshape(-1, self.n)

    def payload(self, bits: Tensor) -> Tensor:
        """The payloads, uint8 [B, payload_bits], of decoded information words uint8 [B*count, k]."""
        return bits.reshape(-1, self.count * self.code.k)[:, self._information.to(bits.device)]

    def encode(self, bits: Tensor) -> Tensor:
        """uint8 [B, available_bits] of payloads uint8 [B, payload_bits]."""
        return self.coded(self.code.encode(self.words(bits)))

    def decode(self, llr: Tensor, iterations: int = 20) -> Decoded:
        """Payloads of LLRs [B, available_bits]; ok [B] where all words are, iterations [B] of the slowest word."""
        found = self.code.decode(self.llrs(llr), iterations)
        ok, used = (part.reshape(-1, self.count) for part in (found.ok, found.iterations))
        return Decoded(self.payload(found.bits), ok.all(1), used.amax(1))

    @cached_property
    def _information(self) -> Tensor:
        """int64 [payload_bits]: where the payload lies in the information words, laid end to end."""
        k = self.code.k
        kept = [torch.arange(k - self._share(self.shortened, word)) + word * k for word in range(self.count)]
        return torch.cat(kept)

    @cached_property
    def _sent(self) -> Tensor:
        """int64 [available_bits]: which bits of the codewords, laid end to end, are sent, in order."""
        k, parts = self.code.k, []
        for word in range(self.count):
            data = torch.arange(k - self._share(self.shortened, word))
            whole = torch.cat((data, torch.arange(k, self.n - self._share(self.punctured, word))))
            again = torch.arange(self._share(self.repeated, word)) % len(whole)
            parts.append(torch.cat((whole, whole[again])) + word * self.n)
        return torch.cat(parts)

    @cached_property
    def _first(self) -> Tensor:
        """bool [available_bits]: where a bit is sent for the first time."""
        parts = []
        for word in range(self.count):
            length = self.n - self._share(self.shortened, word) - self._share(self.punctured, word)
            parts.append(torch.arange(length + self._share(self.repeated, word)) < length)
        return torch.cat(parts)

    def _share(self, bits: int, word: int) -> int:
        """What falls on one codeword of ``bits`` spread evenly, the first words taking one more."""
        return bits // self.count + (word < bits % self.count)

    def _expect(self, given: Tensor, wanted: int, what: str) -> None:
        if given.ndim != 2 or given.shape[1] != wanted:
            raise InputError(f"this fit takes {what} of shape [B, {wanted}], got {list(given.shape)}")


def choose(payload_bits: int, available_bits: int, rate: str) -> tuple[int, int]:
    """Length and number of the codewords (Table 19-16): "n, count" for a payload and the bits on the air.

    Where fewer bits are available than payload_bits / rate the lengths grow until the payload fits into the words.
    """
    if rate not in RATES:
        raise InputError(f"rate {rate!r} is not known: choose one of {', '.join(RATES)}")
    if payload_bits < 1 or available_bits < 1:
        raise InputError(f"a payload of {payload_bits} bits in {available_bits} bits: both must be 1 or more")
    above, below = map(int, rate.split("/"))
    room = (available_bits - payload_bits) * below
    parity = below - above
    holds = {length: length * above // below for length in (648, 1296, 1944)}
    if available_bits <= 648 and payload_bits <= holds[648] and room < 912 * parity:
        return 648, 1
    if available_bits <= 1296 and payload_bits <= holds[1296] and (available_bits <= 648 or room < 1464 * parity):
        return 1296, 1
    if available_bits <= 1944 and payload_bits <= holds[1944]:
        return 1944, 1
    if available_bits <= 2592 and payload_bits <= 2 * holds[1296] and room < 2916 * parity:
        return 1296, 2
    if available_bits <= 2592 and payload_bits <= 2 * holds[1944]:
        return 1944, 2
    return 1944, -(-payload_bits // holds[1944])
