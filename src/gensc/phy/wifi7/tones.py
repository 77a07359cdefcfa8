"""Which tones of an EHT frame carry data and pilots, and where the 20 MHz channels of its preamble lie."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from gensc.errors import InputError

BANDWIDTHS_MHZ = (20, 40, 80, 160, 320)
TONE_SPACING_HZ = 78125.0
"""Of the EHT fields; the preamble before them has tones four times as far apart."""

# Half of each tone plan: (first and last occupied tone, pilots). The other half is its mirror image.
_HALF = {
    20: ((2, 122), (22, 48, 90, 116)),
    40: ((3, 244), (10, 36, 78, 104, 144, 170, 212, 238)),
    80: ((3, 500), (24, 92, 158, 226, 266, 334, 400, 468)),
}
_MAPPER_DISTANCE = {20: 9, 40: 12, 80: 20}
_SHORT_TONES = {20: 60, 40: 120, 80: 240, 160: 492, 320: 984}


@dataclass(frozen=True)
class Plan:
    """The tones of one bandwidth, as int64 arrays of signed tone numbers in rising order.

    ``occupied`` = ``data`` and ``pilots`` together; ``data_at`` and ``pilots_at`` are their places in it.
    ``segments``: frequency blocks of at most 80 MHz that are coded and mapped one by one; ``distance`` is the
    tone mapper's D_TM within one; ``short``: the data tones N_SD,short of a quarter of the last symbol.
    """

    bandwidth_mhz: int
    fft: int
    occupied: np.ndarray
    data_at: np.ndarray
    pilots_at: np.ndarray
    segments: int
    distance: int
    short: int

    @property
    def data(self) -> np.ndarray:
        """Data tones."""
        return self.occupied[self.data_at]

    @property
    def pilots(self) -> np.ndarray:
        """Pilot tones."""
        return self.occupied[self.pilots_at]


@cache
def plan(bandwidth_mhz: int) -> Plan:
    """The tone plan of RU 242, 484, 996, 2x996 or 4x996 (IEEE 802.11be, 36.3.2): 20, 40, 80, 160, 320 MHz.

    Raises InputError for another bandwidth.
    """
    if bandwidth_mhz not in BANDWIDTHS_MHZ:
        raise InputError(f"bandwidth_mhz is {bandwidth_mhz!r}: expected one of {', '.join(map(str, BANDWIDTHS_MHZ))}")
    block = min(bandwidth_mhz, 80)
    segments = bandwidth_mhz // block
    (first, last), pilots = _HALF[block]
    positive = np.arange(first, last + 1)
    centres = 1024 * np.arange(segments) - 512 * (segments - 1)
    occupied = (centres[:, None] + np.concatenate([-positive[::-1], positive])).reshape(-1)
    is_pilot = np.isin(occupied, (centres[:, None] + np.concatenate([-np.array(pilots), pilots])).reshape(-1))
    return Plan(bandwidth_mhz, bandwidth_mhz * 64 // 5, occupied, np.flatnonzero(~is_pilot), np.flatnonzero(is_pilot),
                segments, _MAPPER_DISTANCE[block], _SHORT_TONES[bandwidth_mhz])


def legacy_centres(bandwidth_mhz: int) -> np.ndarray:
    """Centre of each 20 MHz channel in tones of 312.5 kHz from the middle, int64 [bandwidth / 20]."""
    count = bandwidth_mhz // 20
    return 64 * np.arange(count) - 32 * (count - 1)
