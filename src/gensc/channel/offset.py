"""Clocks that disagree: carrier offset, sampling offset and a late start."""

import math
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from gensc.channel.base import Channel, product
from gensc.channel.multipath import HALF_WIDTH, TURN, Grid, checked_rate, convolved, kernel, swept, turned
from gensc.errors import InputError
from gensc.registry import register
from gensc.rng import Rng
from gensc.signal import Signal, State

Spread = Literal["uniform", "fixed"]


@register("channel", "carrier_offset")
class CarrierOffset(Channel):
    """y_n = x_n e^(j 2 pi f n / rate): the receiver's carrier is off by f = ppm 1e-6 carrier.

    ``spread`` "uniform": ppm uniform in [-``ppm``, ``ppm``], one an item; "fixed": ``ppm`` for all. Samples have
    their own rate; symbols follow each other at ``bandwidth_hz``. The phase starts at 0; the receiver is not
    told of it (h is as it came).
    """

    transparent = False

    def __init__(self, ppm: float = 20.0, carrier_ghz: float = 5.25, spread: Spread = "uniform",
                 bandwidth_hz: float = 20e6) -> None:
        super().__init__()
        self.ppm = _checked_ppm("carrier_offset", ppm)
        if not 0 < carrier_ghz < float("inf"):
            raise InputError(f"carrier_offset: carrier_ghz is {carrier_ghz}; expected the carrier in GHz, e.g. 5.25")
        if not 0 < bandwidth_hz < float("inf"):
            raise InputError(f"carrier_offset: bandwidth_hz is {bandwidth_hz}; expected symbols a second, e.g. 20e6")
        self.carrier_ghz, self.spread, self.bandwidth_hz = carrier_ghz, spread, bandwidth_hz

    def distort(self, signal: Signal, state: State) -> Signal:
        rate = self.bandwidth_hz if signal.rate_hz is None else checked_rate(signal.rate_hz)
        offset = _drawn(self.ppm, self.spread, state.child("carrier").rng)
        turns = offset * (self.carrier_ghz * 1e3 / rate) * torch.arange(signal.x.shape[1])
        return replace(signal, x=product(signal.x, turned(turns).to(signal.x.device)))


@register("channel", "sampling_offset")
class SamplingOffset(Channel):
    """y(t) = x((1 + d) t): the receiver's sampling clock is slow by d = ppm 1e-6.

    Samples are resampled at n (1 + d) by a Kaiser-windowed sinc of 56 samples; outside the signal there is
    silence. Symbols lie on an OFDM grid and tone q of the symbol that starts at t turns by 2 pi d f_q t; the
    leakage between tones, of power about (pi d f_q / spacing)^2 / 3, is left out (Speth et al., IEEE Trans.
    Commun. 47(11), 1999). ``spread`` as in carrier_offset. The receiver is not told of it.
    """

    transparent = False

    def __init__(self, ppm: float = 20.0, spread: Spread = "uniform", tones: int = 242,
                 spacing_hz: float = 78125.0) -> None:
        super().__init__()
        self.ppm, self.spread = _checked_ppm("sampling_offset", ppm), spread
        self.grid = Grid(tones, spacing_hz)
        self.overhead = self.grid.guard

    def distort(self, signal: Signal, state: State) -> Signal:
        offset = 1e-6 * _drawn(self.ppm, self.spread, state.child("clock").rng)
        uses = signal.x.shape[1]
        if signal.rate_hz is not None:
            return replace(signal, x=_resampled(signal.x, offset, 1e-6 * abs(self.ppm)))
        turns = offset[:, :, None] * self.grid.starts_s(uses)[:, None] * self.grid.offsets_hz(uses)
        turn = turned(turns).flatten(1)[:, :uses]
        return replace(signal, x=product(signal.x, turn.to(signal.x.device)))


@register("channel", "timing")
class Timing(Channel):
    """y(t) = x(t - d): the receiver's window opens before the signal arrives.

    d is ``delay_us`` ("fixed") or uniform in [0, ``delay_us``) ("uniform"), one an item. Samples are delayed,
    by a part of a sample where it is one; what falls off the end is lost. Symbols lie on an OFDM
    grid whose cyclic prefix holds the delay: tone q turns by -2 pi f_q d. The receiver is not told of it.
    """

    transparent = False

    def __init__(self, delay_us: float = 0.1, spread: Spread = "uniform", tones: int = 242,
                 spacing_hz: float = 78125.0) -> None:
        super().__init__()
        if not 0 <= delay_us < float("inf"):
            raise InputError(f"timing: delay_us is {delay_us}; expected 0 or more microseconds, e.g. 0.1")
        self.delay_us, self.spread = delay_us, spread
        self.grid = Grid(tones, spacing_hz)
        self.overhead = self.grid.guard

    def distort(self, signal: Signal, state: State) -> Signal:
        share = state.child("start").rng.uniform(1).double()
        delay = 1e-6 * self.delay_us * (share if self.spread == "uniform" else torch.ones_like(share))
        uses = signal.x.shape[1]
        if signal.rate_hz is not None:
            late = delay * checked_rate(signal.rate_hz)
            reach = 2 * HALF_WIDTH + 1 + math.ceil(1e-6 * self.delay_us * signal.rate_hz)
            taps = kernel(torch.arange(reach) - HALF_WIDTH - late).to(signal.x.dtype)
            return replace(signal, x=convolved(signal.x, taps, HALF_WIDTH))
        turn = turned(-delay * self.grid.offsets_hz(uses))
        turn = turn.repeat(1, len(self.grid.starts_s(uses)))[:, :uses]
        return replace(signal, x=product(signal.x, turn.to(signal.x.device)))


def _resampled(x: Tensor, offset: Tensor, largest: float) -> Tensor:
    """The band-limited signal through samples complex64 [B,N] at the places n (1 + ``offset``), offset [B,1] of
    modulus ``largest`` at most; silence outside the N samples."""
    if largest == 0:
        return x
    early = HALF_WIDTH + math.ceil(largest * x.shape[1]) + 1
    place = torch.arange(2 * early + 1) - early
    # The band's edge turns by pi a sample of delay.
    step = max(1, min(x.shape[1], int(TURN / (math.pi * largest))))
    return swept(x, lambda n: kernel(place + n * offset).to(x.dtype), step, early)


def _drawn(ppm: float, spread: Spread, rng: Rng) -> Tensor:
    """The offset of each item in ppm, float64 [B,1]."""
    share = rng.uniform(1, low=-1.0, high=1.0).double()
    return ppm * (share if spread == "uniform" else torch.ones_like(share))


def _checked_ppm(name: str, ppm: float) -> float:
    if not abs(ppm) <= 1000:
        raise InputError(f"{name}: ppm is {ppm}; expected parts per million between -1000 and 1000, e.g. 20")
    return ppm
