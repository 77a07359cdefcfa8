"""The preamble of an EHT frame as samples: legacy and EHT training fields and the signalling between them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from gensc.phy.wifi7 import bcc, fields
from gensc.phy.wifi7.layout import Layout
from gensc.phy.wifi7.ofdm import to_samples
from gensc.phy.wifi7.phy import Phy
from gensc.phy.wifi7.sequences import (
    EXTRA_TONES,
    EXTRA_VALUES,
    LEGACY_PILOT_VALUES,
    LEGACY_PILOTS,
    LEGACY_TONES,
    eht_ltf,
    eht_stf,
    l_ltf,
    l_stf,
    polarity,
    rotations,
)
from gensc.phy.wifi7.tones import BANDWIDTHS_MHZ, legacy_centres

GI_LTF = {0.8: 2, 1.6: 1, 3.2: 3}
"""The GI+LTF field: always a 4x EHT-LTF. The standard's value 1 means a 2x EHT-LTF with 1.6 us."""
_PILOT_AT = np.searchsorted(LEGACY_TONES, LEGACY_PILOTS)
_INSIDE = np.abs(LEGACY_TONES) <= 26
DATA_52 = np.setdiff1d(np.arange(56), _PILOT_AT)
"""Where the 52 coded tones of U-SIG and EHT-SIG lie among the 56 of ``LEGACY_TONES``."""
DATA_48 = np.setdiff1d(np.flatnonzero(_INSIDE), _PILOT_AT)
"""Where the 48 coded tones of L-SIG and RL-SIG lie."""


def l_sig_tones(bits: np.ndarray, place: int) -> np.ndarray:
    """L-SIG or RL-SIG (``place`` 0 or 1 in the pilot polarities) on the 56 tones of one channel, float64 [56]."""
    out = np.zeros(56)
    out[DATA_48[bcc.interleaved(48, 16)]] = 2.0 * bcc.encode(bits) - 1
    out[np.searchsorted(LEGACY_TONES, EXTRA_TONES)] = EXTRA_VALUES
    out[_PILOT_AT] = polarity()[place] * LEGACY_PILOT_VALUES
    return out


def sig_tones(bits: np.ndarray, place: int) -> np.ndarray:
    """U-SIG or EHT-SIG on the 56 tones of one channel, float64 [symbols, 56]: 26 bits a symbol, BPSK, rate 1/2."""
    coded = bcc.encode(bits).reshape(-1, 52)
    out = np.zeros((len(coded), 56))
    out[:, DATA_52[bcc.interleaved(52, 13)]] = 2.0 * coded - 1
    out[:, _PILOT_AT] = polarity()[place + np.arange(len(coded)), None] * LEGACY_PILOT_VALUES
    return out


def signalling(layout: Layout) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The bits of L-SIG, U-SIG and EHT-SIG."""
    phy = layout.phy
    return (fields.pack(fields.L_SIG, length=layout.l_sig_length),
            fields.pack(fields.U_SIG, bandwidth=BANDWIDTHS_MHZ.index(phy.bandwidth_mhz)),
            fields.pack(fields.EHT_SIG, gi_ltf=GI_LTF[phy.guard_us], extra=int(layout.extra),
                        quarters=layout.quarters % 4, mcs=phy.mcs))


def legacy_scale(phy: Phy, tones: int) -> float:
    """Amplitude of each of ``tones`` tones a channel that gives a field's samples mean power 1."""
    size = phy.bandwidth_mhz * 16 // 5
    return float(np.sqrt(size / (tones * phy.bandwidth_mhz // 20)))


def build(layout: Layout) -> np.ndarray:
    """The samples before the first data symbol, complex64; every field with mean power 1."""
    phy = layout.phy
    l_sig, u_sig, eht_sig = signalling(layout)
    rows = np.concatenate([[l_sig_tones(l_sig, 0), l_sig_tones(l_sig, 1)], sig_tones(u_sig, 2), sig_tones(eht_sig, 4)])
    sig = _duplicated(phy, LEGACY_TONES, rows, phy.bandwidth_mhz * 8 // 10)
    return np.concatenate([legacy_training(phy), sig.reshape(-1), _eht_training(phy)]).astype(np.complex64)


def _duplicated(phy: Phy, tones: np.ndarray, values: np.ndarray, guard: int) -> np.ndarray:
    """Symbols [T, n] that repeat one channel's tones [T, tones] in every 20 MHz, each with its rotation."""
    centres = legacy_centres(phy.bandwidth_mhz)
    everywhere = (centres[:, None] + tones).reshape(-1)
    spread = (rotations(phy.bandwidth_mhz)[:, None] * values[:, None, :]).reshape(len(values), -1)
    return to_samples(legacy_scale(phy, len(tones)) * spread, everywhere, phy.bandwidth_mhz * 16 // 5, guard)


@lru_cache(maxsize=16)
def legacy_training(phy: Phy) -> np.ndarray:
    """L-STF and L-LTF, complex64 [16 us]."""
    tones, values = l_stf()
    short = _duplicated(phy, tones, values[None], 0)[0]
    tones, values = l_ltf()
    long = _duplicated(phy, tones, values[None], 0)[0]
    whole = [np.resize(short, 8 * phy.bandwidth_mhz), long[len(long) // 2 :], long, long]
    return np.concatenate(whole).astype(np.complex64)


@lru_cache(maxsize=16)
def _eht_training(phy: Phy) -> np.ndarray:
    tones, values = eht_stf(phy.bandwidth_mhz)
    short = to_samples(np.sqrt(phy.fft / len(tones)) * values[None], tones, phy.fft, 0)[0, : 4 * phy.bandwidth_mhz]
    guard = round(phy.guard_us * phy.bandwidth_mhz)
    long = to_samples(np.sqrt(phy.tone_power) * eht_ltf(phy.bandwidth_mhz)[None], phy.tones.occupied, phy.fft, guard)[0]
    return np.concatenate([short, long])
