"""The laws of a codec of pictures that makes bytes: they fit the budget, and whatever arrives gives a picture."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from gensc.batch import Batch
from gensc.codec import Codec
from gensc.codec.base import Received
from gensc.rng import Rng
from gensc.signal import ANY, MAIN, Cost, Delivery, State
from gensc.testing.laws import backward, leaves_torch_rng, looks, require, same, trains
from gensc.testing.spies import Streams, Truth

BUDGETS = (20_000, 3_000, 1)
"""Bytes an item: ample, tight, and too little for anything."""
OBLONG = (40, 56)
"""Height and width, px, of a picture that is no square."""
Payloads = tuple[bytes | None, ...]


def check_bytes_codec(codec: Codec, second: Codec, pictures: Callable[[list[int]], Batch]) -> None:
    """The laws on two instances of one codec, over items that ``pictures`` makes by their identities."""
    batch = pictures([2, 7, 4])
    oblong = Batch(interpolate(batch.pixels, OBLONG, mode="bilinear"), batch.item)
    second.load_state_dict(codec.state_dict())
    for items in (batch, oblong):
        payloads = _encoded(codec, items, BUDGETS)
        _fits(codec, items, payloads)
        require(_encoded(second, items, BUDGETS) == payloads, "a second instance with the same state_dict gives the "
                "same payloads")
        _received(codec, items, payloads)
        _ends(codec, items, payloads)
        _damage(codec, items, payloads[0])
    learning = [name for name, parameter in codec.named_parameters() if parameter.requires_grad]
    if codec.classical:
        require(not learning, "a classical codec has nothing to train", learning)
    if learning:
        _learns(codec, batch)


def _state(batch: Batch, budgets: tuple[int, ...] | None = None) -> State:
    state = State.of(10.0, batch.item.tolist(), Rng.seeded(7, "testing"))
    return replace(state, shape=batch.shape, values=batch.values, budget=budgets)


def _delivery(payloads: Payloads) -> Delivery:
    arrived = torch.tensor([bool(payload) for payload in payloads])
    none = torch.zeros(len(payloads))
    return Delivery({MAIN: payloads}, arrived, Cost(none, none, none))


def _encoded(codec: Codec, batch: Batch, budgets: tuple[int, ...]) -> tuple[bytes, ...]:
    parts = codec.encode(batch.bare(), _state(batch, budgets).sender())
    require(parts.keys() == {MAIN}, "a codec makes the parts of its form", ", ".join(parts))
    payloads = parts[MAIN]
    if not (isinstance(payloads, tuple) and all(type(payload) is bytes for payload in payloads)):
        raise AssertionError("a part of the form None is a tuple of bytes, one string an item")
    require(len(payloads) == len(batch), "a payload an item", len(payloads))
    return tuple(payload for payload in payloads if payload is not None)


def _fits(codec: Codec, batch: Batch, payloads: tuple[bytes, ...]) -> None:
    kept = batch.pixels.clone()
    leaves_torch_rng(lambda: _encoded(codec, batch, BUDGETS), "encoding does not touch torch's global generator")
    same(batch.pixels, kept, "a codec does not change the pictures it is given")
    require(_encoded(codec, batch, BUDGETS) == payloads, "the same input gives the same bytes")
    _within(payloads)
    for place in range(len(batch)):
        alone = _encoded(codec, batch.select(torch.tensor([place])), BUDGETS[place : place + 1])
        require(alone == payloads[place : place + 1], "an item's payload is the same alone and in a batch")


def _within(payloads: tuple[bytes, ...]) -> None:
    for payload, budget in zip(payloads, BUDGETS, strict=True):
        require(len(payload) <= budget, "a payload fits its budget", f"{len(payload)} bytes in {budget}")
    require(payloads[0] != b"" and payloads[2] == b"", "b\"\" is sent where nothing fits, and only there",
            [len(payload) for payload in payloads])


def _learns(codec: Codec, batch: Batch) -> None:
    """In training what is received carries a gradient to all that learns, and draws from the state's streams alone."""
    codec.train()
    codec.zero_grad(set_to_none=True)
    before = {name: value.clone() for name, value in codec.state_dict().items()}
    first: list[Tensor] = []
    leaves_torch_rng(lambda: first.append(_trained(codec, batch)[0]), "training draws from state.rng alone")
    codec.load_state_dict(before)
    picture, penalty = _trained(codec, batch)
    same(picture, first[0], "the same seed gives the same pictures in training")
    looks(penalty, (len(batch),), torch.float32, penalty.device, "the penalty [B] on the rate")
    backward(picture.square().mean() + penalty.mean(), "training")
    trains(codec, "codec")
    codec.eval()


