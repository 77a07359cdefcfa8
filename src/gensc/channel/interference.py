"""Radio-frequency interference at the receiving antenna, its power apart from the noise."""

from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from gensc import units
from gensc.channel.base import Channel
from gensc.errors import InputError
from gensc.registry import register
from gensc.rng import Rng
from gensc.signal import Signal, State


@register("channel", "interference")
class Interference(Channel):
    """y = x + i + n with an interferer of mean power 10^(-sir_db/10) over the item's channel uses.

    ``shape`` "tone": A e^(j(2 pi f t + phi)), f and phi uniform, one pair an item. "burst": white CN noise
    during a share ``duty`` of the uses, at a random place (it may wrap round), silent otherwise; its
    power while it lasts is 1/duty times the mean.
    """

    transparent = False

    def __init__(self, sir_db: float = 10.0, shape: Literal["tone", "burst"] = "tone", duty: float = 0.25) -> None:
        super().__init__()
        if not 0 < duty <= 1:
            raise InputError(f"interference: duty is {duty}; expected a share of the time in (0, 1]")
        if sir_db != sir_db or sir_db == float("-inf"):
            raise InputError(f"interference: sir_db is {sir_db}; give the signal-to-interference ratio in dB")
        self.sir_db, self.shape, self.duty = sir_db, shape, duty

    def distort(self, signal: Signal, state: State) -> Signal:
        amplitude = units.noise_power(self.sir_db).sqrt()
        wave = self._tone if self.shape == "tone" else self._burst
        interferer = amplitude * wave(state.child("interference").rng, signal.x.shape[1])
        return replace(signal, x=signal.x + interferer.to(signal.x.device))

    def _tone(self, rng: Rng, uses: int) -> Tensor:
        frequency, phase = rng.uniform(2).split(1, dim=1)
        turns = ((frequency.double() * torch.arange(uses) + phase) % 1).float()
        return torch.polar(torch.ones_like(turns), 2 * torch.pi * turns)

    def _burst(self, rng: Rng, uses: int) -> Tensor:
        length = max(1, round(self.duty * uses))
        start = (rng.child("start").uniform(1) * uses).long()
        on = ((torch.arange(uses) - start) % uses) < length
        return rng.complex_normal(uses) * on * (uses / length) ** 0.5
