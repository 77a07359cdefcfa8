"""Shift-tolerant LPIPS: how different two pictures look, by a network trained on people's judgements."""

import contextlib
import sys
import types
from collections.abc import Iterator
from functools import cache
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from gensc.errors import InputError

Trunk = Literal["alex", "vgg"]
SMALLEST_PX = 64
"""The side of the patches that people judged; smaller pictures are enlarged to it."""


def st_lpips(a: Tensor, b: Tensor) -> Tensor:
    """ST-LPIPS float32 [B] of pictures [B,3,H,W] in [0,1]: 0 for equal pictures, more is worse.

    AlexNet with anti-aliased strides and the weights of Ghildyal and Liu ("Shift-tolerant perceptual similarity
    metric", ECCV 2022), from the package stlpips-pytorch. It is not LPIPS: its figures cannot be compared with
    LPIPS figures of papers. Pictures below 64 px a side are enlarged to it first (bicubic); the network was
    calibrated on patches of that size.
    """
    return _distances("alex", a, b)


def st_lpips_vgg(a: Tensor, b: Tensor) -> Tensor:
    """The same float32 [B] by VGG16 in place of AlexNet, of the same authors and package, in four times the time.

    No loss of gensc holds it: it judges what was trained by ``st_lpips_loss`` without having taught it.
    """
    return _distances("vgg", a, b)


def _distances(trunk: Trunk, a: Tensor, b: Tensor) -> Tensor:
    _check(a, b)
    network = _network(trunk, a.device.type)
    # One picture at a time: an item's figure is then the same to the bit in any batch.
    with torch.no_grad():
        found = [network(_prepared(a[i : i + 1]), _prepared(b[i : i + 1])).reshape(1) for i in range(len(a))]
    return torch.cat(found) if found else a.new_zeros(0)


def st_lpips_loss(received: Tensor, sent: Tensor) -> Tensor:
    """Mean ST-LPIPS of a batch [B,3,H,W], one number, with its gradient in ``received``.

    A value outside [0,1] is shown as the nearest that a screen has and gets no gradient from here.
    """
    _check(received, sent)
    network = _network("alex", received.device.type)
    with torch.no_grad():
        known = _directions(network, sent)
    parts = zip(network.lins, _directions(network, received), known, strict=True)
    total: Tensor = sum((lin((a - b).square()).mean() for lin, a, b in parts), start=received.new_zeros(()))
    return total


def _directions(network: Any, x: Tensor) -> list[Tensor]:
    """The features of pictures at each layer, scaled to length 1 over the channels."""
    # The package's own scaling has no gradient where all channels are 0; that of vector_norm is 0 there.
    layers = network.net(network.scaling_layer(_prepared(x)))
    return [f / (torch.linalg.vector_norm(f, dim=1, keepdim=True) + 1e-10) for f in layers]


def _check(a: Tensor, b: Tensor) -> None:
    if a.shape != b.shape or a.ndim != 4 or a.shape[1] != 3:
        raise InputError(f"st_lpips compares pictures [B,3,H,W] of one shape; it got {list(a.shape)} and "
                         f"{list(b.shape)}")


def _prepared(x: Tensor) -> Tensor:
    """A picture [1,3,H,W] as the network wants it: in [-1,1], of at least 64 px."""
    x = x.float()
    short = min(x.shape[-2:])
    if short < SMALLEST_PX:
        size = [round(side * SMALLEST_PX / short) for side in x.shape[-2:]]
        x = F.interpolate(x, size, mode="bicubic", align_corners=False)
    return 2 * x.clamp(0, 1) - 1


@cache
def _network(trunk: Trunk, device: str) -> Any:
    with _stood_in():
        from stlpips_pytorch import stlpips
    network = stlpips.LPIPS(net=trunk, variant="shift_tolerant", verbose=False)
    return network.requires_grad_(False).to(device)


@contextlib.contextmanager
def _stood_in() -> Iterator[None]:
    """Empty modules for what stlpips_pytorch imports and this network does not use: debuggers, which are no
    dependencies of ours, and torchvision, which a CPU-only torch cannot import as it is."""
    unused = {"IPython": "embed", "torchsummary": "summary", "torchvision": "models"}
    absent = [name for name in unused if name not in sys.modules]
    for name in absent:
        sys.modules[name] = types.ModuleType(name)
        setattr(sys.modules[name], unused[name], None)
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
