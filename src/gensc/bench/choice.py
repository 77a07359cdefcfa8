"""The scheme that a classical link chooses, beside every scheme tried on other draws of the same channel."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gensc.channel import Channel
from gensc.metric.estimate import wilson
from gensc.registry import create
from gensc.rng import Rng
from gensc.signal import MAIN, Csi, State
from gensc.transport.digital import Digital

CHANNELS: dict[str, tuple[str, dict]] = {
    "AWGN": ("awgn", {}),
    "Rayleigh, block": ("rayleigh", {}),
    "Rayleigh, symbol": ("rayleigh", {"fading": "symbol"}),
    "Rician 6 dB, block": ("rician", {}),
    "Rician 20 dB, block": ("rician", {"k_db": 20.0}),
    "interference, tone": ("interference", {}),
    "interference, bursts": ("interference", {"shape": "burst"}),
    "amplifier (Rapp)": ("rapp", {"backoff_db": 3.0}),
    "phase noise": ("phase_noise", {}),
    "carrier offset": ("carrier_offset", {"ppm": 0.01}),
    "sampling offset": ("sampling_offset", {}),
    "timing": ("timing", {}),
    "TGn D": ("tgn", {}),
    "TDL A": ("tdl", {}),
    "CDL A": ("cdl", {}),
    "terahertz": ("terahertz", {}),
    "surface": ("surface", {}),
    "Rayleigh + interference": ("chain", {}),
    "AWGN or Rayleigh": ("mix", {}),
    "learned": ("learned", {}),
}
"""Channels by the name of a row, with their options."""


@dataclass(frozen=True)
class Choice:
    """What a choice came to: the ``mcs`` taken for ``uses`` channel uses, the share of items ``lost`` of ``items``
    (with the ends of its 95 % interval), the bytes an item ``delivered`` on average, and those of the ``best`` fixed
    scheme whose loss is within the ``target``, or of all where none is."""

    channel: str
    uses: int
    snr_db: float
    csi: Csi
    target: float
    mcs: int
    items: int
    lost: float
    low: float
    high: float
    delivered: float
    best_mcs: int
    best: float


def survey(channels: Sequence[str], uses: Sequence[int], snr_db: Sequence[float], target: float, items: int,
           csi: Csi = "receiver", pilots: int = 0) -> Iterator[Choice]:
    """Every combination, each scheme on the same ``items`` draws of the channel."""
    for name in channels:
        kind, options = CHANNELS[name]
        for count in uses:
            for one in snr_db:
                yield _tried(name, create("channel", kind, **options), count, one, target, items, csi, pilots)


def _tried(name: str, channel: Channel, uses: int, snr_db: float, target: float, items: int, csi: Csi,
           pilots: int) -> Choice:
    def link(mcs: Any) -> Digital:
        made = Digital(channel, uses, mcs=mcs, target=target, pilots=pilots)
        made.bind({MAIN: None})
        return made.eval()

    adaptive = link("adaptive")
    state = State.of(snr_db, items, Rng.seeded(1, "survey"), csi)
    plan = adaptive.inform(state.select([0])).plan
    assert plan is not None, "digital has a plan for each item"
    chosen = plan[0][0].mcs
    sizes = {option.index: int(option.data) for option in adaptive.usable(uses)}
    losses = {index: _lost(link(index), state, size) for index, size in sizes.items()}
    worth = {index: sizes[index] * (1 - lost) for index, lost in losses.items()}
    best = max([index for index in worth if losses[index] <= target] or worth, key=lambda index: worth[index])
    low, high = wilson(losses[chosen], items)
    return Choice(name, uses, snr_db, csi, target, chosen, items, losses[chosen], low, high, worth[chosen], best,
                  worth[best])


def _lost(link: Digital, state: State, size: int) -> float:
    """The share of items of random bytes that are lost."""
    data = tuple(generator.bytes(size) for generator in state.child("data").rng.generators())
    got = link({MAIN: data}, state).main
    return sum(one != sent for one, sent in zip(got, data, strict=True)) / len(data)
