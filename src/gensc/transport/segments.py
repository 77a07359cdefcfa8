"""How the bytes of an item are cut into coded segments, each with a CRC of its own."""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from gensc.phy.ldpc.fit import Fit, choose
from gensc.phy.mcs import mcs

SEGMENT_BYTES = 4096
"""A segment is at most about this long: enough for full-length codewords, little to lose."""
SHORT = 64


@dataclass(frozen=True)
class Segment:
    """``data`` bytes, then a CRC of ``crc`` bits, coded and mapped to ``symbols`` symbols of an MCS."""

    mcs: int
    data: int
    crc: int
    symbols: int

    @property
    def coded(self) -> Fit:
        """How the segment's bits fill its symbols."""
        scheme = mcs(self.mcs)
        bits = 8 * self.data + self.crc, self.symbols * scheme.bits
        return Fit(*bits, scheme.rate, *choose(*bits, scheme.rate))

    @property
    def lacking(self) -> int:
        """Bits on the air that are missing to keep at least half of the parity bits.

        802.11 itself punctures less (0.3 of them) and sends another OFDM symbol instead; symbols are fewer here.
        """
        fit = self.coded
        return max(0, fit.punctured - fit.count * (fit.n - fit.code.k) // 2)


@lru_cache(maxsize=4096)
def filling(symbols: int, index: int) -> tuple[Segment, ...]:
    """The segments that fill exactly ``symbols`` symbols at an MCS; none where not even one byte fits."""
    if symbols < 1:
        return ()
    room = symbols * mcs(index).efficiency / 8
    parts = max(1, -(-int(room) // SEGMENT_BYTES))
    sizes = [symbols // parts + (place < symbols % parts) for place in range(parts)]
    made = tuple(largest(size, index) for size in sizes)
    return () if any(one is None for one in made) else made  # type: ignore[return-value]


@lru_cache(maxsize=4096)
def largest(symbols: int, index: int) -> Segment | None:
    """The segment with the most data that ``symbols`` symbols carry, or None.

    At most the code's rate, and less where too little of its parity would be sent.
    """
    most = int(symbols * mcs(index).efficiency / 8)
    for total in range(most, 0, -1):
        crc = _crc(total)
        data = total - crc // 8
        if data < 1:
            return None
        segment = Segment(index, data, crc, symbols)
        if not segment.lacking:
            return segment
    return None


@lru_cache(maxsize=4096)
def carrying(data: int, index: int) -> tuple[Segment, ...]:
    """The segments that carry ``data`` bytes at an MCS in as few symbols as the code rate allows."""
    parts = -(-data // SEGMENT_BYTES)
    return tuple(smallest(data // parts + (place < data % parts), index) for place in range(parts))


@lru_cache(maxsize=4096)
def smallest(data: int, index: int) -> Segment:
    """The segment with the fewest symbols for ``data`` bytes."""
    scheme, crc = mcs(index), _crc(data + 2)
    symbols = -((-(8 * data + crc)) // (scheme.bits * Fraction(scheme.rate)))
    segment = Segment(index, data, crc, int(symbols))
    while segment.lacking:
        segment = Segment(index, data, crc, segment.symbols - (-segment.lacking // scheme.bits))
    return segment


def _crc(total: int) -> int:
    """Bits of CRC for a segment of so many bytes: a false pass matters more where there is more to lose."""
    return 16 if total <= SHORT else 32
