"""A learned prior of a picture's blocks, and how many symbols a joint code gives to each.

A block of 16 x 16 pixels is of one of a few classes; a class is a Laplace scale for each of 64 coefficients of the
8 x 8 DCT. The classes are fitted by online EM (Cappe and Moulines, JRSS B 71(3), 2009) while the codec trains, and
with them which class follows which, to the right and below: the prior of the class map. What a class loses with so
many symbols is measured as well. It is classified transform coding (Chen and Smith, IEEE Trans. Commun. 25(11),
1977), with the symbols of a joint code in place of bits.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gensc.codec.blocks import PATCH, dct_basis
from gensc.phy.entropy.coder import Coder

CLASSES = 8
BLOCK = 2
"""Patches a side of a block."""
LEVELS = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
"""Symbols that a patch may get."""
COEFFICIENTS = 64
SMALLEST = 1e-3
MOMENTUM = 0.02
FORGET = 1e-3
UNSEEN = 0.05
"""Added to the count of every class that may follow."""


class Classes(nn.Module):
    """The prior: ``count`` [K] and ``total`` [K,64], shares of the classes and sums of their coefficients' sizes;
    ``follows`` [K+1,K+1,K], how often a class came right of one and below another (K: the picture's edge);
    ``error`` and ``seen`` [K,L], the summed errors and the number of blocks that were measured at each level."""

    def __init__(self) -> None:
        super().__init__()
        basis, spread = dct_basis()
        changing = basis.view(-1, 3, PATCH**2).std(dim=2).amax(dim=1) > 1e-4
        basis, spread = basis[changing][:COEFFICIENTS], spread[changing][:COEFFICIENTS]
        scale = spread / 2 * torch.exp2(torch.linspace(-5.0, 1.0, CLASSES))[:, None]
        self.basis: Tensor
        self.count: Tensor
        self.total: Tensor
        self.follows: Tensor
        self.error: Tensor
        self.seen: Tensor
        self.register_buffer("basis", basis.view(-1, 3, PATCH, PATCH), persistent=False)
        self.register_buffer("count", torch.full((CLASSES,), 1 / CLASSES))
        self.register_buffer("total", scale / CLASSES)
        apart = (torch.arange(CLASSES)[:, None] - torch.arange(CLASSES)).abs().float()
        beside = F.pad(torch.exp(-apart / 2), (0, 0, 0, 1), value=0.1)
        self.register_buffer("follows", beside[:, None] * beside[None])
        # Before anything is measured: the energy of what is left out, each symbol carrying two coefficients.
        left = F.pad(scale.square().flip(1).cumsum(dim=1).flip(1), (0, 1))[:, [2 * one for one in LEVELS]]
        self.register_buffer("error", left / left[:, 4].mean())
        self.register_buffer("seen", torch.ones(CLASSES, len(LEVELS)))

    @property
    def scale(self) -> Tensor:
        """The mean size of each coefficient in each class, float32 [K,64]."""
        return (self.total / self.count[:, None].clamp_min(1e-9)).clamp_min(SMALLEST)

    @torch.no_grad()
    def sizes(self, pictures: Tensor) -> Tensor:
        """The mean size of each coefficient in each block of pictures [B,3,H,W] (multiples of 8), [B,64,h,w]."""
        with torch.autocast(pictures.device.type, enabled=False):
            size = F.conv2d(pictures.float() - 0.5, self.basis, stride=PATCH).abs()
        return F.avg_pool2d(size, BLOCK, ceil_mode=True, count_include_pad=False)

    def of(self, sizes: Tensor) -> Tensor:
        """The likeliest class int64 [B,h,w] of each block."""
        return self._likelihood(sizes).argmax(dim=1)

    @torch.no_grad()
    def learn(self, sizes: Tensor) -> None:
        """A step of EM."""
        likelihood = self._likelihood(sizes)
        chance = likelihood.softmax(dim=1)
        with torch.autocast(sizes.device.type, enabled=False):
            total = torch.einsum("bkhw,bchw->kc", chance, sizes) / chance[:, 0].numel()
        self.count.lerp_(chance.mean(dim=(0, 2, 3)), MOMENTUM)
        self.total.lerp_(total, MOMENTUM)
        classes = likelihood.argmax(dim=1)
        padded = F.pad(classes, (1, 0, 1, 0), value=CLASSES)
        place = torch.stack([padded[:, 1:, :-1], padded[:, :-1, 1:], classes])
        _count(self.follows, place, torch.ones_like(total[0, 0]))

    @torch.no_grad()
    def measure(self, classes: Tensor, levels: Tensor, errors: Tensor) -> None:
        """Take in the errors [B,h,w] of blocks of ``classes`` that were sent at the places ``levels`` of LEVELS."""
        place = torch.stack([classes, levels])
        _count(self.error, place, errors.flatten())
        _count(self.seen, place, torch.ones_like(errors).flatten())

    def _likelihood(self, sizes: Tensor) -> Tensor:
        """log of the joint density of each block and each class, [B,K,h,w], less a constant."""
        scale = self.scale
        with torch.autocast(sizes.device.type, enabled=False):
            density = -torch.einsum("kc,bchw->bkhw", 1 / scale, sizes) - scale.log().sum(dim=1)[:, None, None]
        return BLOCK**2 * density + self.count.clamp_min(1e-9).log()[:, None, None]

    def order(self) -> Tensor:
        """The classes int64 [M] whose patches get another symbol, best first, by the error that it saves on the
        convex hull of the class's errors."""
        errors = (self.error.double() / self.seen.double()).cpu().numpy()
        steps = [(slope, kind) for kind in range(CLASSES) for slope in _slopes(errors[kind])]
        steps.sort(key=lambda step: -step[0])
        return torch.tensor([kind for _, kind in steps], dtype=torch.int64, device=self.error.device)

    def code(self, coder: Coder, classes: np.ndarray) -> np.ndarray:
        """A class map int [h,w] through ``coder`` (a Reader uses only its shape); gives the map."""
        follows = self.follows.double().cpu().numpy() + UNSEEN
        out = np.full((classes.shape[0] + 1, classes.shape[1] + 1), CLASSES)
        for row, column in np.ndindex(*classes.shape):
            symbol = classes[row:row + 1, column].astype(np.int32)
            weights = follows[out[row + 1, column], out[row, column + 1]]
            out[row + 1, column + 1] = coder.code(symbol, weights)[0]
        return out[1:, 1:]


def _slopes(errors: np.ndarray) -> list[float]:
    """What each next symbol saves along the lower convex hull of ``errors`` over LEVELS, while it falls."""
    slopes, at = [], 0
    while at < len(LEVELS) - 1:
        more = np.array(LEVELS[at + 1:]) - LEVELS[at]
        saved = (errors[at] - errors[at + 1:]) / more
        best = int(saved.argmax())
        if saved[best] <= 0:
            break
        slopes += [float(saved[best])] * int(more[best])
        at += best + 1
    return slopes


def symbols(order: Tensor, rank: Tensor, classes: Tensor) -> Tensor:
    """Symbols a patch int64 [B,h,w] of blocks of ``classes`` [B,h,w], where the first ``rank`` [B] steps are taken."""
    taken = torch.arange(len(order), device=order.device) < rank[:, None]
    count = torch.zeros(len(rank), CLASSES, dtype=torch.int64, device=order.device)
    count.scatter_add_(1, order.expand(len(rank), -1), taken.long())
    return count.gather(1, classes.flatten(1)).view(classes.shape)


def highest_rank(order: Tensor, patches: Tensor, budget: Tensor) -> Tensor:
    """The most steps int64 [B] that take at most ``budget`` [B] symbols, of ``patches`` [B,K] patches a class."""
    return (patches[:, order].cumsum(dim=1) <= budget[:, None]).sum(dim=1)


def of_patches(blocks: Tensor, down: int, across: int) -> Tensor:
    """What holds for blocks [B,h,w], for each of their patches, [B,down,across]."""
    return blocks.repeat_interleave(BLOCK, dim=1).repeat_interleave(BLOCK, dim=2)[:, :down, :across]


def _count(table: Tensor, place: Tensor, values: Tensor) -> None:
    """Add ``values`` at ``place`` [D,...], what was there before slowly forgotten."""
    index = tuple(place.flatten(1))
    table.mul_(1 - FORGET).index_put_(index, values.expand(len(index[0])).to(table.dtype), accumulate=True)
