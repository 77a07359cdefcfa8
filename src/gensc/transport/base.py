"""What a transport is."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from gensc.channel import Channel
from gensc.signal import Delivery, State


class Transport(nn.Module, ABC):
    """Carries a payload float32 [B,...] over a channel.

    ``bind`` is called once, by the Link, with the payload's shape (no batch) and returns the delivered
    payload's shape; layers that depend on it are made there. ``whole_batch``: the result of an item
    depends on the others of its batch (true of one published convention only); such a transport
    is given all items at once.
    """

    channel: Channel
    whole_batch: bool = False

    @abstractmethod
    def bind(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Make the layers for payloads [B, *shape]; returns the shape that is delivered."""

    @abstractmethod
    def forward(self, payload: Tensor, state: State) -> Delivery:
        """Send a payload [B, *shape] and receive it."""
