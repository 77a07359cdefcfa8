"""A link: a codec, a transport and a task. Each can be changed without touching the others."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from gensc.batch import Batch
from gensc.codec.base import Codec, Rehearsal
from gensc.config import LinkSpec, Part
from gensc.errors import InputError
from gensc.registry import create, lookup, options_of
from gensc.signal import Cost, Delivery, Memory, Parts, State
from gensc.task import Task
from gensc.transport import Transport


@dataclass(frozen=True)
class Outcome:
    """What the receiver made of a batch, how it got there, and what the ends keep of it."""

    prediction: Any
    delivery: Delivery
    memory: Memory


class Link(nn.Module):
    """Link(codec, transport, task): batch -> parts -> channel -> delivery -> prediction.

    >>> from gensc import Batch, Rng, State, channel, codec, task, transport
    >>> link = Link(codec.Jscc(cbr=1 / 12), transport.Symbols(channel.Rayleigh()), task.Reconstruct())
    >>> batch = Batch(x=torch.rand(2, 3, 32, 48), item=torch.arange(2))
    >>> outcome = link.eval()(batch, State.of(10.0, len(batch), Rng.seeded(0)))
    >>> tuple(outcome.prediction.shape), outcome.delivery.cost.uses.tolist()
    ((2, 3, 32, 48), [384.0, 384.0])
    """

    def __init__(self, codec: Codec, transport: Transport, task: Task) -> None:
        super().__init__()
        self.codec, self.transport, self.task = codec, transport, task
        task.bind(codec.received(transport.bind(codec.form)))

    def forward(self, batch: Batch, state: State) -> Outcome:
        """Send a batch of B items; ``state`` holds B SNRs and the items' random streams."""
        return self.carry(self.codec.prepared(batch), state)

    def carry(self, batch: Batch, state: State) -> Outcome:
        """From what the encoder's fixed part made of the items on (``Codec.front``)."""
        state = self.informed(batch, state)
        rehearsal = self._rehearsal(batch, state)
        if rehearsal is not None:
            return self._rehearsed(rehearsal, batch, state)
        return self.deliver(self.codec.encode(batch.bare(), state.sender()), state)

    def loss(self, batch: Batch, state: State) -> Tensor:
        """What training lowers, one number, for a batch as ``carry`` gets it: the codec's own objective where it has
        one, else the task's loss and the transport's penalty, of what came over the link."""
        state = self.informed(batch, state)
        rehearsal = self._rehearsal(batch, state)
        if rehearsal is not None:
            outcome = self._rehearsed(rehearsal, batch, state)
        else:
            parts = self.codec.encode(batch.bare(), state.sender())
            delivery: Delivery = self.transport(parts, state)
            own = self.codec.objective(batch, parts, delivery, state)
            if own is not None:
                return own
            outcome = self._received(parts, delivery, state)
        loss: Tensor = self.task.loss(outcome.prediction, batch)
        penalty = outcome.delivery.penalty
        return loss if penalty is None else loss + penalty.mean()

    def informed(self, batch: Batch, state: State) -> State:
        """The state of a use of this link for a batch, with what its transport tells the encoder."""
        return self.transport.inform(replace(state, shape=batch.shape, values=batch.values, device=batch.device))

    def deliver(self, parts: Parts, state: State) -> Outcome:
        """From the encoder's output on; ``state`` is ``informed``."""
        return self._received(parts, self.transport(parts, state), state)

    def _received(self, parts: Parts, delivery: Delivery, state: State) -> Outcome:
        receiver = state.receiver()
        prediction = self.task(self.codec.decode(delivery, receiver), receiver)
        memory = Memory(self.codec.remember(parts, state.memory.sender, state.sender()),
                        self.codec.remember(delivery.parts, state.memory.receiver, receiver))
        return Outcome(prediction, delivery, memory)

    def _rehearsal(self, batch: Batch, state: State) -> Rehearsal | None:
        return self.codec.rehearse(batch.bare(), state.sender()) if self.training else None

    def _rehearsed(self, rehearsal: Rehearsal, batch: Batch, state: State) -> Outcome:
        """In a rehearsal nothing is sent, and nothing lost."""
        none = torch.zeros(len(batch))
        delivery = Delivery({}, torch.ones(len(batch), dtype=torch.bool), Cost(none, none, none), rehearsal.penalty)
        return Outcome(self.task(rehearsal.received, state.receiver()), delivery, state.memory)


def learned(link: Link) -> set[str]:
    """The names in ``link.state_dict()`` that training can change and that receiving needs."""
    scaffold = tuple(f"task.{name}." for name in link.task.scaffold)
    return {name for name in changed(link) if not name.startswith(scaffold)}


def changed(link: Link) -> set[str]:
    """The names in ``link.state_dict()`` that training can change: no fixed parameters, and nothing of a codec in which
    nothing learns, alone or within another."""
    fixed = {f"codec.{name}" for name, value in link.codec.named_parameters() if not value.requires_grad}
    still = tuple(f"codec.{name}." if name else "codec." for name, part in link.codec.named_modules()
                  if isinstance(part, Codec) and not any(value.requires_grad for value in part.parameters()))
    return {name for name in link.state_dict() if name not in fixed and not name.startswith(still)}


def build(spec: LinkSpec, classes: int, size: int) -> Link:
    """The link that a spec describes, its new layers drawn from torch's global generator.

    ``classes`` and ``size`` (px) come from the data and go to the parts that ask for them. Raises InputError for a
    channel that the transport would not use.
    """
    if spec.channel != LinkSpec().channel and "channel" not in options_of(lookup("transport", spec.transport.name)):
        raise InputError(f"link.channel is {spec.channel.name!r} and transport {spec.transport.name!r} has no channel: "
                         "leave link.channel out, or take another transport")
    codec = make("codec", spec.codec, size=size, classes=classes)
    channel = make("channel", spec.channel)
    transport = make("transport", spec.transport, channel=channel)
    return Link(codec, transport, make("task", spec.task, classes=classes))


def make(kind: str, part: Part, **known: Any) -> Any:
    """A registered part; what the link already knows is filled in where its constructor asks for it."""
    wanted = options_of(lookup(kind, part.name))
    taken = sorted(set(known) & set(part.options))
    if taken:
        raise InputError(f"{kind} {part.name!r}: {', '.join(taken)} follows from the data or the link; "
                         "leave it out of the part's table")
    fitting = {name: value for name, value in known.items() if name in wanted}
    return create(kind, part.name, **part.options, **fitting)
