"""A link that is sealed: bytes encrypted and authenticated with key that is used once, over a digital transport."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, get_args

import torch
from torch import Tensor

from gensc.channel import AWGN, Channel
from gensc.errors import InputError
from gensc.quantum.key.cipher import TAG_BYTES, Cipher, key_bytes, seal, unseal
from gensc.quantum.key.keystore import Key, KeyStore
from gensc.registry import create, register
from gensc.signal import MAIN, Cost, Form, State, bytes_of, one_part
from gensc.transport.bytewise import MOST_BYTES, Bytewise, Packets
from gensc.transport.packing import Packing

NAME_BYTES = 8
"""Where a message's key starts in the key sequence, in the clear before it."""
OVERHEAD = NAME_BYTES + TAG_BYTES
SIMULATED = "simulated"


class Keys(Protocol):
    """The key of both ends."""

    @property
    def caveat(self) -> str:
        """Why it protects nothing, "" where it does."""

    def take(self, sizes: Sequence[int], state: State) -> list[Key]:
        """The sender's key for each of B items, of so many bytes."""

    def fetch(self, wanted: Sequence[tuple[int, int]], state: State) -> list[bytes | None]:
        """The receiver's key at the position and of the size that each of B messages names, None where there is none
        (any more). A size of 0 asks for none."""


