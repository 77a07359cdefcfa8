"""The parameters of a frame and what follows from them: durations, bits a symbol."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from gensc.errors import InputError
from gensc.phy.mcs import Mcs, mcs
from gensc.phy.wifi7.tones import Plan, plan

GUARDS_US = (0.8, 1.6, 3.2)
_SYMBOL_US = 12.8
LEGACY_US = 16
"""L-STF and L-LTF; then L-SIG, RL-SIG, U-SIG and EHT-SIG in symbols of 4 us."""


@dataclass(frozen=True)
class Phy:
    """An 802.11be single-user frame of one spatial stream: bandwidth 20 to 320 MHz, MCS 0 to 13, guard interval
    0.8, 1.6 or 3.2 us. Raises InputError for anything else."""

    bandwidth_mhz: int = 20
    mcs: int = 7
    guard_us: float = 0.8

    def __post_init__(self) -> None:
        plan(self.bandwidth_mhz)
        mcs(self.mcs)
        if self.guard_us not in GUARDS_US:
            raise InputError(f"guard_us is {self.guard_us!r}: expected one of {', '.join(map(str, GUARDS_US))}")

    @property
    def tones(self) -> Plan:
        """The tone plan."""
        return plan(self.bandwidth_mhz)

    @property
    def scheme(self) -> Mcs:
        """Bits a symbol and code rate."""
        return mcs(self.mcs)

    @property
    def fft(self) -> int:
        """Samples of a data symbol without its guard interval."""
        return self.tones.fft

    @property
    def data_tones(self) -> int:
        """Data tones of a symbol, N_SD."""
        return len(self.tones.data_at)

    @property
    def tone_power(self) -> float:
        """Mean power of an occupied tone under a unitary FFT where the frame's samples have mean power 1."""
        return self.fft / len(self.tones.occupied)

    def tone_snr_db(self, snr_db: float) -> float:
        """Es/N0 of an occupied tone where ``snr_db`` is that of a sample, the channel use: 0.24 dB more at 20 and 40
        MHz and 0.12 dB above, as tones are left empty. Published figures of Wi-Fi are those of a tone."""
        return snr_db + 10 * math.log10(self.tone_power)

    @property
    def sample_rate_hz(self) -> float:
        """Samples a second: the bandwidth."""
        return self.bandwidth_mhz * 1e6

    @property
    def coded_bits(self) -> int:
        """Coded bits of a symbol, N_CBPS."""
        return self.data_tones * self.scheme.bits

    @property
    def data_bits(self) -> int:
        """Information bits of a symbol, N_DBPS."""
        return int(self.coded_bits * Fraction(self.scheme.rate))

    @property
    def symbol_us(self) -> float:
        """Duration of a data symbol with its guard interval."""
        return _SYMBOL_US + self.guard_us

    @property
    def symbol_samples(self) -> int:
        """Samples of a data symbol with its guard interval."""
        return round(self.symbol_us * self.bandwidth_mhz)

    def uses(self, payload_bytes: int) -> int:
        """Samples (channel uses) of a whole frame that carries ``payload_bytes``; the bandwidth's samples a second."""
        from gensc.phy.wifi7.layout import layout_for

        return layout_for(payload_bytes, self).samples
