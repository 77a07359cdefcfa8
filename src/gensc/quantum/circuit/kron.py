"""The same kind of real 2 x 2 matrix on every wire, applied as a few Kronecker blocks of up to five wires."""

import math
from functools import cache

import torch
from torch import Tensor

MOST_WIRES = 5
"""Of a block: a product with a matrix of 32 x 32 is as fast on a CPU as one pass over the memory of the state."""


@cache
def widths(wires: int) -> tuple[int, ...]:
    """How many wires each block has, as even as can be."""
    count = math.ceil(wires / MOST_WIRES)
    return tuple(wires // count + (block < wires % count) for block in range(count))


def blocks(matrices: Tensor) -> Tensor:
    """Matrices [M, wires, 2, 2] -> the Kronecker products of each block, flat one after the other, [M, sum of 4^w]."""
    made, first = [], 0
    for width in widths(matrices.shape[1]):
        product = matrices[:, first]
        for wire in range(first + 1, first + width):
            side = 2 * product.shape[1]
            product = (product[:, :, None, :, None] * matrices[:, wire, None, :, None, :]).reshape(-1, side, side)
        made.append(product.flatten(1))
        first += width
    return torch.cat(made, dim=1)


def split(row: Tensor, wires: int) -> list[Tensor]:
    """One row of ``blocks`` as its matrices [2^w, 2^w]."""
    parts = row.split([4**width for width in widths(wires)])
    return [part.view(2**width, 2**width) for part, width in zip(parts, widths(wires), strict=True)]


def shaped(x: Tensor, wires: int, block: int) -> Tensor:
    """Real x [2^wires, C] as [left, 2^w, right * C] for a block; a view."""
    left = sum(widths(wires)[:block])
    return x.view(2**left, 2 ** widths(wires)[block], -1)


def multiplied(matrix: Tensor, x: Tensor) -> Tensor:
    """matrix [d, d] times each of x [left, d, C]."""
    if len(x) == 1:
        return (matrix @ x[0])[None]
    return torch.bmm(matrix.expand(len(x), -1, -1), x)


def mixed(row: Tensor, x: Tensor, wires: int) -> Tensor:
    """A row of ``blocks`` applied to real x [2^wires, C]."""
    for block, matrix in enumerate(split(row, wires)):
        x = multiplied(matrix, shaped(x, wires, block)).view(x.shape)
    return x


@cache
def hadamard(wires: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The row of ``blocks`` of H on all wires."""
    one = torch.tensor([[1.0, 1.0], [1.0, -1.0]], dtype=dtype, device=device) * 0.5**0.5
    return blocks(one.expand(1, wires, 2, 2))[0]


def walsh(x: Tensor, wires: int) -> Tensor:
    """Sum over m of x[m] (-1)^(bits that m and y share), real [2^wires, C] -> the same shape at y; symmetric."""
    return mixed(hadamard(wires, x.dtype, x.device), x, wires) * 2 ** (wires / 2)


def rotations_y(angles: Tensor) -> Tensor:
    """RY of angles [...], real [..., 2, 2]."""
    c, s = (angles / 2).cos(), (angles / 2).sin()
    return torch.stack([torch.stack([c, -s], dim=-1), torch.stack([s, c], dim=-1)], dim=-2)
