"""Filters over blocks of symbols, and what a blind equaliser can't know: the delay and the phase."""

import torch
from torch import Tensor


def windows(y: Tensor, taps: int) -> Tensor:
    """The ``taps`` samples y_(n+c), ..., y_(n+c-taps+1), c = (taps-1)//2, around each sample: complex64 [B,N,taps] of
    y [B,N], zeros beyond its ends."""
    ahead = (taps - 1) // 2
    padded = torch.nn.functional.pad(y, (taps - 1 - ahead, ahead))
    return padded.unfold(1, taps, 1).flip(-1)


def centred(y: Tensor, w: Tensor) -> Tensor:
    """y [B,N] through filters w [B,taps] whose middle tap adds no delay, complex64 [B,N]."""
    return (windows(y, w.shape[1]) @ w[:, :, None])[..., 0]


def convolved(x: Tensor, h: Tensor) -> Tensor:
    """sum_l h_l x_(n-l) complex64 [B,N] of x [B,N] and h [B,L]: symbols before the block are 0."""
    padded = torch.nn.functional.pad(x, (h.shape[1] - 1, 0))
    return (padded.unfold(1, h.shape[1], 1) @ h.flip(1)[:, :, None])[..., 0]


def spike(items: int, taps: int) -> Tensor:
    """The filter that changes nothing, complex64 [B,taps]: where a blind search starts."""
    w = torch.zeros(items, taps, dtype=torch.complex64)
    w[:, (taps - 1) // 2] = 1
    return w


def aligned(z: Tensor, x: Tensor, reach: int) -> Tensor:
    """z [B,N] moved by up to ``reach`` symbols and turned so that it fits the sent symbols x [B,N] best.

    Delay and phase are what no blind equaliser can find: here they are given by the whole block (a genie), the
    amplitude is not. Complex64 [B,N], zeros where the move leaves nothing.
    """
    moves = range(-reach, reach + 1)
    padded = torch.nn.functional.pad(z, (reach, reach))
    moved = torch.stack([padded[:, reach + move: reach + move + z.shape[1]] for move in moves], dim=1)
    match = (moved * x.conj()[:, None]).sum(dim=2)
    best = match.abs().argmax(dim=1)
    row = torch.arange(len(z))
    return moved[row, best] * torch.polar(torch.ones(len(z)), -match[row, best].angle())[:, None]
