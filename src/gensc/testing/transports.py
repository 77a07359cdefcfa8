"""The laws of a transport: what is on the air, what it cost, what arrives."""

from collections.abc import Callable

import torch
from torch import Tensor

from gensc.channel import Channel
from gensc.rng import Name, Rng
from gensc.signal import Csi, Delivery, Signal, State
from gensc.testing.bytes import check_bytes
from gensc.testing.laws import SIGMAS, backward, close, draw, fresh, looks, reached, refuses, require, same, trains
from gensc.transport import Transport

ITEMS = [8, 0, 5, 13]
SHAPES = ((24,), (15,), (4, 3, 3))


class Probe(Channel):
    """The channel within, with what it was given written down."""

    def __init__(self, within: Channel) -> None:
        super().__init__()
        self.within = within
        self.block_fading = within.block_fading
        self.sent: list[Tensor] = []

    def distort(self, signal: Signal, state: State) -> Signal:
        return self.within.distort(signal, state)

    def forward(self, signal: Signal, state: State) -> Signal:
        self.sent.append(signal.x.detach())
        out: Signal = self.within(signal, state)
        return out


def check_transport(make: Callable[[], Transport], csi: Csi = "receiver", device: str = "cpu") -> None:
    """Run every law of transports of features on the parts that ``make`` makes, with the channel knowledge ``csi``
    that they are set up for, and those of bytes where they carry them; raises AssertionError on the first law
    broken."""
    first = make()
    if first.digital:
        check_bytes(make, csi)
    else:
        refuses(lambda: first.bind(None), "a transport of features refuses bytes")
    for shape in SHAPES:
        transport, delivered = _bound(make, 1, shape, device)
        with torch.no_grad():
            _outputs(transport, shape, delivered, csi, device)
            _same_bits(transport, _bound(make, 2, shape, device)[0], shape, csi, device)
            _air(transport, shape, csi, device)
            _refusals(transport, shape, csi, device)
        _gradients(transport, shape, csi, device)


def _bound(make: Callable[[], Transport], seed: int, shape: tuple[int, ...],
           device: str) -> tuple[Transport, tuple[int, ...]]:
    shapes: list[tuple[int, ...] | None] = []

    def made() -> Transport:
        transport = make()
        shapes.append(transport.bind(shape))
        return transport

    transport = fresh(made, seed)
    assert isinstance(transport, Transport)
    require(shapes[0] is not None, "features are delivered as features")
    return transport.to(device).eval(), tuple(shapes[0] or ())


def _payload(items: list[int], shape: tuple[int, ...], device: str) -> Tensor:
    # Items of very different loudness: a power that is set per batch, not per item, shows.
    loudness = torch.tensor([10.0 ** (item % 3 - 1) for item in items]).view(-1, *[1] * len(shape))
    return (loudness * (draw("payload", items, *shape) + 0.3)).to(device)


def _send(transport: Transport, items: list[int], shape: tuple[int, ...], csi: Csi, device: str,
          *path: Name) -> Delivery:
    snr_db = torch.tensor([8.0 + item % 5 for item in items])
    state = State.of(snr_db, items, Rng.seeded(7, "testing", *path), csi)
    delivery: Delivery = transport(_payload(items, shape, device), state)
    return delivery


def _received(transport: Transport, items: list[int], shape: tuple[int, ...], csi: Csi, device: str,
              *path: Name) -> Tensor:
    """The features that arrive."""
    payload = _send(transport, items, shape, csi, device, *path).payload
    if not isinstance(payload, Tensor):
        raise AssertionError(f"features are delivered as features (seen: {type(payload).__name__})")
    return payload


def _outputs(transport: Transport, shape: tuple[int, ...], delivered: tuple[int, ...], csi: Csi,
             device: str) -> None:
    place, count = torch.device(device), len(ITEMS)
    out = _send(transport, ITEMS, shape, csi, device)
    received = _received(transport, ITEMS, shape, csi, device)
    looks(received, (count, *delivered), torch.float32, place, "the delivered payload")
    looks(out.ok, (count,), torch.bool, place, "ok")
    for name in ("uses", "bits", "seconds"):
        column = getattr(out.cost, name)
        looks(column, (count,), torch.float32, place, f"cost.{name}")
        require((column >= 0).all(), f"cost.{name} is not negative", column.tolist())
    require((out.cost.uses > 0).all(), "a delivery costs more than 0 channel uses", out.cost.uses.tolist())
    require((out.cost.seconds > 0).all(), "a delivery takes time on the air", out.cost.seconds.tolist())


