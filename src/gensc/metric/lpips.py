"""LPIPS: how different two pictures look to AlexNet, calibrated on people's judgements."""

from functools import cache
from typing import Any

import torch
from torch import Tensor

from gensc.errors import InputError
from gensc.zoo.metrics import weights_and_reader

SMALLEST_PX = 31
"""What AlexNet's strides leave nothing of is below this side, px."""


def lpips(a: Tensor, b: Tensor) -> Tensor:
    """LPIPS float32 [B] of pictures [B,3,H,W] in [0,1]: 0 for equal pictures, more is worse.

    AlexNet, version 0.1 of the calibration (Zhang, Isola, Efros, Shechtman and Wang, CVPR 2018), by torchmetrics.
    Raises InputError where the weights of AlexNet are not on this machine (`gensc zoo pull lpips`).
    """
    if a.shape != b.shape or a.ndim != 4 or a.shape[1] != 3 or min(a.shape[2:]) < SMALLEST_PX:
        raise InputError(f"lpips compares pictures [B,3,H,W] of one shape, {SMALLEST_PX} px a side or more; it got "
                         f"{list(a.shape)} and {list(b.shape)}")
    network = _network(a.device.type)
    # One picture at a time: an item's figure is then the same to the bit in any batch.
    with torch.no_grad():
        found = [network(_shown(a[i : i + 1]), _shown(b[i : i + 1]), normalize=True).reshape(1) for i in range(len(a))]
    return torch.cat(found) if found else a.new_zeros(0)


def _shown(x: Tensor) -> Tensor:
    return x.float().clamp(0, 1)


@cache
def _network(device: str) -> Any:
    # torchvision finds the file in torch.hub's folder by itself.
    _, module = weights_and_reader("lpips")
    return module.LearnedPerceptualImagePatchSimilarity("alex").net.to(device)
