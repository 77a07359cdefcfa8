"""Noise added directly to the features: each pair of real features is one channel use, with no coding at all."""

from typing import Literal

import torch
from torch import Tensor

from gensc.channel import AWGN, Channel, Rayleigh
from gensc.errors import InputError
from gensc.phy.power import as_features, as_symbols
from gensc.registry import register
from gensc.signal import Cost, Delivery, Form, Parts, State, one_part, tensor_of
from gensc.transport.base import flat, only_features
from gensc.transport.equalize import Equalizer, Reception
from gensc.transport.radio import Arrival, Emission, Radio, arrived

MOMENTUM = 0.05


@register("transport", "features")
class Features(Radio):
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
        super().__init__(channel, equalizer, pilots, bandwidth_hz)
        self.convention, self.whole_batch = convention, convention == "gensc6g"
        if self.whole_batch:
            self._noise = _gensc6g_noise(self.channel)

    def bind(self, form: Form) -> Form:
        part, shape = only_features(form, "features")
        width = torch.Size(shape).numel()
        self.mean: Tensor
        self.variance: Tensor
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("variance", torch.ones(width))
        return {part: shape}

    def emit(self, parts: Parts, state: State) -> Emission:
        name, part = one_part(parts, "transport features")
        features = flat(part, "features")
        symbols = as_symbols(features)
        count = features.shape[1]
        scale = (count / symbols.shape[1]) ** 0.5
        if self.training and self.equalizer == "mmse":
            self._learn(as_features(symbols, count) * scale)
        uses = torch.full((len(symbols),), float(symbols.shape[1]), device=symbols.device)
        return Emission(symbols, uses, (name, tensor_of(part, "transport features").shape, scale))

    def absorb(self, heard: Reception, emission: Emission, state: State) -> Arrival:
        name, shape, scale = emission.notes
        count = shape[1:].numel()
        out = heard.equalized("zf")
        received = as_features(out.x, count) * scale
        if self.equalizer == "mmse":
            noise = scale**2 / 2 / out.snr.repeat_interleave(2, dim=1)[:, :count]
            received = self.mean + self.variance / (self.variance + noise) * (received - self.mean)
        return arrived({name: received.view(shape)}, emission)

    def transmitted(self, parts: Parts, state: State) -> Delivery:
        return self._gensc6g(parts, state) if self.whole_batch else super().transmitted(parts, state)

    @torch.no_grad()
    def _learn(self, features: Tensor) -> None:
        """Follow the mean and variance of each feature [B,F] as it is sent."""
        self.mean.lerp_(features.mean(dim=0), MOMENTUM)
        self.variance.lerp_((features - self.mean).square().mean(dim=0).clamp_min(1e-6), MOMENTUM)

    def _gensc6g(self, parts: Parts, state: State) -> Delivery:
        name, part = one_part(parts, "transport features")
        features = flat(part, "features")
        ratio = state.snr_db.to(features.device)[:, None]
        if (ratio <= 0).any():
            raise InputError(f"convention 'gensc6g' takes the SNR as a plain ratio, and {ratio.min():g} is no ratio: "
                             "give numbers above 0")
        power = features.square().mean() / ratio
        rng = state.child("noise").rng
        items, count = features.shape
        noise = rng.normal(count) if self._noise == "normal" else rng.complex_normal(count).abs()
        received = features + power.sqrt() * noise.to(features.device)
        cost = Cost.analog(-(-count // 2) + self.pilots, items, self.bandwidth_hz, features.device)
        ok = torch.ones(items, dtype=torch.bool, device=features.device)
        return Delivery({name: received.view(tensor_of(part, "transport features").shape)}, ok, cost)


def _gensc6g_noise(channel: Channel) -> str:
    if isinstance(channel, AWGN):
        return "normal"
    if isinstance(channel, Rayleigh):
        return "absolute"
    raise InputError(f"convention 'gensc6g' knows the channels awgn and rayleigh, not {type(channel).__name__}: "
                     "use convention 'true' with it")
