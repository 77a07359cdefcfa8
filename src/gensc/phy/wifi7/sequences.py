"""The training sequences and pilots of an EHT frame, as tone values in the frequency domain."""

from __future__ import annotations

from functools import cache

import numpy as np

from gensc.phy.wifi7.tones import plan

LEGACY_TONES = np.concatenate([np.arange(-28, 0), np.arange(1, 29)])
"""The tones of a 20 MHz channel that L-SIG and the fields up to EHT-SIG use; L-LTF leaves +-27 and +-28 out."""
LEGACY_PILOTS = np.array([-21, -7, 7, 21])
LEGACY_PILOT_VALUES = np.array([1.0, 1.0, 1.0, -1.0])
EXTRA_TONES = np.array([-28, -27, 27, 28])
EXTRA_VALUES = np.array([-1.0, -1.0, -1.0, 1.0])
"""What L-SIG and RL-SIG send on the four tones that 802.11a leaves empty, so that the receiver learns them."""

_STF_SIGNS = {-24: 1, -20: -1, -16: 1, -12: -1, -8: -1, -4: 1, 4: -1, 8: -1, 12: 1, 16: 1, 20: 1, 24: 1}
_LTF_LOW = "++--++-+-++++++--++-+-++++"
_LTF_HIGH = "+--++-+-+-----++--+-+-++++"
_M = "---+++-+++-++-+"
# 802.11be, 36.3.12.9: the EHT-STF as runs of M, -M and single tones every 16th tone.
_EHT_STF = {20: "M", 40: "M0m", 80: "M+m0m+m", 160: "M+m0m+m0m-M0m+m", 320: "M+m0m+m0M+m0m+m0m-M0M-M0m-M0M-M"}
_PILOTS = np.array([1.0, 1.0, 1.0, -1.0, -1.0, 1.0, 1.0, 1.0])
_ROTATION_80 = (1, -1, -1, -1)


def _signs(text: str) -> np.ndarray:
    return np.array([{"+": 1.0, "-": -1.0, "0": 0.0}[c] for c in text])


@cache
def l_stf() -> tuple[np.ndarray, np.ndarray]:
    """Tones int64 [12] and values complex128 [12] of unit power (IEEE Std 802.11-2020, equation 17-6)."""
    tones = np.array(sorted(_STF_SIGNS))
    return tones, np.array([_STF_SIGNS[k] for k in tones]) * np.exp(1j * np.pi / 4)


@cache
def l_ltf() -> tuple[np.ndarray, np.ndarray]:
    """Tones int64 [52] and values +-1 (IEEE Std 802.11-2020, equation 17-8)."""
    tones = LEGACY_TONES[np.abs(LEGACY_TONES) <= 26]
    return tones, _signs(_LTF_LOW + _LTF_HIGH)


@cache
def eht_stf(bandwidth_mhz: int) -> tuple[np.ndarray, np.ndarray]:
    """Tones (every 16th) and values of unit power of the EHT-STF, 802.11be 36.3.12.9."""
    m = _signs(_M)
    runs = {"M": m, "m": -m, "0": np.zeros(1), "+": np.ones(1), "-": -np.ones(1)}
    values = np.concatenate([runs[c] for c in _EHT_STF[bandwidth_mhz]])
    tones = 16 * (np.arange(len(values)) - len(values) // 2)
    used = (values != 0) & (tones != 0)
    return tones[used], values[used] * np.exp(1j * np.pi / 4)


@cache
def eht_ltf(bandwidth_mhz: int) -> np.ndarray:
    """+-1 on each occupied tone, float64: a Rudin-Shapiro sequence over the occupied tones in rising order.

    Not the table of the standard: the sequence is deterministic and its peak power is low by construction.
    """
    n = np.arange(len(plan(bandwidth_mhz).occupied))
    ones_side_by_side = n & (n >> 1)
    return 1.0 - 2.0 * (np.bitwise_count(ones_side_by_side) % 2)


@cache
def polarity() -> np.ndarray:
    """The 127 pilot polarities p_n, +-1: the 802.11a scrambler x^7 + x^4 + 1 from the all-ones state."""
    state, out = [1] * 7, []
    for _ in range(127):
        bit = state[6] ^ state[3]
        state = [bit, *state[:6]]
        out.append(1.0 - 2.0 * bit)
    return np.array(out)


def data_pilots(bandwidth_mhz: int, symbols: int, first: int) -> np.ndarray:
    """Pilots of ``symbols`` data symbols, +-1, [symbols, pilots]; ``first`` is the place in the polarity sequence
    of the first one. Pilot j of symbol n is p_(n+first) psi_((n+j) mod 8): 802.11ax/be, 27.3.12.13 and 36.3.13.11.
    """
    n = np.arange(symbols)[:, None]
    j = np.arange(len(plan(bandwidth_mhz).pilots_at))
    return polarity()[(n + first) % 127] * _PILOTS[(n + j) % 8]


def rotations(bandwidth_mhz: int) -> np.ndarray:
    """The phase rotation of each 20 MHz channel of the preamble, complex128 [bandwidth / 20].

    1; 1, j; 1, -1, -1, -1 as in 802.11ac; the 160 and 320 MHz patterns change the sign of whole 80 MHz blocks.
    """
    if bandwidth_mhz <= 40:
        return np.array([1, 1j])[: bandwidth_mhz // 20]
    blocks = {80: (1,), 160: (1, -1), 320: (1, -1, -1, -1)}[bandwidth_mhz]
    return np.kron(np.array(blocks), np.array(_ROTATION_80)).astype(np.complex128)
