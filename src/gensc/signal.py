"""What is on the air, what the ends know of it, and what it cost."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import torch
from torch import Tensor

from gensc import units
from gensc.errors import InputError
from gensc.rng import Name, Rng

Csi = Literal["receiver", "both", "pilots", "none"]


@dataclass(frozen=True)
class Mixed:
    """Features with side information: ``values`` float32 [B,...] go as symbols, ``side`` as a string of bytes an item;
    where it is delivered, None stands for side information that was lost."""

    values: Tensor
    side: tuple[bytes | None, ...]


@dataclass(frozen=True)
class Rehearsal:
    """What stands for a payload while training: ``values`` float32 [B,...], differentiable, in place of what would
    be bytes or has bytes beside it, and what the rate adds to the loss, ``penalty`` float32 [B]."""

    values: Tensor
    penalty: Tensor


Payload = Tensor | tuple[bytes, ...] | Mixed | Rehearsal
"""What a codec hands to a transport: features float32 [B,...], one string of bytes an item, or both."""
Received = Tensor | tuple[bytes | None, ...] | Mixed
"""What a transport delivers: features, or bytes, None for an item that was lost, or both."""


@dataclass(frozen=True)
class State:
    """This use of the link: ``snr_db`` float32 [B] (Es/N0; a number is spread over the items), random
    streams, who knows the channel.

    ``csi`` "receiver": the receiver is given h; "both": the transmitter too, before it encodes; "pilots": the receiver
    estimates h from pilots that the transport sends and pays for; "none": it neither knows nor equalises. N0 is
    known to the receiver in all of them.
    ``room`` [B]: how many bytes the transport has for each item at this SNR, for a codec that fits its
    rate to it; None where the transport takes what it is given.
    ``gain_db`` [B]: |h|^2 of each item in dB, where both ends know it.
    """

    snr_db: Tensor
    rng: Rng
    csi: Csi = "receiver"
    room: tuple[int, ...] | None = None
    gain_db: Tensor | None = None

    def __post_init__(self) -> None:
        if self.csi not in get_args(Csi):
            raise InputError(f"csi is {self.csi!r}: expected one of {', '.join(get_args(Csi))}")
        object.__setattr__(self, "snr_db", units.checked_snr_db(self.snr_db, len(self.rng.items)))

    @staticmethod
    def of(snr_db: Tensor | float, items: int | list[int], rng: Rng, csi: Csi = "receiver") -> "State":
        """A state for B items (a count, or their identities); a number of dB is spread over all."""
        return State(torch.as_tensor(snr_db), rng.of(items), csi)

    def child(self, *path: Name) -> "State":
        """The same state with the random streams of a component of the link."""
        return replace(self, rng=self.rng.child(*path))

    def select(self, part: slice) -> "State":
        """The same state for a run of its items."""
        room = None if self.room is None else self.room[part]
        gain_db = None if self.gain_db is None else self.gain_db[part]
        return replace(self, snr_db=self.snr_db[part], rng=self.rng.of(self.rng.items[part]), room=room,
                       gain_db=gain_db)

    @property
    def known_db(self) -> Tensor:
        """The Es/N0 [B] in dB that both ends know: of the item's own gain where they know that, else the average."""
        return self.snr_db if self.gain_db is None else self.snr_db + self.gain_db

    @property
    def n0(self) -> Tensor:
        """Noise power N0 per complex use, float32 [B]."""
        return units.noise_power(self.snr_db)


@dataclass(frozen=True)
class Signal:
    """Complex baseband ``x`` complex64 [B,k], noise power ``n0`` float32 [B], and the channel gain ``h``
    complex64 [B,k] that it met (None before any channel; all ones over AWGN).

    ``rate_hz`` None: ``x`` are symbols, each in a channel use of its own. A number: ``x`` are samples of a
    waveform at that rate, which a dispersive channel filters; ``h`` then holds what is common to all samples
    of an item, and is no full description of such a channel.
    """

    x: Tensor
    n0: Tensor
    h: Tensor | None = None
    rate_hz: float | None = None


@dataclass(frozen=True)
class Cost:
    """What a delivery cost, per item, float32 [B]: complex channel ``uses`` (pilots, headers and side
    information included), information ``bits`` (0 for analog links), ``seconds`` on the air."""

    uses: Tensor
    bits: Tensor
    seconds: Tensor

    @staticmethod
    def analog(uses: int, items: int, bandwidth_hz: float, device: torch.device | str = "cpu") -> "Cost":
        """The cost of sending ``uses`` channel symbols for each of B items."""
        count = torch.full((items,), float(uses), device=device)
        return Cost(count, torch.zeros_like(count), units.airtime_s(count, bandwidth_hz))

    @staticmethod
    def of_bytes(uses: Sequence[int], data: Sequence[int], bandwidth_hz: float) -> "Cost":
        """The cost of items of so many channel uses that carry so many bytes."""
        count = torch.tensor(uses, dtype=torch.float32)
        return Cost(count, 8 * torch.tensor(data, dtype=torch.float32), units.airtime_s(count, bandwidth_hz))

    @staticmethod
    def joined(parts: Sequence["Cost"]) -> "Cost":
        """The costs of several batches, one after the other."""
        return Cost(*(torch.cat([getattr(part, name) for part in parts]) for name in ("uses", "bits", "seconds")))


@dataclass(frozen=True)
class Delivery:
    """What came out of a transport: the payload, which items arrived (``ok`` bool [B]) and the cost.

    ``penalty`` float32 [B]: what training adds to the task's loss, e.g. for the rate of what was sent.
    """

    payload: Received
    ok: Tensor
    cost: Cost
    penalty: Tensor | None = None
