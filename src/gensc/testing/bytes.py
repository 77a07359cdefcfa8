"""The laws of a transport that carries bytes: what arrives is what was sent, or nothing."""

from collections.abc import Callable

import torch
from torch import Tensor

from gensc.rng import Name, Rng
from gensc.signal import Csi, Delivery, State
from gensc.testing.laws import refuses, require, same
from gensc.transport import Transport
from gensc.transport.bytewise import MOST_BYTES

ITEMS = [8, 0, 5, 13, 2, 7]
LENGTHS = [1, 2, 5, 7, 3, 0]
INF = float("inf")


def check_bytes(make: Callable[[], Transport], csi: Csi = "receiver") -> None:
    """Run every law of byte transports; raises AssertionError on the first law broken."""
    transport = make().eval()
    require(transport.bind(None) is None, "bytes are delivered as bytes")
    data = tuple(_bytes([item], length) for item, length in zip(ITEMS, LENGTHS, strict=True))
    _clean(transport, data, csi)
    _lost(transport, data, csi)
    _apart(transport, make().eval(), data, csi)
    refuses(lambda: _send(transport, (bytes(MOST_BYTES + 1),), [0], 20.0, csi), "a payload without bound is refused")
    refuses(lambda: _send(transport, data, ITEMS, float("nan"), csi), "nan SNR is refused")


def _bytes(items: list[int], length: int) -> bytes:
    return next(Rng.seeded(5, "testing", "bytes").of(items).generators()).bytes(length)


def _send(transport: Transport, data: tuple[bytes, ...], items: list[int], snr_db: float | Tensor, csi: Csi,
          *path: Name) -> Delivery:
    state = State.of(snr_db, items, Rng.seeded(7, "testing", *path), csi)
    delivery: Delivery = transport(data, state)
    count = len(items)
    if not isinstance(delivery.payload, tuple):
        raise AssertionError(f"bytes are delivered as bytes, not as {type(delivery.payload)}")
    require(len(delivery.payload) == count, f"a delivery holds {count} strings of bytes", len(delivery.payload))
    require(delivery.ok.shape == (count,) and delivery.ok.dtype == torch.bool, "ok is bool [B]", delivery.ok.dtype)
    for sent, got, ok in zip(data, delivery.payload, delivery.ok.tolist(), strict=True):
        require(ok == (got is not None), "ok says which items arrived")
        require(got is None or got == sent, "an item that arrives is the one that was sent, bit for bit", got)
    for name in ("uses", "bits", "seconds"):
        column = getattr(delivery.cost, name)
        require(column.shape == (count,) and bool((column >= 0).all()), f"cost.{name} is [B] and not negative")
    require(torch.equal(delivery.cost.bits, torch.tensor([8.0 * len(one) for one in data])),
            "cost.bits counts the bits of the payload", delivery.cost.bits.tolist())
    require(bool((delivery.cost.uses > 0).all()), "a delivery costs more than 0 channel uses")
    return delivery


def _clean(transport: Transport, data: tuple[bytes, ...], csi: Csi) -> None:
    out = _send(transport, data, ITEMS, INF, csi)
    require(out.ok.tolist() == [bool(one) for one in data],
            "without noise all items arrive that have bytes, and one without is lost", out.ok.tolist())
    state = State.of(INF, [0], Rng.seeded(7, "testing"), csi)
    room = transport.room(state)
    if room is None:
        return
    most = min(room[0], 4096)
    full = _send(transport, (_bytes([1], most),), [0], INF, csi)
    require(full.ok.all(), f"an item of {most} bytes fits the room of {room[0]}")
    if room[0] < MOST_BYTES:
        over = _send(transport, (_bytes([1], room[0] + 1),), [0], INF, csi)
        require(not over.ok.any(), "an item longer than its room is lost, not cut")


def _lost(transport: Transport, data: tuple[bytes, ...], csi: Csi) -> None:
    out = _send(transport, data, ITEMS, -40.0, csi)
    require(not out.ok.any(), "40 dB below the noise nothing arrives", out.ok.tolist())


def _apart(transport: Transport, second: Transport, data: tuple[bytes, ...], csi: Csi) -> None:
    second.bind(None)
    marginal = torch.tensor([0.0, 3.0, 6.0, 9.0, 12.0, 15.0])
    whole = _send(transport, data, ITEMS, marginal, csi)
    assert isinstance(whole.payload, tuple)
    for other, what in ((transport, "the same seed gives the same bits"), (second, "so does a second instance")):
        again = _send(other, data, ITEMS, marginal, csi)
        require(again.payload == whole.payload, what)
        same(again.cost.uses, whole.cost.uses, f"the same uses: {what}")
    for place, item in enumerate(ITEMS):
        alone = _send(transport, data[place:place + 1], [item], marginal[place:place + 1], csi)
        assert isinstance(whole.payload, tuple), "bytes are delivered as bytes"
        require(alone.payload == whole.payload[place:place + 1], "an item is delivered the same alone and in a batch")
        same(alone.cost.uses[0], whole.cost.uses[place], "an item costs the same alone and in a batch")
