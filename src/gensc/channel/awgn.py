"""Additive white Gaussian noise."""

from gensc.channel.base import Channel
from gensc.registry import register
from gensc.signal import Signal, State


@register("channel", "awgn")
class AWGN(Channel):
    """y = x + n, n ~ CN(0, N0)."""

    def distort(self, signal: Signal, state: State) -> Signal:
        return signal
