"""How the bytes of an item are cut into coded segments, each with a CRC of its own."""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from gensc.phy.ldpc.fit import Fit, choose
from gensc.phy.ldpc.nr import NrFit
from gensc.phy.mcs import CodeName, mcs

SHORT = 64


@dataclass(frozen=True)
class Segment:
    """``data`` bytes, then a CRC of ``crc`` bits, coded with ``code`` and mapped to ``symbols`` symbols of an MCS."""

    code: CodeName
    mcs: int
    data: int
    crc: int
    symbols: int

    @property
    def coded(self) -> Fit | NrFit:
        """How the segment's bits fill its symbols."""
        return _coded(self)

    @property
    def lacking(self) -> int:
        """Bits on the air that are missing to keep at least half of the parity bits of an 802.11 code.

        802.11 itself punctures less (0.3 of them) and sends another OFDM symbol instead; symbols are fewer here. The
        codes of 5G are made for any length.
        """
        fit = self.coded
        if isinstance(fit, NrFit):
            return 0
        return max(0, fit.punctured - fit.count * (fit.n - fit.code.k) // 2)


@lru_cache(maxsize=4096)
def _coded(segment: Segment) -> Fit | NrFit:
    scheme = mcs(segment.mcs, segment.code)
    payload, available = 8 * segment.data + segment.crc, segment.symbols * scheme.bits
    if segment.code == "5g":
        return NrFit(payload, available, scheme.bits)
    return Fit(payload, available, scheme.rate, *choose(payload, available, scheme.rate))


@lru_cache(maxsize=4096)
def filling(symbols: int, index: int, code: CodeName) -> tuple[Segment, ...]:
    """The segments that fill exactly ``symbols`` symbols at an MCS; none where not even one byte fits."""
    if symbols < 1:
        return ()
    room = symbols * mcs(index, code).efficiency / 8
    parts = max(1, -(-int(room) // most_bytes(index, code)))
    sizes = [symbols // parts + (place < symbols % parts) for place in range(parts)]
    made = tuple(largest(size, index, code) for size in sizes)
    return () if any(one is None for one in made) else made  # type: ignore[return-value]


@lru_cache(maxsize=4096)
def largest(symbols: int, index: int, code: CodeName) -> Segment | None:
    """The segment with the most data that ``symbols`` symbols carry, or None.

    At most the MCS's rate, and less where too little of an 802.11 code's parity would be sent.
    """
    most = int(symbols * mcs(index, code).efficiency / 8)
    for total in range(most, 0, -1):
        crc = _crc(total)
        data = total - crc // 8
        if data < 1:
            return None
        segment = Segment(code, index, data, crc, symbols)
        if not segment.lacking:
            return segment
    return None


@lru_cache(maxsize=4096)
def carrying(data: int, index: int, code: CodeName) -> tuple[Segment, ...]:
    """The segments that carry ``data`` bytes at an MCS in as few symbols as the code rate allows."""
    parts = -(-data // most_bytes(index, code))
    return tuple(smallest(data // parts + (place < data % parts), index, code) for place in range(parts))


@lru_cache(maxsize=4096)
def smallest(data: int, index: int, code: CodeName) -> Segment:
    """The segment with the fewest symbols for ``data`` bytes."""
    scheme, crc = mcs(index, code), _crc(data + 2)
    symbols = -((-(8 * data + crc)) // (scheme.bits * Fraction(scheme.rate)))
    segment = Segment(code, index, data, crc, int(symbols))
    while segment.lacking:
        segment = Segment(code, index, data, crc, segment.symbols - (-segment.lacking // scheme.bits))
    return segment


def most_bytes(index: int, code: CodeName) -> int:
    """The longest segment: a few dozen codewords of 802.11, or one code block of 5G NR, whose base graph for rates
    up to 1/4 holds 3,840 bits."""
    if code == "802.11":
        return 4096
    return 1024 if 4 * Fraction(mcs(index, code).rate) > 1 else 448


def _crc(total: int) -> int:
    """Bits of CRC for a segment of so many bytes: a false pass matters more where there is more to lose."""
    return 16 if total <= SHORT else 32
