"""Flat fading: Rayleigh and Rician, one gain an item (block) or one a symbol."""

from typing import Literal

import torch

from gensc import units
from gensc.channel.base import Channel, faded
from gensc.errors import InputError
from gensc.registry import register
from gensc.signal import Signal, State

Fading = Literal["block", "symbol"]


@register("channel", "rayleigh")
class Rayleigh(Channel):
    """y = h x + n, h ~ CN(0,1), so E|h|^2 = 1: no line of sight (Proakis, Digital Communications, 13.1).

    ``fading``: "block" draws one h an item, "symbol" a fresh h every channel use (ideal interleaving).
    """

    def __init__(self, fading: Fading = "block") -> None:
        super().__init__()
        self.block_fading = fading == "block"

    def distort(self, signal: Signal, state: State) -> Signal:
        draws = 1 if self.block_fading else signal.x.shape[1]
        return faded(signal, state.child("fading").rng.complex_normal(draws))


@register("channel", "rician")
class Rician(Channel):
    """y = h x + n, h = sqrt(K/(K+1)) e^(j theta) + sqrt(1/(K+1)) CN(0,1), so E|h|^2 = 1.

    ``k_db`` is the ratio K of line of sight to scattered power in dB; theta is uniform, one an item.
    """

    def __init__(self, k_db: float = 6.0, fading: Fading = "block") -> None:
        super().__init__()
        if k_db != k_db:
            raise InputError("rician: k_db is nan; give the ratio of line of sight to scattered power in dB")
        self.k_db = k_db
        self.block_fading = fading == "block"

    def distort(self, signal: Signal, state: State) -> Signal:
        draws = 1 if self.block_fading else signal.x.shape[1]
        scatter = 1 / (1 + units.db_to_ratio(self.k_db))
        theta = 2 * torch.pi * state.child("line of sight").rng.uniform(1)
        direct = torch.polar(torch.ones_like(theta), theta)
        scattered = state.child("fading").rng.complex_normal(draws)
        return faded(signal, (1 - scatter).sqrt() * direct + scatter.sqrt() * scattered)
