"""A learned prior of the joint codec's latents, and how many symbols it gives to each part of a picture.

A block of 16 x 16 pixels is of one of a few classes; a class is a Laplace scale for each of the 64 latents of a
patch. The classes are fitted to the latents by online EM (Cappe and Moulines, JRSS B 71(3), 2009) while the codec
trains: classified transform coding (Chen and Smith, IEEE Trans. Commun. 25(11), 1977), with joint codes in place of
bits. Which class follows which, to the right and below, is counted likewise: the prior of the class map.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gensc.codec.jscc.network import CHANNELS, dct_basis
from gensc.phy.entropy.coder import Coder

CLASSES = 8
BLOCK = 2
"""Patches a side of a block."""
SMALLEST = 1e-3
MOMENTUM = 0.02
FORGET = 1e-3
UNSEEN = 0.05
"""Added to the count of every class that may follow."""
SYMBOLS = CHANNELS // 2


class Classes(nn.Module):
    """The prior: ``count`` [K] and ``total`` [K,64], shares of the classes and sums of their latents' sizes;
    ``follows`` [K+1,K+1,K], how often a class came right of one and below another (K: the picture's edge)."""

    def __init__(self) -> None:
        super().__init__()
        scale = dct_basis()[1][:CHANNELS].sqrt() * torch.exp2(torch.linspace(-2.5, 1.0, CLASSES))[:, None]
        self.count: Tensor
        self.total: Tensor
        self.follows: Tensor
        self.register_buffer("count", torch.full((CLASSES,), 1 / CLASSES))
        self.register_buffer("total", scale / CLASSES)
        apart = (torch.arange(CLASSES)[:, None] - torch.arange(CLASSES)).abs().float()
        beside = F.pad(torch.exp(-apart / 2), (0, 0, 0, 1), value=0.1)
        self.register_buffer("follows", beside[:, None] * beside[None])

    @property
    def scale(self) -> Tensor:
        """The mean size of each latent in each class, float32 [K,64]."""
        return (self.total / self.count[:, None].clamp_min(1e-9)).clamp_min(SMALLEST)

    def of(self, latents: Tensor) -> Tensor:
        """The likeliest class int64 [B,h,w] of each block of latents [B,64,H,W]."""
        return self._likelihood(latents).argmax(dim=1)

    @torch.no_grad()
    def learn(self, latents: Tensor) -> None:
        """A step of EM with latents [B,64,H,W]."""
        likelihood = self._likelihood(latents)
        chance = likelihood.softmax(dim=1)
        sizes = _blocks(latents.detach().float().abs())
        self.count.lerp_(chance.mean(dim=(0, 2, 3)), MOMENTUM)
        with torch.autocast(sizes.device.type, enabled=False):
            total = torch.einsum("bkhw,bchw->kc", chance, sizes) / chance[:, 0].numel()
        self.total.lerp_(total, MOMENTUM)
        classes = likelihood.argmax(dim=1)
        left, above = _neighbours(classes)
        seen = torch.stack([left, above, classes]).flatten(1)
        self.follows.mul_(1 - FORGET).index_put_(tuple(seen), torch.ones_like(seen[0], dtype=torch.float32),
                                                 accumulate=True)

    def _likelihood(self, latents: Tensor) -> Tensor:
        """log of the joint density of each block and each class, [B,K,h,w], less a constant."""
        mean = _blocks(latents.detach().float().abs())
        scale = self.scale
        with torch.autocast(mean.device.type, enabled=False):
            density = -torch.einsum("kc,bchw->bkhw", 1 / scale, mean) - scale.log().sum(dim=1)[:, None, None]
        return BLOCK**2 * density + self.count.clamp_min(1e-9).log()[:, None, None]

    def order(self, weight: Tensor) -> Tensor:
        """All pairs (class, symbol) as class * 32 + symbol, int64 [32 K], the one that is worth most first: the
        energy of its two latents times what an error of theirs does to the picture, ``weight`` [64]."""
        energy = self.scale.double().square() * weight.double()
        return energy.view(CLASSES, SYMBOLS, 2).sum(dim=2).flatten().argsort(descending=True, stable=True)

    def code(self, coder: Coder, classes: np.ndarray) -> np.ndarray:
        """A class map int [h,w] through ``coder`` (a Reader uses only its shape); gives the map."""
        follows = self.follows.double().cpu().numpy() + UNSEEN
        out = np.full((classes.shape[0] + 1, classes.shape[1] + 1), CLASSES)
        for row, column in np.ndindex(*classes.shape):
            symbol = classes[row:row + 1, column].astype(np.int32)
            weights = follows[out[row + 1, column], out[row, column + 1]]
            out[row + 1, column + 1] = coder.code(symbol, weights)[0]
        return out[1:, 1:]


def symbols(order: Tensor, rank: Tensor, classes: Tensor) -> Tensor:
    """Symbols a patch int64 [B,h,w] of blocks of ``classes`` [B,h,w], where the first ``rank`` [B] pairs are sent."""
    kind = order // SYMBOLS
    sent = torch.arange(len(order), device=order.device) < rank[:, None]
    count = torch.zeros(len(rank), CLASSES, dtype=torch.int64, device=order.device)
    count.scatter_add_(1, kind.expand(len(rank), -1), sent.long())
    return count.gather(1, classes.flatten(1)).view(classes.shape)


def highest_rank(order: Tensor, patches: Tensor, room: Tensor) -> Tensor:
    """The most pairs int64 [B] that take at most ``room`` [B] symbols, of ``patches`` [B,K] patches a class."""
    needed = patches[:, order // SYMBOLS].cumsum(dim=1)
    return (needed <= room[:, None]).sum(dim=1)


def of_patches(blocks: Tensor, down: int, across: int) -> Tensor:
    """What holds for blocks [B,h,w], for each of their patches, [B,down,across]."""
    return blocks.repeat_interleave(BLOCK, dim=1).repeat_interleave(BLOCK, dim=2)[:, :down, :across]


def _blocks(values: Tensor) -> Tensor:
    """The mean over each block of patches, [B,C,h,w]; a block cut by the edge counts the patches that it has."""
    return F.avg_pool2d(values, BLOCK, ceil_mode=True, count_include_pad=False)


def _neighbours(classes: Tensor) -> tuple[Tensor, Tensor]:
    """The classes left of and above each, [B,h,w], CLASSES beyond the edge."""
    padded = F.pad(classes, (1, 0, 1, 0), value=CLASSES)
    return padded[:, 1:, :-1], padded[:, :-1, 1:]