def _same_bits(transport: Transport, second: Transport, shape: tuple[int, ...], csi: Csi,
               device: str) -> None:
    whole = _received(transport, ITEMS, shape, csi, device)
    same(whole, _received(transport, ITEMS, shape, csi, device), "the same seed gives the same bits")
    if not transport.digital:
        require(not torch.equal(whole, _received(transport, ITEMS, shape, csi, device, "other")),
                "another seed gives other bits")
    second.load_state_dict(transport.state_dict())
    same(_received(second, ITEMS, shape, csi, device), whole,
         "a second instance with the same state_dict gives the same bits")
    if transport.whole_batch:
        return
    for place, item in enumerate(ITEMS):
        alone = _received(transport, [item], shape, csi, device)[0]
        close(alone, whole[place], "an item is delivered the same alone and in a batch")
    turned = _received(transport, ITEMS[::-1], shape, csi, device).flip(0)
    close(turned, whole, "an item's delivery does not depend on its place in the batch")


def _air(transport: Transport, shape: tuple[int, ...], csi: Csi, device: str) -> None:
    if transport.whole_batch or transport.power == "none":
        return
    within, probe = transport.channel, Probe(transport.channel)
    transport.channel = probe
    try:
        out = _send(transport, ITEMS, shape, csi, device)
    finally:
        transport.channel = within
    require(bool(probe.sent), "a transport sends its symbols over its channel")
    symbols = torch.cat(probe.sent, dim=1)
    count = symbols.shape[1]
    if transport.power == "waveform":
        _waveform(symbols, out)
        return
    require((out.cost.uses == count).all(), f"cost.uses counts the {count} symbols on the air",
            out.cost.uses.tolist())
    power = symbols.abs().double().square().mean(dim=1)
    if transport.power == "exact":
        require((power - 1).abs().max() < 1e-4, "every item has unit mean power on the air", power.tolist())
    else:
        # |x|^2 of square QAM with equally likely bits has a variance below 0.4.
        spread = SIGMAS * (0.4 / count) ** 0.5
        require((power - 1).abs().max() < spread, "the mean power on the air is 1 within what the bits allow",
                power.tolist())


def _waveform(samples: Tensor, out: Delivery) -> None:
    sent = (samples != 0).sum(dim=1)
    require((out.cost.uses >= sent).all(), "cost.uses counts every sample that is not silence", out.cost.uses.tolist())
    power = samples.abs().double().square().sum(dim=1) / sent
    require(((power > 0.7) & (power < 1.3)).all(), "a frame has near unit mean power", power.tolist())


def _refusals(transport: Transport, shape: tuple[int, ...], csi: Csi, device: str) -> None:
    rng = Rng.seeded(7, "testing")
    for bad in (float("nan"), float("inf")):
        payload = _payload(ITEMS, shape, device)
        payload.view(len(ITEMS), -1)[1, 3] = bad
        state = State.of(10.0, ITEMS, rng, csi)
        refuses(lambda sent=payload, at=state: transport(sent, at), f"a payload with {bad} is refused")  # type: ignore[misc]
    refuses(lambda: transport(_payload(ITEMS, shape, device), State.of(float("nan"), ITEMS, rng, csi)),
            "nan SNR is refused")


def _gradients(transport: Transport, shape: tuple[int, ...], csi: Csi, device: str) -> None:
    payload = _payload(ITEMS, shape, device).requires_grad_()
    transport.train(transport.digital)
    transport.zero_grad(set_to_none=True)
    out = transport(payload, State.of(10.0, ITEMS, Rng.seeded(7, "testing"), csi))
    # An uneven weighing: a plain sum of squares can have no gradient where power is brought to 1.
    weights = torch.linspace(0.5, 2, out.payload.numel(), device=out.payload.device).view_as(out.payload)
    backward((out.payload * weights).sum(), "transport")
    for item in range(len(ITEMS)):
        gradient = None if payload.grad is None else payload.grad[item]
        reached(gradient, f"the gradient reaches the payload of item {item}")
    trains(transport, "transport")
    transport.eval()
