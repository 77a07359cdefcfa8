"""What networks see in pictures: the features that Fréchet distances are taken of."""

import hashlib
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gensc import zoo
from gensc.errors import InputError
from gensc.zoo.metrics import weights_and_reader

LITE0_SIDE = 224
MOST_BYTES = 64 << 20
"""Of features that are kept: those of 13,000 pictures by Lite0, of 8,000 by Inception."""


def lite0(x: Tensor) -> Tensor:
    """Features float32 [B,1280] of pictures [B,3,H,W] in [0,1] by EfficientNet-Lite0 (ImageNet): the means of its
    last feature map. Pictures are resized to 224 x 224 first (bicubic, antialiased)."""
    network = _lite0(x.device.type)
    mean, std = (x.new_tensor(one).view(1, 3, 1, 1) for one in (network.mean, network.std))

    def seen(one: Tensor) -> Tensor:
        shown = F.interpolate(one, (LITE0_SIDE, LITE0_SIDE), mode="bicubic", antialias=True).clamp(0, 1)
        found: Tensor = network.net.forward_features((shown - mean) / std).mean(dim=(2, 3))
        return found

    return _each(seen, x, network.net.num_features)


def inception(x: Tensor) -> Tensor:
    """Features float32 [B,2048] of pictures [B,3,H,W] in [0,1] by the Inception v3 of FID (Heusel et al., NeurIPS
    2017), by torch-fidelity: 8-bit pictures, resized to 299 x 299 as the original does (bilinear, not antialiased).

    Raises InputError where the weights are not on this machine (`gensc zoo pull fid`).
    """
    network = _inception(x.device.type)
    return _each(lambda one: network((one * 255).round().byte())[0], x, 2048)


class Kept:
    """Features of pictures, kept by the pictures' own bytes, for those that come again at each SNR: at most ``most``
    bytes of them; what was kept first goes first."""

    def __init__(self, of: Callable[[Tensor], Tensor], most: int = MOST_BYTES) -> None:
        self._of, self._most, self._bytes = of, most, 0
        self._features: dict[bytes, Tensor] = {}

    def __call__(self, x: Tensor) -> Tensor:
        features = [self._one(picture[None]) for picture in x]
        return torch.cat(features) if features else self._of(x)

    def _one(self, x: Tensor) -> Tensor:
        key = hashlib.sha256(repr(tuple(x.shape)).encode() + x.cpu().numpy().tobytes()).digest()
        if key in self._features:
            return self._features[key]
        features = self._of(x)
        self._features[key] = features
        self._bytes += features.nbytes
        while self._bytes > self._most:
            self._bytes -= self._features.pop(next(iter(self._features))).nbytes
        return features


@torch.no_grad()
def _each(seen: Callable[[Tensor], Tensor], x: Tensor, width: int) -> Tensor:
    """Features of one picture at a time: the same to the bit in any batch."""
    if x.ndim != 4 or x.shape[1] != 3:
        raise InputError(f"features are taken of pictures [B,3,H,W]; these have the shape {list(x.shape)}")
    found = [seen(one[None].float().clamp(0, 1)) for one in x]
    return torch.cat(found) if found else x.new_zeros(0, width)


@cache
def _lite0(device: str) -> Any:
    network = zoo.load("efficientnet_lite0")
    network.net.requires_grad_(False).to(device)
    return network


@cache
def _inception(device: str) -> Any:
    path, module = weights_and_reader("fid")
    network = module.FeatureExtractorInceptionV3("fid", ["2048"], feature_extractor_weights_path=str(path))
    return network.to(device)
