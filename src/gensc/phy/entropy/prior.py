"""Coding with a model that both ends hold: a location and a scale for every position, nothing of it in the stream.

The index of position i at step s is round(x_i / s), clipped to the prior's range; its probability is the mass of a
Laplace density within half a step of it, and of all beyond at the ends of the range, where the quantiser clips. The
step can differ from item to item.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gensc.errors import InputError
from gensc.phy.entropy.coder import PRECISION, Reader, Writer

LEVELS = 4096
_MARGIN_BITS = 2.0
_CODER_BITS = 4e-4


@dataclass(frozen=True, eq=False)
class Prior:
    """What both ends know of a feature vector of n values: Laplace densities, and the range where it is clipped.

    ``location`` and ``scale`` (the mean distance from the location) float32 [n], ``low`` and ``high`` in units of the
    features.
    """

    location: Tensor
    scale: Tensor
    low: float
    high: float

    def __post_init__(self) -> None:
        if self.location.ndim != 1 or self.location.shape != self.scale.shape or not self.location.numel():
            raise InputError(f"prior: location has shape {tuple(self.location.shape)} and scale "
                             f"{tuple(self.scale.shape)}; expected both [n]")
        if not (torch.isfinite(self.location).all() and torch.isfinite(self.scale).all() and (self.scale > 0).all()):
            raise InputError("prior: locations must be finite, scales finite and above 0")
        if not -float("inf") < self.low < self.high < float("inf"):
            raise InputError(f"prior: the range is {self.low} to {self.high}; expected low < high, both finite")

    @property
    def n(self) -> int:
        return len(self.location)

    def bounds(self, step: float) -> tuple[int, int]:
        """The smallest and the largest index at ``step``. Raises InputError for more than 4,096 levels."""
        if not 0 < step < float("inf"):
            raise InputError(f"the quantiser's step is {step}: expected a number above 0")
        first, last = round(self.low / step), round(self.high / step)
        if last - first >= LEVELS:
            raise InputError(f"a step of {step:.3g} cuts the range {self.low:.3g} to {self.high:.3g} into "
                             f"{last - first + 1} levels; at most {LEVELS} are coded: take a larger step")
        return first, last if last > first else first + 1

    def quantise(self, features: Tensor, step: float) -> Tensor:
        """Features [..., n] -> indices int32 [..., n], clipped to the range. Raises InputError for nan."""
        if torch.isnan(features).any():
            raise InputError("prior: the features hold nan; nothing stands for it in a stream")
        return torch.round(features.to(torch.float64) / step).clamp(*self.bounds(step)).to(torch.int32)

    def dequantise(self, indices: Tensor, step: float) -> Tensor:
        """Indices [..., n] -> features float32 [..., n] in the middle of their cells."""
        return (indices.to(torch.float64) * step).to(torch.float32)


def encode_with(prior: Prior, indices: Tensor, steps: Sequence[float], place: int) -> bytes:
    """Indices int32 [n], as ``Prior.quantise`` gives them at the step ``steps[place]``, -> bytes that hold the place,
    each as likely, and nothing of the model."""
    step = steps[place]
    first, last = prior.bounds(step)
    values = indices.detach().cpu().numpy().astype(np.int32)
    if values.shape != (prior.n,) or values.min() < first or values.max() > last:
        raise InputError(f"encode_with: expected indices [{prior.n}] of {first} to {last} (Prior.quantise)")
    writer = Writer()
    writer.code(np.array([place], dtype=np.int32), np.ones(len(steps)))
    model, *parameters = _model(prior, step)
    writer.encoder.encode(values, model, *parameters)
    return writer.finish()


def decode_with(prior: Prior, data: bytes, steps: Sequence[float]) -> tuple[Tensor, float]:
    """The indices int32 [n] of a stream and their step; damaged bytes give wrong ones within the range, or
    InputError."""
    reader = Reader(data)
    step = steps[int(reader.code(np.zeros(1, dtype=np.int32), np.ones(len(steps)))[0])]
    model, *parameters = _model(prior, step)
    return torch.from_numpy(reader.decode(tuple(parameters), model)), step


def _model(prior: Prior, step: float) -> tuple:
    """constriction's model and its parameters float64 [n], in units of the step."""
    import constriction

    return constriction.stream.model.QuantizedLaplace(*prior.bounds(step)), *(
        part.detach().cpu().double().numpy() / step for part in (prior.location, prior.scale))


def rate_bits(prior: Prior, features: Tensor, steps: Sequence[float]) -> Tensor:
    """The information content in bits, float64 [B,S], of features [B,n] at each of the steps [S].

    Infinite where a step is too fine for the coder (more than 4,096 levels).
    """
    columns = []
    for step in map(float, steps):
        too_fine = step > 0 and round(prior.high / step) - round(prior.low / step) >= LEVELS
        columns.append(torch.full((len(features),), torch.inf, dtype=torch.float64, device=features.device) if too_fine
                       else _rate(prior, prior.quantise(features, step), step))
    return torch.stack(columns, dim=1)


def _rate(prior: Prior, indices: Tensor, step: float) -> Tensor:
    """Bits float64 [B] of indices [B,n]: the coder's own probabilities, each at least 2^-24."""
    first, last = prior.bounds(step)
    location, scale = (part.detach().double().to(indices.device) / step for part in (prior.location, prior.scale))
    low = torch.where(indices > first, (indices - 0.5 - location) / scale, -torch.inf)
    high = torch.where(indices < last, (indices + 0.5 - location) / scale, torch.inf)
    free = 2**PRECISION - (last - first + 1)
    return PRECISION * prior.n - torch.log2((_laplace(high) - _laplace(low)) * free + 1).sum(-1)


def _laplace(z: Tensor) -> Tensor:
    tail = 0.5 * torch.exp(-z.abs())
    return torch.where(z < 0, tail, 1 - tail)


def finest_step(prior: Prior, features: Tensor, budget: Sequence[int], steps: Sequence[float]) -> Tensor:
    """The place int64 [B], in ``steps`` (ascending), of the finest step whose stream fits ``budget`` bits [B].

    -1 where none fits. The estimate leaves two bits and the coder's rounding (0.0004 bit a value) of margin.
    """
    needed = rate_bits(prior, features, steps) + math.log2(len(steps)) + _MARGIN_BITS + _CODER_BITS * prior.n
    fits = needed <= torch.tensor(budget, device=needed.device)[:, None]
    return torch.where(fits.any(1), fits.int().argmax(1), -1)
