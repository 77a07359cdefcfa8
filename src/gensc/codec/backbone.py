"""A vision backbone as the semantic encoder: image features are what is sent."""

import hashlib
import weakref
from functools import cache
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gensc import zoo
from gensc.batch import Batch, unlabelled
from gensc.codec.base import Codec
from gensc.errors import InputError
from gensc.registry import register
from gensc.signal import State
from gensc.zoo.staged import Staged, stages

Output = Literal["pooled", "logits", "map"]


@register("codec", "backbone")
class Backbone(Codec):
    """Any timm network, by the paper's name or timm's.

    ``output``: "logits" [n_classes of the pretraining], the paper's choice; "pooled" [C], the vector before
    them; "map" [C,H,W], the last feature map.
    ``mode``: "frozen" (pretrained, never trained), "finetune" (pretrained; the first ``frozen_stages`` stages
    stay, the rest learns at ``rate`` times the learning rate), "scratch" (fresh weights, everything learns).
    What comes out of the part that never learns is stored and reused: the features themselves when frozen,
    the last fixed stage's map when fine-tuning an EfficientNet.
    ``size``: the side of the square images that it gets, px (shapes of payloads follow from it).
    """

    shape: tuple[int, ...]

    def __init__(self, model: str = "efficientnet_lite0", output: Output = "pooled",
                 mode: Literal["frozen", "finetune", "scratch"] = "frozen", frozen_stages: int = 0,
                 rate: float = 0.1, size: int = 224) -> None:
        super().__init__()
        if size < 32:
            raise InputError(f"backbone: size is {size}; expected images of at least 32 px a side")
        network = _shared(model) if mode == "frozen" else zoo.load(model, pretrained=mode != "scratch")
        self.model, self.output, self.mode = model, output, mode
        self.net = network.net
        self.input_size = network.size
        self.weights = network.weights
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(network.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(network.std).view(1, 3, 1, 1), persistent=False)
        self.frozen = mode == "frozen"
        self.rate = rate if mode == "finetune" else 1.0
        if output != "logits":
            # The pretraining's classifier is no part of this encoder: it would be saved, and never trained.
            self.net.get_classifier().requires_grad_(False)
        self.fixed = self._fixed_parts(frozen_stages)
        self.staged = Staged(self.net, frozen_stages) if frozen_stages and Staged.fits(self.net) else None
        self.stored = self.frozen or self.staged is not None
        with torch.no_grad():
            front = self.eval().front(unlabelled(torch.zeros(1, 3, size, size)))
            self.front_shape, self.shape = tuple(front.shape[1:]), tuple(self.rest(front).shape[1:])

    def _fixed_parts(self, frozen_stages: int) -> list[nn.Module]:
        """The modules that never learn; their parameters lose their gradients here."""
        if frozen_stages and self.mode != "finetune":
            raise InputError(f"backbone: frozen_stages is {frozen_stages} in mode {self.mode!r}; it belongs to "
                             "mode = 'finetune'")
        if self.mode == "frozen":
            self.net.requires_grad_(False)
            return [self.net]
        if frozen_stages == 0:
            return []
        known = stages(self.net)
        if not 0 < frozen_stages < len(known):
            raise InputError(f"backbone: frozen_stages is {frozen_stages}; {self.model} has {len(known)} stages, "
                             "and the last must learn")
        parts = [part for stage in known[:frozen_stages] for part in stage]
        for part in parts:
            part.requires_grad_(False)
        return parts

    def train(self, mode: bool = True) -> "Backbone":
        """Training mode; what is fixed, and every batch norm of a pretrained network, keeps its statistics."""
        super().train(mode)
        for part in self.fixed:
            part.eval()
        if self.mode == "finetune":
            for module in self.net.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()
        return self

    def front(self, batch: Batch) -> Tensor:
        if not self.stored:
            return batch.x
        with torch.no_grad():
            if self.staged is not None:
                return _LATEST.keep(batch.x, self.weights, self.staged, self.staged.front(self._prepared(batch.x)))
            resumed = _LATEST.resume(batch.x, self.weights, self.net)
            return self._output(self.net.forward_features(self._prepared(batch.x)) if resumed is None else resumed)

    def rest(self, front: Tensor, state: State | None = None) -> Tensor:
        if self.frozen:
            return front
        if self.staged:
            return self._output(self.staged.rest(front.contiguous(memory_format=torch.channels_last)))
        return self._output(self.net.forward_features(self._prepared(front)))

    def _prepared(self, x: Tensor) -> Tensor:
        """Images [B,3,S,S] in [0,1] as the network wants them."""
        if self.input_size is not None and x.shape[-1] != self.input_size:
            x = F.interpolate(x, (self.input_size, self.input_size), mode="bicubic", antialias=True).clamp(0, 1)
        return ((x - self.mean) / self.std).contiguous(memory_format=torch.channels_last)

    def _output(self, features: Tensor) -> Tensor:
        if self.output == "map":
            return as_map(features, self.net)
        return self.net.forward_head(features, pre_logits=self.output == "pooled").flatten(1)

    def fingerprint(self) -> str:
        if not self.stored:
            return super().fingerprint()
        part = f"stage {self.staged.frozen}" if self.staged else self.output
        return hashlib.sha256(f"{self.model}|{self.weights}|{part}|{self.input_size}".encode()).hexdigest()


class _Latest:
    """The stage map that was computed last: a frozen copy of the same network that is given the very same
    pictures next goes on from there."""

    def __init__(self) -> None:
        self._of: tuple[weakref.ref[Tensor], str, int, Tensor] | None = None

    def keep(self, x: Tensor, weights: str, staged: Staged, stage: Tensor) -> Tensor:
        self._of = weakref.ref(x), weights, staged.frozen, stage
        return stage

    def resume(self, x: Tensor, weights: str, net: nn.Module) -> Tensor | None:
        if self._of is None or self._of[0]() is not x or self._of[1] != weights:
            return None
        return Staged(net, self._of[2]).rest(self._of[3])


_LATEST = _Latest()


@cache
def _shared(model: str) -> zoo.Network:
    """One copy of a network that nobody trains, for all links of a process."""
    return zoo.load(model)


def as_map(features: Tensor, net: nn.Module) -> Tensor:
    """The last features of any timm network as [B,C,H,W]: tokens lose their prefix and become a grid."""
    if features.ndim == 3:
        prefix = getattr(net, "num_prefix_tokens", 0)
        side = round((features.shape[1] - prefix) ** 0.5)
        return features[:, prefix:].transpose(1, 2).unflatten(2, (side, side))
    if getattr(net, "output_fmt", "NCHW") == "NHWC":
        return features.permute(0, 3, 1, 2)
    return features
