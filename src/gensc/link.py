"""A link: a codec, a transport and a task. Each can be changed without touching the others."""

from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor, nn

from gensc.batch import Batch
from gensc.codec import Codec
from gensc.config import LinkSpec, Part
from gensc.errors import InputError
from gensc.registry import create, lookup, options_of
from gensc.signal import Delivery, Payload, State
from gensc.task import Task
from gensc.transport import Transport


@dataclass(frozen=True)
class Outcome:
    """What the receiver made of a batch, and how it got there."""

    prediction: Tensor
    delivery: Delivery


class Link(nn.Module):
    """Link(codec, transport, task): batch -> payload -> channel -> payload -> prediction.

    >>> link = Link(codec.Backbone(), transport.Analog(channel.Rayleigh(), uses=128), task.Classify(15))
    >>> outcome = link(batch, State.of(10.0, len(batch), Rng.seeded(0)))
    """

    def __init__(self, codec: Codec, transport: Transport, task: Task) -> None:
        super().__init__()
        self.codec, self.transport, self.task = codec, transport, task
        task.bind(codec.received_shape(transport.bind(codec.shape)))

    def forward(self, batch: Batch, state: State) -> Outcome:
        """Send a batch of B items; ``state`` holds B SNRs and the items' random streams."""
        return self.carry(self.codec.front(batch), state)

    def carry(self, front: Tensor, state: State) -> Outcome:
        """From the output of the encoder's fixed part on (``Codec.front``)."""
        state = self.informed(state)
        return self.deliver(self.codec.rest(front, state), state)

    def informed(self, state: State) -> State:
        """The state with what the transport tells the encoder: how much room there is, and the gain that it will meet
        where both ends know it."""
        gain_db = self.transport.gain_db(state) if state.csi == "both" else None
        return replace(state, room=self.transport.room(state), gain_db=gain_db)

    def deliver(self, payload: Payload, state: State) -> Outcome:
        """From the encoder's output on."""
        delivery = self.transport(payload, state)
        return Outcome(self.task(self.codec.decode(delivery.payload, state), state), delivery)


def learned(link: Link) -> set[str]:
    """The names in ``link.state_dict()`` that training can change and that receiving needs."""
    scaffold = tuple(f"task.{name}." for name in link.task.scaffold)
    return {name for name in changed(link) if not name.startswith(scaffold)}


def changed(link: Link) -> set[str]:
    """The names in ``link.state_dict()`` that training can change: not a frozen codec, alone or within another, nor
    fixed parameters."""
    fixed = {f"codec.{name}" for name, value in link.codec.named_parameters() if not value.requires_grad}
    frozen = tuple(f"codec.{name}." if name else "codec." for name, part in link.codec.named_modules()
                   if isinstance(part, Codec) and part.frozen)
    return {name for name in link.state_dict() if name not in fixed and not name.startswith(frozen)}


def build(spec: LinkSpec, classes: int, size: int) -> Link:
    """The link that a spec describes, its new layers drawn from torch's global generator.

    ``classes`` and ``size`` (px) come from the data and go to the parts that ask for them. Raises InputError for a
    channel that the transport would not use.
    """
    if spec.channel != LinkSpec().channel and "channel" not in options_of(lookup("transport", spec.transport.name)):
        raise InputError(f"link.channel is {spec.channel.name!r} and transport {spec.transport.name!r} has no channel: "
                         "leave link.channel out, or take another transport")
    codec = make("codec", spec.codec, size=size)
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
