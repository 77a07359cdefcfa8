"""Features as bytes: a learned map, a uniform quantiser and an entropy coder, at whatever rate fits the budget."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.distributions import Laplace

from gensc.errors import InputError
from gensc.phy.entropy import Prior, bits_of, decode_with, encode_with, finest_step
from gensc.registry import checked, options_of
from gensc.signal import State
from gensc.transport.maps import learned_map

STEPS = tuple(10 ** (-1.5 + 2.5 * place / 39) for place in range(40))
"""The quantiser steps that each item chooses from, in units of the values' nominal scale 1."""
MOMENTUM = 0.02
RATE_WEIGHT = 0.1


class Packing(nn.Module):
    """Features [B,F] -> ``values`` learned values of unit mean square an item -> whole numbers at a step -> bytes.

    The step is the finest whose stream fits the item's budget: one set of weights serves every rate. A stream is the
    step and the numbers, entropy-coded with a Laplace density for each value whose scale was learned with the map;
    both ends hold it. Lost items are concealed as the values' mean, zero ("mean").
    ``hidden``: units of the one hidden layer at each end.
    """

    def __init__(self, values: int = 32, hidden: int = 512) -> None:
        super().__init__()
        if values < 1:
            raise InputError(f"packing: values is {values}; features go as at least 1 value")
        self.values, self.hidden = values, hidden

    @staticmethod
    def of(owner: str, table: dict | None) -> "Packing":
        """The packing of a transport's option ``packing``, e.g. {values = 32, hidden = 512}; None: as it comes."""
        return Packing(**checked(f"{owner}: packing", options_of(Packing), table or {}))

    def bind(self, shape: tuple[int, ...]) -> None:
        """Make the layers for features [B, *shape]."""
        self.shape = shape
        width = torch.Size(shape).numel()
        self.norm = nn.LayerNorm(width)
        self.encoder = learned_map("mlp", width, self.hidden, self.values)
        self.decoder = learned_map("mlp", self.values + 1, self.hidden, width)
        self.scale: Tensor
        self.register_buffer("scale", torch.full((self.values,), 0.7))

    def simulate(self, features: Tensor, budget: Sequence[int], state: State) -> tuple[Tensor, Tensor]:
        """What the receiver makes of features [B,F] where nothing is lost, differentiable: noise in place of rounding.
        And the penalty [B] on the rate: it draws the values' power to few of them.

        Ballé et al., End-to-end Optimized Image Compression, ICLR 2017, section 3.
        """
        values = self._values(features)
        with torch.no_grad():
            self.scale.lerp_(values.abs().mean(dim=0).clamp_min(1e-3), MOMENTUM)
            step = torch.tensor(STEPS)[self._places(values, budget)][:, None].to(values.device)
        noise = state.child("quantiser").rng.uniform(self.values).to(values.device) - 0.5
        noisy = values + step * noise
        density = Laplace(0.0, self.scale)
        chance = density.cdf(noisy + step / 2) - density.cdf(noisy - step / 2)
        bits = -torch.log2(chance.clamp_min(1e-6)).sum(dim=1)
        most = torch.tensor(budget, device=bits.device).clamp_min(8)
        return self._restored(noisy, step), RATE_WEIGHT * bits / most

    def pack(self, features: Tensor, budget: Sequence[int]) -> tuple[bytes, ...]:
        """A stream for each item of features [B,F], b"" where none fits its budget in bits."""
        values, prior = self._values(features).detach().cpu(), self._prior()
        streams = []
        for value, place, most in zip(values, self._places(values, budget).tolist(), budget, strict=True):
            stream = encode_with(prior, prior.quantise(value, STEPS[place]), STEPS, place)
            streams.append(stream if bits_of(stream) <= most else b"")
        return tuple(streams)

    def unpack(self, data: Sequence[bytes | None]) -> Tensor:
        """Features [B, *shape] from streams, zeros behind them or not; None is an item that was lost."""
        prior = self._prior()
        values, steps = torch.zeros(len(data), self.values), torch.full((len(data), 1), STEPS[-1])
        for row, one in enumerate(data):
            if one is not None:
                indices, step = decode_with(prior, one, STEPS)
                values[row], steps[row] = prior.dequantise(indices, step), step
        return self._restored(values.to(self.scale.device), steps.to(self.scale.device))

    def _values(self, features: Tensor) -> Tensor:
        raw = self.encoder(self.norm(features))
        return raw / raw.square().mean(dim=1, keepdim=True).sqrt().clamp_min(1e-6)

    def _restored(self, values: Tensor, step: Tensor) -> Tensor:
        return self.decoder(torch.cat([values, torch.log10(step)], dim=1)).view(-1, *self.shape)

    def _places(self, values: Tensor, budget: Sequence[int]) -> Tensor:
        """The finest step that fits, int64 [B] on the CPU, where the coder is; the coarsest where none does."""
        finest = finest_step(self._prior(), values.detach().cpu(), budget, STEPS)
        return torch.where(finest < 0, len(STEPS) - 1, finest)

    def _prior(self) -> Prior:
        reach = self.values**0.5
        return Prior(torch.zeros(self.values), self.scale.cpu(), -reach, reach)
