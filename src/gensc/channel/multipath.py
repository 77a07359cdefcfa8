"""Channels of many paths: the base of every model that is a sum of delayed, moving echoes."""

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from gensc.channel.base import Channel, faded, product
from gensc.errors import InputError
from gensc.rng import Rng
from gensc.signal import Signal, State

HALF_WIDTH = 28
KAISER_BETA = 5.0
"""The interpolating kernel: samples on each side, and its window. It is flat to 0.25 % up to 0.46 of the sample
rate and to 1.3 % at 0.473, the edge of an 802.11be signal of 20 MHz at its nominal rate. A longer kernel is flatter
there but rings further, which an OFDM receiver meets as interference between symbols."""
SINUSOIDS = 16
TURN = 0.05
"""Radians that anything may turn between two samples where an impulse response is computed."""


@dataclass(frozen=True)
class Grid:
    """The OFDM grid that symbols ride on: use i is tone i % ``tones`` of OFDM symbol i // ``tones``.

    Tone q lies (q - (tones-1)/2) ``spacing_hz`` from the carrier; an OFDM symbol lasts (1 + ``guard``) /
    spacing_hz. Raises InputError on a grid without tones or spacing.
    """

    tones: int
    spacing_hz: float
    guard: float = 1 / 16

    def __post_init__(self) -> None:
        if self.tones < 1:
            raise InputError(f"tones is {self.tones}; expected at least 1 occupied tone, e.g. 242")
        if not 0 < self.spacing_hz < float("inf"):
            raise InputError(f"spacing_hz is {self.spacing_hz}; expected the tone spacing in Hz, e.g. 78125")

    @property
    def bandwidth_hz(self) -> float:
        """The occupied band."""
        return self.tones * self.spacing_hz

    def offsets_hz(self, uses: int) -> Tensor:
        """Distance from the carrier of the tones that ``uses`` symbols occupy, float64 [min(uses, tones)]."""
        return (torch.arange(min(uses, self.tones), dtype=torch.float64) - (self.tones - 1) / 2) * self.spacing_hz

    def starts_s(self, uses: int) -> Tensor:
        """When each of the OFDM symbols that ``uses`` symbols fill begins, float64 [S]."""
        symbols = math.ceil(uses / self.tones)
        return torch.arange(symbols, dtype=torch.float64) * (1 + self.guard) / self.spacing_hz


@dataclass(frozen=True)
class Paths:
    """Impulse response sum_p h_p(t) delta(tau - delay_p), h_p(t) = sum_m gain_pm e^(j 2 pi doppler_pm t).

    ``delay_s`` float64 [P]; ``gain`` complex64 [B,P,M]; ``doppler_hz`` float32 [B,P,M], None: nothing moves.
    """

    delay_s: Tensor
    gain: Tensor
    doppler_hz: Tensor | None = None

    def at(self, seconds: Tensor) -> Tensor:
        """h_p complex64 [B,P,S] at the times float64 [S]; [B,P,1] where nothing moves."""
        total = self.gain.new_zeros(*self.gain.shape[:2], 1)
        # Term by term: a sum in one call may add in another order in a batch of another size.
        for m in range(self.gain.shape[2]):
            term = self.gain[:, :, m, None]
            if self.doppler_hz is not None:
                term = product(term, turned(self.doppler_hz[:, :, m, None].double() * seconds))
            total = total + term
        return total


def turned(turns: Tensor) -> Tensor:
    """e^(j 2 pi turns) complex64 from float64 turns, exact however many there are."""
    angle = 2 * torch.pi * torch.remainder(turns, 1.0)
    return torch.complex(angle.cos(), angle.sin()).to(torch.complex64)


def scattered(rng: Rng, power: Tensor, doppler_hz: Tensor | None) -> Tensor:
    """Gains complex64 [B,P,M] of scattered paths of mean power ``power`` [P]: h_p(t) is CN(0, power_p) at
    any time. M is 1 where nothing moves, else that of ``doppler_hz`` [B,P,M]: given its Doppler shifts a
    path is a Gaussian process, and over them it has their power spectrum."""
    terms = 1 if doppler_hz is None else doppler_hz.shape[2]
    return rng.complex_normal(len(power), terms) * (power / terms).sqrt().float()[:, None]


