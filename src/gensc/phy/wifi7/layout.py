"""How a payload fills a frame: symbols, padding, codewords, and the length that the preamble announces."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from gensc.errors import InputError
from gensc.phy.ldpc.fit import Fit, choose
from gensc.phy.wifi7 import ampdu
from gensc.phy.wifi7.phy import LEGACY_US, Phy

SERVICE_BITS = 16
EHT_SIG_SYMBOLS = 2
_SIG_US = 4
_LONGEST_LENGTH = 4095
"""L-SIG LENGTH has 12 bits, so a frame lasts at most 5.484 ms."""


@dataclass(frozen=True)
class Layout:
    """The data field: ``symbols`` of which the last is filled in ``quarters`` (the pre-FEC padding factor a, 1 to 4),
    with an ``extra`` segment where the codewords needed one, and the codewords in ``fit``."""

    phy: Phy
    symbols: int
    quarters: int
    extra: bool
    fit: Fit

    @property
    def psdu_bytes(self) -> int:
        """Length of the A-MPDU with its padding."""
        return (self.fit.payload_bits - SERVICE_BITS) // 8

    @property
    def l_sig_length(self) -> int:
        """The LENGTH of L-SIG: 802.11be, equation 36-18, for no packet extension."""
        return -(-self._after_l_sig_tenths // 40) * 3 - 3

    @property
    def samples(self) -> int:
        """Samples of the whole frame."""
        return (_SIG_US + LEGACY_US) * self.phy.bandwidth_mhz + self._after_l_sig_tenths * self.phy.bandwidth_mhz // 10

    @property
    def _after_l_sig_tenths(self) -> int:
        """Tenths of a microsecond from the end of L-SIG."""
        return round(10 * (preamble_us(self.phy) - LEGACY_US - _SIG_US + self.symbols * self.phy.symbol_us))


def preamble_us(phy: Phy) -> float:
    """Microseconds before the first data symbol: to EHT-SIG, EHT-STF of 4 us, one EHT-LTF symbol."""
    return LEGACY_US + _SIG_US * (4 + EHT_SIG_SYMBOLS) + 4 + phy.symbol_us


def _bits(phy: Phy, symbols: int, quarters: int) -> tuple[int, int]:
    """Information bits N_pld and coded bits N_avbits of symbols of which the last is filled in quarters."""
    short = phy.tones.short * phy.scheme.bits
    coded = (symbols - 1) * phy.coded_bits + (phy.coded_bits if quarters == 4 else quarters * short)
    last = phy.data_bits if quarters == 4 else quarters * int(short * Fraction(phy.scheme.rate))
    return (symbols - 1) * phy.data_bits + last, coded


def _extended(phy: Phy, symbols: int, quarters: int) -> Layout:
    """The layout with the extra segment that the puncturing limits may ask for (36.3.13.3.5)."""
    payload, coded = _bits(phy, symbols, quarters)
    n, count = choose(payload, coded, phy.scheme.rate)
    plain = Fit(payload, coded, phy.scheme.rate, n, count)
    if plain.needed_bits <= coded:
        return Layout(phy, symbols, quarters, False, plain)
    symbols, quarters = (symbols + 1, 1) if quarters == 4 else (symbols, quarters + 1)
    coded = _bits(phy, symbols, quarters)[1]
    return Layout(phy, symbols, quarters, True, Fit(payload, coded, phy.scheme.rate, n, count))


@lru_cache(maxsize=1024)
def layout_for(payload_bytes: int, phy: Phy) -> Layout:
    """The layout of a payload. Raises InputError for 0 bytes and for a frame of more than 5.484 ms."""
    if payload_bytes < 1:
        raise InputError("a payload of 0 bytes can't be sent: give at least 1 byte")
    bits = 8 * ampdu.packed_bytes(payload_bytes) + SERVICE_BITS
    symbols = -(-bits // phy.data_bits)
    rest = bits - (symbols - 1) * phy.data_bits
    short = int(phy.tones.short * phy.scheme.bits * Fraction(phy.scheme.rate))
    found = _extended(phy, symbols, min(-(-rest // short), 4))
    if found.l_sig_length > _LONGEST_LENGTH:
        raise InputError(f"{payload_bytes} bytes do not fit a frame of 5.484 ms at {phy.bandwidth_mhz} MHz, MCS "
                         f"{phy.mcs}, guard {phy.guard_us} us: send at most {longest_payload(phy)} bytes a frame")
    return found


@lru_cache(maxsize=1024)
def longest_payload(phy: Phy) -> int:
    """The most bytes that one frame carries."""
    low, high = 1, 4_000_000
    while low < high:
        middle = (low + high + 1) // 2
        bits = 8 * ampdu.packed_bytes(middle) + SERVICE_BITS
        symbols = -(-bits // phy.data_bits) + 1
        fits = preamble_us(phy) + symbols * phy.symbol_us <= 5484
        low, high = (middle, high) if fits else (low, middle - 1)
    return low


@lru_cache(maxsize=1024)
def payload_within(phy: Phy, uses: int) -> int:
    """The most bytes whose frame has at most ``uses`` samples; 0 where not even 1 has."""
    low, high = 0, longest_payload(phy) + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if layout_for(middle, phy).samples <= uses else (low, middle)
    return low


@lru_cache(maxsize=1024)
def layout_heard(phy: Phy, l_sig_length: int, quarters: int, extra: bool) -> Layout | None:
    """The layout that a receiver concludes from the preamble; None where its fields contradict each other."""
    tenths = 10 * (LEGACY_US + _SIG_US) + (l_sig_length + 3) // 3 * 40 - round(10 * preamble_us(phy))
    symbols = tenths // round(10 * phy.symbol_us)
    first, filled = symbols, quarters
    if extra:
        first, filled = (symbols - 1, 4) if quarters == 1 else (symbols, quarters - 1)
    if first < 1:
        return None
    found = _extended(phy, first, filled)
    agrees = (found.symbols, found.quarters, found.extra) == (symbols, quarters, extra)
    return found if agrees and found.fit.payload_bits > SERVICE_BITS else None
