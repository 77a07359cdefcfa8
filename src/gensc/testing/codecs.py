"""The laws of a codec: parts of the declared form, ends that know only what is theirs, and a front that stays what it
is; for codecs of bytes see ``gensc.testing.filecodecs``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from gensc.batch import Batch
from gensc.codec import Codec
from gensc.errors import InputError
from gensc.rng import Rng
from gensc.signal import ANY, MAIN, Cost, Delivery, Memory, Part, Parts, Soft, State
from gensc.testing.filecodecs import check_bytes_codec
from gensc.testing.laws import backward, close, draw, fresh, looks, reached, require, same, trains
from gensc.testing.spies import Streams, Truth

ITEMS = [2, 7]
BUDGET = 100_000


def check_codec(make: Callable[[], Codec], sides: tuple[int, int] = (224, 224), device: str = "cpu") -> None:
    """Run every law of codecs for pictures of these ``sides`` (height, width) on the parts that ``make`` makes; raises
    AssertionError on the first law broken."""
    codec, second = (fresh(make, seed) for seed in (1, 2))
    assert isinstance(codec, Codec) and isinstance(second, Codec)
    codec.to(device).eval()
    second.to(device).eval()
    batch = pictures(ITEMS, sides, device)
    sent = _sender(codec, batch)
    if dict(codec.form) == {MAIN: None}:
        _receiver(codec, batch, sent)
        check_bytes_codec(codec, second, lambda items: pictures(items, sides, device))
        return
    parts = _outputs(codec, batch, device)
    _receiver(codec, batch, parts)
    _same_bits(codec, batch, parts)
    _remembers(codec, batch)
    if codec.front is not None:
        _fronted(codec, second, batch, parts)
    second.load_state_dict(codec.state_dict())
    _equal(_encoded(second, batch), parts, "a second instance with the same state_dict gives the same bits")
    _decodes(codec, batch, parts)
    if any(parameter.requires_grad for parameter in codec.parameters()):
        _learns(codec, batch)


def pictures(items: list[int], sides: tuple[int, int], device: str = "cpu") -> Batch:
    """Smooth pictures of these items, float32 [B,3,H,W] in [0,1]."""
    coarse = torch.sigmoid(draw("pictures", items, 3, 8, 8))
    x = interpolate(coarse, sides, mode="bilinear")
    return Batch(x=x.to(device), item=torch.tensor(items))


def state_of(batch: Batch) -> State:
    """A use of a link at 10 dB for a batch, whose transport has ample room and a price for bytes."""
    state = State.of(10.0, batch.item.tolist(), Rng.seeded(7, "testing"))
    return replace(state, shape=batch.shape, values=batch.values, budget=(BUDGET,) * len(batch), price=_price)


def _price(part: str, sizes: Sequence[int]) -> Tensor:
    return torch.tensor([240.0 + 8 * size for size in sizes])


def delivered(parts: Parts) -> Delivery:
    """What a transport without noise makes of parts: rows of symbols as estimates of quality 1."""
    items = len(next(iter(parts.values())))
    none = torch.zeros(items)
    return Delivery({name: _estimates(part) if isinstance(part, Tensor) and part.ndim == 2 else part
                     for name, part in parts.items()}, torch.ones(items, dtype=torch.bool), Cost(none, none, none))


def _estimates(row: Tensor) -> Soft:
    return Soft(row, torch.full_like(row, 0.999) * (row.detach() != 0))


def _encoded(codec: Codec, batch: Batch) -> Parts:
    with torch.no_grad():
        return codec.encode(codec.prepared(batch), state_of(batch).sender())


def _outputs(codec: Codec, batch: Batch, device: str) -> Parts:
    kept = batch.pixels.clone()
    parts = _encoded(codec, batch)
    same(batch.pixels, kept, "a codec does not change the pictures it is given")
    require(parts.keys() == codec.form.keys(), f"a codec makes the parts of its form, {', '.join(codec.form)}",
            ", ".join(parts))
    for name, shape in codec.form.items():
        part = parts[name]
        if shape is None:
            ok = isinstance(part, tuple) and len(part) == len(batch) and all(type(one) is bytes for one in part)
            require(ok, f"the part {name!r} is a string of bytes an item", type(part).__name__)
            continue
        if not isinstance(part, Tensor):
            raise AssertionError(f"the part {name!r} is a tensor, as codec.form says (seen: {type(part).__name__})")
        whole = tuple(seen if side == ANY else side for side, seen in zip(shape, part.shape[1:], strict=True))
        looks(part, (len(batch), *whole), torch.float32, torch.device(device), f"the part {name!r}, [B, *{shape}]")
        require(not torch.allclose(part[0], part[1]), "different items have different parts")
        if shape == (ANY,):
            _prefix(part, name, alone=len(codec.form) == 1)
    return parts


def _prefix(row: Tensor, name: str, alone: bool) -> None:
    """Which symbols are zero is nothing that a receiver knows: what is left out stands at the end, and where that is
    follows from what both ends know, unless another part tells it."""
    padded = pad(row, (0, row.shape[1] % 2))
    there = (padded.view(len(row), -1, 2) != 0).any(dim=2)
    inside = there.flip(1).cumsum(dim=1).flip(1) > 0
    holes = int((inside & ~there).sum())
    require(holes == 0, f"symbols of the part {name!r} are left out at the end alone: any other pattern of zeros is "
            "information that must be sent", f"{holes} zeros within")
    lengths = inside.sum(dim=1)
    require(not alone or bool((lengths == lengths[0]).all()), f"items of one shape have equally many symbols in the "
            f"part {name!r}: a length that follows the content is information that must be sent, in a part of its own",
            lengths.tolist())


def _equal(parts: Parts, others: Parts, law: str) -> None:
    for name, part in parts.items():
        other = others[name]
        if isinstance(part, Tensor) and isinstance(other, Tensor):
            same(part, other, law)
        else:
            require(part == other, law)


def _same_bits(codec: Codec, batch: Batch, parts: Parts) -> None:
    before = torch.get_rng_state()
    _equal(_encoded(codec, batch), parts, "the same input and seed give the same bits")
    require(torch.equal(before, torch.get_rng_state()),
            "random draws come from state.rng, not from torch's global generator")
    turned = torch.arange(len(batch)).flip(0)
    for name, part in parts.items():
        for place in range(len(batch)):
            alone = _encoded(codec, batch.select(torch.tensor([place])))[name]
            _near(alone, part, [place], "an item's part is the same alone and in a batch")
        _near(_encoded(codec, batch.select(turned))[name], part, turned.tolist(),
              "an item's part does not depend on its place in the batch")


def _near(part: Part, whole: Part, places: list[int], law: str) -> None:
    """Equal up to arithmetic in another order, and up to zeros behind a row that the longest of a batch asks for."""
    if isinstance(part, Tensor) and isinstance(whole, Tensor):
        if part.ndim == 2:
            width = max(part.shape[1], whole.shape[1])
            part, whole = (pad(row, (0, width - row.shape[1])) for row in (part, whole))
        close(part, whole[places], law, rtol=1e-3)
    elif isinstance(part, tuple) and isinstance(whole, tuple):
        require(part == tuple(whole[place] for place in places), law)


def _sender(codec: Codec, batch: Batch) -> Parts:
    """The encoder reads no truth and asks for no stream that is the channel's."""
    state, truth, streams = state_of(batch), Truth(), Streams()
    parts: Parts = {}
    watched, front = replace(batch, truth=truth), codec.front
    with torch.no_grad():
        try:
            given = watched if front is None else watched.with_x(front.compute(watched, {}))
            parts = codec.encode(given, streams.spied(state.sender()))
        except (InputError, LookupError):
            if not truth.read:
                raise
    require(not truth.read, "the encoder reads no truth", ", ".join(truth.read))
    _apart(streams)
    labelled = replace(batch, truth={"label": torch.arange(len(batch)), "caption": ("a",) * len(batch)})
    _equal(_encoded(codec, labelled), parts, "what is sent of an item does not depend on its truth")
    return parts


