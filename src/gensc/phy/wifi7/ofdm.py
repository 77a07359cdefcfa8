"""OFDM symbols to samples and back; carrier and clock offsets taken out of samples."""

from __future__ import annotations

import numpy as np

_PIECE = 1 << 16
_OVERLAP = 512


def to_samples(values: np.ndarray, tones: np.ndarray, size: int, guard: int) -> np.ndarray:
    """Tone values [T, tones] through a unitary inverse FFT of ``size``, ``guard`` samples in front of each: [T, n]."""
    grid = np.zeros((len(values), size), dtype=np.complex64)
    grid[:, tones % size] = values
    body = np.fft.ifft(grid, norm="ortho")
    return np.concatenate([body[:, size - guard :], body], axis=1) if guard else body


def to_tones(samples: np.ndarray, starts: np.ndarray, tones: np.ndarray, size: int) -> np.ndarray:
    """Tone values complex64 [T, tones] of the symbols whose FFT windows start at the samples ``starts`` int64 [T]."""
    blocks = samples[starts[:, None] + np.arange(size)]
    return np.fft.fft(blocks, norm="ortho")[:, tones % size].astype(np.complex64)


def resampled(samples: np.ndarray, clock: float, first: float = 0.0) -> np.ndarray:
    """What the transmitter's clock would have sampled, complex64 [n], where the receiver takes 1 + clock samples for
    one and the transmitter's sample 0 lies at ``first``.

    Band-limited interpolation, exact up to the band edge (OFDM at 320 MHz fills 99.4 % of it): the spectrum of a
    piece is evaluated on the other grid of times by a chirp transform. Pieces overlap, so that their ends, where
    the spectrum's periodic continuation jumps, are not used.
    """
    pieces = []
    for begin in range(0, len(samples), _PIECE):
        low, high = max(begin - _OVERLAP, 0), min(begin + _PIECE + _OVERLAP, len(samples))
        count = min(_PIECE, len(samples) - begin)
        pieces.append(_at_times(samples[low:high], begin * (1 + clock) + first - low, 1 + clock, count))
    return np.concatenate(pieces).astype(np.complex64)


def _at_times(piece: np.ndarray, first: float, step: float, count: int) -> np.ndarray:
    """The band-limited ``piece`` at the times first, first + step, ...: Bluestein's transform, fractional step."""
    length = _fast(len(piece))
    k = np.arange(length) - length // 2
    spectrum = np.fft.fftshift(np.fft.fft(piece.astype(np.complex64), length)) * _chirp(2 * k * first / length)
    chirp = _chirp(step / length * np.arange(max(length, count), dtype=np.float64) ** 2)
    size = _fast(length + count - 1)
    kernel = np.zeros(size, dtype=np.complex64)
    kernel[:count] = chirp[:count].conj()
    kernel[size - length + 1 :] = chirp[length - 1 : 0 : -1].conj()
    sums = np.fft.ifft(np.fft.fft(spectrum * chirp[:length], size) * np.fft.fft(kernel))[:count]
    return sums * chirp[:count] * _chirp(2 * int(k[0]) * step / length * np.arange(count)) / length


def _fast(length: int) -> int:
    """A length not much above ``length`` whose Fourier transform is quick: 4 to 8 times a power of two."""
    grain = 1 << max(length.bit_length() - 3, 0)
    return -(-length // grain) * grain


def _chirp(half_turns: np.ndarray) -> np.ndarray:
    angle = np.float32(np.pi) * (half_turns % 2.0).astype(np.float32)
    out = np.empty(angle.shape, dtype=np.complex64)
    np.cos(angle, out=out.real)
    np.sin(angle, out=out.imag)
    return out


def turned(samples: np.ndarray, cycles_per_sample: float, first: int = 0) -> np.ndarray:
    """``samples`` complex64 [n] with a carrier offset taken out; sample ``first`` of the recording is the first one."""
    n = np.arange(first, first + len(samples), dtype=np.float64)
    return samples * _chirp(-2 * cycles_per_sample * n)
