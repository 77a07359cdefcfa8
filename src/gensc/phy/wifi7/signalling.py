"""The receiver up to the data field: channel from L-LTF, then L-SIG, U-SIG and EHT-SIG, each helping the next."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gensc.phy.wifi7 import bcc, fields
from gensc.phy.wifi7.estimate import covariance
from gensc.phy.wifi7.layout import Layout, layout_heard
from gensc.phy.wifi7.ofdm import to_tones, turned
from gensc.phy.wifi7.phy import Phy
from gensc.phy.wifi7.preamble import DATA_48, DATA_52, GI_LTF, l_sig_tones, sig_tones
from gensc.phy.wifi7.sequences import LEGACY_TONES, l_ltf, l_stf, rotations
from gensc.phy.wifi7.tones import BANDWIDTHS_MHZ, TONE_SPACING_HZ, legacy_centres

_RATE_6 = 0b1011
_INSIDE = np.abs(LEGACY_TONES) <= 26
_STARTS_US = (9.6, 12.8, 16.8, 20.8, 24.8, 28.8, 32.8, 36.8)
"""FFT windows of L-LTF (two), L-SIG, RL-SIG, U-SIG (two), EHT-SIG (two)."""
_STF_STARTS_US = (0.8, 4.0)
_SPREAD_US = 0.8
_SNR_RANGE = (1e-3, 1e6)


@dataclass(frozen=True)
class Heard:
    """What the preamble says: ``layout`` None with a ``reason`` where it can't be read; carrier offset in cycles a
    sample; ``length`` samples of the frame as far as L-SIG tells, else None."""

    layout: Layout | None
    reason: str
    offset: float
    length: int | None = None


class _Tones:
    """The 56 tones of every 20 MHz channel in the symbols of the preamble, and what is known of them so far."""

    def __init__(self, samples: np.ndarray, start: int, offset: float, bandwidth_mhz: int) -> None:
        size = bandwidth_mhz * 16 // 5
        centres = legacy_centres(bandwidth_mhz)
        tones = (centres[:, None] + LEGACY_TONES).reshape(-1)
        part = turned(samples[start : start + 41 * bandwidth_mhz], offset)
        at = np.round(np.array(_STF_STARTS_US + _STARTS_US) * bandwidth_mhz).astype(np.int64)
        found = to_tones(part, at, tones, size).reshape(len(at), len(centres), 56)
        found = found * rotations(bandwidth_mhz).conj()[:, None]
        self.short, self.values = found[:2], found[2:]
        self.known = np.zeros((len(_STARTS_US), 56))
        self.known[:2, _INSIDE] = l_ltf()[1]
        self.known[:2] *= np.sqrt(56 / 52)
        first, second = self.values[0][:, _INSIDE], self.values[1][:, _INSIDE]
        drift = np.exp(-1j * np.angle(np.sum(second * first.conj(), axis=1, keepdims=True)))
        self.noise = max(float(np.mean(np.abs(second * drift - first) ** 2)) / 2, 1e-20)
        self.turn = np.zeros(len(_STARTS_US))
        self._align()

    def _align(self) -> None:
        """Take out the offset that L-STF against L-LTF still shows: 8.8 us apart, four times L-LTF's own period."""
        mean = (self.values[0] + self.values[1]) * self.known[0]
        tones, values = l_stf()
        at = np.searchsorted(LEGACY_TONES, tones)
        seen = np.sum(self.short, axis=0)[:, at] * values.conj()
        gain = _smoothed(mean / 2, 2, self.noise)
        slope = np.angle(np.sum(seen * gain[:, at].conj())) / (np.mean(_STARTS_US[:2]) - np.mean(_STF_STARTS_US))
        self.turn = -slope * (np.array(_STARTS_US) - np.mean(_STARTS_US[:2]))
        self.slope = -slope

    def refine(self, count: int) -> None:
        """Fit phase and offset anew to the ``count`` symbols that are known by now."""
        gain = self.gain(count)
        seen = np.sum(self.values[:count] * self.known[:count, None] * gain.conj(), axis=(1, 2))
        at = np.array(_STARTS_US)
        residual = np.angle(seen * np.exp(-1j * self.turn[:count]))
        weight = np.abs(seen)
        middle = np.average(at[:count], weights=weight)
        lever = at[:count] - middle
        slope = np.sum(weight * lever * residual) / np.sum(weight * lever**2)
        self.turn = self.turn + slope * (at - np.mean(at[:2]))
        self.slope += slope

    def gain(self, count: int) -> np.ndarray:
        """The channel at L-LTF's phase from the first ``count`` symbols, complex [channels, 56]."""
        looks = self.values[:count] * (self.known[:count] * np.exp(-1j * self.turn[:count, None]))[:, None]
        weight = np.sum(self.known[:count] ** 2, axis=0)
        return _smoothed(np.sum(looks, axis=0) / np.maximum(weight, 1), count, self.noise)

    def llrs(self, first: int, last: int, known_count: int) -> np.ndarray:
        """LLRs of BPSK on the 56 tones of symbols first to last, all channels added, float64 [symbols, 56]."""
        gain = self.gain(known_count)
        turned_back = self.values[first:last] * np.exp(-1j * self.turn[first:last, None, None])
        return 4 * np.sum((turned_back * gain.conj()).real, axis=1) / self.noise


