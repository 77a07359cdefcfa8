"""Coding with a model that both ends hold: a location and a scale for every position, nothing of it in the stream.

The index of position i at step s is round(x_i / s), clipped to the prior's range; its probability is the mass of a
Gaussian or Laplace density within half a step of it, and of all beyond at the ends of the range, where the quantiser
clips. What a ReLU leaves has a family of its own (``rectified``). The step can differ from item to item.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from gensc.errors import InputError
from gensc.phy.entropy import rectified
from gensc.phy.entropy.coder import PRECISION, Reader, Writer

Family = Literal["gaussian", "laplace", "rectified"]
LEVELS = 4096
_MARGIN_BITS = 3.0
_CODER_BITS = 4e-4


@dataclass(frozen=True, eq=False)
class Prior:
    """What both ends know of a feature vector of n values.

    ``location`` and ``scale`` float32 [n], in units of the features (``scale`` is the standard deviation of a
    "gaussian", the mean distance from the location of a "laplace"); ``low`` and ``high``: what lies beyond is clipped.
    "rectified": ``spike`` [n] is the probability of exactly ``low``, above it comes an exponential density of mean
    ``scale``; ``location`` is not used.
    """

    location: Tensor
    scale: Tensor
    low: float
    high: float
    family: Family = "laplace"
    spike: Tensor | None = None

    def __post_init__(self) -> None:
        if self.location.ndim != 1 or self.location.shape != self.scale.shape or not self.location.numel():
            raise InputError(f"prior: location has shape {tuple(self.location.shape)} and scale "
                             f"{tuple(self.scale.shape)}; expected both [n]")
        if not (torch.isfinite(self.location).all() and torch.isfinite(self.scale).all() and (self.scale > 0).all()):
            raise InputError("prior: locations must be finite, scales finite and above 0")
        if not -float("inf") < self.low < self.high < float("inf"):
            raise InputError(f"prior: the range is {self.low} to {self.high}; expected low < high, both finite")
        if self.family not in ("gaussian", "laplace", "rectified"):
            raise InputError(f"prior: unknown family {self.family!r}; choose 'gaussian', 'laplace' or 'rectified'")
        spike = self.spike
        if (self.family == "rectified") != (spike is not None):
            raise InputError(f"prior: spike belongs to family 'rectified', and the family is {self.family!r}")
        if spike is not None and not (spike.shape == self.scale.shape and ((spike > 0) & (spike < 1)).all()):
            raise InputError("prior: spike must hold a probability between 0 and 1 for each position")

    @staticmethod
    def fit(features: Tensor, family: Family = "laplace") -> "Prior":
        """The likeliest prior for training features float32 [N,n]; the range is that of their values."""
        if features.ndim != 2 or len(features) < 2 or not torch.isfinite(features).all():
            raise InputError(f"prior: features have shape {tuple(features.shape)}; expected finite [N,n], N at least 2")
        x = features.detach().to(torch.float64).cpu()
        low, reach = float(x.min()), float(x.max() - x.min()) or 1.0
        if family == "rectified":
            spike, scale = rectified.fit(x - low)
            return Prior(torch.full_like(scale, low), scale.clamp(min=1e-4 * reach), low, low + reach, family, spike)
        location = x.median(0).values if family == "laplace" else x.mean(0)
        apart = (x - location).abs()
        scale = apart.mean(0) if family == "laplace" else apart.square().mean(0).sqrt()
        return Prior(location.float(), scale.clamp(min=1e-4 * reach).float(), low, low + reach, family)

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


def encode_with(prior: Prior, indices: Tensor, step: float) -> bytes:
    """Indices int32 [n], as ``Prior.quantise`` gives them, -> bytes that hold nothing of the model nor the step."""
    first, last = prior.bounds(step)
    values = indices.detach().cpu().numpy().astype(np.int32)
    if values.shape != (prior.n,) or values.min() < first or values.max() > last:
        raise InputError(f"encode_with: expected indices [{prior.n}] of {first} to {last} (Prior.quantise)")
    writer = Writer()
    if prior.family == "rectified":
        rectified.code(writer, values - first, *_rectified(prior, step), last - first)
    else:
        model, *parameters = _model(prior, step)
        writer.encoder.encode(values, model, *parameters)
    return writer.finish()


def decode_with(prior: Prior, data: bytes, step: float) -> Tensor:
    """The indices int32 [n] of a stream; damaged bytes give wrong indices within the range, or InputError."""
    if prior.family == "rectified":
        first, last = prior.bounds(step)
        empty = np.zeros(prior.n, dtype=np.int32)
        values = rectified.code(Reader(data), empty, *_rectified(prior, step), last - first)
        return torch.from_numpy(values + np.int32(first))
    model, *parameters = _model(prior, step)
    return torch.from_numpy(Reader(data).decode(tuple(parameters), model))


def _rectified(prior: Prior, step: float) -> tuple[np.ndarray, np.ndarray]:
    """The spike and the decay per index, float64 [n], at ``step``."""
    assert prior.spike is not None
    return prior.spike.detach().cpu().double().numpy(), step / prior.scale.detach().cpu().double().numpy()


def _model(prior: Prior, step: float) -> tuple:
    """constriction's model and its parameters float64 [n], in units of the step."""
    import constriction

    kinds = constriction.stream.model
    kind = kinds.QuantizedLaplace if prior.family == "laplace" else kinds.QuantizedGaussian
    return kind(*prior.bounds(step)), *(part.detach().cpu().double().numpy() / step
                                        for part in (prior.location, prior.scale))


def rate_bits(prior: Prior, features: Tensor, steps: Tensor | list[float]) -> Tensor:
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
    if prior.spike is not None:
        spike, scale = (part.detach().double().to(indices.device) for part in (prior.spike, prior.scale))
        return rectified.bits(indices.double() - first, spike, step / scale, last - first).sum(-1)
    location, scale = (part.detach().double().to(indices.device) / step for part in (prior.location, prior.scale))
    low = torch.where(indices > first, (indices - 0.5 - location) / scale, -torch.inf)
    high = torch.where(indices < last, (indices + 0.5 - location) / scale, torch.inf)
    free = 2**PRECISION - (last - first + 1)
    return PRECISION * prior.n - torch.log2(_mass(prior.family, low, high) * free + 1).sum(-1)


def _mass(family: str, low: Tensor, high: Tensor) -> Tensor:
    """The probability between two standardised borders."""
    if family == "gaussian":
        return torch.special.ndtr(high) - torch.special.ndtr(low)
    return _laplace(high) - _laplace(low)


def _laplace(z: Tensor) -> Tensor:
    tail = 0.5 * torch.exp(-z.abs())
    return torch.where(z < 0, tail, 1 - tail)


def finest_step(prior: Prior, features: Tensor, room: list[int], steps: Tensor | list[float]) -> Tensor:
    """The place int64 [B], in ``steps`` (ascending), of the finest step whose stream fits ``room`` bytes [B].

    -1 where none fits. The estimate leaves three bits and the coder's rounding (0.0004 bit a value) of margin.
    """
    needed = torch.ceil((rate_bits(prior, features, steps) + _MARGIN_BITS + _CODER_BITS * prior.n) / 8)
    fits = needed <= torch.tensor(room, device=needed.device)[:, None]
    return torch.where(fits.any(1), fits.int().argmax(1), -1)
