"""What a ReLU leaves: often exactly nothing, else an exponential density, of its own at every position.

A flag says whether an index is 0. The others less one are geometric, with ratio exp(-decay); the binary digits of a
geometric number are independent, digit j being 1 with probability 1 / (1 + exp(decay 2^j)): so they are coded as such.
"""

import numpy as np
import torch
from torch import Tensor

from gensc.phy.entropy.coder import RAREST, Reader, Writer


def fit(x: Tensor) -> tuple[Tensor, Tensor]:
    """(spike, scale) float32 [n] of training features x [N,n] above 0; rare positions lean on the others."""
    there = x > 0
    spike = 1 - (there.sum(0) + 0.5) / (len(x) + 1)
    mean = x[there].mean() if there.any() else x.new_ones(())
    return spike.float(), ((x.sum(0) + mean) / (there.sum(0) + 1)).float()


def code(coder: Writer | Reader, index: np.ndarray, spike: np.ndarray, decay: np.ndarray, largest: int) -> np.ndarray:
    """Indices int32 [n], 0 to ``largest``, through ``coder`` (a Reader uses only their number); gives the indices."""
    there = coder.flags(index > 0, _above(spike, decay))
    rest, decay = index[there] - 1, decay[there]
    out = np.zeros(len(decay), dtype=np.int32)
    for digit in range((largest - 1).bit_length()):
        chance = 1 / (1 + np.exp(np.minimum(decay * 2**digit, 700)))
        out |= coder.flags(rest >> digit & 1 == 1, chance).astype(np.int32) << digit
    found = np.zeros_like(index)
    found[there] = np.minimum(out + 1, largest)
    return found


def _above(spike: np.ndarray, decay: np.ndarray) -> np.ndarray:
    """The probability that an index is not 0: beyond half a step."""
    return (1 - spike) * np.exp(-decay / 2)


def bits(index: Tensor, spike: Tensor, decay: Tensor, largest: int) -> Tensor:
    """The information content of each index [B,n] in bits."""
    above = ((1 - spike) * torch.exp(-decay / 2)).clamp(RAREST, 1 - RAREST)
    width = 2 ** (largest - 1).bit_length()
    geometric = torch.log(-torch.expm1(-decay)) - torch.log(-torch.expm1(-decay * width)) - decay * (index - 1)
    return -torch.where(index > 0, torch.log(above) + geometric, torch.log1p(-above)) / np.log(2)
