"""The bound: as many bits as Shannon's capacity allows, never lost."""

from dataclasses import dataclass

import torch

from gensc.channel import AWGN, Channel
from gensc.errors import InputError
from gensc.registry import register
from gensc.signal import Cost, Signal, State
from gensc.transport.bytewise import MOST_BYTES, Bytewise, Packets, checked_uses, uses_of
from gensc.transport.packing import Packing


@dataclass(frozen=True)
class Load:
    """What an item can carry: its channel uses, and the most bytes in them."""

    uses: int
    bytes: int


@register("transport", "capacity")
class Capacity(Bytewise):
    """``uses`` complex channel uses carry floor(sum log2(1 + |h|^2 Es/N0)) bits without error.

    The gain |h|^2 is the channel's own for that item, known at both ends: over block fading this is
    what no code with a fixed rate reaches (Cover and Thomas, Elements of Information Theory, 9.1; Tse and
    Viswanath, 5.4). No CRC, header or pilot is counted: it is a bound, not a system. Only channels
    whose output is h x + n have this capacity.
    ``uses``: 128 unless given; ``cbr`` in its place: so many channel uses for each source value of an item.
    Features are packed by ``packing`` (see Packing), e.g. {values = 32, hidden = 512}.
    """

    role = "bound"
    power = "none"

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
        uses = torch.tensor(uses_of("capacity", self.uses, self.cbr, state))
        if (uses < 1).any():
            raise InputError(f"capacity: cbr is {self.cbr:g} and an item of the batch gets no channel use: give "
                             "more")
        probe = torch.ones(len(state), int(uses.max()), dtype=torch.complex64)
        heard: Signal = self.channel(Signal(probe, state.n0), state.air())
        assert heard.h is not None, "a channel returns h"
        bits = torch.log2(1 + heard.h.abs().square().double() / heard.n0.double()[:, None])
        within = torch.arange(probe.shape[1]) < uses[:, None]
        total = torch.where(within, bits, 0).sum(dim=1)
        return tuple(Load(count, int(min(one / 8, MOST_BYTES)))
                     for count, one in zip(uses.tolist(), total.tolist(), strict=True))

    def space(self, state: State) -> tuple[int, ...]:
        return tuple(load.bytes for load in _loads(state))

    def spent(self, state: State) -> Cost:
        return self._cost(state, list(self.space(state)))

    def send(self, data: tuple[bytes, ...], state: State) -> Packets:
        kept = tuple(one if 0 < len(one) <= most else None for one, most in zip(data, self.space(state), strict=True))
        return Packets(kept, self._cost(state, [len(one) for one in data]))

    def _cost(self, state: State, sizes: list[int]) -> Cost:
        return Cost.of_bytes([load.uses for load in _loads(state)], sizes, self.bandwidth_hz)


def _loads(state: State) -> tuple[Load, ...]:
    assert state.plan is not None, "a transport informs its state before it sends"
    return state.plan
