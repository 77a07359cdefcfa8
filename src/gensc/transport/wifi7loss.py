"""How often Wi-Fi 7 frames of each MCS are lost over a channel: real frames through the real receiver, on draws that no
experiment uses, made once for whole dB and kept on disk."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from gensc.channel import Channel
from gensc.metric.estimate import wilson
from gensc.phy.mcs import SCHEMES
from gensc.phy.wifi7.layout import Layout, layout_for, payload_within, preamble_us
from gensc.phy.wifi7.mapper import to_tones
from gensc.phy.wifi7.phy import Phy
from gensc.rng import Rng
from gensc.signal import Signal, State
from gensc.transport.adaptation import identity, kept

if TYPE_CHECKING:
    from gensc.phy.wifi7.transplant import Reception

SILENCE_US = 20
"""The longest silence before a frame."""
FIRST, BATCH = 100, 50
"""Draws that every MCS is judged on, and those at a time."""
MORE, SAMPLES, WORST = 1200, 5_000_000, 12
"""Further draws, where they have no more samples together. A frame is received on the WORSTth part of them that is
worth least, and on as many of the others, which stand for all others."""
NEAR = 0.85
"""Where no MCS may keep the target, those that deliver so much of the most are judged by all frames."""
PROBE = 4
"""The MCS of the frames that are sent, where it fits: one of many amplitudes."""
SYMBOLS = (4, 16, 64, 200, 400)
"""Data symbols of the frames that stand for shorter ones, where each item takes the samples that it needs."""


def over_the_air(bursts: Sequence[Tensor], bandwidth_mhz: int, channel: Channel, state: State) -> Tensor:
    """What a receiver records of the samples of B items, complex64 [B,N]: up to 20 us of silence before each, and as
    much behind the longest."""
    silence = (state.child("silence").rng.uniform(1)[:, 0] * SILENCE_US * bandwidth_mhz).long().tolist()
    longest = max(len(burst) + before for burst, before in zip(bursts, silence, strict=True))
    x = torch.zeros(len(bursts), longest + SILENCE_US * bandwidth_mhz, dtype=torch.complex64)
    for row, burst, before in zip(x, bursts, silence, strict=True):
        row[before:before + len(burst)] = burst
    heard: Signal = channel(Signal(x, state.n0, rate_hz=bandwidth_mhz * 1e6), state.air())
    return heard.x


@dataclass(frozen=True)
class Frames:
    """The frames that are asked about: the longest of each MCS within ``uses`` samples; ``paid`` samples give a frame
    their power, 0 for its own."""

    bandwidth_mhz: int
    guard_us: float
    uses: int
    paid: int
    iterations: int

    def layouts(self) -> dict[int, Layout]:
        """The layout by MCS, for those that fit."""
        phys = [Phy(self.bandwidth_mhz, index, self.guard_us) for index in range(len(SCHEMES["802.11"]))]
        return {phy.mcs: layout_for(payload_within(phy, self.uses), phy) for phy in phys
                if payload_within(phy, self.uses) > 0}


def standing(uses: int, phy: Phy) -> int:
    """The samples of the frames that stand for those of ``uses`` samples."""
    start = round(preamble_us(phy) * phy.bandwidth_mhz)
    lengths = [start + count * phy.symbol_samples for count in SYMBOLS]
    return next((length for length in lengths if uses <= length), lengths[-1])


def losses(channel: Channel, frames: Frames, target: float, snr_db: int) -> np.ndarray:
    """The share of frames of each MCS that are lost at an average Es/N0 a sample, float32 [14]; 1 where none fits.
    Exact enough to tell the fastest MCS that loses ``target`` or less, or where none does the one that delivers most.
    """
    key = hashlib.sha256(f"wifi7 {frames} {target} {snr_db} {identity(channel)}".encode()).digest()
    return np.frombuffer(kept(key, lambda: measured(channel, frames, target, snr_db).tobytes()), np.float32)


@torch.no_grad()
def measured(channel: Channel, frames: Frames, target: float, snr_db: float) -> np.ndarray:
    """What ``losses`` keeps: after ``FIRST`` draws of the channel only those MCS go on that the choice may fall on, and
    none where it is clear: where the fastest that lost no frame is followed by one that lost most."""
    layouts = frames.layouts()
    lost = _lost(channel, frames, layouts, snr_db, range(FIRST))
    share = np.where(np.isin(range(len(lost)), list(layouts)), lost / FIRST, 1.0)
    going, more = _open(share, layouts, target), min(MORE, SAMPLES // frames.uses)
    if more >= FIRST and going:
        some = {index: layouts[index] for index in going}
        order = FIRST + np.argsort(_worth(channel, frames, layouts, snr_db, range(FIRST, FIRST + more)), kind="stable")
        worst, others = order[:more // WORST], np.sort(order[more // WORST:])
        standing_in = others[::WORST - 1]
        lost = (lost + _lost(channel, frames, some, snr_db, worst.tolist()) + len(others) / len(standing_in)
                * _lost(channel, frames, some, snr_db, standing_in.tolist()))
        share[going] = lost[going] / (FIRST + more)
    return share.astype(np.float32)


def _worth(channel: Channel, frames: Frames, layouts: dict[int, Layout], snr_db: float, draws: range) -> np.ndarray:
    """What each draw of the channel may be worth, [B]: log(1 + SNR) over the tones and a constant, from the power of
    each tone with its noise."""
    probe = _probe(layouts)
    phy, out = probe.phy, []
    bursts, _ = _sent(frames, probe, State.of(snr_db, 1, Rng.seeded(0, "adaptation")))
    for first in range(draws.start, draws.stop, BATCH):
        state = State.of(snr_db, list(range(first, min(first + BATCH, draws.stop))), Rng.seeded(0, "adaptation"))
        heard = over_the_air(bursts * len(state), phy.bandwidth_mhz, channel, state)
        blocks = heard[:, :heard.shape[1] // phy.fft * phy.fft].unflatten(1, (-1, phy.fft))
        power = torch.fft.fft(blocks).abs().square().mean(dim=1)[:, phy.tones.occupied % phy.fft]
        out.append(power.clamp_min(1e-12).log().mean(dim=1).numpy())
    return np.concatenate(out)


def _open(share: np.ndarray, layouts: dict[int, Layout], target: float) -> list[int]:
    """The MCS that more draws must judge."""
    may = [index for index in layouts if wilson(share[index], FIRST)[0] <= 2 * target]
    if may:
        after = [share[index] for index in layouts if index > may[-1]]
        return [] if share[may].max() == 0 and min(after, default=1.0) > 0.5 else may
    rate = np.array([layouts[index].fit.payload_bits if index in layouts else 0 for index in range(len(share))])
    delivered = rate * (1 - share)
    return [index for index in layouts if delivered[index] >= NEAR * delivered.max()]


def _lost(channel: Channel, frames: Frames, layouts: dict[int, Layout], snr_db: float,
          draws: Sequence[int]) -> np.ndarray:
    """How many frames, one for each of ``draws``, are lost, int64 [14], of each MCS in ``layouts``."""
    from gensc.phy.wifi7 import transplant

    out = np.zeros(len(SCHEMES["802.11"]), dtype=np.int64)
    for first in range(0, len(draws), BATCH):
        items = list(draws[first:first + BATCH])
        state = State.of(snr_db, items, Rng.seeded(0, "adaptation"))
        found = dict(_received(channel, frames, _probe(layouts), state))
        lost = transplant.lost(list(found.values()), list(layouts.values()),
                               state.select(list(found)).child("payload").rng, frames.iterations)
        out[list(layouts)] += len(items) - len(found) + lost.sum(axis=1)
    return out


def _probe(layouts: dict[int, Layout]) -> Layout:
    """The frames that are sent."""
    return max(layouts.values(), key=lambda layout: (layout.symbols, -abs(layout.phy.mcs - PROBE)))


def _sent(frames: Frames, probe: Layout, state: State) -> tuple[list[Tensor], list[np.ndarray]]:
    """The samples of a frame an item, and its coded bits [T, N_CBPS]."""
    from gensc.phy.wifi7 import preamble
    from gensc.phy.wifi7.transmit import coded_bits, data_symbols

    start, scale = preamble.build(probe), ((frames.paid or probe.samples) / probe.samples) ** 0.5
    bits = [coded_bits(generator.bytes(payload_within(probe.phy, frames.uses)), probe)
            for generator in state.child("frames").rng.generators()]
    return [scale * torch.from_numpy(np.concatenate([start, data_symbols(row, probe.phy)])) for row in bits], bits


def _received(channel: Channel, frames: Frames, probe: Layout, state: State) -> "Iterator[tuple[int, Reception]]":
    """What a frame an item meets, with its place, of those whose preamble is found and read."""
    from gensc.phy.wifi7 import transplant
    from gensc.phy.wifi7.receive import front_end

    width, (bursts, sent) = probe.phy.bandwidth_mhz, _sent(frames, probe, state)
    for place, (heard, bits) in enumerate(zip(over_the_air(bursts, width, channel, state), sent, strict=True)):
        tones = next((frame.tones for frame in front_end(heard, width) if frame.layout == probe), None)
        if tones is not None:
            yield place, transplant.Reception.of(tones, to_tones(bits, probe.phy))
