"""The channels that can be learned: where pairs come from, and the density p(y|x) that they have in truth."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.special import i0e
from torch import Tensor

from gensc import registry, units
from gensc.channel.amplifier import Rapp
from gensc.channel.base import Channel
from gensc.channel.learned.networks import conditions
from gensc.errors import InputError
from gensc.rng import Rng
from gensc.signal import Signal, State

LOWEST_DB, HIGHEST_DB = 0.0, 20.0
"""The SNRs of the pairs."""
WIDEST = 2.5
"""The largest |x| of the pairs."""
ITEMS, USES = 16_384, 64


@dataclass(frozen=True)
class Truth:
    """A registered channel with its options and the law of y|x; ``told``: the gain h is a condition, too."""

    channel: str
    options: dict[str, Any]
    told: bool = False

    def made(self) -> Channel:
        """The channel itself."""
        made: Channel = registry.create("channel", self.channel, **self.options)
        return made

    def amplified(self, x: complex) -> complex:
        """What the amplifier makes of x; x where there is none."""
        if self.channel != "rapp":
            return x
        return complex(Rapp(**self.options).amplify(torch.tensor([x], dtype=torch.complex128))[0])


TRUTHS = {
    "awgn": Truth("awgn", {}),
    "rayleigh": Truth("rayleigh", {"fading": "symbol"}),
    "rayleigh-h": Truth("rayleigh", {"fading": "symbol"}, told=True),
    "rapp": Truth("rapp", {"backoff_db": 0.0, "am_pm": True}),
    "rician": Truth("rician", {"k_db": 10.0, "fading": "symbol"}),
}


def truth(name: str) -> Truth:
    """The channel of a name. Raises InputError with the known names."""
    if name not in TRUTHS:
        raise InputError(f"there is no learnable channel {name!r}{registry.nearest(name, TRUTHS)}: choose from "
                         f"{', '.join(TRUTHS)}")
    return TRUTHS[name]


@dataclass(frozen=True)
class Pairs:
    """N uses of a channel: what is ``known`` of them float32 [N,C] and what arrived, ``y`` float32 [N,2]."""

    known: Tensor
    y: Tensor

    def batch(self, rng: Rng, size: int) -> tuple[Tensor, Tensor]:
        """``size`` pairs, drawn with replacement."""
        index = (rng.of(1).uniform(size)[0].double() * len(self.y)).long()
        return self.known[index], self.y[index]


def pairs(of: Truth, rng: Rng, items: int = ITEMS) -> Pairs:
    """``items`` * 64 uses of a channel: |x| uniform up to ``WIDEST`` at any angle, SNR uniform in dB."""
    streams = rng.of(items)
    radius = streams.child("radius").uniform(USES, high=WIDEST)
    x = torch.polar(radius, 2 * math.pi * streams.child("angle").uniform(USES))
    snr_db = streams.child("snr").uniform(1, low=LOWEST_DB, high=HIGHEST_DB)[:, 0]
    state = State(snr_db, streams.child("channel"))
    with torch.no_grad():
        out = of.made()(Signal(x, state.n0), state)
    n0 = state.n0[:, None].expand_as(x)
    known = conditions(x.flatten(), n0.flatten(), out.h.flatten() if of.told else None)
    return Pairs(known, torch.view_as_real(out.x).reshape(-1, 2))


def spread(of: Truth, x: complex, n0: float) -> float:
    """Standard deviation of y per real dimension (across the ring, for rician): sets how fine a grid must be."""
    scatter = {"rician": _scatter(of), "rayleigh": 0.0 if of.told else 1.0}.get(of.channel, 0.0)
    return math.sqrt((scatter * abs(x) ** 2 + n0) / 2)


def reach(of: Truth, x: complex, n0: float, h: complex) -> tuple[complex, float]:
    """Centre and half side of a square that holds nearly all of p(y|x)."""
    tail = 5 * spread(of, x, n0)
    if of.channel == "rician":
        return 0j, tail + math.sqrt(1 - _scatter(of)) * abs(x)
    return _circular(of, x, n0, h)[0], tail


def density(of: Truth, y: np.ndarray, x: complex, n0: float, h: complex) -> np.ndarray:
    """p(y | x, N0, h) in closed form at complex ``y`` of any shape, per unit area.

    Circular Gaussian around x (awgn), around h x (rayleigh where h is told), around the amplifier's output (rapp) or
    around 0 with |x|^2 + N0 (rayleigh). Rician with a uniform phase: a ring, exp(-(r^2+s^2)/v) I0(2rs/v) / (pi v),
    s the line of sight and v all that scatters (Rice, 1945).
    """
    if of.channel == "rician":
        scatter = _scatter(of)
        v, s, r = scatter * abs(x) ** 2 + n0, math.sqrt(1 - scatter) * abs(x), np.abs(y)
        return np.exp(-((r - s) ** 2) / v) * i0e(2 * r * s / v) / (math.pi * v)
    centre, v = _circular(of, x, n0, h)
    return np.exp(-np.abs(y - centre) ** 2 / v) / (math.pi * v)


def _scatter(of: Truth) -> float:
    return float(1 / (1 + units.db_to_ratio(of.options["k_db"]))) if of.channel == "rician" else 0.0


def _circular(of: Truth, x: complex, n0: float, h: complex) -> tuple[complex, float]:
    if of.channel == "rayleigh":
        return (h * x, n0) if of.told else (0j, abs(x) ** 2 + n0)
    return of.amplified(x), n0
