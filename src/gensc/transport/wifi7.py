"""Wi-Fi 7 frames: bytes as 802.11be samples over a channel, received by a receiver that knows only the samples."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch

from gensc.channel import AWGN, Channel
from gensc.errors import InputError
from gensc.phy.mcs import SCHEMES
from gensc.phy.wifi7.layout import longest_payload, payload_within
from gensc.phy.wifi7.phy import Phy
from gensc.registry import register
from gensc.signal import Cost, State
from gensc.transport import profile
from gensc.transport.adaptation import HIGHEST_DB, LOWEST_DB
from gensc.transport.bytewise import Bytewise, Packets
from gensc.transport.packing import Packing
from gensc.transport.wifi7loss import Frames, losses, over_the_air, standing

if TYPE_CHECKING:
    from gensc.phy.wifi7.receive import Packet

HEAD = 2
"""Bytes before each frame's payload: its number and how many there are."""
GAP_US = 16
MARGIN_DB = 0.3
"""What the receiver loses over AWGN against one that knows the channel: the table is read so much lower. At 0.2 dB 5 of
300 frames at MCS 0 are lost where the table says 1 %, and none or one at MCS 1 to 8."""


@register("transport", "wifi7")
class Wifi7(Bytewise):
    """Bytes -> 802.11be single-user frames (preamble, LDPC, QAM, OFDM) -> samples -> channel -> receiver.

    The receiver detects the frame, corrects carrier and clock, estimates the channel and reads length and MCS
    from the preamble; ``State.csi`` tells it nothing. Between 0 and 20 us of silence before each frame, drawn at
    random, are not counted. ``uses`` counts samples, those of preamble, guard intervals and pilots included
    (bandwidth x airtime): as many for each item, which its frame fills with padding, or 0 for as many as it takes;
    items too long for a frame take several, 16 us apart. ``snr_db`` is Es/N0 per sample, of nominal mean power 1 over
    all that are paid: an occupied tone has 0.24 dB more at 20 and 40 MHz (``Phy.tone_snr_db``).
    ``mcs``: a number from 0 to 13, or "adaptive": the fastest that loses a share ``target`` of frames or less, as
    tried at whole dB on other draws of the channel at hand (``wifi7loss``), or over AWGN by its measured table; where
    none does, the one that delivers most. ``packing`` as in ``digital``.
    """

    role = "separate"
    power = "waveform"

    def __init__(self, channel: Channel | None = None, bandwidth_mhz: int = 20, uses: int = 4096,
                 mcs: int | Literal["adaptive"] = "adaptive", guard_us: float = 0.8, target: float = 0.01,
                 iterations: int = 20, packing: dict | None = None) -> None:
        super().__init__()
        tried = tuple(range(len(SCHEMES["802.11"]))) if mcs == "adaptive" else (mcs,)
        self.phys = {index: Phy(bandwidth_mhz, index, guard_us) for index in tried}
        if uses < 0:
            raise InputError(f"wifi7: uses is {uses}; expected 0 (as many as it takes) or the samples of a frame")
        if not 0 < target < 1 or iterations < 1:
            raise InputError(f"wifi7: target is {target} and iterations {iterations}; expected a share of lost items "
                             "between 0 and 1, and at least 1 iteration")
        self.channel = channel if channel is not None else AWGN()
        self.bandwidth_mhz, self.uses, self.mcs, self.target = bandwidth_mhz, uses, mcs, target
        self.free, self.iterations = not uses, iterations
        self.packing = Packing.of("wifi7", packing)
        self._losses: dict[tuple[int, int], np.ndarray] = {}
        self.usable = tuple(index for index, phy in self.phys.items() if not uses or _most_bytes(phy, uses) > 0)
        if not self.usable:
            least = min(phy.uses(HEAD + 1) for phy in self.phys.values())
            raise InputError(f"wifi7: uses is {uses}; the shortest frame has {least} samples: give at least that, or 0")

    def planned(self, state: State) -> tuple[int | None, ...]:
        """The MCS of each item, None where it follows from its length."""
        if self.free:
            return (None,) * len(state)
        return tuple(self._for_uses(snr_db) for snr_db in state.snr_db.tolist())

    def space(self, state: State) -> tuple[int, ...] | None:
        if self.free:
            return None
        assert state.plan is not None, "a transport informs its state before it sends"
        return tuple(8 * _most_bytes(self.phys[index], self.uses) for index in state.plan)

    def spent(self, state: State) -> Cost:
        space = self.space(state)
        assert space is not None, "only asked where uses are fixed"
        return Cost.of_bits([self.uses] * len(space), space, self.bandwidth_mhz * 1e6)

    def needed(self, sizes: Sequence[int], state: State) -> list[int]:
        uses = []
        for size, index in zip(sizes, self._schemes(sizes, state), strict=True):
            frames = [self.phys[index].uses(HEAD + part) for part in self._frames(size, index)]
            uses.append(sum(frames) + GAP_US * self.bandwidth_mhz * (len(frames) - 1))
        return uses

    def send(self, data: tuple[bytes, ...], state: State) -> Packets:
        from gensc.phy.wifi7.receive import receive_many

        schemes = self._schemes([len(one) for one in data], state)
        bursts = [self._burst(one, index) for one, index in zip(data, schemes, strict=True)]
        rate = self.bandwidth_mhz
        received = receive_many(list(over_the_air(bursts, rate, self.channel, state)), rate, self.iterations)
        space = self.space(state) or tuple(8 * len(one) for one in data)
        kept = tuple(_joined(packets) or None if 8 * len(one) <= most else None
                     for packets, one, most in zip(received, data, space, strict=True))
        uses = [self.uses or len(burst) for burst in bursts]
        return Packets(kept, Cost.of_bits(uses, [8 * len(one) for one in data], rate * 1e6))

    def _schemes(self, sizes: Sequence[int], state: State) -> list[int]:
        """The MCS of each item of so many bytes."""
        if self.free:
            return [self._for_size(size, snr_db) for size, snr_db in zip(sizes, state.snr_db.tolist(), strict=True)]
        assert state.plan is not None, "a transport informs its state before it sends"
        return list(state.plan)

    def _for_uses(self, snr_db: float) -> int:
        """The MCS of items that take ``uses`` samples."""
        rate = {index: _most_bytes(self.phys[index], self.uses) / self.uses for index in self.usable}
        return self._chosen(rate, dict.fromkeys(rate, self.uses), snr_db)

    def _for_size(self, size: int, snr_db: float) -> int:
        """The MCS of an item of so many bytes that takes the samples it needs."""
        rate, longest = {}, {}
        for index, phy in self.phys.items():
            frames = [phy.uses(HEAD + part) for part in self._frames(size, index)]
            rate[index], longest[index] = 1 / sum(frames), max(frames)
        return self._chosen(rate, longest, snr_db)

    def _chosen(self, rate: dict[int, float], longest: dict[int, int], snr_db: float) -> int:
        """The MCS of the highest ``rate``, of data a sample, among those whose ``longest`` frame is lost with
        probability ``target`` or less; where there are none, the one that delivers most."""
        if self.mcs != "adaptive":
            return self.mcs
        lost = {index: self._lost(index, longest[index], snr_db) for index in rate}
        good = [index for index in rate if lost[index] <= self.target]
        return max(good, key=rate.__getitem__) if good else max(rate, key=lambda index: rate[index] * (1 - lost[index]))

    def _lost(self, index: int, uses: int, snr_db: float) -> float:
        """How often a frame of so many samples is expected to be lost."""
        phy = self.phys[index]
        if isinstance(self.channel, AWGN):
            symbols = phy.data_tones * max(uses // phy.symbol_samples, 1)
            met = profile.flat(min(phy.tone_snr_db(snr_db) - MARGIN_DB, HIGHEST_DB))
            return met.lost("802.11", index, symbols)
        whole_db = math.floor(min(max(snr_db, LOWEST_DB), HIGHEST_DB) + 1e-4)
        judged = uses if self.uses else standing(uses, phy)
        if (judged, whole_db) not in self._losses:
            frames = Frames(self.bandwidth_mhz, phy.guard_us, judged, self.uses, self.iterations)
            self._losses[judged, whole_db] = losses(self.channel, frames, self.target, whole_db)
        return float(self._losses[judged, whole_db][index])

    def _frames(self, size: int, index: int) -> list[int]:
        """The bytes in each frame of an item of so many; what does not fit fixed uses is left out, and lost there."""
        phy = self.phys[index]
        most = _most_bytes(phy, self.uses) if self.uses else longest_payload(phy) - HEAD
        kept = min(size, most) if self.uses else size
        parts = [min(most, kept - at) for at in range(0, kept, most)] or [0]
        if len(parts) > 255:
            raise InputError(f"wifi7: {size} bytes take {len(parts)} frames at MCS {index}, and an item has at "
                             "most 255: cut it into several")
        return parts

    def _burst(self, data: bytes, index: int) -> torch.Tensor:
        """The samples of all frames of an item; what is paid and silent, a gap or what no whole symbol fills, gives its
        power to them."""
        from gensc.phy.wifi7.transmit import transmit

        phy, parts, at = self.phys[index], self._frames(len(data), index), 0
        gap = torch.zeros(GAP_US * self.bandwidth_mhz, dtype=torch.complex64)
        filled = HEAD + _most_bytes(phy, self.uses) if self.uses else 0
        frames = []
        for number, size in enumerate(parts):
            frames.append(transmit(bytes([number, len(parts)]) + data[at:at + size], phy, filled))
            at += size
        burst = torch.cat([piece for frame in frames for piece in (gap, frame)][1:])
        return burst * math.sqrt((self.uses or len(burst)) / sum(len(frame) for frame in frames))


def _joined(packets: "list[Packet]") -> bytes | None:
    """The item from its frames: each must have come, in order."""
    parts = [packet.psdu for packet in packets if packet.psdu is not None]
    if not parts or any(len(part) < HEAD for part in parts):
        return None
    whole = [bytes([number, parts[0][1]]) for number in range(parts[0][1])]
    return b"".join(part[HEAD:] for part in parts) if [part[:HEAD] for part in parts] == whole else None


def _most_bytes(phy: Phy, uses: int) -> int:
    """The most payload bytes whose frame has at most ``uses`` samples; below 1 where there are none."""
    return payload_within(phy, uses) - HEAD
