"""The laws of a transport: what is on the air, what it cost, what arrives."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gensc.errors import InputError
from gensc.rng import Name, Rng
from gensc.signal import MAIN, Csi, Delivery, Form, Part, Parts, Soft, State, tensor_of
from gensc.testing.bytes import check_bytes
from gensc.testing.informed import check_air, check_content, check_informed, same_part
from gensc.testing.laws import SIGMAS, backward, close, draw, fresh, looks, reached, refuses, require, same, trains
from gensc.transport import Transport
from gensc.transport.bytewise import Bytewise

ITEMS = [8, 0, 5, 13]
SHAPES = ((24,), (15,), (4, 3, 3))
BESIDE: tuple[tuple[str, ...], ...] = (), ("side",)
"""The parts of bytes that a transport may want beside features."""


@dataclass(frozen=True)
class Case:
    """What is sent: features of a ``shape``, the parts of bytes ``beside`` them, the channel knowledge, the device."""

    shape: tuple[int, ...]
    beside: tuple[str, ...]
    csi: Csi
    device: str

    @property
    def form(self) -> Form:
        """The form of the parts."""
        return {MAIN: self.shape, **dict.fromkeys(self.beside)}

    def state(self, items: list[int], *path: Name) -> State:
        """A state of items at SNRs of their own."""
        snr_db = torch.tensor([8.0 + item % 5 for item in items])
        return State.of(snr_db, items, Rng.seeded(7, "testing", *path), self.csi)

    def parts(self, items: list[int], name: str = "payload") -> Parts:
        """Features of very different loudness (a power that is set per batch, not per item, shows), and bytes."""
        loudness = torch.tensor([10.0 ** (item % 3 - 1) for item in items]).view(-1, *[1] * len(self.shape))
        features = (loudness * (draw(name, items, *self.shape) + 0.3)).to(self.device)
        generators = zip(items, Rng.seeded(5, "testing", name).of(items).generators(), strict=True)
        data = tuple(generator.bytes(5 + item % 3) for item, generator in generators)
        return {MAIN: features, **dict.fromkeys(self.beside, data)}

    def send(self, transport: Transport, items: list[int], *path: Name) -> Delivery:
        """The delivery of these items."""
        delivery: Delivery = transport(self.parts(items), self.state(items, *path))
        return delivery


def check_transport(make: Callable[[], Transport], csi: Csi = "receiver", device: str = "cpu") -> None:
    """Run every law of transports of features on the parts that ``make`` makes, with the channel knowledge ``csi``
    that they are set up for, and those of bytes where they carry them; raises AssertionError on the first law
    broken."""
    first = make()
    if isinstance(first, Bytewise):
        check_bytes(make, csi)
    else:
        refuses(lambda: first.bind({MAIN: None}), "a transport of features refuses bytes alone")
    beside = _beside(make)
    for shape in SHAPES:
        case = Case(shape, beside, csi, device)
        transport, delivered = _bound(make, 1, case)
        with torch.no_grad():
            _outputs(transport, delivered, case)
            _same_bits(transport, _bound(make, 2, case)[0], case)
            check_informed(transport, case.parts(ITEMS), case.state(ITEMS))
            _air(transport, case)
            _paid(transport, case)
            _refusals(transport, case)
        _gradients(transport, case)


def _beside(make: Callable[[], Transport]) -> tuple[str, ...]:
    for names in BESIDE:
        try:
            make().bind(Case(SHAPES[0], names, "receiver", "cpu").form)
        except InputError:
            continue
        return names
    raise AssertionError("a transport carries features, alone or with side information")


def _bound(make: Callable[[], Transport], seed: int, case: Case) -> tuple[Transport, Form]:
    forms: list[Form] = []

    def bound() -> Transport:
        transport = make()
        forms.append(transport.bind(case.form))
        return transport

    transport = fresh(bound, seed)
    assert isinstance(transport, Transport)
    require(set(forms[0]) == set(case.form), "every part is delivered, and no other", list(forms[0]))
    require(forms[0][MAIN] is not None, "features are delivered as features")
    require(all(forms[0][name] is None for name in case.beside), "bytes are delivered as bytes")
    return transport.to(case.device).eval(), forms[0]


def _numbers(part: Part) -> Tensor:
    """Features as they arrived; of symbols, values and qualities [2,B,n]."""
    if isinstance(part, tuple):
        raise AssertionError("features are delivered as features (seen: bytes)")
    return torch.stack([part.value, part.quality]) if isinstance(part, Soft) else part[None]


def _outputs(transport: Transport, form: Form, case: Case) -> None:
    place, count = torch.device(case.device), len(ITEMS)
    out = case.send(transport, ITEMS)
    require(set(out.parts) == set(form), "the parts that bind names are delivered, and no other", list(out.parts))
    for numbers in _numbers(out.main):
        looks(numbers, (count, *(form[MAIN] or ())), torch.float32, place, "the delivered features")
    if isinstance(out.main, Soft):
        require(((out.main.quality >= 0) & (out.main.quality <= 1)).all(), "a quality lies in [0,1]")
    for name in case.beside:
        for sent, got in zip(case.parts(ITEMS)[name], out.parts[name], strict=True):  # type: ignore[arg-type]
            require(got is None or got == sent, "bytes that arrive are those that were sent, bit for bit", got)
        require(out.ok.tolist() <= [one is not None for one in out.parts[name]],  # type: ignore[union-attr]
                "an item with a part that is lost did not arrive")
    looks(out.ok, (count,), torch.bool, place, "ok")
    for name in ("uses", "bits", "seconds"):
        column = getattr(out.cost, name)
        looks(column, (count,), torch.float32, place, f"cost.{name}")
        require((column >= 0).all(), f"cost.{name} is not negative", column.tolist())
    require((out.cost.uses > 0).all(), "a delivery costs more than 0 channel uses", out.cost.uses.tolist())
    require((out.cost.seconds > 0).all(), "a delivery takes time on the air", out.cost.seconds.tolist())


def _same_bits(transport: Transport, second: Transport, case: Case) -> None:
    whole = case.send(transport, ITEMS)
    same_part(case.send(transport, ITEMS).main, whole.main, "the same seed gives the same bits")
    if not isinstance(transport, Bytewise):
        require(not torch.equal(_numbers(whole.main), _numbers(case.send(transport, ITEMS, "other").main)),
                "another seed gives other bits")
    second.load_state_dict(transport.state_dict())
    same_part(case.send(second, ITEMS).main, whole.main,
              "a second instance with the same state_dict gives the same bits")
    if transport.whole_batch:
        return
    numbers = _numbers(whole.main)
    for place, item in enumerate(ITEMS):
        alone = case.send(transport, [item])
        close(_numbers(alone.main)[:, 0], numbers[:, place], "an item is delivered the same alone and in a batch")
        for name in case.beside:
            require(alone.parts[name] == whole.parts[name][place:place + 1],  # type: ignore[index]
                    "an item's bytes are delivered the same alone and in a batch")
        same(alone.cost.uses[0], whole.cost.uses[place], "an item costs the same alone and in a batch")
    turned = _numbers(case.send(transport, ITEMS[::-1]).main).flip(1)
    close(turned, numbers, "an item's delivery does not depend on its place in the batch")


def _air(transport: Transport, case: Case) -> None:
    passed = check_air(transport, case.parts(ITEMS), case.state(ITEMS))
    if transport.whole_batch or transport.power == "none":
        return
    require(bool(passed), "a transport sends its symbols over its channel")
    symbols, out = torch.cat(passed, dim=1), case.send(transport, ITEMS)
    if transport.power == "waveform":
        _waveform(symbols, out)
        return
    count = _last(symbols)
    require(torch.equal(out.cost.uses, count), "cost.uses counts the symbols on the air, from the first to the last",
            (out.cost.uses.tolist(), count.tolist()))
    off = (symbols.abs().double().square().sum(dim=1) / count - 1).abs()
    if transport.power == "exact":
        require(off.max() < 1e-4, "every item has unit mean power on the air", off.tolist())
    else:
        # |x|^2 of square QAM with equally likely bits has a variance below 0.4.
        require((off < SIGMAS * (0.4 / count).sqrt()).all(),
                "the mean power on the air is 1 within what the bits allow", off.tolist())


def _last(symbols: Tensor) -> Tensor:
    """How many symbols [B] there are up to the last that is not 0."""
    places = torch.arange(1, symbols.shape[1] + 1, device=symbols.device)
    return torch.where(symbols != 0, places, 0).amax(dim=1).float()


def _waveform(samples: Tensor, out: Delivery) -> None:
    sent, uses = (samples != 0).sum(dim=1), out.cost.uses
    require((uses >= sent).all(), "cost.uses counts every sample that is not silence", uses.tolist())
    energy = samples.abs().double().square().sum(dim=1).cpu()
    # As for symbols: the bits of a waveform move the power of its samples by no more.
    off = float((energy.sum() / uses.sum() - 1).abs())
    require(off < SIGMAS * float((0.4 / uses.sum()).sqrt()),
            "the mean power of a waveform is 1 over all the channel uses that are paid", off)


def _paid(transport: Transport, case: Case) -> None:
    """No bits are hidden in what is paid: neither in which symbols are 0, nor in how many there are."""
    full, holed = case.parts(ITEMS), []
    for start in (2, 4, 6):
        features = tensor_of(full[MAIN], "the check").clone()
        features.view(len(ITEMS), -1)[:, start:start + 2] = 0
        holed.append({**full, MAIN: features})
    check_content(transport, case.state(ITEMS), full, holed,
                  "nothing is hidden in zeros: a zero that is not at the end costs what any value costs")
    check_content(transport, case.state(ITEMS), full, [case.parts(ITEMS, "other content")],
                  "other content of the same size costs the same")


def _refusals(transport: Transport, case: Case) -> None:
    for bad in (float("nan"), float("inf")):
        parts = case.parts(ITEMS)
        tensor_of(parts[MAIN], "the check").view(len(ITEMS), -1)[1, 3] = bad
        refuses(lambda parts=parts: transport(parts, case.state(ITEMS)),  # type: ignore[misc]
                f"a payload with {bad} is refused")
    refuses(lambda: transport(case.parts(ITEMS), replace(case.state(ITEMS), snr_db=torch.tensor(float("nan")))),
            "nan SNR is refused")


def _gradients(transport: Transport, case: Case) -> None:
    parts = case.parts(ITEMS)
    features = tensor_of(parts[MAIN], "the check").requires_grad_()
    transport.train(isinstance(transport, Bytewise))
    transport.zero_grad(set_to_none=True)
    received = tensor_of(transport(parts, case.state(ITEMS)).main, "the check")
    # An uneven weighing: a plain sum of squares can have no gradient where power is brought to 1.
    weights = torch.linspace(0.5, 2, received.numel(), device=received.device).view_as(received)
    backward((received * weights).sum(), "transport")
    for item in range(len(ITEMS)):
        gradient = None if features.grad is None else features.grad[item]
        reached(gradient, f"the gradient reaches the payload of item {item}")
    trains(transport, "transport")
    transport.eval()
