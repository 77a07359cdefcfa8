"""Layers that several codecs share: residual blocks modulated by what an end knows, and the basis they start from."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PATCH = 8
KNOWN = 32
SMALL = 0.1
"""Factor on the first weights of what is added to a path that works already."""


class Stage(nn.Module):
    """Residual blocks of one width, each modulated by what is known [B,32] and the mean of its input."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(width) for _ in range(blocks))

    def forward(self, x: Tensor, known: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x, known)
        return x


class Block(nn.Module):
    """x + conv(f(scale conv(x) + shift)), scale and shift from what is known [B,32] and the mean of x [B,C].

    The scale is kept within (0, 2): products of features and their own means would otherwise run away.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.modulation = nn.Linear(width + KNOWN, 2 * width)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        with torch.no_grad():
            self.second.weight.mul_(SMALL)
            self.modulation.weight.mul_(SMALL)

    def forward(self, x: Tensor, known: Tensor) -> Tensor:
        scale, shift = self.modulation(torch.cat([x.mean(dim=(2, 3)), known], dim=1))[:, :, None, None].chunk(2, dim=1)
        return x + self.second(F.leaky_relu(torch.addcmul(shift, self.first(x), 1 + scale.tanh()), 0.1))


def known_from(facts: int) -> nn.Module:
    """What an end knows of the channel [B,facts] as 32 numbers for its blocks."""
    return nn.Sequential(nn.Linear(facts, KNOWN), nn.SiLU(), nn.Linear(KNOWN, KNOWN), nn.SiLU())


def dct_basis() -> tuple[Tensor, Tensor]:
    """An orthonormal basis [192,192] of 3 x 8 x 8 patches, and the typical standard deviation [192] of a natural
    picture's coefficient on each, largest first.

    Products of an 8 x 8 DCT-II and three opponent colours. The deviations fall as 1/f, with a mean and a slope for each
    colour that fit photographs of BSDS500: they only set the order of the symbols, and where training starts.
    """
    n = torch.arange(PATCH)
    dct = torch.cos(math.pi / PATCH * (n[None] + 0.5) * n[:, None]) * math.sqrt(2 / PATCH)
    dct[0] /= math.sqrt(2)
    colours = torch.tensor([[1.0, 1, 1], [1, 0, -1], [1, -2, 1]])
    colours = colours / colours.norm(dim=1, keepdim=True)
    basis = torch.einsum("ci,uy,vx->cuviyx", colours, dct, dct).reshape(3 * PATCH**2, -1)
    frequency = (n[:, None] ** 2 + n[None] ** 2).sqrt().clamp_min(1)
    spread = torch.tensor([0.55, 0.13, 0.07])[:, None, None] / frequency
    spread[:, 0, 0] = torch.tensor([3.0, 1.0, 0.45])
    spread = spread.flatten()
    order = spread.argsort(descending=True, stable=True)
    return basis[order], spread[order]


class Hourglass(nn.Module):
    """Two scales and back: pictures [B,channels,H,W] of any size and facts [B,facts] of them -> [B,3,H,W], by way of
    cells of ``cell`` x ``cell`` pixels at ``widths`` (fine, coarse), with so many ``blocks`` (fine, coarse, last).

    Untrained what it makes is small.
    """

    def __init__(self, channels: int, facts: int, cell: int, widths: tuple[int, int],
                 blocks: tuple[int, int, int]) -> None:
        super().__init__()
        fine, coarse = widths
        self.cell = cell
        self.known = known_from(facts)
        self.head = nn.Conv2d(channels * cell**2, fine, 3, padding=1)
        self.fine = Stage(fine, blocks[0])
        self.down = nn.Conv2d(fine, coarse, 3, stride=2, padding=1)
        self.coarse = Stage(coarse, blocks[1])
        self.up = nn.Conv2d(coarse, 4 * fine, 1)
        self.last = Stage(fine, blocks[2])
        self.out = nn.Conv2d(fine, 3 * cell**2, 3, padding=1)
        with torch.no_grad():
            self.out.weight.mul_(SMALL)

    def pictures(self, x: Tensor, facts: Tensor) -> Tensor:
        """float32 [B,3,H,W] of pictures ``x`` [B,channels,H,W], of which ``facts`` [B,facts] are known."""
        height, width = x.shape[2:]
        known = self.known(facts)
        h = F.pixel_unshuffle(padded(x, 2 * self.cell), self.cell).contiguous(memory_format=torch.channels_last)
        h = self.fine(self.head(h), known)
        h = self.last(h + F.pixel_shuffle(self.up(self.coarse(self.down(h), known)), 2), known)
        return F.pixel_shuffle(self.out(h), self.cell)[..., :height, :width].float()


def padded(pictures: Tensor, multiple: int) -> Tensor:
    """Pictures [B,3,H,W] continued by their edge, right and below, until their sides are multiples of a number."""
    return F.pad(pictures, (0, -pictures.shape[3] % multiple, 0, -pictures.shape[2] % multiple), mode="replicate")
