"""Learned joint source-channel coding of features: k complex channel uses, trained with the task."""

import torch
from torch import Tensor, nn

from gensc.channel import Channel
from gensc.errors import InputError
from gensc.phy.power import as_symbols
from gensc.registry import register
from gensc.signal import Form, Parts, State, one_part, tensor_of
from gensc.transport.base import flat, only_features
from gensc.transport.equalize import Equalized, Equalizer, Reception
from gensc.transport.maps import Mapping, learned_map
from gensc.transport.radio import Arrival, Emission, Radio, arrived, symbols_in


@register("transport", "analog")
class Analog(Radio):
    """Features -> map -> ``uses`` - ``pilots`` complex symbols of unit power an item -> channel ->
    equaliser -> map -> features. One set of weights serves every SNR it was trained over: the receiver's
    map also sees how good each item's reception was.

    ``mapping`` "linear" or "mlp" (one hidden layer of ``hidden`` units at each end).
    ``uses`` counts everything sent, pilots included.
    """

    def __init__(self, channel: Channel | None = None, uses: int = 128, mapping: Mapping = "mlp",
                 hidden: int = 512, equalizer: Equalizer = "mmse", pilots: int = 0,
                 bandwidth_hz: float = 20e6) -> None:
        super().__init__(channel, equalizer, pilots, bandwidth_hz)
        if uses < 1 or uses <= pilots:
            raise InputError(f"analog: uses is {uses} and pilots {pilots}; expected uses of at least 1 and "
                             "fewer pilots than uses (pilots are paid from them)")
        self.uses, self.hidden = uses, hidden
        self.mapping: Mapping = mapping

    def bind(self, form: Form) -> Form:
        part, shape = only_features(form, "analog")
        width = torch.Size(shape).numel()
        symbols = symbols_in(self.uses, self.overhead) - self.pilots
        if symbols < 1:
            raise InputError(f"analog: uses is {self.uses}, and with pilots and cyclic prefix no symbol fits: "
                             "give more")
        real = 2 * symbols
        self.norm = nn.LayerNorm(width)
        self.encoder = learned_map(self.mapping, width, self.hidden, real)
        self.decoder = learned_map(self.mapping, real + 1, self.hidden, width)
        return {part: shape}

    def emit(self, parts: Parts, state: State) -> Emission:
        name, part = one_part(parts, "transport analog")
        symbols = as_symbols(self.encoder(self.norm(flat(part, "analog"))))
        uses = torch.full((len(symbols),), float(symbols.shape[1]), device=symbols.device)
        return Emission(symbols, uses, (name, tensor_of(part, "transport analog").shape))

    def absorb(self, heard: Reception, emission: Emission, state: State) -> Arrival:
        name, shape = emission.notes
        out = heard.equalized(self.equalizer)
        received = self.decoder(torch.cat([torch.view_as_real(out.x).flatten(1), quality(out)], dim=1))
        return arrived({name: received.view(shape)}, emission)


def quality(out: Equalized) -> Tensor:
    """How good a reception was, float32 [B,1] in [0,1]: the mean of snr/(1+snr) over the symbols."""
    return (1 / (1 + 1 / out.snr)).mean(dim=1, keepdim=True)
