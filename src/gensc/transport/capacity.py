"""The bound: as many bits as Shannon's capacity allows, never lost."""

import torch

from gensc.channel import AWGN, Channel
from gensc.errors import InputError
from gensc.registry import register
from gensc.signal import Cost, Signal, State
from gensc.transport.bytewise import MOST_BYTES, Bytewise, Packets
from gensc.transport.packing import Packing


@register("transport", "capacity")
class Capacity(Bytewise):
    """``uses`` complex channel uses carry floor(sum log2(1 + |h|^2 Es/N0)) bits without error.

    The gain |h|^2 is the channel's own for that item, known at both ends: over block fading this is
    what no code with a fixed rate reaches (Cover and Thomas, Elements of Information Theory, 9.1; Tse and
    Viswanath, 5.4). No CRC, header or pilot is counted: it is a bound, not a system. Only channels
    whose output is h x + n have this capacity.
    """

    power = "none"
    framed = False

    def __init__(self, channel: Channel | None = None, uses: int = 128, values: int = 32, hidden: int = 512,
                 bandwidth_hz: float = 20e6) -> None:
        super().__init__(Packing(values, hidden))
        if uses < 1:
            raise InputError(f"capacity: uses is {uses}; expected 1 or more")
        self.channel = channel if channel is not None else AWGN()
        if not self.channel.transparent:
            raise InputError("capacity: the channel is not y = h x + n, and log2(1 + SNR) is not its capacity; "
                             "use awgn or a fading channel")
        self.uses, self.bandwidth_hz = uses, bandwidth_hz

    def space(self, state: State) -> tuple[int, ...]:
        sent = torch.ones(len(state.snr_db), self.uses, dtype=torch.complex64)
        heard: Signal = self.channel(Signal(sent, state.n0), state)
        assert heard.h is not None, "a channel returns h"
        bits = torch.log2(1 + heard.h.abs().square().double() / heard.n0.double()[:, None]).sum(dim=1)
        return tuple(int(min(one / 8, MOST_BYTES)) for one in bits.tolist())

    def price(self, state: State) -> Cost:
        space = self.space(state)
        return Cost.of_bytes([self.uses] * len(space), space, self.bandwidth_hz)

    def send(self, data: tuple[bytes, ...], state: State) -> Packets:
        kept = tuple(one if len(one) <= most else None for one, most in zip(data, self.space(state), strict=True))
        return Packets(kept, Cost.of_bytes([self.uses] * len(data), [len(one) for one in data], self.bandwidth_hz))
