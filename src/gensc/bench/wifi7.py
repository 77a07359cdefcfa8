"""Packet error rate of the Wi-Fi 7 receiver against that of its code alone.

"Alone" is the same codewords, constellation and demapper with perfect synchronisation and a known channel, only
noise between. The receiver is given a recording: silence around a frame, a random carrier offset with the
clock offset that the same oscillator brings, a random place between two samples, and noise.
"""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from gensc import units
from gensc.phy.wifi7 import Phy, receive_many, transmit
from gensc.phy.wifi7.layout import layout_for
from gensc.phy.wifi7.mapper import to_llrs, to_tones
from gensc.phy.wifi7.ofdm import resampled
from gensc.phy.wifi7.transmit import coded_bits
from gensc.rng import Rng

MCS_SHOWN = (0, 4, 7, 11, 13)
START_DB = {0: -1.75, 4: 10.25, 7: 16.75, 11: 27.25, 13: 32.5}
"""Es/N0 a little below where the code alone loses its first packets."""
_CARRIER_HZ = 6e9
_SILENCE = 600
_BATCH = 50


@dataclass(frozen=True)
class Point:
    """Packet errors among ``packets`` at an Es/N0 a tone: ``receiver`` "alone" or "whole"."""

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
            ppm: float = 40.0, seed: int = 0) -> Point:
    """Packet errors of one scheme at one Es/N0 over AWGN, with the whole receiver or the code alone.

    The whole receiver meets carrier and clock offsets up to +-``ppm`` of a 6 GHz carrier.
    """
    phy = phy or Phy(20, mcs)
    stream = Rng.seeded(seed, "wifi7", phy.bandwidth_mhz, mcs, snr_db)
    errors = 0
    for first in range(0, packets, _BATCH):
        items = stream.of(range(first, min(first + _BATCH, packets)))
        errors += (_whole if whole else _alone)(items, snr_db, phy, payload_bytes, ppm)
    return Point(mcs, "whole" if whole else "alone", snr_db, packets, errors)


def table(mcs: Iterable[int] = MCS_SHOWN, packets: int = 1000, step_db: float = 0.25, lowest: float = 3e-3) -> list[Point]:
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


def write_csv(points: Iterable[Point], path: Path) -> None:
    """mcs, receiver, snr_db, packets, errors."""
    with path.open("w", newline="") as file:
        out = csv.DictWriter(file, ["mcs", "receiver", "snr_db", "packets", "errors"], lineterminator="\n")
        out.writeheader()
        out.writerows(asdict(point) for point in points)


def _payloads(items: Rng, payload_bytes: int) -> list[bytes]:
    return [generator.bytes(payload_bytes) for generator in items.child("payload").generators()]


def _whole(items: Rng, snr_db: float, phy: Phy, payload_bytes: int, ppm: float) -> int:
    payloads = _payloads(items, payload_bytes)
    recordings = [_recorded(transmit(payload, phy).numpy(), phy, float(offset), float(place)) for payload, offset, place
                  in zip(payloads, items.child("offset").uniform(low=-ppm, high=ppm),
                         items.child("place").uniform(), strict=True)]
    noise = items.child("noise").complex_normal(len(recordings[0])) * units.noise_power(snr_db).sqrt()
    found = receive_many([torch.from_numpy(x) + n for x, n in zip(recordings, noise, strict=True)], phy.bandwidth_mhz)
    return sum(payload not in [packet.psdu for packet in packets] for payload, packets
               in zip(payloads, found, strict=True))


def _recorded(frame: np.ndarray, phy: Phy, ppm: float, place: float) -> np.ndarray:
    """A frame with silence around it, as a receiver samples it whose oscillator is ``ppm`` too fast or slow."""
    silent = np.pad(frame, _SILENCE)
    shifted = np.fft.ifft(np.fft.fft(silent) * np.exp(-2j * np.pi * place * np.fft.fftfreq(len(silent))))
    slower = resampled(shifted.astype(np.complex64), 1 / (1 + ppm * 1e-6) - 1)
    turn = ppm * 1e-6 * _CARRIER_HZ / phy.sample_rate_hz * np.arange(len(slower))
    return (slower * np.exp(2j * np.pi * turn)).astype(np.complex64)


def _alone(items: Rng, snr_db: float, phy: Phy, payload_bytes: int, ppm: float) -> int:
    layout = layout_for(payload_bytes, phy)
    sent = np.stack([coded_bits(payload, layout) for payload in _payloads(items, payload_bytes)])
    values = torch.from_numpy(to_tones(sent.reshape(-1, phy.coded_bits), phy)).reshape(len(sent), -1)
    n0 = float(units.noise_power(snr_db))
    received = (values + items.child("noise").complex_normal(values.shape[1]) * n0**0.5).numpy()
    llr = to_llrs(received.reshape(-1, phy.data_tones), np.full(phy.data_tones, n0), phy).reshape(len(sent), -1)
    known = torch.from_numpy(np.sign(2.0 * sent.reshape(len(sent), -1) - 1)[:, : layout.fit.available_bits])
    right = layout.fit.decode(known.to(torch.float32) * 50).bits
    found = layout.fit.decode(torch.from_numpy(llr[:, : layout.fit.available_bits])).bits
    return int((found != right).any(dim=1).sum())

