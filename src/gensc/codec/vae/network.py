"""The networks of the digital form: a linear transform, what convolutions add to it, and the prior of its latents.

The linear path is the 8 x 8 DCT of the joint codec's networks, here orthonormal and with all of its 192 coefficients,
and stays so: an error of the latents is the same error of the picture, and a step of the optimiser, which would be
coarser than the finest steps of the quantiser, does not touch it. What is added is learned. The prior has a hyper
latent (Balle et al., ICLR 2018) that gives each latent a mean and a scale (Minnen et al., NeurIPS 2018). Every part
is told the quantiser's step, so that one set of weights serves all rates.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gensc.codec.blocks import KNOWN, PATCH, SMALL, Stage, dct_basis

LATENTS = 3 * PATCH**2
FINE, COARSE = 64, 128
HYPER, WIDTH = 32, 96
CELL = 4
"""A hyper latent stands for so many latents a side."""


class Analysis(nn.Module):
    """Pictures [B,3,H,W] in [0,1], H and W multiples of 8, and facts [B,1] -> latents [B,192,H/8,W/8]."""

    def __init__(self) -> None:
        super().__init__()
        self.known = told()
        self.linear = nn.Conv2d(3, LATENTS, PATCH, PATCH, bias=False).requires_grad_(False)
        self.head = nn.Conv2d(48, FINE, 3, padding=1)
        self.fine = Stage(FINE, 1)
        self.down = nn.Conv2d(FINE, COARSE, 3, stride=2, padding=1)
        self.coarse = Stage(COARSE, 1)
        self.out = nn.Conv2d(COARSE, LATENTS, 3, padding=1)
        with torch.no_grad():
            self.linear.weight.copy_(dct_basis()[0].view_as(self.linear.weight))
            self.out.weight.mul_(SMALL)

    def forward(self, pictures: Tensor, facts: Tensor) -> Tensor:
        x = pictures - 0.5
        known = self.known(facts)
        h = self.fine(self.head(F.pixel_unshuffle(x, 4)), known)
        h = self.out(self.coarse(self.down(h), known))
        with torch.autocast(x.device.type, enabled=False):
            return self.linear(x.float()) + SMALL * h.float()


class Synthesis(nn.Module):
    """Latents [B,192,h,w] and facts [B,1] -> pictures [B,3,8h,8w]."""

    def __init__(self) -> None:
        super().__init__()
        self.known = told()
        self.linear = nn.ConvTranspose2d(LATENTS, 3, PATCH, PATCH, bias=False).requires_grad_(False)
        self.head = nn.Conv2d(LATENTS, COARSE, 3, padding=1)
        self.coarse = Stage(COARSE, 2)
        self.up = nn.Conv2d(COARSE, 4 * FINE, 1)
        self.fine = Stage(FINE, 1)
        self.out = nn.Conv2d(FINE, 48, 3, padding=1)
        with torch.no_grad():
            self.linear.weight.copy_(dct_basis()[0].view_as(self.linear.weight))
            self.out.weight.mul_(SMALL)

    def forward(self, latents: Tensor, facts: Tensor) -> Tensor:
        known = self.known(facts)
        h = self.coarse(self.head(latents), known)
        h = self.out(self.fine(F.pixel_shuffle(self.up(h), 2), known))
        with torch.autocast(latents.device.type, enabled=False):
            return self.linear(latents.float()) + SMALL * F.pixel_shuffle(h.float(), 4) + 0.5


class Hyper(nn.Module):
    """The prior of latents in units of the step: what its hyper latent [B,32,h/4,w/4] says of them."""

    def __init__(self) -> None:
        super().__init__()
        self.known = told()
        self.scale = nn.Linear(KNOWN, HYPER)
        self.look = nn.Sequential(nn.Conv2d(2 * LATENTS, WIDTH, 1), nn.LeakyReLU(0.1),
                                  nn.Conv2d(WIDTH, WIDTH, 4, stride=2, padding=1), nn.LeakyReLU(0.1),
                                  nn.Conv2d(WIDTH, HYPER, 4, stride=2, padding=1))
        self.spread = nn.Sequential(nn.Conv2d(HYPER + KNOWN, 4 * WIDTH, 3, padding=1), nn.LeakyReLU(0.1),
                                    nn.PixelShuffle(2), nn.Conv2d(WIDTH, 4 * WIDTH, 1), nn.LeakyReLU(0.1),
                                    nn.PixelShuffle(2), nn.Conv2d(WIDTH, 2 * LATENTS, 1))
        self.usual: Tensor
        # A natural picture's coefficients, in units of the picture's values: where the scales start.
        self.register_buffer("usual", torch.log2(dct_basis()[1] / 3), persistent=False)
        with torch.no_grad():
            self.spread[-1].weight.mul_(SMALL)  # type: ignore[operator]
            self.spread[-1].bias.zero_()  # type: ignore[operator]

    def analyse(self, latents: Tensor) -> Tensor:
        """The hyper latent of latents [B,192,h,w] in steps: of their sizes and signs, compressed."""
        size = torch.asinh(latents)
        missing = 0, -latents.shape[3] % CELL, 0, -latents.shape[2] % CELL
        return self.look(F.pad(torch.cat([size, size.abs()], dim=1), missing, mode="replicate"))

    def own(self, facts: Tensor) -> Tensor:
        """log2 of the scale of each channel of the hyper latent, [B,32]."""
        return self.scale(self.known(facts))

    def forward(self, hyper: Tensor, facts: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
        """Mean and log2 of the scale of each latent, [B,192,height,width] both, in steps."""
        known = self.known(facts)[:, :, None, None].expand(-1, -1, *hyper.shape[2:])
        mean, scale = self.spread(torch.cat([hyper, known], dim=1))[..., :height, :width].chunk(2, dim=1)
        return mean, scale + (self.usual - log2_step(facts))[..., None, None]


MIDDLE, REACH = -2.0, 2.0


def facts_of(log2: Tensor) -> Tensor:
    """What the networks are told of steps: log2 [B] as [B,1] within about -2 to 2."""
    return (log2[:, None] - MIDDLE) / REACH


def log2_step(facts: Tensor) -> Tensor:
    """The inverse of ``facts_of``, [B,1]."""
    return facts * REACH + MIDDLE


def told() -> nn.Module:
    """Facts [B,1] as 32 numbers for the blocks."""
    return nn.Sequential(nn.Linear(1, KNOWN), nn.SiLU(), nn.Linear(KNOWN, KNOWN), nn.SiLU())
