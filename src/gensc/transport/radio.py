"""What the transports have in common whose symbols go over the channel in one piece."""

import math
from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from gensc.channel import AWGN, Channel
from gensc.errors import InputError
from gensc.signal import Cost, Delivery, Parts, Signal, State
from gensc.transport.base import Transport
from gensc.transport.equalize import Equalizer, Reception, carry
from gensc.units import airtime_s, ratio_to_db


@dataclass(frozen=True)
class Emission:
    """What goes on the air, without pilots: ``symbols`` complex64 [B,k], of which the first ``uses`` float32 [B] of an
    item are sent and the rest are 0; ``notes``: what the transport itself remembers of them until they are heard."""

    symbols: Tensor
    uses: Tensor
    notes: Any = None


@dataclass(frozen=True)
class Arrival:
    """What was made of what was heard: the parts, which items arrived (``ok`` bool [B]), the information ``bits``
    float32 [B] that were sent, and what training pays for them, as in Delivery."""

    parts: Parts
    ok: Tensor
    bits: Tensor
    penalty: Tensor | None = None


class Radio(Transport):
    """Parts -> ``emit`` -> symbols of unit power behind ``pilots`` pilots -> channel -> ``absorb`` -> parts.

    ``equalizer``: "mmse" or "zf", for what is heard. ``free``: an item takes as many uses as its content needs, so that
    only the content itself says where it ends.
    Raises InputError for fewer than 0 pilots.
    """

    free: bool = False

    def __init__(self, channel: Channel | None, equalizer: Equalizer, pilots: int, bandwidth_hz: float) -> None:
        super().__init__()
        if pilots < 0:
            raise InputError(f"{type(self).__name__.lower()}: pilots is {pilots}; expected 0 or more channel uses")
        self.channel = channel if channel is not None else AWGN()
        self.equalizer: Equalizer = equalizer
        self.pilots, self.bandwidth_hz = pilots, bandwidth_hz
        self.overhead = self.channel.overhead

    def meets(self, channel: Channel, pilots: int) -> None:
        """Take what follows from the channel that the symbols meet, behind so many pilots, where it is a split's."""
        self.overhead = channel.overhead

    @abstractmethod
    def emit(self, parts: Parts, state: State) -> Emission:
        """The symbols for parts [B,...]; ``state`` is informed."""

    @abstractmethod
    def absorb(self, heard: Reception, emission: Emission, state: State) -> Arrival:
        """What is received, from what was ``heard`` of the symbols [B,k] of ``emission``; ``state`` is informed."""

    def inform(self, state: State) -> State:
        plan = (None,) * len(state)
        if self.tells_gain and state.csi == "both":
            return replace(state, plan=plan, gain_db=self.gain_db(state))
        return replace(super().inform(state), plan=plan)

    def gain_db(self, state: State) -> Tensor | None:
        """What the encoder is told of the gains with csi "both": |h|^2 in dB [B]. Raises InputError for a channel where
        an item meets more than one gain, or that has no gain alone."""
        return gain_db(self.channel, state)

    def forward(self, parts: Parts, state: State) -> Delivery:
        return self.transmitted(parts, state if state.plan is not None else self.inform(state))

    def transmitted(self, parts: Parts, state: State) -> Delivery:
        """Parts over the channel, for an informed state."""
        emission = self.emit(parts, state)
        heard = carry(emission.symbols, self.channel, state, self.pilots)
        arrival = self.absorb(heard, emission, state)
        uses = (emission.uses + self.pilots) * (1 + self.overhead)
        cost = Cost(uses, arrival.bits, airtime_s(uses, self.bandwidth_hz))
        return Delivery(arrival.parts, arrival.ok, cost, arrival.penalty)


def symbols_in(uses: int, overhead: float) -> int:
    """The symbols that fit ``uses`` channel uses beside what goes with each (``Channel.overhead``)."""
    return math.floor(uses / (1 + overhead) + 1e-9)


def gain_db(channel: Channel, state: State) -> Tensor:
    """|h|^2 in dB [B] that the items will meet, for csi "both". Raises InputError where an item has more than one."""
    if not channel.block_fading:
        raise InputError("csi is 'both' and the gain changes every symbol: use fading = 'block', or csi = 'receiver'")
    # Gains are drawn from the state's streams, whatever is sent: a probe meets the same as the payload.
    probe = torch.ones(len(state), 1, dtype=torch.complex64)
    gain = channel.distort(Signal(probe, state.n0, torch.ones_like(probe)), state.air()).h
    assert gain is not None, "a channel returns h"
    return ratio_to_db(gain[:, 0].abs().square().clamp_min(1e-9))


def arrived(parts: Parts, emission: Emission) -> Arrival:
    """An arrival of features, none of which is ever lost."""
    nothing = torch.zeros_like(emission.uses)
    return Arrival(parts, torch.ones_like(nothing, dtype=torch.bool), nothing)