def _receiver(codec: Codec, batch: Batch, parts: Parts) -> None:
    """The decoder asks for no stream that is the channel's."""
    streams = Streams()
    with torch.no_grad():
        codec.decode(delivered(parts), streams.spied(state_of(batch).receiver()))
    _apart(streams)


def _apart(streams: Streams) -> None:
    taken = streams.of_channels()
    require(not taken, "no end asks for a random stream of the channel", ", ".join(taken))


def _remembers(codec: Codec, batch: Batch) -> None:
    """Of a codec with a memory: equal pasts give equal bits, and the pasts of two items do not mix."""
    again = batch.with_x(batch.pixels.flip(-1))
    past = _used(codec, batch, state_of(batch))
    if past.state.memory.sender is None and past.state.memory.receiver is None:
        return
    later = _used(codec, again, past.state)
    _equal(_used(codec, again, _used(codec, batch, state_of(batch)).state).parts, later.parts,
           "equal pasts give equal bits")
    for place in range(len(batch)):
        index = torch.tensor([place])
        alone = _used(codec, batch.select(index), state_of(batch.select(index)))
        for name, part in _used(codec, again.select(index), alone.state).parts.items():
            _near(part, later.parts[name], [place], "the pasts of two items do not mix")


@dataclass(frozen=True)
class _Use:
    """The ``parts`` of a use of a link, and the ``state`` of the next one."""

    parts: Parts
    state: State


