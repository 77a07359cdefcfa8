"""Packet error rate of the Wi-Fi 7 receiver against that of its code alone.

"Alone" is the same codewords, constellation and demapper with perfect synchronisation and a known channel, only
noise and, where asked for, the echoes of a TGn model between. The receiver is given a recording: silence around
a frame, a random carrier offset with the clock offset that the same oscillator brings, a random place between
two samples, and noise.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from gensc import units
from gensc.channel.tgn import Model, TGn
from gensc.phy.wifi7 import Phy, receive_many, transmit
from gensc.phy.wifi7.layout import Layout, layout_for
from gensc.phy.wifi7.mapper import to_llrs, to_tones
from gensc.phy.wifi7.ofdm import resampled
from gensc.phy.wifi7.ofdm import to_tones as tones_of
from gensc.phy.wifi7.transmit import coded_bits
from gensc.rng import Rng
from gensc.signal import Signal, State

MCS_SHOWN = (0, 4, 7, 11, 13)
START_DB = {0: -2.0, 4: 10.0, 7: 16.5, 11: 27.0, 13: 32.25}
"""Es/N0 a sample, a little below where the code alone loses its first packets."""
_CARRIER_HZ = 6e9
_SILENCE = 600
_BATCH = 50


@dataclass(frozen=True)
class Point:
    """Packet errors among ``packets`` at an Es/N0 a sample: ``receiver`` "alone" or "whole"."""

    mcs: int
    receiver: str
    snr_db: float
    packets: int
    errors: int

    @property
    def rate(self) -> float:
        """The packet error rate."""
        return self.errors / self.packets


def measure(mcs: int, snr_db: float, packets: int, whole: bool, phy: Phy | None = None, payload_bytes: int = 1000,
            ppm: float = 40.0, seed: int = 0, model: Model | None = None) -> Point:
    """Packet errors of one scheme at one Es/N0 with the whole receiver or the code alone, over AWGN or a TGn model.

    The whole receiver meets carrier and clock offsets up to +-``ppm`` of a 6 GHz carrier. The Es/N0 is the mean
    over the fading, which each packet meets anew.
    """
    phy = phy or Phy(20, mcs)
    stream = Rng.seeded(seed, "wifi7", phy.bandwidth_mhz, mcs, snr_db)
    errors = 0
    for first in range(0, packets, _BATCH):
        items = stream.of(range(first, min(first + _BATCH, packets)))
        payloads = [generator.bytes(payload_bytes) for generator in items.child("payload").generators()]
        if whole:
            errors += _whole(items, snr_db, phy, payloads, ppm, model)
        else:
            errors += _alone(items, snr_db, phy, payloads, model)
    return Point(mcs, "whole" if whole else "alone", snr_db, packets, errors)


def table(mcs: Iterable[int] = MCS_SHOWN, packets: int = 1000, step_db: float = 0.25,
          lowest: float = 3e-3) -> list[Point]:
    """Both curves of each scheme from ``START_DB`` upwards until the packet error rate falls below ``lowest``."""
    points = []
    for index in mcs:
        for whole in (False, True):
            snr_db = START_DB[index]
            while True:
                points.append(measure(index, snr_db, packets, whole))
                if points[-1].rate < lowest:
                    break
                snr_db += step_db
    return points


def gap_db(points: Sequence[Point], mcs: int, rate: float) -> float:
    """How many dB more the whole receiver needs than the code alone for a packet error rate."""
    return snr_at(points, mcs, "whole", rate) - snr_at(points, mcs, "alone", rate)


def snr_at(points: Sequence[Point], mcs: int, receiver: str, rate: float) -> float:
    """Es/N0 in dB for a packet error rate, between measured points on a logarithmic scale; nan where not reached."""
    curve = sorted((p for p in points if p.mcs == mcs and p.receiver == receiver), key=lambda p: p.snr_db)
    for low, high in itertools.pairwise(curve):
        if low.rate >= rate > high.rate:
            above, below = (math.log(max(p.rate, 0.5 / p.packets)) for p in (low, high))
            return low.snr_db + (high.snr_db - low.snr_db) * (above - math.log(rate)) / (above - below)
    return math.nan


def _over(items: Rng, frames: Sequence[torch.Tensor], phy: Phy, model: Model | None) -> np.ndarray:
    """Frames with silence around them behind the channel, noise-free: complex64 [B, n]."""
    x = torch.nn.functional.pad(torch.stack(list(frames)), (_SILENCE, _SILENCE))
    if model is None:
        return x.numpy()
    state = State(torch.full((len(x),), math.inf), items.child("channel"))
    return TGn(model)(Signal(x, state.n0, rate_hz=phy.sample_rate_hz), state).x.numpy()


def _whole(items: Rng, snr_db: float, phy: Phy, payloads: Sequence[bytes], ppm: float, model: Model | None) -> int:
    heard = _over(items, [transmit(payload, phy) for payload in payloads], phy, model)
    offsets, places = items.child("offset").uniform(low=-ppm, high=ppm), items.child("place").uniform()
    noise = items.child("noise").complex_normal(heard.shape[1]) * units.noise_power(snr_db).sqrt()
    recordings = [torch.from_numpy(_recorded(row, phy, float(offset), float(place))) + added
                  for row, offset, place, added in zip(heard, offsets, places, noise, strict=True)]
    found = receive_many(recordings, phy.bandwidth_mhz)
    return sum(payload not in [packet.psdu for packet in packets] for payload, packets
               in zip(payloads, found, strict=True))


def _recorded(heard: np.ndarray, phy: Phy, ppm: float, place: float) -> np.ndarray:
    """What a receiver samples whose oscillator is ``ppm`` too fast and whose samples lie ``place`` off the grid."""
    shifted = np.fft.ifft(np.fft.fft(heard) * np.exp(-2j * np.pi * place * np.fft.fftfreq(len(heard))))
    slower = resampled(shifted.astype(np.complex64), 1 / (1 + ppm * 1e-6) - 1)
    turn = ppm * 1e-6 * _CARRIER_HZ / phy.sample_rate_hz * np.arange(len(slower))
    return (slower * np.exp(2j * np.pi * turn)).astype(np.complex64)


def _alone(items: Rng, snr_db: float, phy: Phy, payloads: Sequence[bytes], model: Model | None) -> int:
    layout = layout_for(len(payloads[0]), phy)
    sent = np.stack([coded_bits(payload, layout) for payload in payloads])
    values = to_tones(sent.reshape(-1, phy.coded_bits), phy).reshape(len(sent), layout.symbols, -1)
    gain = np.full((len(sent), 1, 1), phy.tone_power**0.5, dtype=np.complex64)
    if model is None:
        values = gain * values
    else:
        clean = _data_tones(_over(items, [transmit(payload, phy) for payload in payloads], phy, model), layout)
        gain = np.sum(clean * values.conj(), axis=1, keepdims=True) / np.sum(np.abs(values) ** 2, axis=1, keepdims=True)
        values = clean
    n0 = float(units.noise_power(snr_db))
    noise = items.child("noise").complex_normal(*values.shape[1:]).numpy() * n0**0.5
    strength = np.broadcast_to(np.abs(gain[:, 0]) ** 2, (len(sent), phy.data_tones))
    llr = np.stack([to_llrs(((row + added) / h).astype(np.complex64), n0 / power, phy).reshape(-1) for
                    row, added, h, power in zip(values, noise, gain, strength, strict=True)])
    bits = layout.fit.available_bits
    certain = torch.from_numpy(sent.reshape(len(sent), -1)[:, :bits]) * 100.0 - 50
    right, found = (layout.fit.decode(known).bits for known in (certain, torch.from_numpy(llr[:, :bits])))
    return int((found != right).any(dim=1).sum())


def _data_tones(heard: np.ndarray, layout: Layout) -> np.ndarray:
    """The data tones complex64 [B, T, N_SD] of noise-free frames, from FFT windows that open 0.3 of the guard interval
    early, clear of what rings on both sides of the echoes."""
    phy = layout.phy
    end = _SILENCE + layout.samples - phy.fft - round(0.3 * phy.guard_us * phy.bandwidth_mhz)
    at = end - phy.symbol_samples * np.arange(layout.symbols)[::-1]
    return np.stack([tones_of(row, at, phy.tones.data, phy.fft) for row in heard])
