"""Does a recording start inside a frame? Without its preamble only the guard intervals give it away."""

from __future__ import annotations

import math

import numpy as np

from gensc.phy.wifi7.phy import GUARDS_US, Phy

_SYMBOLS = 8
_FALSE_ALARM = 1e-6


def starts_inside(samples: np.ndarray, bandwidth_mhz: int) -> bool:
    """Whether the first symbols of ``samples`` repeat their ends in front of themselves, for any guard interval.

    The correlation at a lag of 12.8 us is folded over up to eight symbol lengths. For noise its squared normalised
    peak over K G samples is exponential with mean 1 / (K G). What is correlated all the time (a carrier) is not
    taken for a frame. A tail of one or two symbols at 20 MHz is too short to tell.
    """
    return any(_repeats(samples, Phy(bandwidth_mhz, 0, guard)) for guard in GUARDS_US)


def _repeats(samples: np.ndarray, phy: Phy) -> bool:
    period, guard = phy.symbol_samples, phy.symbol_samples - phy.fft
    symbols = min((len(samples) - phy.fft) // period, _SYMBOLS)
    threshold = math.log(period / _FALSE_ALARM) / max(symbols * guard, 1)
    if symbols < 1 or threshold >= 1:
        return False
    now = samples[: symbols * period].astype(np.complex128).reshape(symbols, period)
    later = samples[phy.fft : phy.fft + symbols * period].reshape(symbols, period)
    product = _around(np.sum(later * now.conj(), axis=0), guard)
    energy = _around(np.sum((np.abs(now) ** 2 + np.abs(later) ** 2) / 2, axis=0), guard)
    peak = np.abs(product - product.mean()) / np.maximum(energy, 1e-30)
    return bool(peak.max() ** 2 > threshold)


def _around(values: np.ndarray, window: int) -> np.ndarray:
    """Circular sums over ``window`` values."""
    total = np.cumsum(np.concatenate([[0], values, values[: window - 1]]))
    return total[window:] - total[:-window]
