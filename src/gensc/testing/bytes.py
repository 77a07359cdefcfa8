"""The laws of a transport that carries bytes: what arrives is what was sent, or nothing."""

from collections.abc import Callable

import torch
from torch import Tensor

from gensc.rng import Name, Rng
from gensc.signal import MAIN, Csi, Delivery, State
from gensc.testing.informed import check_air, check_content, check_informed
from gensc.testing.laws import refuses, require, same
from gensc.transport import Transport
from gensc.transport.bytewise import MOST_BYTES

ITEMS = [8, 0, 5, 13, 2, 7]
LENGTHS = [1, 2, 5, 7, 3, 0]
MARGINAL_DB = torch.tensor([0.0, 3.0, 6.0, 9.0, 12.0, 15.0])
INF = float("inf")


def check_bytes(make: Callable[[], Transport], csi: Csi = "receiver") -> None:
    """Run every law of byte transports; raises AssertionError on the first law broken."""
    transport = make().eval()
    require(transport.bind({MAIN: None}) == {MAIN: None}, "bytes are delivered as bytes")
    data = _items(LENGTHS)
    _clean(transport, data, csi)
    _lost(transport, data, csi)
    _apart(transport, make().eval(), data, csi)
    _paid(transport, data, csi)
    check_informed(transport, {MAIN: data}, _state(MARGINAL_DB, ITEMS, csi))
    check_air(transport, {MAIN: data}, _state(MARGINAL_DB, ITEMS, csi))
    refuses(lambda: _send(transport, (bytes(MOST_BYTES + 1),), [0], 20.0, csi), "a payload without bound is refused")
    refuses(lambda: _send(transport, data, ITEMS, float("nan"), csi), "nan SNR is refused")


def _items(lengths: list[int], *path: Name) -> tuple[bytes, ...]:
    generators = Rng.seeded(5, "testing", "bytes", *path).of(ITEMS[:len(lengths)]).generators()
    return tuple(generator.bytes(length) for generator, length in zip(generators, lengths, strict=True))


def _state(snr_db: float | Tensor, items: list[int], csi: Csi, *path: Name) -> State:
    return State.of(snr_db, items, Rng.seeded(7, "testing", *path), csi)


def _send(transport: Transport, data: tuple[bytes, ...], items: list[int], snr_db: float | Tensor, csi: Csi,
          *path: Name) -> Delivery:
    delivery: Delivery = transport({MAIN: data}, _state(snr_db, items, csi, *path))
    count = len(items)
    require(set(delivery.parts) == {MAIN}, "the part that is sent is delivered, and no other", list(delivery.parts))
    received = _received(delivery)
    require(len(received) == count, f"a delivery holds {count} strings of bytes", len(received))
    require(delivery.ok.shape == (count,) and delivery.ok.dtype == torch.bool, "ok is bool [B]", delivery.ok.dtype)
    for sent, got, ok in zip(data, received, delivery.ok.tolist(), strict=True):
        require(ok == (got is not None), "ok says which items arrived")
        require(got is None or got == sent, "an item that arrives is the one that was sent, bit for bit", got)
    for name in ("uses", "bits", "seconds"):
        column = getattr(delivery.cost, name)
        require(column.shape == (count,) and bool((column >= 0).all()), f"cost.{name} is [B] and not negative")
    require(torch.equal(delivery.cost.bits, torch.tensor([8.0 * len(one) for one in data])),
            "cost.bits counts the bits of the payload", delivery.cost.bits.tolist())
    require(bool((delivery.cost.uses > 0).all()), "a delivery costs more than 0 channel uses")
    return delivery


def _received(delivery: Delivery) -> tuple[bytes | None, ...]:
    if not isinstance(delivery.main, tuple):
        raise AssertionError(f"bytes are delivered as bytes, not as {type(delivery.main)}")
    return delivery.main


def _clean(transport: Transport, data: tuple[bytes, ...], csi: Csi) -> None:
    out = _send(transport, data, ITEMS, INF, csi)
    require(out.ok.tolist() == [bool(one) for one in data],
            "without noise all items arrive that have bytes, and one without is lost", out.ok.tolist())
    budget = transport.inform(_state(INF, [0], csi)).budget
    if budget is None:
        return
    most = min(budget[0], 4096)
    full = _send(transport, _items([most]), [0], INF, csi)
    require(full.ok.all(), f"an item of {most} bytes fits the budget of {budget[0]}")
    if budget[0] < MOST_BYTES:
        over = _send(transport, _items([budget[0] + 1]), [0], INF, csi)
        require(not over.ok.any(), "an item longer than its budget is lost, not cut")


def _lost(transport: Transport, data: tuple[bytes, ...], csi: Csi) -> None:
    out = _send(transport, data, ITEMS, -40.0, csi)
    require(not out.ok.any(), "40 dB below the noise nothing arrives", out.ok.tolist())


def _apart(transport: Transport, second: Transport, data: tuple[bytes, ...], csi: Csi) -> None:
    second.bind({MAIN: None})
    whole = _send(transport, data, ITEMS, MARGINAL_DB, csi)
    for other, what in ((transport, "the same seed gives the same bits"), (second, "so does a second instance")):
        again = _send(other, data, ITEMS, MARGINAL_DB, csi)
        require(_received(again) == _received(whole), what)
        same(again.cost.uses, whole.cost.uses, f"the same uses: {what}")
    for place, item in enumerate(ITEMS):
        alone = _send(transport, data[place:place + 1], [item], MARGINAL_DB[place:place + 1], csi)
        require(_received(alone) == _received(whole)[place:place + 1],
                "an item is delivered the same alone and in a batch")
        same(alone.cost.uses[0], whole.cost.uses[place], "an item costs the same alone and in a batch")


def _paid(transport: Transport, data: tuple[bytes, ...], csi: Csi) -> None:
    """A cost follows from the budget, or from the length: never from which bytes they are."""
    at = _state(MARGINAL_DB, ITEMS, csi)
    check_content(transport, at, {MAIN: data}, [{MAIN: _items(LENGTHS, "other")}],
                  "other bytes of the same length cost the same")
    informed = transport.inform(at)
    require((informed.budget is None) == (informed.price is not None), "the encoder is told a budget, or a price")
    if informed.price is not None:
        beside = transport({MAIN: data}, informed).cost.uses - informed.price(MAIN, LENGTHS)
        require(bool((beside == beside[0]).all()) and float(beside[0]) >= 0,
                "what items cost is their price, and pilots that are the same for all", beside.tolist())
