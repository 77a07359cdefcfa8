"""What a codec is."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, nn

from gensc.batch import Batch
from gensc.signal import Delivery, Form, Parts, State, tensor_of

Received = Mapping[str, Any]
"""What a decoder hands to a task, by name: features or pictures float32 [B,...], or B strings; "main" where alone."""


@dataclass(frozen=True)
class Front:
    """The fixed first part of an encoder: nothing in it learns and it draws nothing, so that what it makes of an item
    is computed once and kept.

    ``compute`` gives float32 [B, *shape] of a batch; its second argument holds what other fronts have made of the same
    batch, by fingerprint, for one that can go on from there. ``fingerprint``: hex identity of that function. ``work``:
    of several fronts those with less of it are asked first.
    """

    compute: Callable[[Batch, Mapping[str, Tensor]], Tensor]
    shape: tuple[int, ...]
    fingerprint: str
    work: int = 0

    def __call__(self, batch: Batch) -> Batch:
        """The batch with what the front makes of it in place of the items; the front sees no truth."""
        return batch.with_x(self.compute(batch.bare(), {}))


@dataclass(frozen=True)
class Rehearsal:
    """What training uses in place of bytes: the ``received`` of the decoder, differentiable, and what the rate adds to
    the loss, ``penalty`` float32 [B]."""

    received: Received
    penalty: Tensor


class Codec(nn.Module, ABC):
    """Turns a batch of items into parts to send, and what was delivered of them into what the task gets.

    ``form``: the parts that ``encode`` makes: features or values float32 [B, *shape], or None for bytes, one string an
    item of at most the item's ``State.budget``; b"" is an item of which nothing fits, and is never sent. A side that
    differs from item to item is ``ANY``.
    ``front``: the fixed first part of the encoder, None where there is none. Where there is one, ``encode`` gets what
    it made (``Batch.x``), not the items.
    ``classical``: it is no learned codec, so that with a coded transport it is the separate baseline; what learns in
    it, if anything, knows no channel.

    A codec makes no noise, fading or equalisation of its own, and draws from the state that it is given alone.
    """

    form: Form
    classical: ClassVar[bool] = False

    @property
    def front(self) -> Front | None:
        """The fixed first part of the encoder."""
        return None

    def received(self, form: Form) -> Form:
        """The form of what ``decode`` makes of parts that are delivered in ``form``: the features that were sent, where
        a codec has no decoder. Raises InputError for a form that it can't decode."""
        if any(shape is None for shape in {**form, **self.form}.values()):
            raise TypeError(f"{type(self).__name__} has no decoder for bytes: it must define received and decode")
        return self.form

    @abstractmethod
    def encode(self, batch: Batch, state: State) -> Parts:
        """The parts of B items; ``state`` is what the sender knows (``State.sender``), the batch has no truth."""

    def decode(self, delivery: Delivery, state: State) -> Received:
        """What the receiver makes of a delivery; the features as they came, where a codec has no decoder. ``state`` is
        what the receiver knows (``State.receiver``)."""
        who = f"codec {type(self).__name__.lower()}"
        return {name: tensor_of(part, who).reshape(len(delivery.ok), *(self.form[name] or ()))
                for name, part in delivery.parts.items()}

    def rehearse(self, batch: Batch, state: State) -> Rehearsal | None:
        """What stands for encoding and decoding while training, for a codec whose bytes have no gradient: with the
        same budget, that the link's channel and SNR leave. None: training sends what is sent."""
        return None

    def objective(self, batch: Batch, sent: Parts, delivery: Delivery, state: State) -> Tensor | None:
        """The loss, one number, by which a codec learns from what was sent and what its link delivered; None: it learns
        by the task's loss. What a codec measures of its training it takes in here."""
        return None

    def remember(self, parts: Parts, memory: Any, state: State) -> Any:
        """What an end keeps of a use of the link, from the ``parts`` that it sent or got and its ``memory`` of those
        before; as it was, where a codec has no memory. Item by item: the pasts of two items do not mix."""
        return memory

    def prepared(self, batch: Batch) -> Batch:
        """The batch as ``encode`` gets it."""
        return batch if self.front is None else self.front(batch)
