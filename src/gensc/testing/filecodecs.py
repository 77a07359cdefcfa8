"""The laws of a codec whose payloads are bytes: they fit the room, and whatever arrives gives an item."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from gensc.batch import Batch
from gensc.codec import Codec
from gensc.rng import Rng
from gensc.signal import Received, Rehearsal, State
from gensc.testing.laws import backward, leaves_torch_rng, looks, require, same, trains

ROOMS = (20_000, 3_000, 1)
"""Bytes an item: ample, tight, and too little for anything."""


def check_bytes_codec(codec: Codec, second: Codec, pictures: Callable[[list[int]], Batch]) -> None:
    """The laws on two instances of one codec, over items that ``pictures`` makes by their identities."""
    batch = pictures([2, 7, 4])
    payload = _encoded(codec, batch, ROOMS)
    _fits(codec, batch, payload)
    second.load_state_dict(codec.state_dict())
    require(_encoded(second, batch, ROOMS) == payload, "a second instance with the same state_dict gives the same "
            "payloads")
    if codec.frozen:
        require(not list(codec.parameters()), "a frozen codec of bytes has nothing to train",
                [name for name, _ in codec.named_parameters()])
    else:
        rehearses(codec, batch)
    _received(codec, batch, payload)
    _damage(codec, batch, payload[0])


def _state(batch: Batch, room: tuple[int, ...] | None = None) -> State:
    state = State.of(10.0, batch.item.tolist(), Rng.seeded(7, "testing"))
    return replace(state, room=room)


def _encoded(codec: Codec, batch: Batch, rooms: tuple[int, ...]) -> tuple[bytes, ...]:
    payload = codec.encode(batch, _state(batch, rooms))
    if not (isinstance(payload, tuple) and all(type(one) is bytes for one in payload)):
        raise AssertionError("codec.shape is None: the payload is a tuple of bytes, one string an item")
    require(len(payload) == len(batch), "a payload an item", len(payload))
    return payload


def _fits(codec: Codec, batch: Batch, payload: tuple[bytes, ...]) -> None:
    kept = batch.x.clone()
    leaves_torch_rng(lambda: _encoded(codec, batch, ROOMS), "encoding does not touch torch's global generator")
    same(batch.x, kept, "a codec does not change the pictures it is given")
    require(_encoded(codec, batch, ROOMS) == payload, "the same input gives the same bytes")
    for one, room in zip(payload, ROOMS, strict=True):
        require(len(one) <= room, "a payload fits its room", f"{len(one)} bytes in {room}")
    require(payload[0] != b"" and payload[2] == b"", "b\"\" is sent where nothing fits, and only there",
            [len(one) for one in payload])
    for place in range(len(batch)):
        alone = _encoded(codec, batch.select(torch.tensor([place])), ROOMS[place : place + 1])
        require(alone == payload[place : place + 1], "an item's payload is the same alone and in a batch")


def rehearses(codec: Codec, batch: Batch) -> None:
    """What a codec that learns sends while training carries a gradient to all its parameters, and prices its rate."""
    codec.train()
    codec.zero_grad(set_to_none=True)
    kept: list[Rehearsal] = []
    leaves_torch_rng(lambda: kept.append(_rehearsed(codec, batch)), "a rehearsal draws from state.rng alone")
    again = _rehearsed(codec, batch)
    same(again.values, kept[0].values, "the same seed gives the same rehearsal")
    looks(again.penalty, (len(batch),), torch.float32, again.penalty.device, "the penalty [B] on the rate")
    shown = codec.decode(again.values, _state(batch))
    backward(shown.square().mean() + again.penalty.mean(), "rehearsal")
    trains(codec, "codec")
    codec.eval()


def _rehearsed(codec: Codec, batch: Batch) -> Rehearsal:
    payload = codec.encode(batch, _state(batch))
    if not isinstance(payload, Rehearsal):
        raise AssertionError("a codec that learns and makes bytes sends a Rehearsal while training")
    return payload


def _received(codec: Codec, batch: Batch, payload: tuple[bytes, ...]) -> None:
    whole = _decoded(codec, batch, payload)
    alone = [_decoded(codec, batch.select(torch.tensor([place])), payload[place : place + 1])
             for place in range(len(batch))]
    same(torch.cat(alone), whole, "an item is decoded the same alone and in a batch")
    lost = _decoded(codec, batch, (payload[0], None, None))
    same(lost[0], whole[0], "a lost item does not touch its neighbours")
    same(lost[1], lost[2], "every lost item is concealed the same way")
    same(whole[2], lost[2], "an item that was not sent is concealed as a lost one")
    if whole.shape == batch.x.shape:
        error = (whole - batch.x).square().flatten(1).mean(dim=1)
        require(error[0] < (lost[1] - batch.x[0]).square().mean(), "what arrived is nearer than the concealment",
                error.tolist())


def _decoded(codec: Codec, batch: Batch, payload: Received) -> Tensor:
    received = codec.decode(payload, _state(batch))
    looks(received, (len(batch), *codec.received_shape(None)), torch.float32, received.device,
          "what is decoded, [B, *codec.received_shape(None)],")
    return received


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
