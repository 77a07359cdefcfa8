"""An ideal channel code: as many bits as Shannon's capacity allows, never lost."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gensc.channel import AWGN, Channel
from gensc.errors import InputError
from gensc.phy.entropy import bits_of
from gensc.registry import register
from gensc.signal import Cost, Signal, State
from gensc.transport.bytewise import MOST_BYTES, Bytewise, Packets, checked_uses, uses_of
from gensc.transport.packing import Packing
from gensc.transport.radio import symbols_in


@dataclass(frozen=True)
class Load:
    """What an item can carry: its channel uses, and the most bits in them."""

    uses: int
    bits: int


@register("transport", "capacity")
class Capacity(Bytewise):
    """``uses`` complex channel uses carry floor(sum log2(1 + p |h|^2 Es/N0)) bits without error.

    It bounds what any channel code brings over, for one source coder at a time: a link with a better source coder can
    lie above it. The gains are the item's own, and the rate follows them, which no code of a fixed rate reaches over
    block fading (Cover and Thomas, Elements of Information Theory, 9.1; Tse and Viswanath, 5.4). Power p is 1 in every
    use where the receiver alone knows the gains; with csi "both" the item's power is poured over its uses by
    water-filling (Cover and Thomas, 9.4). No CRC, header or pilot is counted, a cyclic prefix is. Only channels whose
    output is h x + n have this capacity.
    ``uses``: 128 unless given; ``cbr`` in its place: so many channel uses for each source value of an item.
    Features are packed by ``packing`` (see Packing), e.g. {values = 32, hidden = 512}, and counted in bits; files are
    whole bytes.
    """

    role = "ideal"
    power = "none"
    tells_gain = True

    def __init__(self, channel: Channel | None = None, uses: int | None = None, cbr: float = 0.0,
                 packing: dict | None = None, bandwidth_hz: float = 20e6) -> None:
        super().__init__()
        self.channel = channel if channel is not None else AWGN()
        if not self.channel.transparent:
            raise InputError("capacity: the channel is not y = h x + n, and log2(1 + SNR) is not its capacity; "
                             "use awgn or a fading channel")
        self.uses, self.cbr = checked_uses("capacity", uses, cbr, 128), cbr
        if not self.uses and not cbr:
            raise InputError(f"capacity: uses is {uses}; expected 1 or more")
        self.packing = Packing.of("capacity", packing)
        self.bandwidth_hz = bandwidth_hz

    def planned(self, state: State) -> tuple[Load, ...]:
        paid = uses_of("capacity", self.uses, self.cbr, state)
        uses = torch.tensor([symbols_in(count, self.channel.overhead) for count in paid])
        if (uses < 1).any():
            raise InputError(f"capacity: cbr is {self.cbr:g} and an item of the batch gets no channel use: give "
                             "more")
        probe = torch.ones(len(state), int(uses.max()), dtype=torch.complex64)
        heard: Signal = self.channel(Signal(probe, state.n0), state.air())
        assert heard.h is not None, "a channel returns h"
        within = torch.arange(probe.shape[1]) < uses[:, None]
        snr = torch.where(within, heard.h.abs().square().double() / heard.n0.double()[:, None], 0)
        power = poured(snr, uses) if state.csi == "both" else 1
        total = torch.log2(1 + power * snr).sum(dim=1)
        return tuple(Load(count, int(min(one, 8 * MOST_BYTES)))
                     for count, one in zip(paid, total.tolist(), strict=True))

    def space(self, state: State) -> tuple[int, ...]:
        return tuple(load.bits for load in _loads(state))

    def spent(self, state: State) -> Cost:
        return self._cost(state, list(self.space(state)))

    def send(self, data: tuple[bytes, ...], state: State) -> Packets:
        sizes = [bits_of(one) if self.features else 8 * len(one) for one in data]
        kept = tuple(one if 0 < bits <= most else None
                     for one, bits, most in zip(data, sizes, self.space(state), strict=True))
        return Packets(kept, self._cost(state, sizes))

    def _cost(self, state: State, sizes: list[int]) -> Cost:
        return Cost.of_bits([load.uses for load in _loads(state)], sizes, self.bandwidth_hz)


def _loads(state: State) -> tuple[Load, ...]:
    assert state.plan is not None, "a transport informs its state before it sends"
    return state.plan


def poured(ratio: Tensor, uses: Tensor) -> Tensor:
    """The power float64 [B,k] of each use that brings most bits over parallel channels: max(0, level - 1/ratio), its
    sum over an item ``uses`` [B]. ``ratio`` float64 [B,k]: the SNR of each, 0 where there is no use."""
    floor, _ = (1 / ratio.clamp_min(1e-30)).sort(dim=1)
    count = torch.arange(1, ratio.shape[1] + 1)
    level = (uses[:, None] + floor.cumsum(dim=1)) / count
    # The last level that stands above the floor of all the uses under it.
    last = (level > floor).sum(dim=1, keepdim=True) - 1
    return torch.where(ratio > 0, (level.gather(1, last) - 1 / ratio.clamp_min(1e-30)).clamp_min(0), 0)