def _used(codec: Codec, batch: Batch, state: State) -> _Use:
    """One more use of a link without noise."""
    with torch.no_grad():
        parts = codec.encode(codec.prepared(batch), state.sender())
        delivery = delivered(parts)
        codec.decode(delivery, state.receiver())
        memory = Memory(codec.remember(parts, state.memory.sender, state.sender()),
                        codec.remember(delivery.parts, state.memory.receiver, state.receiver()))
    return _Use(parts, replace(state, round=state.round + 1, memory=memory))


def _fronted(codec: Codec, second: Codec, batch: Batch, parts: Parts) -> None:
    """What is kept on disk must be what a later run would compute."""
    front, other = codec.front, second.front
    assert front is not None and other is not None
    require(len(front.fingerprint) >= 32, "a front has a fingerprint", front.fingerprint)
    require(front.fingerprint == other.fingerprint, "two instances have one fingerprint")
    made = front(batch).pixels
    require(tuple(made.shape) == (len(batch), *front.shape), f"a front makes [B, *{front.shape}]", list(made.shape))
    require(not made.requires_grad, "what is stored carries no gradient")
    codec.train()
    again = front(batch).pixels
    codec.eval()
    same(again, made, "a front gives the same bits in training mode")
    # Through the disk: float32 values in C order, whatever the memory layout they had.
    kept = torch.from_numpy(made.flatten(1).cpu().numpy().copy()).view(made.shape).to(made.device)
    with torch.no_grad():
        resumed = codec.encode(batch.with_x(kept), state_of(batch).sender())
    for name, part in parts.items():
        _near(resumed[name], part, list(range(len(batch))), "encode goes on from the front, also from the store")


def _learns(codec: Codec, batch: Batch) -> None:
    """Every parameter that learns gets a gradient from the codec's own objective, or from the decoder's output where
    there is none or it refuses."""
    codec.zero_grad(set_to_none=True)
    state, prepared = state_of(batch), codec.prepared(batch)
    parts = codec.encode(prepared, state.sender())
    delivery = delivered(parts)
    try:
        loss = codec.objective(prepared, parts, delivery, state)
    except InputError:
        loss = None
    if loss is None:
        received = codec.decode(delivery, state.receiver())
        loss = torch.stack([value.square().sum() for value in received.values() if isinstance(value, Tensor)]).sum()
    backward(loss, "codec")
    trains(codec, "codec")


def _decodes(codec: Codec, batch: Batch, parts: Parts) -> None:
    leaves = {name: part.clone().requires_grad_() if isinstance(part, Tensor) else part
              for name, part in parts.items()}
    received = codec.decode(delivered(leaves), state_of(batch).receiver())
    form = codec.received({name: codec.form[name] for name in parts})
    require(received.keys() == form.keys(), f"decode makes {', '.join(form)}", ", ".join(received))
    for name, value in received.items():
        require(len(value) == len(batch), "decode keeps the number of items", len(value))
        backward(value.square().sum(), f"decoder of {name!r}")
    for name, leaf in leaves.items():
        if isinstance(leaf, Tensor):
            reached(leaf.grad, f"the gradient reaches the delivered part {name!r} through decode")
