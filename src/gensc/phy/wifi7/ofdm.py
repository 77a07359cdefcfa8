"""OFDM symbols to samples and back, at the sampling rate of a receiver whose clock is off."""

from __future__ import annotations

import numpy as np


def to_samples(values: np.ndarray, tones: np.ndarray, size: int, guard: int) -> np.ndarray:
    """Tone values [T, tones] through a unitary inverse FFT of ``size``, each with ``guard`` samples in front: [T, n]."""
    grid = np.zeros((len(values), size), dtype=np.complex64)
    grid[:, tones % size] = values
    body = np.fft.ifft(grid, norm="ortho")
    return np.concatenate([body[:, size - guard :], body], axis=1) if guard else body


def to_tones(samples: np.ndarray, starts: np.ndarray, tones: np.ndarray, size: int, clock: float = 0.0) -> np.ndarray:
    """Tone values complex64 [T, tones] of the symbols whose FFT windows are to start at ``starts`` float64 [T].

    ``clock``: the receiver takes 1 + clock samples where the transmitter sent one. Each window starts at the
    nearest sample and the rest is made good as a phase slope; inside a window the tones are taken at their true
    frequencies k / (1 + clock) by expanding exp(2 pi j k clock n / size) to second order around the middle.
    """
    whole = np.round(starts).astype(np.int64)
    blocks = samples[whole[:, None] + np.arange(size)]
    out = np.fft.fft(blocks, norm="ortho")[:, tones % size]
    shift = whole - starts
    if clock:
        n = (np.arange(size) - size / 2).astype(np.float32)
        turn = 2j * np.pi * clock / size * tones
        first = np.fft.fft(blocks * n, norm="ortho")[:, tones % size]
        second = np.fft.fft(blocks * (n * n), norm="ortho")[:, tones % size]
        out = out + turn * first + turn * turn / 2 * second
        shift = shift - clock * size / 2
    if np.any(shift):
        out = out * np.exp(-2j * np.pi / size * shift[:, None] * tones)
    return out.astype(np.complex64)


def turned(samples: np.ndarray, cycles_per_sample: float, first: int = 0) -> np.ndarray:
    """``samples`` complex64 [n] with a carrier offset taken out; sample ``first`` of the recording is the first one."""
    n = np.arange(first, first + len(samples), dtype=np.float64)
    return (samples * np.exp(-2j * np.pi * ((cycles_per_sample * n) % 1.0))).astype(np.complex64)
