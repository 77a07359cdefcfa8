"""A codec's own symbols over a channel: for codecs that are joint source and channel codes themselves."""

import torch
from torch import Tensor

from gensc.channel import AWGN, Channel
from gensc.errors import InputError
from gensc.registry import register
from gensc.signal import Cost, Delivery, Mixed, Payload, Signal, State
from gensc.transport.base import Transport, featured, flat
from gensc.transport.digital import Digital
from gensc.transport.equalize import Equalizer, carry
from gensc.units import airtime_s, ratio_to_db

SIDE_LOSS = 1e-4
"""Share of items whose side information may be lost: with it goes the whole item."""


@register("transport", "symbols")
class Symbols(Transport):
    """Features [B,n] as ceil(n/2) complex symbols, each pair of neighbours one symbol; nothing is learned here.

    A symbol that is exactly 0 is not sent and costs nothing: codecs of a variable rate leave symbols out so.
    What is sent of an item is brought to unit mean power. Delivered are [B,2,n]: the receiver's estimate of
    each value at unit power, and its quality snr/(1+snr) in [0,1], 0 for what was not sent.
    Side information (Mixed) goes before them as bytes of free length by the transport ``digital`` of 5G codes, over
    the same channel, and is paid for; an item whose side information is lost did not arrive.
    """

    def __init__(self, channel: Channel | None = None, equalizer: Equalizer = "mmse", pilots: int = 0,
                 bandwidth_hz: float = 20e6) -> None:
        super().__init__()
        if pilots < 0:
            raise InputError(f"symbols: pilots is {pilots}; expected 0 or more channel uses")
        self.channel = channel if channel is not None else AWGN()
        self.equalizer: Equalizer = equalizer
        self.pilots, self.bandwidth_hz = pilots, bandwidth_hz

    def bind(self, shape: tuple[int, ...] | None) -> tuple[int, ...]:
        return 2, torch.Size(featured(shape, "symbols")).numel()

    def gain_db(self, state: State) -> Tensor:
        if not self.channel.block_fading:
            raise InputError("csi is 'both' and the gain changes every symbol: use fading = 'block', or csi = "
                             "'receiver'")
        # Gains are drawn from the state's streams, whatever is sent: a probe meets the same as the payload.
        probe = torch.ones(len(state.snr_db), 1, dtype=torch.complex64)
        gain = self.channel.distort(Signal(probe, state.n0, torch.ones_like(probe)), state).h
        assert gain is not None, "a channel returns h"
        return ratio_to_db(gain[:, 0].abs().square().clamp_min(1e-9))

    def forward(self, payload: Payload, state: State) -> Delivery:
        if isinstance(payload, Mixed):
            return self._mixed(payload, state)
        features = flat(payload)
        symbols, sent = unit_power(features)
        out = carry(symbols, self.channel, state, self.equalizer, self.pilots)
        estimate = torch.view_as_real(out.x * sent).flatten(1)
        quality = (sent / (1 + 1 / out.snr)).repeat_interleave(2, dim=1)
        received = torch.stack([estimate, quality], dim=1)[..., :features.shape[1]]
        uses = sent.sum(dim=1) + self.pilots
        cost = Cost(uses, torch.zeros_like(uses), airtime_s(uses, self.bandwidth_hz))
        return Delivery(received, torch.ones_like(uses, dtype=torch.bool), cost)

    def _mixed(self, payload: Mixed, state: State) -> Delivery:
        """The symbols of B items and their side information."""
        digital = Digital(self.channel, uses=0, target=SIDE_LOSS, pilots=self.pilots,
                          bandwidth_hz=self.bandwidth_hz).eval()
        digital.bind(None)
        side = digital(tuple(one or b"" for one in payload.side), state.child("side"))
        main = self(payload.values, state)
        cost = Cost(*(getattr(main.cost, name) + getattr(side.cost, name) for name in ("uses", "bits", "seconds")))
        return Delivery(Mixed(main.payload, side.payload), side.ok, cost)


def unit_power(flat: Tensor) -> tuple[Tensor, Tensor]:
    """Real values [B,n] as complex symbols [B,k] whose sent ones have unit mean power an item, and which of them
    are sent (1.0 or 0.0, float32 [B,k])."""
    padded = torch.nn.functional.pad(flat, (0, flat.shape[1] % 2))
    pairs = padded.view(len(flat), -1, 2)
    sent = (pairs != 0).any(dim=2).float()
    peak = pairs.detach().abs().amax(dim=(1, 2), keepdim=True)
    pairs = pairs / torch.where(peak > 0, peak, 1)
    power = pairs.square().sum(dim=(1, 2), keepdim=True) / sent.sum(dim=1).clamp_min(1)[:, None, None]
    return torch.view_as_complex((pairs * torch.where(power > 0, power, 1).rsqrt()).contiguous()), sent
