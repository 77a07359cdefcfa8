"""The data field of a received frame: carrier, clock and channel made good, tones to LLRs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gensc.phy.wifi7 import mapper
from gensc.phy.wifi7.estimate import Channel, smooth
from gensc.phy.wifi7.layout import Layout, preamble_us
from gensc.phy.wifi7.ofdm import resampled, to_tones, turned
from gensc.phy.wifi7.phy import Phy
from gensc.phy.wifi7.sequences import data_pilots, eht_ltf
from gensc.phy.wifi7.track import clock_and_turn, phases
from gensc.phy.wifi7.transmit import FIRST_PILOT

_PREAMBLE_TURN = 0.12
"""Standard deviation of the carrier phase a symbol (radians) that the preamble leaves at an SNR of 0 dB."""
_CENTRE = 0.45
"""Where in the guard interval the channel's mean delay is put, so that echoes before and after it stay inside. It
is put on a sample, too: between two samples, the jumps from symbol to symbol ring into their neighbours."""
_DELAYS_US = (-0.8, 1.6)
"""What a mean delay can be: noise taken for a channel must not move the FFT windows out of the frame."""


@dataclass(frozen=True)
class Learnt:
    """Mean delay in samples, carrier offset in cycles a sample, clock offset and mean SNR of a data tone."""

    delay: int
    offset: float
    clock: float
    snr: float


@dataclass(frozen=True)
class Equalised:
    """Data tones ``values`` complex64 [T, N_SD] as sent plus noise, of the power ``noise`` float32 [N_SD] as
    estimated."""

    values: np.ndarray
    noise: np.ndarray

    def llrs(self, layout: Layout) -> np.ndarray:
        """LLRs float32 [fit.available_bits] of the codewords."""
        return mapper.to_llrs(self.values, self.noise, layout.phy).reshape(-1)[: layout.fit.available_bits]


def equalise(part: np.ndarray, layout: Layout, offset: float) -> tuple[Equalised, Learnt]:
    """The data tones of a frame cut out as ``part``, and what was learnt of the way it came."""
    phy = layout.phy
    at = np.arange(layout.symbols + 1) * phy.symbol_samples + round((preamble_us(phy) - 12.8) * phy.bandwidth_mhz)
    pilots = data_pilots(phy.bandwidth_mhz, layout.symbols, FIRST_PILOT)
    occupied, pilots_at = phy.tones.occupied, phy.tones.pilots_at
    straight = turned(part, offset)
    channel = _channel(straight, at[:1], phy)
    seen = to_tones(straight, at[1:], phy.tones.pilots, phy.fft) * pilots * channel.gain[pilots_at].conj()
    spread = _PREAMBLE_TURN * np.sqrt(channel.noise * len(occupied) / max(_anchor(channel), 1e-12)) + 1e-3
    lever = -2 * np.pi * phy.symbol_samples / phy.fft * phy.tones.pilots
    clock, turn = clock_and_turn(seen, _anchor(channel), channel.noise, lever, spread)

    offset += turn / (2 * np.pi * phy.symbol_samples)
    delay = float(np.clip(channel.delay_us, *_DELAYS_US)) * phy.bandwidth_mhz
    straight = resampled(turned(part, offset), clock, delay - round(delay))
    at = at + round(delay) - round(_CENTRE * phy.guard_us * phy.bandwidth_mhz)
    channel = _channel(straight, at[:1], phy)
    values = to_tones(straight, at[1:], occupied, phy.fft)
    gain = channel.gain[pilots_at]
    seen = values[:, pilots_at] * pilots
    rest, _ = clock_and_turn(seen * gain.conj(), _anchor(channel), channel.noise, lever, spread, near=True)
    slope = -2 * np.pi * phy.symbol_samples / phy.fft * rest * np.arange(1, layout.symbols + 1)[:, None]
    values = values * np.exp(-1j * slope * occupied).astype(np.complex64)
    seen = values[:, pilots_at] * pilots
    phase = phases(seen * gain.conj(), _anchor(channel), channel.noise)
    back = np.exp(-1j * phase)[:, None].astype(np.complex64)
    residual = float(np.mean(np.abs(seen * back - gain) ** 2))
    level = (len(occupied) * channel.noise + seen.size * residual) / (len(occupied) + seen.size)
    gain = channel.gain[phy.tones.data_at]
    strength = np.maximum(np.abs(gain) ** 2, 1e-12)
    equalised = values[:, phy.tones.data_at] * back * (gain.conj() / strength)
    noise = (level + channel.error[phy.tones.data_at]) / strength
    known = Learnt(round(delay), offset, clock + rest, float(np.mean(strength)) / level)
    return Equalised(equalised, noise), known


def _channel(straight: np.ndarray, at: np.ndarray, phy: Phy) -> Channel:
    """The channel from EHT-LTF."""
    raw = to_tones(straight, at, phy.tones.occupied, phy.fft)[0] * eht_ltf(phy.bandwidth_mhz)
    return smooth(raw.astype(np.complex64), phy.bandwidth_mhz, phy.guard_us)


def _anchor(channel: Channel) -> float:
    return float(np.sum(np.abs(channel.gain) ** 2))
