"""What the transports that carry bytes have in common: features become bytes, lost items are named."""

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from gensc.errors import InputError
from gensc.signal import Cost, Delivery, Form, Part, Parts, State, bytes_of, one_part, tensor_of
from gensc.transport.base import Power, Transport, flat, only_features
from gensc.transport.packing import Packing

MOST_BYTES = 8 * 2**20
"""An item's longest payload: what bounds the memory of a batch."""
CHUNK_BYTES = 2**20


@dataclass(frozen=True)
class Packets:
    """The bytes of each item, None where it was lost, and what sending them cost."""

    data: tuple[bytes | None, ...]
    cost: Cost


class Bytewise(Transport):
    """Carries bytes: those of a codec as they are, features as an entropy-coded stream (``packing``).

    An item without bytes says that its codec could not meet the budget: it is lost, its channel uses are paid.
    While features are trained only the rate and its quantisation are simulated: losses are kept rare by the choice
    of the scheme, and a stream that fails teaches nothing.
    ``free``: each item takes the channel uses that it needs. ``features``: what is sent are features.
    """

    power: ClassVar[Power] = "nominal"
    packing: Packing
    free: bool = False
    features: bool = False

    @abstractmethod
    def planned(self, state: State) -> tuple[object, ...]:
        """What is decided for each item before it is encoded."""

    @abstractmethod
    def space(self, state: State) -> tuple[int, ...] | None:
        """The bits that there are for each item by the plan of ``state``, None where each takes what it needs."""

    @abstractmethod
    def send(self, data: tuple[bytes, ...], state: State) -> Packets:
        """Send the bytes of B items and receive them, by the plan of ``state``: None for an item that is lost, as one
        of no bytes always is. Zeros may stand behind what arrives of features, to fill the space."""

    @abstractmethod
    def spent(self, state: State) -> Cost:
        """What B items cost that fill their space (only asked where there is one)."""

    def bind(self, form: Form) -> Form:
        name = type(self).__name__.lower()
        _, shape = one_part(form, f"transport {name}")
        self.features = shape is not None
        if self.features:
            if self.free:
                raise InputError("features fit their rate to the channel uses that there are: set transport.uses, "
                                 "e.g. 128")
            self.packing.bind(only_features(form, name)[1])
        return form

    def needed(self, sizes: Sequence[int], state: State) -> Sequence[float]:
        """The channel uses, without pilots, of B items of so many bytes (only asked where each takes what it needs)."""
        raise NotImplementedError(f"{type(self).__name__} gives each item its channel uses")

    def inform(self, state: State) -> State:
        informed = super().inform(state)
        planned = replace(informed, plan=self.planned(informed))

        def price(part: str, sizes: Sequence[int]) -> Tensor:
            return torch.tensor(self.needed(sizes, planned), dtype=torch.float32)

        space = self.space(planned)
        budget = None if space is None else tuple(bits // 8 for bits in space)
        return replace(planned, budget=budget, price=price if self.free else None)

    def forward(self, parts: Parts, state: State) -> Delivery:
        who = f"transport {type(self).__name__.lower()}"
        name, part = one_part(parts, who)
        planned = state if state.plan is not None else self.inform(state)
        if self.features:
            return self._featured(name, tensor_of(part, who), planned)
        packets = self._chunked(sendable(part, who), planned)
        return Delivery({name: packets.data}, arrived(packets.data), packets.cost)

    def _featured(self, name: str, features: Tensor, state: State) -> Delivery:
        space, values = self.space(state), flat(features, type(self).__name__.lower())
        assert space is not None, "bind makes sure of it"
        if self.training:
            received, penalty = self.packing.simulate(values, space, state)
            ok = torch.ones(len(features), dtype=torch.bool, device=features.device)
            return Delivery({name: received}, ok, self.spent(state).to(features.device), penalty)
        streams = self.packing.pack(values, space)
        packets = self._chunked(streams, state)
        got = [one if stream else None for stream, one in zip(streams, packets.data, strict=True)]
        received = self.packing.unpack(got)
        return Delivery({name: received}, arrived(got).to(features.device), packets.cost.to(features.device))

    def _chunked(self, data: tuple[bytes, ...], state: State) -> Packets:
        """``send`` in runs of items that fit the memory."""
        runs = [self.send(data[run], state.select(run)) for run in _chunks(data)]
        return Packets(tuple(one for run in runs for one in run.data), Cost.joined([run.cost for run in runs]))


def sendable(part: Part, who: str) -> tuple[bytes, ...]:
    """A part of bytes as it can be sent. Raises InputError for anything else, and for items that are too long."""
    data = tuple(one or b"" for one in bytes_of(part, who))
    longest = max(map(len, data), default=0)
    if longest > MOST_BYTES:
        raise InputError(f"an item has {longest} bytes: a link carries at most {MOST_BYTES} bytes an item; "
                         "cut it into several")
    return data


def checked_uses(owner: str, uses: int | None, cbr: float, default: int) -> int:
    """The channel uses of an item by the options of a transport, ``default`` where neither is given; 0 where ``cbr``
    counts them. Raises InputError for values without meaning, and for both at once."""
    if (uses is not None and uses < 0) or not 0 <= cbr < math.inf:
        raise InputError(f"{owner}: uses is {uses} and cbr {cbr:g}; expected 0 or more channel uses, or in their place "
                         "channel uses a source value, e.g. cbr = 0.04")
    if uses and cbr:
        raise InputError(f"{owner}: uses is {uses} and cbr {cbr:g}; give one of them, the channel uses of every item "
                         "or those of a source value")
    return 0 if cbr else default if uses is None else uses


def uses_of(owner: str, uses: int, cbr: float, state: State) -> list[int]:
    """The channel uses of B items: those granted by the state, else ``uses``, or ``cbr`` for each of their source
    values. Raises InputError where nobody says how many those are."""
    if state.uses is not None:
        return [round(count) for count in state.uses.tolist()]
    if not cbr:
        return [uses] * len(state)
    if state.values is None:
        raise InputError(f"{owner}: cbr is {cbr:g} and the state does not say how many source values an item has: a "
                         "Link does; else give State.values, or uses in place of cbr")
    return [math.floor(cbr * values + 0.01) for values in state.values.tolist()]


def arrived(data: Sequence[bytes | None]) -> Tensor:
    """Which items are there, bool [B]."""
    return torch.tensor([one is not None for one in data])


def _chunks(data: tuple[bytes, ...]) -> list[slice]:
    """Runs of items whose bytes, padded to the longest of a run, stay near CHUNK_BYTES."""
    runs, start, longest = [], 0, 0
    for place, one in enumerate(data):
        longest = max(longest, len(one))
        if place > start and longest * (place + 1 - start) > CHUNK_BYTES:
            runs.append(slice(start, place))
            start, longest = place, len(one)
    return [*runs, slice(start, len(data))]
