"""Several channels one after the other, with the receiver's noise once at the end."""

from torch import nn

from gensc.channel.base import Channel
from gensc.errors import InputError
from gensc.registry import create, register
from gensc.signal import Signal, State


@register("channel", "chain")
class Chain(Channel):
    """The distortions of ``parts`` in the order given, then n ~ CN(0, N0) once.

    A part is a channel or its table, e.g. {"name": "rayleigh"}. Interference that enters at the receiving
    antenna comes last: what stands before a fading part fades with it.
    """

    def __init__(self, parts: tuple[Channel | dict, ...] = ({"name": "rayleigh"}, {"name": "interference"})) -> None:
        super().__init__()
        if not parts:
            raise InputError("chain: parts is empty; give at least one channel, e.g. [{name = 'awgn'}]")
        channels = [channel_of("chain", part) for part in parts]
        self.parts = nn.ModuleList(channels)
        self.block_fading = all(channel.block_fading for channel in channels)
        self.transparent = all(channel.transparent for channel in channels)
        self.exact = all(channel.exact for channel in channels)
        self.overhead = max(channel.overhead for channel in channels)

    def distort(self, signal: Signal, state: State) -> Signal:
        for place, part in enumerate(self.parts):
            assert isinstance(part, Channel)
            signal = part.distort(signal, state.child("part", place))
        return signal


def channel_of(owner: str, part: Channel | dict) -> Channel:
    """A part of the channel ``owner``: a channel as it is, or the one that a table names. Raises InputError for a table
    without a name."""
    if isinstance(part, Channel):
        return part
    options = dict(part)
    name = options.pop("name", None)
    if not isinstance(name, str):
        raise InputError(f"{owner}: the part {part!r} needs a name, e.g. {{name = 'awgn'}}")
    return create("channel", name, **options)
