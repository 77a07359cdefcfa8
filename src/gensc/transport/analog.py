"""Learned joint source-channel coding of features: k complex channel uses, trained with the task."""

import torch
from torch import Tensor, nn

from gensc.channel import AWGN, Channel
from gensc.errors import InputError
from gensc.registry import register
from gensc.signal import Cost, Delivery, Payload, State
from gensc.transport.base import Transport, featured, flat
from gensc.transport.equalize import Equalized, Equalizer, carry
from gensc.transport.features import as_symbols
from gensc.transport.maps import Mapping, learned_map


@register("transport", "analog")
class Analog(Transport):
    """Features -> map -> ``uses`` - ``pilots`` complex symbols of unit power an item -> channel ->
    equaliser -> map -> features. One set of weights serves every SNR it was trained over: the receiver's
    map also sees how good each item's reception was.

    ``mapping`` "linear" or "mlp" (one hidden layer of ``hidden`` units at each end).
    ``uses`` counts everything sent, pilots included.
    """

    def __init__(self, channel: Channel | None = None, uses: int = 128, mapping: Mapping = "mlp",
                 hidden: int = 512, equalizer: Equalizer = "mmse", pilots: int = 0,
                 bandwidth_hz: float = 20e6) -> None:
        super().__init__()
        if uses < 1 or pilots < 0 or uses <= pilots:
            raise InputError(f"analog: uses is {uses} and pilots {pilots}; expected uses of at least 1 and "
                             "fewer pilots than uses (pilots are paid from them)")
        self.channel = channel if channel is not None else AWGN()
        self.uses, self.pilots, self.bandwidth_hz = uses, pilots, bandwidth_hz
        self.mapping: Mapping = mapping
        self.hidden = hidden
        self.equalizer: Equalizer = equalizer

    def bind(self, shape: tuple[int, ...] | None) -> tuple[int, ...]:
        shape = featured(shape, "analog")
        width = torch.Size(shape).numel()
        sent = 2 * (self.uses - self.pilots)
        self.norm = nn.LayerNorm(width)
        self.encoder = learned_map(self.mapping, width, self.hidden, sent)
        self.decoder = learned_map(self.mapping, sent + 1, self.hidden, width)
        return shape

    def forward(self, payload: Payload, state: State) -> Delivery:
        features = flat(payload)
        assert isinstance(payload, Tensor), "flat refuses bytes"
        symbols = as_symbols(self.encoder(self.norm(features)))
        out = carry(symbols, self.channel, state, self.equalizer, self.pilots)
        received = self.decoder(torch.cat([torch.view_as_real(out.x).flatten(1), quality(out)], dim=1))
        ok = torch.ones(len(features), dtype=torch.bool, device=features.device)
        cost = Cost.analog(self.uses, len(features), self.bandwidth_hz, features.device)
        return Delivery(received.view_as(payload), ok, cost)


def quality(out: Equalized) -> Tensor:
    """How good a reception was, float32 [B,1] in [0,1]: the mean of snr/(1+snr) over the symbols."""
    return (1 / (1 + 1 / out.snr)).mean(dim=1, keepdim=True)
