"""Wi-Fi 7 frames: bytes as 802.11be samples over a channel, received by a receiver that knows only the samples."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import torch

from gensc.channel import AWGN, Channel
from gensc.errors import InputError
from gensc.phy.adaptation import Fading, choose
from gensc.phy.mcs import SCHEMES
from gensc.phy.wifi7.layout import longest_payload
from gensc.phy.wifi7.phy import Phy
from gensc.registry import register
from gensc.signal import Cost, Signal, State
from gensc.transport.bytewise import Bytewise, Packets
from gensc.transport.packing import Packing

if TYPE_CHECKING:
    from gensc.phy.wifi7.receive import Packet

HEAD = 2
"""Bytes before each frame's payload: its number and how many there are."""
GAP_US = 16
SILENCE_US = 20
MARGIN_DB = 1.0
"""What the receiver may lose against one that knows the channel: the table for adaptation is read so much lower."""


@register("transport", "wifi7")
class Wifi7(Bytewise):
    """Bytes -> 802.11be single-user frames (preamble, LDPC, QAM, OFDM) -> samples -> channel -> receiver.

    The receiver detects the frame, corrects carrier and clock, estimates the channel and reads length and MCS
    from the preamble; ``State.csi`` tells it nothing. Between 0 and 20 us of silence before each frame, drawn at
    random, are not counted. ``uses`` counts samples, those of preamble, guard intervals and pilots included
    (bandwidth x airtime): as many for each item, or 0 for as many as it takes; items too long for a frame take
    several, 16 us apart. ``snr_db`` is Es/N0 on an occupied tone of the data field.
    ``mcs``: a number from 0 to 13, or "adaptive" as in ``digital``, read 1 dB lower. ``packing`` as in ``digital``.
    """

    role = "separate"
    power = "waveform"

    def __init__(self, channel: Channel | None = None, bandwidth_mhz: int = 20, uses: int = 4096,
                 mcs: int | Literal["adaptive"] = "adaptive", guard_us: float = 0.8, target: float = 0.01,
                 fading: Fading = "none", iterations: int = 20, packing: dict | None = None) -> None:
        super().__init__()
        tried = tuple(range(len(SCHEMES["802.11"]))) if mcs == "adaptive" else (mcs,)
        self.phys = {index: Phy(bandwidth_mhz, index, guard_us) for index in tried}
        if uses < 0:
            raise InputError(f"wifi7: uses is {uses}; expected 0 (as many as it takes) or the samples of a frame")
        if not 0 < target < 1 or iterations < 1:
            raise InputError(f"wifi7: target is {target} and iterations {iterations}; expected a share of lost items "
                             "between 0 and 1, and at least 1 iteration")
        self.channel = channel if channel is not None else AWGN()
        self.bandwidth_mhz, self.uses, self.mcs, self.target, self.fading = bandwidth_mhz, uses, mcs, target, fading
        self.free, self.iterations = not uses, iterations
        self.packing = Packing.of("wifi7", packing)
        self.usable = tuple(index for index, phy in self.phys.items() if not uses or _most_bytes(phy, uses) > 0)
        if not self.usable:
            least = min(phy.uses(HEAD + 1) for phy in self.phys.values())
            raise InputError(f"wifi7: uses is {uses}; the shortest frame has {least} samples: give at least that, or 0")

    def planned(self, state: State) -> tuple[int | None, ...]:
        """The MCS of each item, None where it follows from its length."""
        if self.free:
            return (None,) * len(state)
        return tuple(self._chosen(self.uses, snr_db) for snr_db in state.snr_db.tolist())

    def space(self, state: State) -> tuple[int, ...] | None:
        if self.free:
            return None
        assert state.plan is not None, "a transport informs its state before it sends"
        return tuple(_most_bytes(self.phys[index], self.uses) for index in state.plan)

    def spent(self, state: State) -> Cost:
        space = self.space(state)
        assert space is not None, "only asked where uses are fixed"
        return Cost.of_bytes([self.uses] * len(space), space, self.bandwidth_mhz * 1e6)

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
        silence = (state.child("silence").rng.uniform(1)[:, 0] * SILENCE_US * rate).long().tolist()
        longest = max(len(burst) + before for burst, before in zip(bursts, silence, strict=True))
        x = torch.zeros(len(data), longest + SILENCE_US * rate, dtype=torch.complex64)
        for row, burst, before in zip(x, bursts, silence, strict=True):
            row[before:before + len(burst)] = burst
        heard: Signal = self.channel(Signal(x, state.n0, rate_hz=rate * 1e6), state.air())
        received = receive_many(list(heard.x), rate, self.iterations)
        space = self.space(state) or tuple(len(one) for one in data)
        kept = tuple(_joined(packets) or None if len(one) <= most else None
                     for packets, one, most in zip(received, data, space, strict=True))
        uses = [self.uses or len(burst) for burst in bursts]
        return Packets(kept, Cost.of_bytes(uses, [len(one) for one in data], rate * 1e6))

    def _schemes(self, sizes: Sequence[int], state: State) -> list[int]:
        """The MCS of each item of so many bytes."""
        if self.free:
            return [self._chosen(8 * (HEAD + size), snr_db)
                    for size, snr_db in zip(sizes, state.snr_db.tolist(), strict=True)]
        assert state.plan is not None, "a transport informs its state before it sends"
        return list(state.plan)

    def _chosen(self, symbols: int, snr_db: float) -> int:
        if self.mcs != "adaptive":
            return self.mcs
        return choose("802.11", symbols, snr_db - MARGIN_DB, self.target, self.fading, self.usable)

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
        """The samples of all frames of an item."""
        from gensc.phy.wifi7.transmit import transmit

        parts, at = self._frames(len(data), index), 0
        gap = torch.zeros(GAP_US * self.bandwidth_mhz, dtype=torch.complex64)
        pieces = []
        for number, size in enumerate(parts):
            head = bytes([number, len(parts)])
            pieces += [gap, transmit(head + data[at:at + size], self.phys[index])]
            at += size
        return torch.cat(pieces[1:])


def _joined(packets: "list[Packet]") -> bytes | None:
    """The item from its frames: each must have come, in order."""
    parts = [packet.psdu for packet in packets if packet.psdu is not None]
    if not parts or any(len(part) < HEAD for part in parts):
        return None
    whole = [bytes([number, parts[0][1]]) for number in range(parts[0][1])]
    return b"".join(part[HEAD:] for part in parts) if [part[:HEAD] for part in parts] == whole else None


@lru_cache(maxsize=256)
def _most_bytes(phy: Phy, uses: int) -> int:
    """The most payload bytes whose frame has at most ``uses`` samples; below 1 where there are none."""
    low, high = 0, longest_payload(phy) + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if phy.uses(middle) <= uses else (low, middle)
    return low - HEAD
