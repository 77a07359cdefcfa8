"""Shift-tolerant LPIPS: how different two pictures look, by a network trained on people's judgements."""

import sys
import types
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gensc.errors import InputError

SMALLEST_PX = 64
"""The side of the patches that people judged; smaller pictures are enlarged to it."""


def st_lpips(a: Tensor, b: Tensor) -> Tensor:
    """ST-LPIPS float32 [B] of pictures [B,3,H,W] in [0,1]: 0 for equal pictures, more is worse.

    AlexNet with anti-aliased strides and the weights of Ghildyal and Liu ("Shift-tolerant perceptual similarity
    metric", ECCV 2022), from the package stlpips-pytorch. It is not LPIPS: its figures cannot be compared with
    LPIPS figures of papers. Pictures below 64 px a side are enlarged to it first (bicubic); the network was
    calibrated on patches of that size.
    """
    if a.shape != b.shape or a.ndim != 4 or a.shape[1] != 3:
        raise InputError(f"st_lpips compares pictures [B,3,H,W] of one shape; it got {list(a.shape)} and "
                         f"{list(b.shape)}")
    network = _network(a.device.type)
    # One picture at a time: an item's figure is then the same to the bit in any batch.
    with torch.no_grad():
        found = [network(_prepared(a[i : i + 1]), _prepared(b[i : i + 1])).reshape(1) for i in range(len(a))]
    return torch.cat(found) if found else a.new_zeros(0)


def _prepared(x: Tensor) -> Tensor:
    """A picture [1,3,H,W] as the network wants it: in [-1,1], of at least 64 px."""
    x = x.float()
    short = min(x.shape[-2:])
    if short < SMALLEST_PX:
        size = [round(side * SMALLEST_PX / short) for side in x.shape[-2:]]
        x = F.interpolate(x, size, mode="bicubic", align_corners=False)
    return 2 * x.clamp(0, 1) - 1


@cache
def _network(device: str) -> nn.Module:
    # timm_ready makes torchvision importable, which stlpips_pytorch imports and does not use.
    import gensc.zoo.timm_ready  # noqa: F401

    absent = {name: types.ModuleType(name) for name in ("IPython", "torchsummary") if name not in sys.modules}
    # Imported there for debugging only, and no dependencies of ours.
    for name, attribute in (("IPython", "embed"), ("torchsummary", "summary")):
        if name in absent:
            setattr(absent[name], attribute, None)
    sys.modules.update(absent)
    try:
        from stlpips_pytorch import stlpips
    finally:
        for name in absent:
            del sys.modules[name]
    network: nn.Module = stlpips.LPIPS(net="alex", variant="shift_tolerant", verbose=False)
    return network.requires_grad_(False).to(device)
