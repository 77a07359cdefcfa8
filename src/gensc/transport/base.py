"""What a transport is."""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from gensc.channel import Channel
from gensc.errors import InputError
from gensc.signal import Delivery, Payload, State

Power = Literal["exact", "nominal", "waveform", "none"]


class Transport(nn.Module, ABC):
    """Carries a payload over a channel: features float32 [B,...], or the bytes of B items where it can.

    ``bind`` is called once, by the Link, with the payload's shape (no batch; None for bytes) and returns what is
    delivered, likewise; layers that depend on it are made there. ``whole_batch``: the result of an item
    depends on the others of its batch (true of one published convention only); such a transport
    is given all items at once.
    ``digital``: it carries bytes too, and what arrives is what was sent or nothing; its features are
    quantised, and differentiable in training mode alone.
    ``power``: the symbols of an item have unit mean power "exact"ly, or "nominal"ly, over equally likely bits;
    "waveform": what is sent are samples, near unit power while there is a frame; "none": there are no radio symbols,
    because it is a bound or sends qubits.
    """

    channel: Channel
    whole_batch: bool = False
    digital: ClassVar[bool] = False
    power: ClassVar[Power] = "exact"

    @abstractmethod
    def bind(self, shape: tuple[int, ...] | None) -> tuple[int, ...] | None:
        """Make the layers for payloads [B, *shape], or bytes; returns the shape that is delivered.

        Raises InputError for a payload that this transport can't carry.
        """

    def room(self, state: State) -> tuple[int, ...] | None:
        """How many bytes there are for each item at this SNR; None where there is no limit to fit."""
        return None

    def gain_db(self, state: State) -> Tensor:
        """|h|^2 in dB [B] that the items will meet, for csi "both". Raises InputError where it can't be told."""
        raise InputError(f"csi is 'both' and transport {type(self).__name__.lower()} does not tell its encoder the "
                         "channel: use transport symbols, or csi = 'receiver'")

    @abstractmethod
    def forward(self, payload: Payload, state: State) -> Delivery:
        """Send a payload [B, *shape] and receive it."""


def featured(shape: tuple[int, ...] | None, name: str) -> tuple[int, ...]:
    """``shape`` of features, for transports that carry nothing else. Raises InputError for bytes."""
    if shape is None:
        raise InputError(f"{name} carries features, and this codec makes bytes: use digital, wifi7 or capacity")
    return shape


def flat(payload: Payload) -> Tensor:
    """Features as float32 [B,F]. Raises InputError for bytes, nan and infinity."""
    if not isinstance(payload, Tensor):
        raise InputError("bytes given to a transport of features: use digital, wifi7 or capacity")
    if not torch.isfinite(payload).all():
        raise InputError("features hold nan or infinity: check the codec's weights and the input images")
    return payload.flatten(1)
