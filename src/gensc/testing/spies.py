"""Stand-ins that write down what a part asks for."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from gensc import registry
from gensc.errors import InputError
from gensc.rng import Name, Rng
from gensc.signal import Signal, State


class Truth(Mapping[str, Any]):
    """The truth of a batch that holds nothing; ``read``: the columns that somebody looked for."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __getitem__(self, name: str) -> Any:
        self.read.append(name)
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        self.read.append(str(name))
        return False

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


@dataclass(frozen=True)
class Spied(Rng):
    """Random streams whose children's names are written down in ``asked``; below these everybody is at home."""

    asked: tuple[list[Name], ...] = ([],)

    def child(self, *path: Name) -> Rng:
        self.asked[0].extend(path[:1])
        return Rng(self.key, self.items).child(*path)


class Streams:
    """The streams that the ends ask for, beside those of the channels."""

    def __init__(self) -> None:
        self.asked: list[Name] = []

    def spied(self, state: State) -> State:
        """The state of an end, its streams watched."""
        return replace(state, rng=Spied(state.rng.key, state.rng.items, (self.asked,)))

    def of_channels(self) -> list[str]:
        """The names that both an end and a registered channel ask for."""
        return sorted(set(map(str, self.asked)) & _of_channels())


def _of_channels() -> set[str]:
    """The names of the streams that the registered channels draw from."""
    asked: list[Name] = []
    for name in registry.names("channel"):
        channel = registry.create("channel", name)
        if channel.needs:
            continue
        state = State.of(10.0, 1, Spied(Rng.seeded(0).key, (0,), (asked,)))
        try:
            channel(Signal(torch.ones(1, 8, dtype=torch.complex64), state.n0), state)
        except InputError:
            continue
    return set(map(str, asked))
