"""Noise straight on the features: each pair of real features is one channel use, with no coding at all."""

import math
from typing import Literal

import torch
from torch import Tensor

from gensc.channel import AWGN, Channel, Rayleigh
from gensc.errors import InputError
from gensc.registry import register
from gensc.signal import Cost, Delivery, Payload, State
from gensc.transport.base import Transport, featured, flat
from gensc.transport.equalize import Equalizer, carry

MOMENTUM = 0.05


@register("transport", "features")
class Features(Transport):
    """F real features as F/2 complex symbols, over any channel.

    ``convention`` "true": each item is brought to unit power, so that ``snr_db`` holds item by item; the
    receiver gets the unit-power features back and needs no side information (uses: ceil(F/2) + pilots).
    ``equalizer`` "zf" hands them over as they are, plus noise; "mmse" draws each towards its mean over the
    training items, the more the noisier it is (linear MMSE with the learned mean and variance of each feature).
    "gensc6g": as the code of the GenSC-6G paper does it, for comparison only: the number in ``snr_db`` is
    taken as a plain ratio, the noise power follows the mean square of the whole tensor, and "Rayleigh"
    adds |CN| noise that nobody equalises (CQILAB-Official/GenSC-6G, commit b7dc636).
    """

    def __init__(self, channel: Channel | None = None, convention: Literal["true", "gensc6g"] = "true",
                 equalizer: Equalizer = "mmse", pilots: int = 0, bandwidth_hz: float = 20e6) -> None:
        super().__init__()
        if pilots < 0:
            raise InputError(f"features: pilots is {pilots}; expected 0 or more channel uses")
        self.channel = channel if channel is not None else AWGN()
        self.convention, self.whole_batch = convention, convention == "gensc6g"
        self.equalizer: Equalizer = equalizer
        self.pilots, self.bandwidth_hz = pilots, bandwidth_hz
        if convention == "gensc6g":
            self._noise = _gensc6g_noise(self.channel)

    def bind(self, shape: tuple[int, ...] | None) -> tuple[int, ...]:
        shape = featured(shape, "features")
        width = torch.Size(shape).numel()
        self.mean: Tensor
        self.variance: Tensor
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("variance", torch.ones(width))
        return shape

    def forward(self, payload: Payload, state: State) -> Delivery:
        features = flat(payload)
        assert isinstance(payload, Tensor), "flat refuses bytes"
        uses = math.ceil(features.shape[1] / 2) + self.pilots
        received = self._gensc6g(features, state) if self.whole_batch else self._true(features, state)
        ok = torch.ones(len(features), dtype=torch.bool, device=features.device)
        cost = Cost.analog(uses, len(features), self.bandwidth_hz, features.device)
        return Delivery(received.view_as(payload), ok, cost)

    def _true(self, flat: Tensor, state: State) -> Tensor:
        symbols = as_symbols(flat)
        features, scale = flat.shape[1], (flat.shape[1] / symbols.shape[1]) ** 0.5
        if self.training and self.equalizer == "mmse":
            self._learn(as_features(symbols, features) * scale)
        out = carry(symbols, self.channel, state, "zf", self.pilots)
        received = as_features(out.x, features) * scale
        if self.equalizer == "zf":
            return received
        noise = scale**2 / 2 / out.snr.repeat_interleave(2, dim=1)[:, :features]
        return self.mean + self.variance / (self.variance + noise) * (received - self.mean)

    @torch.no_grad()
    def _learn(self, sent: Tensor) -> None:
        """Follow the mean and variance of each feature [B,F] as it is sent."""
        self.mean.lerp_(sent.mean(dim=0), MOMENTUM)
        self.variance.lerp_((sent - self.mean).square().mean(dim=0).clamp_min(1e-6), MOMENTUM)

    def _gensc6g(self, flat: Tensor, state: State) -> Tensor:
        ratio = state.snr_db.to(flat.device)[:, None]
        if (ratio <= 0).any():
            raise InputError(f"convention 'gensc6g' takes the SNR as a plain ratio, and {ratio.min():g} is no ratio: "
                             "give numbers above 0")
        power = flat.square().mean() / ratio
        rng = state.child("noise").rng
        noise = rng.normal(flat.shape[1]) if self._noise == "normal" else rng.complex_normal(flat.shape[1]).abs()
        return flat + power.sqrt() * noise.to(flat.device)


def as_features(symbols: Tensor, features: int) -> Tensor:
    """Complex symbols [B,k] as the first ``features`` of their 2k real values."""
    return torch.view_as_real(symbols).flatten(1)[:, :features]


def as_symbols(flat: Tensor) -> Tensor:
    """Real values [B,n] as ceil(n/2) complex symbols of unit mean power an item (an odd n gets a zero).

    An item that is all zero stays all zero.
    """
    peak = flat.detach().abs().amax(dim=1, keepdim=True)
    flat = flat / torch.where(peak > 0, peak, 1)
    padded = torch.nn.functional.pad(flat, (0, flat.shape[1] % 2))
    symbols = torch.view_as_complex(padded.view(len(flat), -1, 2).contiguous())
    power = symbols.abs().square().mean(dim=1, keepdim=True)
    return symbols * torch.where(power > 0, power, 1).rsqrt()


def _gensc6g_noise(channel: Channel) -> str:
    if isinstance(channel, AWGN):
        return "normal"
    if isinstance(channel, Rayleigh):
        return "absolute"
    raise InputError(f"convention 'gensc6g' knows the channels awgn and rayleigh, not {type(channel).__name__}: "
                     "use convention 'true' with it")