def _smoothed(raw: np.ndarray, count: int, noise: float) -> np.ndarray:
    """MMSE estimate [channels, 56] from looks ``raw``, the mean of ``count`` symbols with ``noise`` each."""
    power = float(np.mean(np.abs(raw[:, _INSIDE]) ** 2))
    snr = max(power - noise / count, 0.05 * power) / noise
    turn = np.exp(-1j * np.angle(np.sum(raw[:, 1:] * raw[:, :-1].conj())) * LEGACY_TONES)
    return ((raw * turn) @ _smoother(count, round(2 * np.log2(np.clip(snr, *_SNR_RANGE)))).T) * turn.conj()


@lru_cache(maxsize=256)
def _smoother(count: int, level: int) -> np.ndarray:
    """The MMSE matrix [56, 56] for ``count`` symbols at an SNR of 2^(level / 2); L-LTF, the first two, leaves out four
    tones."""
    prior = covariance(LEGACY_TONES, LEGACY_TONES, 4 * TONE_SPACING_HZ, _SPREAD_US)
    looks = np.where(_INSIDE, count, count - 2)
    seen = looks > 0
    out = np.zeros((56, 56))
    out[:, seen] = np.linalg.solve(prior[np.ix_(seen, seen)] + np.diag(0.5 ** (level / 2) / looks[seen]), prior[seen]).T
    return out


def read(samples: np.ndarray, start: int, offset: float, bandwidth_mhz: int) -> Heard | None:
    """Everything before EHT-STF, which ``samples`` must reach. None where L-SIG is unreadable or not an EHT frame's."""
    tones = _Tones(samples, start, offset, bandwidth_mhz)
    length = _l_sig(tones)
    if length is None or length % 3:
        return None
    total = (20 + (length + 3) // 3 * 4) * bandwidth_mhz

    def heard(layout: Layout | None, reason: str) -> Heard:
        cycles = offset + tones.slope / (2 * np.pi * bandwidth_mhz)
        return Heard(layout, reason, cycles, layout.samples if layout else total)

    code = BANDWIDTHS_MHZ.index(bandwidth_mhz)
    u_sig = _sig(tones, fields.U_SIG, code, 4, 2)
    if u_sig is None:
        return heard(None, "the CRC of U-SIG does not match")
    eht_sig = _sig(tones, fields.EHT_SIG, 0, 6, 4)
    if eht_sig is None:
        return heard(None, "the CRC of EHT-SIG does not match")
    guards = {value: guard for guard, value in GI_LTF.items()}
    if eht_sig["mcs"] > 13 or eht_sig["gi_ltf"] not in guards:
        return heard(None, f"EHT-SIG asks for MCS {eht_sig['mcs']} and GI+LTF {eht_sig['gi_ltf']}, not supported here")
    phy = Phy(bandwidth_mhz, eht_sig["mcs"], guards[eht_sig["gi_ltf"]])
    layout = layout_heard(phy, length, eht_sig["quarters"] or 4, bool(eht_sig["extra"]))
    return heard(layout, "" if layout else "L-SIG and EHT-SIG contradict each other")


def _l_sig(tones: _Tones) -> int | None:
    """LENGTH, from L-SIG and its repetition together."""
    llr = np.sum(tones.llrs(2, 4, 2)[:, DATA_48], axis=0)
    bits = bcc.viterbi(llr[bcc.interleaved(48, 16)], fields.known(fields.L_SIG))
    values = fields.unpack(fields.L_SIG, bits)
    if values is None or values["rate"] != _RATE_6 or values["reserved"]:
        return None
    tones.known[2], tones.known[3] = l_sig_tones(bits, 0), l_sig_tones(bits, 1)
    tones.refine(4)
    return values["length"]


def _sig(tones: _Tones, form: fields.Format, code: int, first: int, place: int) -> dict[str, int] | None:
    """The numbers of a field of two symbols, which then are known symbols themselves."""
    llr = tones.llrs(first, first + 2, first)[:, DATA_52][:, bcc.interleaved(52, 13)].reshape(-1)
    bits = bcc.viterbi(llr, fields.known(form, code))
    values = fields.unpack(form, bits)
    if values is None:
        return None
    tones.known[first : first + 2] = sig_tones(bits, place)
    tones.refine(first + 2)
    return values
