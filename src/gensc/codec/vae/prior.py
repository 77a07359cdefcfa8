"""Laplace probabilities of whole numbers: differentiable for training, from a table of scales for the coder.

The coder's scales are 256 fixed ones, so that both ends take the same: a scale that came out of a network a rounding
error apart still names the same entry, but at the border of two.
"""

import math

import numpy as np
import torch
from torch import Tensor

from gensc.phy.entropy.coder import Reader, Writer

LOWEST, HIGHEST = math.log2(0.04), math.log2(512)
"""log2 of the smallest and the largest scale in steps."""
TABLE = torch.exp2(torch.linspace(LOWEST, HIGHEST, 256, dtype=torch.float64))


def place(log2_scale: Tensor) -> Tensor:
    """The entry int64 of TABLE nearest to each scale, by the logarithm."""
    share = (log2_scale - LOWEST) / (HIGHEST - LOWEST)
    return torch.round(share * (len(TABLE) - 1)).clamp(0, len(TABLE) - 1).long()


def bits(values: Tensor, log2_scale: Tensor) -> Tensor:
    """-log2 of the mass of a Laplace density around 0 within half of each value, elementwise and differentiable."""
    scale = torch.exp2(log2_scale.clamp(LOWEST, HIGHEST))
    size = values.abs()
    outside = (0.5 - size).clamp_max(0) / scale + torch.log(-0.5 * torch.expm1(-1 / scale))
    near = size.clamp_max(0.5)
    beyond = 0.5 * (torch.exp((near - 0.5) / scale) + torch.exp((-near - 0.5) / scale))
    inside = torch.log1p(-beyond.clamp_max(0.999999))
    return torch.where(size < 0.5, inside, outside) / -math.log(2)


def write(writer: Writer, values: Tensor, log2_scale: Tensor, largest: int) -> None:
    """Code whole numbers of any shape, of at most ``largest`` in size, each with the table's scale."""
    numbers = values.flatten().cpu().numpy().astype(np.int32)
    writer.encoder.encode(numbers, _model(largest), *_parameters(log2_scale))


def read(reader: Reader, log2_scale: Tensor, largest: int) -> Tensor:
    """The numbers float64 that ``write`` coded, of the shape of the scales. Raises InputError for damaged bytes."""
    numbers = reader.decode(_parameters(log2_scale), _model(largest))
    return torch.from_numpy(numbers.astype(np.float64)).view(log2_scale.shape).to(log2_scale.device)


def _model(largest: int) -> object:
    import constriction

    return constriction.stream.model.QuantizedLaplace(-largest, largest)


def _parameters(log2_scale: Tensor) -> tuple[np.ndarray, np.ndarray]:
    scale = TABLE[place(log2_scale.flatten().cpu())].numpy()
    return np.zeros_like(scale), scale
