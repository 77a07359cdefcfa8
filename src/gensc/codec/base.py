"""What a codec is."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from gensc.batch import Batch
from gensc.signal import Payload, Received, State


class Codec(nn.Module, ABC):
    """Turns a batch of items into a payload, and a delivered payload into what the task gets.

    ``shape``: payloads are features float32 [B, *shape]; None: they are bytes, one string an item, of at most
    the item's ``State.room``; b"" is an item of which nothing fits, and is never sent.

    The encoder has two parts, ``rest(front(batch))``. Where ``stored`` is True, ``front`` is fixed (nothing
    in it learns, it draws nothing), so that its outputs [B, *front_shape] are kept on disk under
    ``fingerprint`` and computed once.
    ``frozen``: nothing in the whole encoder learns. ``rate`` is the factor on the learning rate for
    the codec's own parameters. ``self_taught``: it learns by its own ``objective``, not by the task's loss of what
    was received.
    """

    stored: bool = False
    frozen: bool = False
    rate: float = 1.0
    self_taught: bool = False
    front_shape: tuple[int, ...]
    shape: tuple[int, ...] | None

    def received_shape(self, delivered: tuple[int, ...] | None) -> tuple[int, ...]:
        """Shape (no batch) of what ``decode`` makes of payloads that arrive as [B, *delivered], or as bytes
        (None); as they came, where a codec has no decoder."""
        if delivered is None:
            raise TypeError(f"{type(self).__name__} has no decoder for bytes: it must define received_shape")
        return delivered

    def front(self, batch: Batch) -> Tensor:
        """The fixed first part of the encoder, [B, ...]; the items as they are where there is none."""
        return batch.x

    @abstractmethod
    def rest(self, front: Tensor, state: State | None = None) -> Payload:
        """Payload of B items from what ``front`` gave; ``state`` is what the transmitter knows of the link."""

    def encode(self, batch: Batch, state: State | None = None) -> Payload:
        """Payload of a batch."""
        return self.rest(self.front(batch), state)

    def decode(self, payload: Received, state: State) -> Tensor:
        """What the receiver makes of a delivered payload; as it came, where a codec has no decoder."""
        if not isinstance(payload, Tensor):
            raise TypeError(f"{type(self).__name__} has no decoder for bytes")
        return payload

    def objective(self, batch: Batch, state: State) -> Tensor:
        """The loss, one number, by which a codec that is ``self_taught`` learns from a batch."""
        raise TypeError(f"{type(self).__name__} learns by the task's loss")

    def fingerprint(self) -> str:
        """Hex identity of the function ``front``, where it is stored."""
        raise TypeError(f"{type(self).__name__} has no fixed part whose output could be stored")
