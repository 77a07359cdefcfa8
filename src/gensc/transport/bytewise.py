"""What the transports that carry bytes have in common: features become bytes, lost items are named."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from gensc.errors import InputError
from gensc.rng import Rng
from gensc.signal import Cost, Delivery, Mixed, Payload, Rehearsal, State
from gensc.transport.base import Power, Transport
from gensc.transport.packing import Packing

MOST_BYTES = 8 * 2**20
"""An item's longest payload: what bounds the memory of a batch."""
CHUNK_BYTES = 2**20
END = b"\x80"


@dataclass(frozen=True)
class Packets:
    """The bytes of each item, None where it was lost, and what sending them cost."""

    data: tuple[bytes | None, ...]
    cost: Cost


class Bytewise(Transport):
    """Carries bytes: those of a codec as they are, features as an entropy-coded stream (``packing``).

    An item without bytes says that its codec could not meet the room: it is lost, its channel uses are paid.
    While features are trained only the rate and its quantisation are simulated: losses are kept rare by the choice
    of the scheme, and a stream that fails teaches nothing.
    """

    digital = True
    power: ClassVar[Power] = "nominal"
    framed: ClassVar[bool] = True
    """Items in a fixed room are delimited by a byte; a bound needs none."""

    def __init__(self, packing: Packing) -> None:
        super().__init__()
        self.packing = packing
        self.features = False

    @abstractmethod
    def space(self, state: State) -> tuple[int, ...] | None:
        """The bytes that there are for each item, or None where each takes what it needs."""

    @abstractmethod
    def send(self, data: tuple[bytes, ...], state: State) -> Packets:
        """Send the bytes of B items and receive them, padded with zeros to the space that there is."""

    @abstractmethod
    def price(self, state: State) -> Cost:
        """What B items cost that fill their space (only asked where there is one)."""

    def bind(self, shape: tuple[int, ...] | None) -> tuple[int, ...] | None:
        self.features = shape is not None
        if shape is None:
            return None
        if self.space(State.of(10.0, 1, Rng.seeded(0))) is None:
            raise InputError("features fit their rate to the channel uses that there are: set transport.uses, e.g. 128")
        self.packing.bind(shape)
        return shape

    def room(self, state: State) -> tuple[int, ...] | None:
        space = self.space(state)
        if space is None or self.features or not self.framed:
            return space
        return tuple(one - 1 for one in space)

    def forward(self, payload: Payload, state: State) -> Delivery:
        if isinstance(payload, Tensor):
            return self._features(payload, state)
        if isinstance(payload, Rehearsal):
            return _rehearsed(payload)
        if isinstance(payload, Mixed):
            raise InputError("symbols with side information given to a transport of bytes: use transport symbols")
        return self._bytes(payload, state)

    def _features(self, payload: Tensor, state: State) -> Delivery:
        room = self.space(state)
        assert room is not None, "bind makes sure of it"
        if self.training:
            received, penalty = self.packing.simulate(payload, room, state)
            ok = torch.ones(len(payload), dtype=torch.bool, device=payload.device)
            return Delivery(received, ok, self.price(state), penalty)
        streams = self.packing.pack(payload, room)
        packets = self._sent(streams, state)
        got = [one if sent else None for sent, one in zip(streams, packets.data, strict=True)]
        received = self.packing.unpack(got).to(payload.device)
        return Delivery(received, _arrived(got).to(payload.device), packets.cost)

    def _bytes(self, data: tuple[bytes, ...], state: State) -> Delivery:
        delimited = self.framed and self.space(state.select(slice(0, 1))) is not None
        packets = self._sent(tuple(one + END for one in data) if delimited else data, state)
        got = [_undelimited(one) for one in packets.data] if delimited else packets.data
        kept = tuple(one or None for one in got)
        bits = torch.tensor([8.0 * len(one) for one in data])
        return Delivery(kept, _arrived(kept), replace(packets.cost, bits=bits))

    def _sent(self, data: tuple[bytes, ...], state: State) -> Packets:
        """``send`` in runs of items that fit the memory."""
        longest = max(map(len, data), default=0)
        if longest > MOST_BYTES:
            raise InputError(f"an item has {longest} bytes: a link carries at most {MOST_BYTES} bytes an item; "
                             "cut it into several")
        parts = [self.send(data[part], state.select(part)) for part in _chunks(data)]
        return Packets(tuple(one for part in parts for one in part.data), Cost.joined([part.cost for part in parts]))


def _rehearsed(payload: Rehearsal) -> Delivery:
    """In training nothing is sent, and nothing lost."""
    items = len(payload.penalty)
    ok = torch.ones(items, dtype=torch.bool, device=payload.values.device)
    return Delivery(payload.values, ok, Cost.analog(0, items, 1.0), payload.penalty)


def _arrived(data: Sequence[bytes | None]) -> Tensor:
    return torch.tensor([one is not None for one in data])


def _undelimited(data: bytes | None) -> bytes | None:
    """What stands before the last END and its padding."""
    bare = None if data is None else data.rstrip(b"\0")
    return bare[:-1] if bare and bare.endswith(END) else None


def _chunks(data: tuple[bytes, ...]) -> list[slice]:
    """Runs of items whose bytes, padded to the longest of a run, stay near CHUNK_BYTES."""
    runs, start, longest = [], 0, 0
    for place, one in enumerate(data):
        longest = max(longest, len(one))
        if place > start and longest * (place + 1 - start) > CHUNK_BYTES:
            runs.append(slice(start, place))
            start, longest = place, len(one)
    return [*runs, slice(start, len(data))]
