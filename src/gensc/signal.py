"""What is on the air, what each end knows of it, and what it cost."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar, get_args

import torch
from torch import Tensor

from gensc import units
from gensc.errors import InputError
from gensc.rng import Name, Rng

Csi = Literal["receiver", "both", "pilots", "none"]
MAIN = "main"
"""The name of a part that is alone."""
ANSWER = "answer"
"""The name of what is received where the sender has decided: log p of each possible answer."""
CPU = torch.device("cpu")
ANY = -1
"""A dimension of a form that differs from item to item."""
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Soft:
    """What a receiver of symbols has: an estimate of each ``value`` float32 [B,n] at unit power, and its ``quality``
    float32 [B,n], snr/(1+snr) in [0,1], 0 for what was not sent."""

    value: Tensor
    quality: Tensor

    def __len__(self) -> int:
        return len(self.value)


Form = Mapping[str, tuple[int, ...] | None]
"""Part -> its shape without the batch, ``ANY`` where a side differs from item to item; None: bytes."""
Part = Tensor | Soft | tuple[bytes | None, ...]
"""Features float32 [B,...], estimates of symbols, or a string of bytes an item, None for one that was lost."""
Parts = Mapping[str, Part]
"""What a codec hands to a transport, and what a transport delivers, by name."""


def one_part(parts: Mapping[str, _Value], who: str) -> tuple[str, _Value]:
    """The name and value of the only part. Raises InputError where there are several."""
    if len(parts) != 1:
        raise InputError(f"{who} carries one part, and this codec sends {len(parts)} ({', '.join(parts)}): use "
                         "transport split, which sends each its own way")
    return next(iter(parts.items()))


def part_of(parts: Mapping[str, _Value], name: str, who: str) -> _Value:
    """The part ``name``. Raises InputError where it is missing."""
    if name not in parts:
        raise InputError(f"{who} needs the part {name!r} and gets {', '.join(parts) or 'none'}: use a codec and a "
                         "transport that deliver it")
    return parts[name]


def bytes_of(part: Part, who: str) -> tuple[bytes | None, ...]:
    """A part of bytes. Raises InputError for features or symbols."""
    if not isinstance(part, tuple):
        raise InputError(f"{who} needs bytes and gets {'symbols' if isinstance(part, Soft) else 'features'}: use a "
                         "transport of bytes, such as digital, with a codec that makes bytes")
    return part


def tensor_of(part: Part, who: str) -> Tensor:
    """A part of features; of symbols, their estimates. Raises InputError for bytes."""
    if isinstance(part, Soft):
        return part.value
    if not isinstance(part, Tensor):
        raise InputError(f"{who} needs features and gets bytes: use digital, wifi7 or capacity for bytes")
    return part


def soft_of(part: Part, state: "State", who: str) -> Soft:
    """A part of symbols; features count as estimates of the quality that the SNR promises. Raises InputError for
    bytes."""
    if isinstance(part, Soft):
        return part
    value = tensor_of(part, who).flatten(1)
    return Soft(value, (1 / (1 + state.n0.to(value.device)))[:, None].expand_as(value))


@dataclass(frozen=True)
class Memory:
    """What each end keeps from one use of a link to the next: values that the codec makes and reads."""

    sender: Any = None
    receiver: Any = None


@dataclass(frozen=True)
class State:
    """This use of the link: ``snr_db`` float32 [B] (Es/N0; a number is spread over the items), random
    streams, who knows the channel.

    ``csi`` "receiver": the receiver is given h; "both": the transmitter too, before it encodes; "pilots": the receiver
    estimates h from pilots that the transport sends and pays for; "none": it neither knows nor equalises. N0 is
    known to the receiver in all of them.
    ``shape``: that of an item (without the batch), which both ends know; ``values`` [B]: source values an item, so that
    a transport can turn a bandwidth ratio into channel uses; ``device``: where the items are. ``uses`` [B]: the channel
    uses that each item is granted, whatever the transport's own setting: those of the link that it is compared with.
    ``round``: which transmission of a session it is, from 0, and ``memory`` what the ends keep from those before.

    What a transport tells (``Transport.inform``): ``budget`` [B], how many bytes it has for each item at this SNR, None
    where it takes what it is given; ``price``, the channel uses float [B] of a part's bytes of given lengths, where
    each takes what it needs; ``gain_db`` [B], |h|^2 of each item in dB, where both ends know it; ``plan``, an entry
    an item, what it has decided for itself.

    The ends get views: ``sender()`` and ``receiver()`` have random streams of their own, from which the channel's
    can't be worked out; the transport's and the channel's own, ``air()``, are the root's.
    """

    snr_db: Tensor
    rng: Rng
    csi: Csi = "receiver"
    shape: tuple[int, ...] = ()
    device: torch.device = CPU
    values: Tensor | None = None
    uses: Tensor | None = None
    round: int = 0
    memory: Memory = Memory()
    budget: tuple[int, ...] | None = None
    price: Callable[[str, Sequence[int]], Tensor] | None = None
    gain_db: Tensor | None = None
    plan: tuple[Any, ...] | None = None

    def __post_init__(self) -> None:
        if self.csi not in get_args(Csi):
            raise InputError(f"csi is {self.csi!r}: expected one of {', '.join(get_args(Csi))}")
        object.__setattr__(self, "snr_db", units.checked_snr_db(self.snr_db, len(self.rng.items)))

    def __len__(self) -> int:
        return len(self.snr_db)

    @staticmethod
    def of(snr_db: Tensor | float, items: int | list[int], rng: Rng, csi: Csi = "receiver") -> "State":
        """A state for B items (a count, or their identities); a number of dB is spread over all."""
        return State(torch.as_tensor(snr_db), rng.of(items), csi)

    def child(self, *path: Name) -> "State":
        """The same state with the random streams of a component of the link."""
        return replace(self, rng=self.rng.child(*path))

    def sender(self) -> "State":
        """What the encoder is given: streams of its own, what the transport told, what the sender remembers."""
        return replace(self, rng=self.rng.child("sender"), memory=Memory(sender=self.memory.sender), plan=None)

    def receiver(self) -> "State":
        """What the decoder and the task are given: streams of their own and what the receiver remembers."""
        return replace(self, rng=self.rng.child("receiver"), memory=Memory(receiver=self.memory.receiver), plan=None,
                       budget=None, price=None)

    def air(self) -> "State":
        """What the channel is given: the root's streams, and nothing of what the ends said to each other."""
        return State(self.snr_db, self.rng, self.csi)

    def select(self, part: slice | list[int]) -> "State":
        """The same state for a run of its items, or for those at some places."""
        def cut(column: Any) -> Any:
            if isinstance(column, tuple) and isinstance(part, list):
                return tuple(column[place] for place in part)
            return None if column is None else column[part]

        return replace(self, snr_db=self.snr_db[part], rng=self.rng.of(cut(self.rng.items)), values=cut(self.values),
                       uses=cut(self.uses),
                       budget=cut(self.budget), gain_db=cut(self.gain_db), plan=cut(self.plan))

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
    information included), information ``bits`` (0 for analog links), ``seconds`` on the air. Costs of the same items
    add up."""

    uses: Tensor
    bits: Tensor
    seconds: Tensor

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.uses + other.uses, self.bits + other.bits, self.seconds + other.seconds)

    def to(self, device: torch.device | str) -> "Cost":
        """The same cost on a device."""
        return Cost(self.uses.to(device), self.bits.to(device), self.seconds.to(device))

    @staticmethod
    def analog(uses: int | Tensor, items: int, bandwidth_hz: float, device: torch.device | str = "cpu") -> "Cost":
        """The cost of sending ``uses`` channel symbols (a number for each of B items, or [B])."""
        count = uses.float() if isinstance(uses, Tensor) else torch.full((items,), float(uses), device=device)
        return Cost(count, torch.zeros_like(count), units.airtime_s(count, bandwidth_hz))

    @staticmethod
    def of_bits(uses: Sequence[float], bits: Sequence[int], bandwidth_hz: float) -> "Cost":
        """The cost of items of so many channel uses that carry so many information bits."""
        count = torch.tensor(uses, dtype=torch.float32)
        return Cost(count, torch.tensor(bits, dtype=torch.float32), units.airtime_s(count, bandwidth_hz))

    @staticmethod
    def joined(parts: Sequence["Cost"]) -> "Cost":
        """The costs of several batches, one after the other."""
        return Cost(*(torch.cat([getattr(part, name) for part in parts]) for name in ("uses", "bits", "seconds")))


@dataclass(frozen=True)
class Delivery:
    """What came out of a transport: the parts, which items arrived (``ok`` bool [B]) and the cost.

    ``penalty`` float32 [B]: what training adds to the task's loss, e.g. for the rate of what was sent.
    """

    parts: Parts
    ok: Tensor
    cost: Cost
    penalty: Tensor | None = None

    @property
    def main(self) -> Part:
        """The part "main"."""
        return self.parts[MAIN]
