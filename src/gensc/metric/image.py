"""How alike two pictures are: PSNR, SSIM and MS-SSIM, one number an item."""

from collections.abc import Callable
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from gensc import units
from gensc.errors import InputError

PSNR_CEILING_DB = 100.0
"""The PSNR of pictures without any difference, so that their mean stays finite."""

WINDOW, SIGMA = 11, 1.5
SCALES = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
MS_SSIM_SIDE = WINDOW * 2 ** (len(SCALES) - 1)
"""The smallest side of a picture that MS-SSIM is defined for, px."""
_CHUNK_VALUES = 1 << 21


def psnr(a: Tensor, b: Tensor) -> Tensor:
    """PSNR in dB, float32 [B], of pictures [B,C,H,W] at data range 1: 10 log10(1 / mean squared error) of each
    item, at most ``PSNR_CEILING_DB``."""
    _check(a, b, 1)
    error = (a.double() - b.double()).square().flatten(1).mean(dim=1)
    return units.ratio_to_db(1 / error).clamp(max=PSNR_CEILING_DB)


def ssim(a: Tensor, b: Tensor) -> Tensor:
    """Structural similarity float32 [B] of pictures [B,C,H,W] at data range 1, sides of at least 11 px.

    Mean over all places of the 11 x 11 Gaussian window (sigma 1.5) that lie inside the picture, and over the
    channels (Wang, Bovik, Sheikh and Simoncelli, IEEE Trans. Image Processing 13(4), 2004; K1 = 0.01,
    K2 = 0.03).
    """
    _check(a, b, WINDOW)
    return _by_chunks(lambda x, y: _similarity(x, y)[0], a, b)


def ms_ssim(a: Tensor, b: Tensor) -> Tensor:
    """Multi-scale SSIM float32 [B] of pictures [B,C,H,W] at data range 1, sides of at least 176 px.

    Five scales, halved by 2 x 2 means (Wang, Simoncelli and Bovik, Asilomar 2003). A negative mean of one scale
    counts as 0: its power is not defined.
    """
    _check(a, b, MS_SSIM_SIDE)
    return _by_chunks(_multi_scale, a, b)


def _multi_scale(a: Tensor, b: Tensor) -> Tensor:
    product = a.new_ones(len(a))
    for scale, power in enumerate(SCALES):
        whole, structure = _similarity(a, b)
        last = scale == len(SCALES) - 1
        product = product * (whole if last else structure).clamp(min=0).pow(power)
        a, b = F.avg_pool2d(a, 2), F.avg_pool2d(b, 2)
    return product


def _similarity(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """SSIM, and its contrast-structure factor alone, each [B]."""
    mean_a, mean_b, aa, bb, ab = _blurred(torch.stack([a, b, a * a, b * b, a * b]))
    luminance = (2 * mean_a * mean_b + 0.01**2) / (mean_a.square() + mean_b.square() + 0.01**2)
    structure = (2 * (ab - mean_a * mean_b) + 0.03**2) / (aa - mean_a.square() + bb - mean_b.square() + 0.03**2)
    return (luminance * structure).flatten(1).mean(dim=1), structure.flatten(1).mean(dim=1)


def _blurred(x: Tensor) -> Tensor:
    """The Gaussian window over the last two axes, where it lies inside."""
    # Sums of shifted copies: on a CPU 14 times as fast as a convolution of single channels.
    for axis in (-2, -1):
        size = x.shape[axis] - WINDOW + 1
        total = _window()[0] * x.narrow(axis, 0, size)
        for place, weight in enumerate(_window()[1:], start=1):
            total.add_(x.narrow(axis, place, size), alpha=weight)
        x = total
    return x


@cache
def _window() -> tuple[float, ...]:
    place = torch.arange(WINDOW, dtype=torch.float64) - WINDOW // 2
    weight = torch.exp(-place.square() / (2 * SIGMA**2))
    return tuple((weight / weight.sum()).tolist())


def _by_chunks(of: Callable[[Tensor, Tensor], Tensor], a: Tensor, b: Tensor) -> Tensor:
    """``of`` over a few items at a time, which needs some twenty pictures of memory for each, in double
    precision: variances are differences of means."""
    step = max(1, _CHUNK_VALUES // a.shape[1:].numel())
    parts = [of(x.double(), y.double()) for x, y in zip(a.split(step), b.split(step), strict=True)]
    return torch.cat(parts).float()


def _check(a: Tensor, b: Tensor, side: int) -> None:
    if a.shape != b.shape or a.ndim != 4:
        raise InputError(f"pictures are compared that have the shapes {list(a.shape)} and {list(b.shape)}; expected "
                         "the same [B,C,H,W] twice")
    if min(a.shape[-2:]) < side:
        raise InputError(f"the pictures are {a.shape[-1]} x {a.shape[-2]} px; this metric needs at least {side} px "
                         "a side: leave it out or use larger pictures")
