"""A codec's own symbols over a channel: for codecs that are joint source and channel codes themselves."""

import torch

from gensc.channel import Channel
from gensc.errors import InputError
from gensc.phy.power import as_features, unit_power
from gensc.registry import register
from gensc.signal import ANY, Form, Parts, Soft, State, one_part
from gensc.transport.base import flat
from gensc.transport.equalize import Equalizer, Reception
from gensc.transport.radio import Arrival, Emission, Radio, arrived


@register("transport", "symbols")
class Symbols(Radio):
    """Features [B,n] as ceil(n/2) complex symbols, each pair of neighbours one symbol; nothing is learned here.

    An item ends with its last symbol that is not exactly 0: what stands behind it is not sent and costs nothing, so
    codecs of a variable rate leave the end out. A zero before it is sent, at no power, and costs its use: which symbols
    are zero would else be bits for nothing. What is sent of an item is brought to unit mean power. Delivered is
    ``Soft`` [B,n]: the receiver's estimate of each value at unit power, and its quality snr/(1+snr), 0 for what was
    not sent. With csi "both" the encoder is told the gain of each item.
    """

    tells_gain = True

    def __init__(self, channel: Channel | None = None, equalizer: Equalizer = "mmse", pilots: int = 0,
                 bandwidth_hz: float = 20e6) -> None:
        super().__init__(channel, equalizer, pilots, bandwidth_hz)

    def bind(self, form: Form) -> Form:
        part, shape = one_part(form, "transport symbols")
        if shape is None:
            raise InputError("symbols carries features, and this codec makes bytes: use digital, wifi7 or capacity, or "
                             "split for a codec that makes both")
        return {part: (ANY if ANY in shape else torch.Size(shape).numel(),)}

    def emit(self, parts: Parts, state: State) -> Emission:
        name, part = one_part(parts, "transport symbols")
        features = flat(part, "symbols")
        symbols, sent = unit_power(features)
        return Emission(symbols, sent.sum(dim=1), (name, features.shape[1], sent))

    def absorb(self, heard: Reception, emission: Emission, state: State) -> Arrival:
        name, count, sent = emission.notes
        out = heard.equalized(self.equalizer)
        estimate = as_features(out.x * sent, count)
        quality = (sent / (1 + 1 / out.snr)).repeat_interleave(2, dim=1)[:, :count]
        return arrived({name: Soft(estimate, quality)}, emission)

