"""OFDM symbols to samples and back; carrier and clock offsets taken out of samples."""

from __future__ import annotations

import numpy as np

_PIECE = 1 << 16
_OVERLAP = 512


def to_samples(values: np.ndarray, tones: np.ndarray, size: int, guard: int) -> np.ndarray:
    """Tone values [T, tones] through a unitary inverse FFT of ``size``, each with ``guard`` samples in front: [T, n]."""
    grid = np.zeros((len(values), size), dtype=np.complex64)
    grid[:, tones % size] = values
    body = np.fft.ifft(grid, norm="ortho")
    return np.concatenate([body[:, size - guard :], body], axis=1) if guard else body


def to_tones(samples: np.ndarray, starts: np.ndarray, tones: np.ndarray, size: int) -> np.ndarray:
    """Tone values complex64 [T, tones] of the symbols whose FFT windows start at the samples ``starts`` int64 [T]."""
    blocks = samples[starts[:, None] + np.arange(size)]
    return np.fft.fft(blocks, norm="ortho")[:, tones % size].astype(np.complex64)


def resampled(samples: np.ndarray, clock: float) -> np.ndarray:
    """What the transmitter's clock would have sampled, complex64 [n], where the receiver takes 1 + clock samples for one.

    Band-limited interpolation, exact up to the band edge (OFDM at 320 MHz fills 99.4 % of it): the spectrum of a
    piece is evaluated on the other grid of times by a chirp transform. Pieces overlap, so that their ends, where
    the spectrum's periodic continuation jumps, are not used.
    """
    pieces = []
    for begin in range(0, len(samples), _PIECE):
        low, high = max(begin - _OVERLAP, 0), min(begin + _PIECE + _OVERLAP, len(samples))
        count = min(_PIECE, len(samples) - begin)
        pieces.append(_at_times(samples[low:high], begin * (1 + clock) - low, 1 + clock, count))
    return np.concatenate(pieces).astype(np.complex64)


def _at_times(piece: np.ndarray, first: float, step: float, count: int) -> np.ndarray:
    """The band-limited ``piece`` at the times first, first + step, ...: Bluestein's transform with a fractional step."""
    length = len(piece)
    k = np.fft.fftfreq(length, 1 / length)
    spectrum = np.fft.fft(piece) * _chirp(2 * k * first / length)
    order = np.argsort(k)
    lowest = int(k[order[0]])
    n, m = np.arange(length), np.arange(count)
    chirp = _chirp(step / length * np.arange(max(length, count), dtype=np.float64) ** 2)
    size = 1 << int(length + count - 1).bit_length()
    kernel = np.zeros(size, dtype=np.complex128)
    kernel[:count] = chirp[:count].conj()
    kernel[size - length + 1 :] = chirp[length - 1 : 0 : -1].conj()
    sums = np.fft.ifft(np.fft.fft(spectrum[order] * chirp[n], size) * np.fft.fft(kernel))[:count]
    return sums * chirp[m] * _chirp(2 * lowest * step / length * m) / length


def _chirp(half_turns: np.ndarray) -> np.ndarray:
    return np.exp(1j * np.pi * (half_turns % 2.0))


def turned(samples: np.ndarray, cycles_per_sample: float, first: int = 0) -> np.ndarray:
    """``samples`` complex64 [n] with a carrier offset taken out; sample ``first`` of the recording is the first one."""
    n = np.arange(first, first + len(samples), dtype=np.float64)
    return (samples * np.exp(-2j * np.pi * ((cycles_per_sample * n) % 1.0))).astype(np.complex64)
