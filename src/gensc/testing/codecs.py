"""The laws of a codec: a payload of the declared shape, and a stored front that stays what it is; for payloads
of bytes see ``gensc.testing.filecodecs``."""

from collections.abc import Callable

import torch
from torch import Tensor

from gensc.batch import Batch
from gensc.codec import Codec
from gensc.rng import Rng
from gensc.signal import Mixed, Rehearsal, State
from gensc.testing.filecodecs import check_bytes_codec
from gensc.testing.laws import backward, close, draw, fresh, looks, reached, require, same, trains

ITEMS = [2, 7]


def check_codec(make: Callable[[], Codec], size: int = 224, device: str = "cpu") -> None:
    """Run every law of codecs for images of ``size`` px on the parts that ``make`` makes; raises
    AssertionError on the first law broken."""
    codec, second = (fresh(make, seed) for seed in (1, 2))
    assert isinstance(codec, Codec) and isinstance(second, Codec)
    codec.to(device).eval()
    second.to(device).eval()
    if codec.shape is None:
        check_bytes_codec(codec, second, lambda items: _pictures(items, size, device))
        return
    batch = _pictures(ITEMS, size, device)
    payload = _outputs(codec, batch, device)
    _same_bits(codec, batch, payload)
    if codec.stored:
        _stored(codec, second, batch, payload)
    else:
        _not_stored(codec)
    if codec.frozen:
        _frozen(codec)
    else:
        _learns(codec, batch)
    second.load_state_dict(codec.state_dict())
    same(_encode(second, batch), payload, "a second instance with the same state_dict gives the same bits")
    _decode(codec, payload)


def _pictures(items: list[int], size: int, device: str) -> Batch:
    coarse = torch.sigmoid(draw("pictures", items, 3, 8, 8))
    x = torch.nn.functional.interpolate(coarse, (size, size), mode="bilinear")
    return Batch(x=x.to(device), item=torch.tensor(items))


def _state(batch: Batch) -> State:
    return State.of(10.0, batch.item.tolist(), Rng.seeded(7, "testing"))


def _encode(codec: Codec, batch: Batch) -> Tensor:
    with torch.no_grad():
        payload = codec.encode(batch, _state(batch))
    if isinstance(payload, Mixed):
        require(len(payload.side) == len(batch), "side information is a string of bytes an item", len(payload.side))
        payload = payload.values
    if not isinstance(payload, Tensor):
        raise AssertionError(f"codec.shape is {codec.shape}: the payload is a tensor, or one with side information")
    return payload


def _outputs(codec: Codec, batch: Batch, device: str) -> Tensor:
    kept = batch.x.clone()
    payload = _encode(codec, batch)
    same(batch.x, kept, "a codec does not change the pictures it is given")
    assert codec.shape is not None
    looks(payload, (len(batch), *codec.shape), torch.float32, torch.device(device), "the payload [B, *codec.shape]")
    require(not torch.allclose(payload[0], payload[1]), "different items have different payloads")
    return payload


def _same_bits(codec: Codec, batch: Batch, payload: Tensor) -> None:
    before = torch.get_rng_state()
    same(_encode(codec, batch), payload, "the same input and seed give the same bits")
    require(torch.equal(before, torch.get_rng_state()),
            "random draws come from state.rng, not from torch's global generator")
    for place in range(len(batch)):
        alone = _encode(codec, batch.select(torch.tensor([place])))[0]
        close(alone, payload[place], "an item's payload is the same alone and in a batch", rtol=1e-3)
    turned = _encode(codec, batch.select(torch.arange(len(batch)).flip(0))).flip(0)
    close(turned, payload, "an item's payload does not depend on its place in the batch", rtol=1e-3)


def _stored(codec: Codec, second: Codec, batch: Batch, payload: Tensor) -> None:
    """What is kept on disk must be what a later run would compute."""
    require(len(codec.fingerprint()) >= 32, "a stored front has a fingerprint", codec.fingerprint())
    require(codec.fingerprint() == second.fingerprint(), "two instances have one fingerprint")
    front = codec.front(batch)
    require(tuple(front.shape) == (len(batch), *codec.front_shape), f"front is [B, *{codec.front_shape}]",
            list(front.shape))
    require(not front.requires_grad, "what is stored carries no gradient")
    codec.train()
    again = codec.front(batch)
    codec.eval()
    same(again, front, "a stored front gives the same bits in training mode")
    # Through the disk: float32 values in C order, whatever the memory layout they had.
    kept = torch.from_numpy(front.flatten(1).cpu().numpy().copy()).view(front.shape).to(front.device)
    with torch.no_grad():
        resumed = codec.rest(kept, _state(batch))
        assert isinstance(resumed, Tensor)
        close(resumed, payload, "encode is rest after front, also from the store")


def _not_stored(codec: Codec) -> None:
    try:
        codec.fingerprint()
    except TypeError:
        return
    raise AssertionError("a codec whose front is not stored has no fingerprint (TypeError)")


def _frozen(codec: Codec) -> None:
    learning = [name for name, parameter in codec.named_parameters() if parameter.requires_grad]
    require(not learning, "a frozen codec has nothing to train", learning[:3])
    require(codec.stored, "a frozen codec's payload is stored: its front is the whole encoder")


def _learns(codec: Codec, batch: Batch) -> None:
    codec.zero_grad(set_to_none=True)
    payload = codec.rest(codec.front(batch), _state(batch))
    assert not isinstance(payload, Rehearsal), "a rehearsal is for training mode"
    backward(codec.decode(payload, _state(batch)).square().sum(), "codec")
    trains(codec, "codec")
    learnt = [parameter for parameter in codec.parameters() if parameter.grad is not None]
    require(bool(learnt), "a codec that is not frozen has something to train")


def _decode(codec: Codec, payload: Tensor) -> None:
    state = State.of(10.0, ITEMS, Rng.seeded(7, "testing"))
    sent = payload.clone().requires_grad_()
    received = codec.decode(sent, state)
    require(len(received) == len(payload), "decode keeps the number of items", tuple(received.shape))
    backward(received.square().sum(), "decoder")
    reached(sent.grad, "the gradient reaches the delivered payload through decode")