@register("transport", "sealed")
class Sealed(Bytewise):
    """Bytes -> encrypted, with a tag (see ``cipher.seal``) -> ``inner`` transport -> opened, or lost.

    ``cipher`` "otp": one-time pad, secret and authentic whatever the attacker computes, for as much key as there are
    bytes and 32 more an item; "aes-gcm": 44 bytes of key an item, secret by computation.
    ``inner``: the transport that carries what is sealed, with its options, e.g. {name = "digital", uses = 512}, over
    the same channel. Name of the key and tag take 24 bytes an item of its budget. What arrives is what was sent:
    a changed, invented or repeated message is lost like one that the channel destroyed. The length of an item is not
    hidden, and a forged message wastes the key that it names. Features are quantised as the inner transport does.

    ``keys`` "simulated": key drawn from the random streams of the item, the same at both ends, so that a result comes
    out again in any batch and any worker process. It costs what real key would and PROTECTS NOTHING: anyone who knows
    the seed has it, and an item that is sent again, at another SNR too, meets the same pad. ``caveats`` says so in the
    report.
    ``keys`` a file (the sender's key store) and ``receiver_keys`` (the receiver's): real key, taken once, also by
    several processes, and by the sender alone (see KeyStore). Each item that is sent spends it, at every SNR of a
    sweep; where it is exhausted the link stops with InputError. The bits on the air then differ from run to run, so
    near the edge of the channel which items are lost may differ too.
    """

    def __init__(self, channel: Channel | None = None, cipher: Cipher = "otp", keys: str = SIMULATED,
                 receiver_keys: str = "", inner: dict | None = None) -> None:
        super().__init__()
        if cipher not in get_args(Cipher):
            raise InputError(f"sealed: cipher is {cipher!r}; expected one of {', '.join(get_args(Cipher))}")
        self.inner = _carrier(inner or {"name": "digital", "uses": 256}, channel if channel is not None else AWGN())
        self.cipher: Cipher = cipher
        self.keys = _keys(keys, receiver_keys)
        self.power, self.free = self.inner.power, self.inner.free  # type: ignore[misc]
        # Features are packed here, and bytes are what the inner transport gets: its own packing stays without layers.
        self.packing = Packing(self.inner.packing.values, self.inner.packing.hidden)

    @property
    def channel(self) -> Channel:  # type: ignore[override]
        """The channel of the inner transport."""
        return self.inner.channel

    def __setattr__(self, name: str, value: Any) -> None:
        """Another channel is the inner transport's: a module that is set never reaches a property's setter."""
        if name == "channel":
            self.inner.channel = value
        else:
            super().__setattr__(name, value)

    def bind(self, form: Form) -> Form:
        part, shape = one_part(form, "transport sealed")
        if shape is not None and self.free:
            raise InputError("features fit their rate to the channel uses that there are: set transport.inner.uses, "
                             "e.g. 512")
        self.inner.bind({part: None})
        return super().bind(form)

    def planned(self, state: State) -> tuple[object, ...]:
        return self.inner.planned(state)

    def space(self, state: State) -> tuple[int, ...] | None:
        space = self.inner.space(state)
        return None if space is None else tuple(max(0, one // 8 - OVERHEAD) * 8 for one in space)

    def spent(self, state: State) -> Cost:
        return replace(self.inner.spent(state), bits=torch.tensor(self.space(state), dtype=torch.float32))

    def needed(self, sizes: Sequence[int], state: State) -> Sequence[float]:
        return self.inner.needed([size + OVERHEAD if size else 0 for size in sizes], state)

    def key_bytes(self, cost: Cost) -> Tensor:
        """The bytes of key, float32 [B], that were spent on items of such a cost (of ``Delivery.cost``)."""
        sizes = (cost.bits / 8).long().tolist()
        return torch.tensor([float(key_bytes(self.cipher, size) if size else 0) for size in sizes])

    def send(self, data: tuple[bytes, ...], state: State) -> Packets:
        space, longest = self.space(state), max(map(len, data), default=0)
        if space is None and longest > MOST_BYTES - OVERHEAD:
            raise InputError(f"an item has {longest} bytes: a sealed link carries at most {MOST_BYTES - OVERHEAD} "
                             "bytes an item; cut it into several")
        texts = data if space is None else [one if 8 * len(one) <= most else b""
                                            for one, most in zip(data, space, strict=True)]
        keys = self.keys.take([key_bytes(self.cipher, len(one)) if one else 0 for one in texts], state)
        delivery = self.inner({MAIN: tuple(map(self._sealed, texts, keys))}, state)
        bits = 8 * torch.tensor([len(one) for one in data], dtype=torch.float32)
        opened = self._opened(bytes_of(delivery.main, "transport sealed"), state)
        return Packets(opened, replace(delivery.cost, bits=bits))

    def caveats(self) -> tuple[str, ...]:
        return (self.keys.caveat,) if self.keys.caveat else ()

    def _sealed(self, text: bytes, key: Key) -> bytes:
        name = key.position.to_bytes(NAME_BYTES, "big")
        return name + seal(self.cipher, key.data, name, text) if text else b""

    def _opened(self, messages: Sequence[bytes | None], state: State) -> tuple[bytes | None, ...]:
        """What the receiver makes of what arrived."""
        whole = [one if one is not None and len(one) > OVERHEAD else None for one in messages]
        keys = self.keys.fetch([(int.from_bytes(one[:NAME_BYTES], "big"), key_bytes(self.cipher, len(one) - OVERHEAD))
                                if one else (0, 0) for one in whole], state)
        return tuple(unseal(self.cipher, key, one[:NAME_BYTES], one[NAME_BYTES:]) if one and key else None
                     for one, key in zip(whole, keys, strict=True))


class Simulated:
    """Key from the random streams of each item, at position 0."""

    caveat = ("sealed: the key is simulated, drawn from the experiment's seed, and protects nothing. An item meets the "
              "same one-time pad at every SNR and in every link of a seed: two such messages give away what differs "
              "in them. Name key stores (keys, receiver_keys) for key that is used once.")

    def take(self, sizes: Sequence[int], state: State) -> list[Key]:
        streams = state.child("keys").rng.generators()
        return [Key(0, stream.bytes(size)) for stream, size in zip(streams, sizes, strict=True)]

    def fetch(self, wanted: Sequence[tuple[int, int]], state: State) -> list[bytes | None]:
        taken = self.take([size for _, size in wanted], state)
        return [key.data if size and not position else None
                for key, (position, size) in zip(taken, wanted, strict=True)]


class Stored:
    """Key from the stores of the two ends, which hold the same sequence."""

    def __init__(self, sender: KeyStore, receiver: KeyStore) -> None:
        self.sender, self.receiver = sender, receiver

    @property
    def caveat(self) -> str:
        seeds = sorted({*self.sender.seeds, *self.receiver.seeds})
        return (f"sealed: the key in {self.sender.path} and {self.receiver.path} is repeatable, not secret: it was "
                f"drawn from seed {', '.join(map(str, seeds))} (gensc keys fill --seed).") if seeds else ""

    def take(self, sizes: Sequence[int], state: State) -> list[Key]:
        """One range for all items: one write to the disk."""
        if not sum(sizes):
            return [Key(0, b"") for _ in sizes]
        whole, keys, at = self.sender.take(sum(sizes)), [], 0
        for size in sizes:
            keys.append(Key(whole.position + at, whole.data[at:at + size]))
            at += size
        return keys

    def fetch(self, wanted: Sequence[tuple[int, int]], state: State) -> list[bytes | None]:
        return [self.receiver.fetch(position, size) if size else None for position, size in wanted]


def _keys(sender: str, receiver: str) -> Keys:
    if sender == SIMULATED:
        if receiver:
            raise InputError(f"sealed: receiver_keys is {receiver!r} and keys is 'simulated': name the key stores of "
                             "both ends, or neither")
        return Simulated()
    if not sender or not receiver or Path(sender).resolve() == Path(receiver).resolve():
        raise InputError(f"sealed: keys is {sender!r} and receiver_keys {receiver!r}; expected the key stores of the "
                         "two ends, two files that were filled with the same key, or keys = 'simulated'")
    stores = KeyStore(Path(sender)), KeyStore(Path(receiver))
    for option, store, role in zip(("keys", "receiver_keys"), stores, ("sender", "receiver"), strict=True):
        if store.role != role:
            raise InputError(f"sealed: {option} is {str(store.path)!r}, the {store.role}'s key store; expected the "
                             f"{role}'s: for a link in the other direction make a pair of its own with "
                             "`gensc keys create`, as the same key must not seal both")
    return Stored(*stores)


def _carrier(table: dict, channel: Channel) -> Bytewise:
    options = dict(table)
    name = options.pop("name", None)
    if not isinstance(name, str) or "channel" in options:
        raise InputError(f"sealed: inner is {table!r}; expected a transport by name and its options, without a channel "
                         "(it is the link's), e.g. {name = 'digital', uses = 512}")
    carrier = create("transport", name, channel=channel, **options)
    if not isinstance(carrier, Bytewise) or isinstance(carrier, Sealed):
        raise InputError(f"sealed: the inner transport {name!r} carries no bytes in the clear: use digital, wifi7 or "
                         "capacity")
    return carrier
