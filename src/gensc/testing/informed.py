"""The laws of what a transport tells: the encoder by ``inform``, the channel by the state that it is given."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from gensc.channel import Channel
from gensc.signal import Cost, Delivery, Memory, Part, Parts, Signal, Soft, State
from gensc.testing.laws import require, same
from gensc.transport import Transport

SIZES = 1, 40, 600


@dataclass
class Watch:
    """What a channel was given: the symbols that passed through it, and the state of every use and every probe."""

    symbols: list[Tensor] = field(default_factory=list)
    states: list[State] = field(default_factory=list)


@contextmanager
def watched(channel: Channel) -> Iterator[Watch]:
    """Inside, what the channel is given is written down."""
    watch, distort = Watch(), channel.distort

    def passing(_: torch.nn.Module, given: tuple[Signal, State]) -> None:
        watch.symbols.append(given[0].x.detach())
        watch.states.append(given[1])

    def distorting(signal: Signal, state: State) -> Signal:
        watch.states.append(state)
        return distort(signal, state)

    hook = channel.register_forward_pre_hook(passing)
    channel.distort = distorting  # type: ignore[method-assign]
    try:
        yield watch
    finally:
        hook.remove()
        del channel.distort


def check_informed(transport: Transport, parts: Parts, state: State) -> None:
    """What the encoder is told is the same each time, and sending by it is sending."""
    informed, again = transport.inform(state), transport.inform(state)
    require(informed.budget == again.budget and informed.plan == again.plan, "inform tells the same each time",
            (informed.budget, again.budget))
    require((informed.gain_db is None) == (again.gain_db is None), "inform tells the gain each time, or never")
    if informed.gain_db is not None and again.gain_db is not None:
        same(informed.gain_db, again.gain_db, "inform tells the same gain each time")
    require(informed.rng == state.rng and torch.equal(informed.snr_db, state.snr_db),
            "inform leaves streams and SNR alone")
    for name in (name for name, part in parts.items() if isinstance(part, tuple)):
        require((informed.price is None) == (again.price is None), "inform tells a price each time, or never")
        if informed.price is not None and again.price is not None:
            for size in SIZES:
                sizes = [size] * len(state)
                same(informed.price(name, sizes), again.price(name, sizes), "inform tells the same price each time")
    first, second = transport(parts, informed), transport(parts, state)
    require(set(first.parts) == set(second.parts), "the same parts arrive, informed or not")
    for name, part in first.parts.items():
        same_part(part, second.parts[name], "a state that was informed gives what one gives that was not")
    same_cost(first.cost, second.cost, "a state that was informed costs what one costs that was not")


def check_air(transport: Transport, parts: Parts, state: State) -> list[Tensor]:
    """The channel is given the root's streams and nothing of what the ends say to each other. Returns the symbols that
    passed through it, none where the transport has no channel."""
    if not isinstance(getattr(transport, "channel", None), Channel):
        return []
    rich = replace(state, shape=(3, 2, 2), values=torch.full((len(state),), 12.0), round=2,
                   memory=Memory("sender", "receiver"))
    with watched(transport.channel) as watch:
        transport(parts, transport.inform(rich))
    for given in watch.states:
        kept = [name for name, empty in (
            ("budget", given.budget is None), ("price", given.price is None), ("plan", given.plan is None),
            ("gain_db", given.gain_db is None), ("values", given.values is None), ("shape", given.shape == ()),
            ("round", given.round == 0), ("memory", given.memory == Memory())) if not empty]
        require(not kept, "a channel is given State.air(), which says nothing of what is sent", ", ".join(kept))
    if watch.states:
        # A transport that uses the channel again later needs other streams for that.
        require(torch.equal(watch.states[0].snr_db, state.snr_db), "the noise on the air is that of snr_db",
                watch.states[0].snr_db.tolist())
        require(watch.states[0].rng.key == state.rng.key, "the first use of a channel draws from the root's streams")
    return watch.symbols


def check_content(send: Callable[[Parts, State], Delivery], state: State, given: Parts, others: Sequence[Parts],
                  law: str) -> None:
    """What ``others`` cost in uses and seconds is what ``given`` costs: without noise, and where the noise does not
    move the cost (as it does where what was not understood is sent again) with noise too."""
    still = replace(state, snr_db=torch.full_like(state.snr_db, float("inf")))
    apart = [send(given, replace(state, rng=state.rng.child("apart", seed))).cost.uses for seed in range(3)]
    moved = any(not torch.equal(uses, apart[0]) for uses in apart)
    for at in (still,) if moved else (still, state):
        cost = send(given, at).cost
        for parts in others:
            same_cost(send(parts, at).cost, cost, law, ("uses", "seconds"))


def same_cost(a: Cost, b: Cost, law: str, names: Sequence[str] = ("uses", "bits", "seconds")) -> None:
    """Equal to the bit in the columns ``names``."""
    for name in names:
        same(getattr(a, name), getattr(b, name), f"{law} (cost.{name})")


def same_part(a: Part, b: Part, law: str) -> None:
    """Equal to the bit, of whatever kind."""
    if isinstance(a, tuple) or isinstance(b, tuple):
        require(a == b, law)
    elif isinstance(a, Soft) and isinstance(b, Soft):
        same(a.value, b.value, f"{law} (value)")
        same(a.quality, b.quality, f"{law} (quality)")
    elif isinstance(a, Tensor) and isinstance(b, Tensor):
        same(a, b, law)
    else:
        require(False, law, f"{type(a).__name__} and {type(b).__name__}")
