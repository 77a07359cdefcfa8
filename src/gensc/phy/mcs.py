"""The modulation and coding schemes of 802.11be, by number."""

from dataclasses import dataclass
from fractions import Fraction

from gensc.errors import InputError


@dataclass(frozen=True)
class Mcs:
    """``bits`` per complex symbol and the code ``rate`` as the standard writes it, e.g. "3/4"."""

    index: int
    bits: int
    rate: str

    @property
    def efficiency(self) -> Fraction:
        """Information bits per symbol."""
        return self.bits * Fraction(self.rate)


_ROWS = ((1, "1/2"), (2, "1/2"), (2, "3/4"), (4, "1/2"), (4, "3/4"), (6, "2/3"), (6, "3/4"), (6, "5/6"), (8, "3/4"),
         (8, "5/6"), (10, "3/4"), (10, "5/6"), (12, "3/4"), (12, "5/6"))
MCS = tuple(Mcs(index, bits, rate) for index, (bits, rate) in enumerate(_ROWS))
"""MCS 0 to 13: IEEE 802.11be, EHT-MCSs for one spatial stream."""


def mcs(index: int) -> Mcs:
    """A scheme by its number. Raises InputError for one that the standard does not have."""
    if not 0 <= index < len(MCS):
        raise InputError(f"mcs is {index}: expected 0 (BPSK, rate 1/2) to {len(MCS) - 1} (4096-QAM, rate 5/6)")
    return MCS[index]
