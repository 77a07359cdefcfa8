"""Modulation and coding schemes by number: those of 802.11be and those of 5G NR."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from gensc.errors import InputError

CodeName = Literal["5g", "802.11"]


@dataclass(frozen=True)
class Mcs:
    """``bits`` per complex symbol and the code ``rate`` as the standard writes it, e.g. "3/4" or "120/1024"."""

    index: int
    bits: int
    rate: str

    @property
    def efficiency(self) -> Fraction:
        """Information bits per symbol."""
        return self.bits * Fraction(self.rate)


_WIFI = ((1, "1/2"), (2, "1/2"), (2, "3/4"), (4, "1/2"), (4, "3/4"), (6, "2/3"), (6, "3/4"), (6, "5/6"), (8, "3/4"),
         (8, "5/6"), (10, "3/4"), (10, "5/6"), (12, "3/4"), (12, "5/6"))
_NR = {2: (120, 193, 308, 449, 602), 4: (378, 434, 490, 553, 616, 658),
       6: (466, 517, 567, 616, 666, 719, 772, 822, 873), 8: (682.5, 711, 754, 797, 841, 885, 916.5, 948)}
_LOW = (99, 78, 64, 50, 40, 30)
_REPEATED = (20, 13, 9, 6)
_BETWEEN = (109, 88, 71, 57, 45, 35)
_NR_ROWS = [*((bits, f"{round(2 * rate)}/2048") for bits, rates in _NR.items() for rate in rates),
            *((2, f"{rate}/1024") for rate in _LOW + _REPEATED + _BETWEEN)]
SCHEMES: dict[CodeName, tuple[Mcs, ...]] = {
    "802.11": tuple(Mcs(index, bits, rate) for index, (bits, rate) in enumerate(_WIFI)),
    "5g": tuple(Mcs(index, bits, rate) for index, (bits, rate) in enumerate(_NR_ROWS)),
}
"""802.11be: MCS 0 (BPSK, 1/2) to 13 (4096-QAM, 5/6). 5G NR: MCS 0 (QPSK, 120/1024) to 27 (256-QAM, 948/1024) of TS
38.214 table 5.1.3.1-2; 28 (QPSK, 99/1024) to 33 (30/1024), the rates below them of table 5.1.3.1-3; 34 (20/1024) to 37
(6/1024), below what the standard names, by the repetition of its own rate matching (TS 38.212, 5.4.2); 38 (109/1024) to
43 (35/1024), between those of the standard, for short frames, where a byte is a large step."""


def mcs(index: int, code: CodeName = "802.11") -> Mcs:
    """A scheme by its number. Raises InputError for one that the standard does not have."""
    known = SCHEMES[code]
    if not 0 <= index < len(known):
        raise InputError(f"mcs is {index}: expected 0 to {len(known) - 1}, the schemes of {code}")
    return known[index]


def labelling(code: CodeName) -> Literal["802.11", "3gpp"]:
    """How its standard labels the points of a code's modulations: the interleaver of 5G is made for that of 3GPP."""
    return "3gpp" if code == "5g" else "802.11"
