"""Is there a frame, and where: the repetition in L-STF finds it, the known L-LTF confirms and times it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from gensc.phy.wifi7.ofdm import turned
from gensc.phy.wifi7.phy import Phy
from gensc.phy.wifi7.preamble import legacy_training

_FALSE_ALARM = 1e-4
"""Probability a sample that noise alone looks like L-STF; L-LTF and L-SIG then sort it out."""
_WINDOW_US = 7.2
_PIECE = 1 << 20
"""Samples looked at in one go, which bounds the memory."""
_CONFIRM = 18.0
"""Two squared correlations with L-LTF in units of their mean over noise, together: noise exceeds 18 with probability
3e-7 a place."""
_REACH_US = 2.4
_FIRST_PATH = 0.02
_BACKOFF_US = 0.1
"""FFT windows start this much before the first path, so that energy in front of it stays in the guard interval."""


@dataclass(frozen=True)
class Found:
    """A frame: ``start`` is ``backoff`` before its first sample; carrier ``offset`` in cycles a sample."""

    start: int
    offset: float


def backoff(bandwidth_mhz: int) -> int:
    """Samples between ``Found.start`` and the first path."""
    return round(_BACKOFF_US * bandwidth_mhz)


def regions(samples: np.ndarray, bandwidth_mhz: int) -> Iterator[tuple[int, int]]:
    """Runs of samples [first, last) at which the next ``_WINDOW_US`` repeat with a period of 0.8 us, in order.

    A long run comes in overlapping pieces, so that a frame behind something periodic is still found.
    The squared correlation coefficient of W noise samples exceeds g with probability exp(-g W), whatever the
    noise power: a constant false-alarm rate (Schmidl and Cox, IEEE Trans. Commun. 45(12), 1997, with L-STF's period).
    """
    lag, window = bandwidth_mhz * 8 // 10, round(_WINDOW_US * bandwidth_mhz)
    if len(samples) < lag + window:
        return
    threshold, reach = -math.log(_FALSE_ALARM) / window, lag + window - 1
    found = [begin + np.flatnonzero(_metric(samples[begin : begin + _PIECE + reach], lag, window) > threshold)
             for begin in range(0, len(samples) - reach, _PIECE)]
    places = np.concatenate(found)
    gaps = np.flatnonzero(np.diff(places) > 2 * lag)
    for run in np.split(places, gaps + 1) if len(places) else ():
        for first in range(int(run[0]), int(run[-1]) + 1, window):
            yield first, min(first + 2 * window, int(run[-1]) + 1)


def _metric(samples: np.ndarray, lag: int, window: int) -> np.ndarray:
    """The squared normalised correlation with the samples ``lag`` later, float64 [n]."""
    product = np.abs(_sums(samples[lag:] * samples[:-lag].conj(), window)) ** 2
    power = _sums((samples.real**2 + samples.imag**2).astype(np.float64), window)
    energy = power[:-lag] * power[lag:]
    return product / np.maximum(energy, 1e-12 * max(float(energy.max()), 1e-30))


def _sums(values: np.ndarray, window: int) -> np.ndarray:
    """Sums over ``window`` values, in double precision."""
    total = np.cumsum(values, dtype=np.complex128 if np.iscomplexobj(values) else np.float64)
    return np.concatenate([total[window - 1 : window], total[window:] - total[:-window]])


def confirm(samples: np.ndarray, first: int, last: int, bandwidth_mhz: int) -> Found | None:
    """The frame whose L-STF lies in a region, or None where no L-LTF follows."""
    lag, window = bandwidth_mhz * 8 // 10, round(_WINDOW_US * bandwidth_mhz)
    part = samples[first : last + lag + window]
    product = _sums(part[lag:] * part[:-lag].conj(), window)
    peak = int(np.argmax(np.abs(product)))
    coarse = float(np.angle(product[peak])) / (2 * np.pi * lag)
    return _time(samples, first + peak, coarse, bandwidth_mhz)


def _time(samples: np.ndarray, about: int, coarse: float, bandwidth_mhz: int) -> Found | None:
    """Where L-LTF lies near the place that L-STF points to, and the finer offset over its 3.2 us period."""
    long, size = _reference(bandwidth_mhz), bandwidth_mhz * 32 // 10
    reach = round(_REACH_US * bandwidth_mhz)
    begin = max(about + 96 * bandwidth_mhz // 10 - reach, 0)
    part = samples[begin : begin + 2 * reach + 2 * size]
    if len(part) < 2 * size + 1:
        return None
    part = turned(part, coarse, begin)
    matched = _correlated(part, long)
    both = np.abs(matched[:-size]) ** 2 + np.abs(matched[size:]) ** 2
    power = _sums((np.abs(part) ** 2).astype(np.float64), 2 * size)
    top = int(np.argmax(both))
    energy = float(np.sum(np.abs(long) ** 2))
    if both[top] * 2 * size < _CONFIRM * energy * power[top]:
        return None
    path = _first_path(np.abs(matched[:-size] + matched[size:] * _aligned(matched, top, size)) ** 2, top, bandwidth_mhz)
    residual = float(np.angle(np.vdot(part[path : path + size], part[path + size : path + 2 * size])))
    start = begin + path - 96 * bandwidth_mhz // 10 - backoff(bandwidth_mhz)
    return Found(start, coarse + residual / (2 * np.pi * size))


def _aligned(matched: np.ndarray, top: int, size: int) -> complex:
    """The turn that brings the second L-LTF symbol's correlation in phase with the first one's."""
    turn = matched[top] * np.conj(matched[top + size])
    return complex(turn / max(abs(turn), 1e-30))


def _first_path(power: np.ndarray, top: int, bandwidth_mhz: int) -> int:
    """The first sample up to 0.8 us before the strongest path that stands out of the noise."""
    begin = max(top - bandwidth_mhz * 8 // 10, 0)
    floor = float(np.median(power))
    level = max(_FIRST_PATH * float(power[top]), 12 * floor)
    early = np.flatnonzero(power[begin:top] > level)
    return begin + int(early[0]) if len(early) else top


def _correlated(part: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The correlation of ``part`` with ``reference`` at every place where it fits, by FFT."""
    size = 1 << (len(part) - 1).bit_length()
    spectrum = np.fft.fft(part, size) * np.fft.fft(reference, size).conj()
    return np.fft.ifft(spectrum)[: len(part) - len(reference) + 1]


@cache
def _reference(bandwidth_mhz: int) -> np.ndarray:
    """One period of L-LTF, complex64 [3.2 us]."""
    return legacy_training(Phy(bandwidth_mhz))[-(bandwidth_mhz * 32 // 10) :]