def _trained(codec: Codec, batch: Batch) -> tuple[Tensor, Tensor]:
    """The pictures that training sees, and the penalty [B] on their rate."""
    sender = _state(batch, BUDGETS).sender()
    rehearsal = codec.rehearse(batch.bare(), sender)
    if rehearsal is not None:
        return _picture(codec, batch, rehearsal.received), rehearsal.penalty
    payloads = _encoded(codec, batch, BUDGETS)
    _within(payloads)
    return _decoded(codec, batch, payloads), torch.zeros(len(batch))


@torch.no_grad()
def _received(codec: Codec, batch: Batch, payloads: tuple[bytes, ...]) -> None:
    whole = _decoded(codec, batch, payloads)
    alone = [_decoded(codec, batch.select(torch.tensor([place])), payloads[place : place + 1])
             for place in range(len(batch))]
    same(torch.cat(alone), whole, "an item is decoded the same alone and in a batch")
    lost = _decoded(codec, batch, (payloads[0], None, None))
    same(lost[0], whole[0], "a lost item does not touch its neighbours")
    same(lost[1], lost[2], "every lost item is concealed the same way")
    same(whole[2], lost[2], "an item that was not sent is concealed as a lost one")
    error = (whole.to(batch.pixels) - batch.pixels).square().flatten(1).mean(dim=1)
    concealed = (lost[1].to(batch.pixels) - batch.pixels[0]).square().mean()
    require(error[0] < concealed, "what arrived is nearer than the concealment", [*error.tolist(), float(concealed)])


def _decoded(codec: Codec, batch: Batch, payloads: Payloads) -> Tensor:
    return _picture(codec, batch, codec.decode(_delivery(payloads), _state(batch, BUDGETS).receiver()))


def _picture(codec: Codec, batch: Batch, received: Received) -> Tensor:
    """What was received, which is a picture of the sides of the item's where the codec says ANY."""
    form = codec.received(codec.form)
    require(received.keys() == form.keys() == {MAIN}, "decode makes what codec.received says", ", ".join(received))
    shape = tuple(seen if side == ANY else side for side, seen in zip(form[MAIN] or (), batch.shape, strict=True))
    picture = received[MAIN]
    assert isinstance(picture, Tensor), "pictures are a tensor"
    looks(picture, (len(batch), *shape), torch.float32, picture.device, "what is decoded, [B, 3, H, W],")
    return picture


def _ends(codec: Codec, batch: Batch, payloads: tuple[bytes, ...]) -> None:
    """The encoder reads no truth; neither end asks for a stream that is the channel's."""
    state, truth, streams = _state(batch, BUDGETS), Truth(), Streams()
    codec.encode(replace(batch, truth=truth), streams.spied(state.sender()))
    codec.decode(_delivery(payloads), streams.spied(state.receiver()))
    require(not truth.read, "the encoder reads no truth", ", ".join(map(str, truth.read)))
    taken = streams.of_channels()
    require(not taken, "no end asks for a random stream of the channel", ", ".join(taken))


@torch.no_grad()
def _damage(codec: Codec, batch: Batch, payload: bytes) -> None:
    """Whatever comes is decoded, or concealed: no exception, no other shape, no nan."""
    first = batch.select(torch.tensor([0, 0]))
    good = _decoded(codec, first, (payload, payload))[0]
    generator = next(Rng.seeded(3, "damage").generators())
    broken = [payload[: len(payload) // 2], payload[:1], payload + b"\xff" * 64, generator.bytes(len(payload)),
              b"\xff" * 16, b"\0" * len(payload)]
    for place in [0, 1, 2, 3, 5, 8, *generator.integers(len(payload), size=20).tolist()]:
        flipped = bytearray(payload)
        flipped[min(place, len(payload) - 1)] ^= 1 << int(generator.integers(8))
        broken.append(bytes(flipped))
    for one in broken:
        both = _decoded(codec, first, (one, payload))
        same(both[1], good, "a damaged item does not touch its neighbours")
