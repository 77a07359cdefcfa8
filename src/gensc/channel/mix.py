"""Channels by chance: each item meets one of several."""

import math

import torch
from torch import Tensor, nn

from gensc.channel.base import Channel
from gensc.channel.chain import channel_of
from gensc.errors import InputError
from gensc.registry import register
from gensc.signal import Signal, State


@register("channel", "mix")
class Mix(Channel):
    """The distortion of one of ``parts``, drawn for each item, then n ~ CN(0, N0): a link that is trained or judged
    where nobody knows which channel comes.

    A part is a channel or its table, e.g. {"name": "rayleigh"}. ``shares``: how often each is drawn, in any unit; None:
    all as often. Pilots can measure it, and its capacity is known, where that is so of every part.

    >>> from gensc.channel import Mix
    >>> mixed = Mix(({"name": "awgn"}, {"name": "rayleigh"}), shares=(3.0, 1.0))
    >>> mixed.transmit(torch.ones(4, 100, dtype=torch.complex64), snr_db=10.0).h.shape
    torch.Size([4, 100])
    """

    def __init__(self, parts: tuple[Channel | dict, ...] = ({"name": "awgn"}, {"name": "rayleigh"}),
                 shares: tuple[float, ...] | None = None) -> None:
        super().__init__()
        if not parts:
            raise InputError("mix: parts is empty; give at least one channel, e.g. [{name = 'awgn'}]")
        weights = (1.0,) * len(parts) if shares is None else shares
        if len(weights) != len(parts) or not all(0 <= one < math.inf for one in weights) or not sum(weights) > 0:
            raise InputError(f"mix: shares is {shares} for {len(parts)} parts; expected a number of 0 or more for "
                             "each, not all 0, e.g. [3.0, 1.0]")
        channels = [channel_of("mix", part) for part in parts]
        self.parts = nn.ModuleList(channels)
        self.shares = tuple(one / sum(weights) for one in weights)
        self.block_fading = all(channel.block_fading for channel in channels)
        self.overhead = max(channel.overhead for channel in channels)
        self.transparent = all(channel.transparent for channel in channels)
        self.exact = all(channel.exact for channel in channels)

    @property
    def cycle(self) -> int:
        return math.lcm(*(part.cycle for part in self._channels))

    def distort(self, signal: Signal, state: State) -> Signal:
        drawn = self.drawn(state)
        pieces, order = [], []
        for place, part in enumerate(self._channels):
            rows = torch.nonzero(drawn == place).flatten()
            if len(rows):
                pieces.append(part.distort(_rows(signal, rows), state.select(rows.tolist()).child("part", place)))
                order.append(rows)
        back = torch.cat(order).argsort().to(signal.x.device)
        h = torch.cat([torch.ones_like(piece.x) if piece.h is None else piece.h for piece in pieces])
        return Signal(torch.cat([piece.x for piece in pieces])[back], signal.n0, h[back], signal.rate_hz)

    def drawn(self, state: State) -> Tensor:
        """The place in ``parts`` of the channel that each item meets, int64 [B]."""
        edges = torch.tensor(self.shares).cumsum(dim=0)[:-1]
        return torch.bucketize(state.child("mix").rng.uniform(1)[:, 0], edges, right=True)

    @property
    def _channels(self) -> list[Channel]:
        return [part for part in self.parts if isinstance(part, Channel)]


def _rows(signal: Signal, rows: Tensor) -> Signal:
    at = rows.to(signal.x.device)
    return Signal(signal.x[at], signal.n0[rows.to(signal.n0.device)], None if signal.h is None else signal.h[at],
                  signal.rate_hz)