class Multipath(Channel):
    """A sum of echoes with sum_p E|h_p|^2 = 1, at symbol or at sample level.

    Symbols (``Signal.rate_hz`` None) ride on an OFDM ``grid`` with an ideal cyclic prefix: y = H x + n
    exactly, with h = H returned and E|h|^2 = 1; the prefix is paid (``overhead``). The gains of an OFDM symbol are
    those at its start.

    Samples at ``rate_hz`` are filtered: y(t) = sum_p h_p(t) x(t - delay_p), delays of a part of a sample by
    a Kaiser-windowed sinc of 56 samples. The output has the input's length; what arrives after its end is
    dropped, so a waveform that must arrive whole ends in zeros. No bulk delay is added, and an echo between
    two samples has the forerunners of a band-limited pulse: at the nominal rate of 802.11be they leave
    -38 dB of interference where the FFT window opens at the very end of the guard interval, -46 dB
    four samples earlier. ``h`` stays as it came: one number an item cannot say what the filter did.

    A model writes ``paths``. ``fastest_hz`` is the largest Doppler shift, 0 where nothing moves.
    """

    def __init__(self, grid: Grid, fastest_hz: float = 0.0) -> None:
        super().__init__()
        self.grid, self.fastest_hz = grid, fastest_hz
        self.block_fading = False
        self.overhead = grid.guard

    @property
    def cycle(self) -> int:
        """Channel uses over which the gain averages out: one OFDM symbol."""
        return self.grid.tones

    @abstractmethod
    def paths(self, rng: Rng, bandwidth_hz: float) -> Paths:
        """The echoes of each item of ``rng`` as a signal of ``bandwidth_hz`` sees them."""

    def distort(self, signal: Signal, state: State) -> Signal:
        if signal.rate_hz is None:
            return faded(signal, self._gains(signal.x.shape[1], state))
        rate = checked_rate(signal.rate_hz)
        paths = self.paths(state.child("paths").rng, rate)
        return replace(signal, x=self._filtered(signal.x, paths, rate))

    def _gains(self, uses: int, state: State) -> Tensor:
        """H complex64 [B,uses]."""
        paths = self.paths(state.child("paths").rng, self.grid.bandwidth_hz)
        offsets, starts = self.grid.offsets_hz(uses), self.grid.starts_s(uses)
        gains, waves = paths.at(starts), turned(-paths.delay_s[:, None] * offsets)
        total = gains.new_zeros(len(gains), gains.shape[2], len(offsets))
        for p in range(len(waves)):
            total = total + product(gains[:, p, :, None], waves[p])
        return total.expand(-1, len(starts), -1).reshape(len(gains), -1)[:, :uses]

    def _filtered(self, x: Tensor, paths: Paths, rate: float) -> Tensor:
        if paths.doppler_hz is None:
            return convolved(x, _taps(paths, 0.0, rate), HALF_WIDTH)
        # A chord of an arc of a radians is off by a^2 / 8.
        step = max(1, min(x.shape[1], int(TURN * rate / (2 * math.pi * self.fastest_hz))))
        return swept(x, lambda n: _taps(paths, n / rate, rate), step, HALF_WIDTH)


def checked_rate(rate_hz: float) -> float:
    """A sample rate above 0 Hz, or InputError."""
    if not 0 < rate_hz < float("inf"):
        raise InputError(f"rate_hz is {rate_hz}; expected the sample rate of the waveform in Hz, e.g. 20e6")
    return rate_hz


def convolved(x: Tensor, taps: Tensor, early: int) -> Tensor:
    """y_n = sum_l taps_l x_(n + early - l) for complex64 [B,N] and [B,L]: the first ``early`` taps are
    forerunners; what falls outside the N samples is dropped."""
    samples = x.shape[1]
    size = 1 << (samples + taps.shape[1] - 2).bit_length() if samples + taps.shape[1] > 2 else 1
    whole = torch.fft.ifft(torch.fft.fft(x, size) * torch.fft.fft(taps.to(x.device), size))
    return whole[:, early:early + samples]


def swept(x: Tensor, taps_at: Callable[[int], Tensor], step: int, early: int) -> Tensor:
    """``convolved`` with an impulse response that changes: ``taps_at`` (n) [B,L] for every ``step``-th sample
    n, linear in between."""
    pieces, samples = [], x.shape[1]
    after = taps_at(0)
    for first in range(0, samples, step):
        here, after = after, taps_at(first + step)
        low, end = max(0, first + early + 1 - here.shape[1]), min(samples, first + step)
        reach = x[:, low:end + early]
        ramp = torch.arange(end - first, device=x.device) / step
        old, new = (convolved(reach, taps, early)[:, first - low:end - low] for taps in (here, after))
        pieces.append(old + ramp * (new - old))
    return torch.cat(pieces, dim=1)


def kernel(place: Tensor) -> Tensor:
    """The Kaiser-windowed sinc at ``place`` samples from its middle, zero beyond ``HALF_WIDTH``."""
    return torch.sinc(place) * kaiser(place)


def kaiser(place: Tensor) -> Tensor:
    """The Kaiser window at ``place`` samples from its middle, zero beyond ``HALF_WIDTH``."""
    inside = 1 - (place / HALF_WIDTH).square()
    return torch.special.i0(KAISER_BETA * inside.clamp_min(0).sqrt()) / float(np.i0(KAISER_BETA)) * (inside >= 0)


def _taps(paths: Paths, seconds: float, rate: float) -> Tensor:
    """The impulse response at a time, in samples, complex64 [B,L]; its tap ``HALF_WIDTH`` is the one of no delay."""
    gains, delay = paths.at(torch.tensor([seconds], dtype=torch.float64)), paths.delay_s * rate
    length = 2 * HALF_WIDTH + 1 + math.ceil(float(delay.max()))
    kernels = kernel(torch.arange(length) - HALF_WIDTH - delay[:, None]).to(torch.float32)
    total = gains.new_zeros(len(gains), length)
    for p in range(len(kernels)):
        total = total + gains[:, p] * kernels[p]
    return total
