"""How large the values of an item were before they were brought to unit power, told to the receiver by symbols of
its own."""

import math

import torch
from torch import Tensor, nn

HEAD = 8
"""Values that carry the level: four symbols, all the same."""
SPREAD, MOST = 0.35, 3.0
"""Typical deviation of the level's logarithm from what both ends expect, and how many of them are told at most."""
ASSURED = 1 - 1e-6


class Level(nn.Module):
    """Values [B,m] <-> values [B,8+m]: a head that tells their root mean power, and the values at unit power.

    What is not sent is 0 and stays 0. Both ends know the SNR and what share of the values is sent; the head carries
    by how much the logarithm of the level is off what they expect from these, a learned quadratic. A receiver that
    had to guess the level from the values would show pictures of wrong contrast (SoftCast sends such facts digitally:
    Jakubczak and Katabi, MobiCom 2011).
    """

    def __init__(self) -> None:
        super().__init__()
        self.expected = nn.Parameter(torch.zeros(6))

    def forward(self, values: Tensor, snr_db: Tensor, whole: int) -> Tensor:
        """The head and the values at unit power; ``whole`` is how many values there could be."""
        count = (values != 0).sum(dim=1, keepdim=True).clamp_min(1)
        level = (2 * values.square().sum(dim=1, keepdim=True) / count).clamp_min(1e-12).sqrt()
        told = ((level.log() - self._expected(snr_db, count / whole)) / SPREAD).clamp(-MOST, MOST)
        return torch.cat([(told / math.sqrt(2)).expand(-1, HEAD), values / level], dim=1)

    def undo(self, received: Tensor, quality: Tensor, snr_db: Tensor, whole: int) -> tuple[Tensor, Tensor]:
        """Values [B,m] at unit power and their level [B,1], from what arrived [B,8+m] and its quality."""
        count = (quality[:, HEAD:] > 0).sum(dim=1, keepdim=True).clamp_min(1)
        snr = quality[:, :HEAD].clamp(max=ASSURED)
        snr = snr / (1 - snr)
        told = math.sqrt(2) * (received[:, :HEAD] * (1 + snr)).sum(dim=1, keepdim=True)
        told = told / (1 + snr.sum(dim=1, keepdim=True))
        # Head and values went out at unit power together: what the head had too much or too little, the values lack.
        share = (count / (count + HEAD * (1 - told.square())).clamp_min(1)).sqrt()
        told = (told * share).clamp(-MOST, MOST)
        level = (self._expected(snr_db, count / whole) + SPREAD * told).exp()
        return received[:, HEAD:] * share, level

    def _expected(self, snr_db: Tensor, share: Tensor) -> Tensor:
        """The logarithm of the level that both ends expect, [B,1]."""
        snr, part = snr_db[:, None].clamp(-10, 40) / 10, share.log2() / 5
        terms = torch.cat([torch.ones_like(snr), snr, snr.square(), part, part.square(), snr * part], dim=1)
        return (terms * self.expected).sum(dim=1, keepdim=True)
