"""What a transport is."""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from gensc.channel import Channel
from gensc.errors import InputError
from gensc.signal import ANY, Delivery, Form, Part, Parts, State, one_part, tensor_of

Power = Literal["exact", "nominal", "waveform", "none"]
Role = Literal["link", "ideal", "separate"]


class Transport(nn.Module, ABC):
    """Carries parts over a channel and says what it cost.

    ``bind`` is called once, by the Link, with the form of what is sent and returns that of what is delivered; layers
    that depend on it are made there. ``inform`` is called before the encoder and tells it what it may know.
    ``role``: a "link" of its own, the "separate" channel coding that a link is compared with, or an "ideal" one, which
    no system reaches.
    ``power``: the symbols of an item have unit mean power "exact"ly, or "nominal"ly, over equally likely bits;
    "waveform": what is sent are samples, of unit mean power over all that are paid; "none": there are no radio symbols,
    because it is ideal or sends qubits.
    ``tells_gain``: with csi "both" it uses what the sender knows of the gains, and tells its encoder.
    ``choices``: settings of which validation items choose one at each SNR (``choose``), where it leaves that open.
    ``whole_batch``: the result of an item depends on the others of its batch (true of one published convention only);
    such a transport is given all items at once.
    """

    channel: Channel
    role: ClassVar[Role] = "link"
    power: ClassVar[Power] = "exact"
    tells_gain: ClassVar[bool] = False
    choices: tuple[float, ...] = ()
    whole_batch: bool = False

    @abstractmethod
    def bind(self, form: Form) -> Form:
        """Make the layers for parts of ``form``; returns the form of what is delivered.

        Raises InputError for parts that this transport can't carry.
        """

    def inform(self, state: State) -> State:
        """The state with what the encoder may know of this use: budget, price, gain; and the transport's own plan.

        Raises InputError where csi is "both" and it can't tell the channel.
        """
        if state.csi == "both" and not self.tells_gain:
            raise InputError(f"csi is 'both' and transport {type(self).__name__.lower()} does not tell its encoder the "
                             "channel: use transport symbols, or csi = 'receiver'")
        return state

    def caveats(self) -> tuple[str, ...]:
        """What must be known of every figure that is measured with it, a sentence each: the report notes it."""
        return ()

    def choose(self, choice: float) -> None:
        """Take one of ``choices``."""
        raise NotImplementedError(f"{type(self).__name__} leaves nothing to choose")

    @abstractmethod
    def forward(self, parts: Parts, state: State) -> Delivery:
        """Send parts [B,...] and receive them. ``state`` is what ``inform`` returned; one that was not informed is
        informed here."""


def only_features(form: Form, name: str) -> tuple[str, tuple[int, ...]]:
    """Name and shape of the only part, for transports that carry features of a fixed size alone. Raises InputError for
    bytes."""
    part, shape = one_part(form, f"transport {name}")
    if shape is None:
        raise InputError(f"{name} carries features, and this codec makes bytes: use digital, wifi7 or capacity")
    if ANY in shape:
        raise InputError(f"{name} carries a fixed number of features, and this codec's follows the size of the item: "
                         "use transport symbols")
    return part, shape


def flat(part: Part, name: str) -> Tensor:
    """Features as float32 [B,F]. Raises InputError for bytes, nan and infinity."""
    features = tensor_of(part, f"transport {name}")
    if not torch.isfinite(features).all():
        raise InputError("features hold nan or infinity: check the codec's weights and the input images")
    return features.flatten(1)
