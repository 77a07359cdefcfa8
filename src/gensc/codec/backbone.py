"""A vision backbone as the semantic encoder: image features are what is sent."""

import copy
import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gensc import zoo
from gensc.batch import Batch
from gensc.codec.base import Codec, Front
from gensc.errors import InputError
from gensc.registry import register
from gensc.signal import MAIN, Parts, State
from gensc.zoo.staged import Staged, stages

Output = Literal["pooled", "logits", "map"]
WHOLE = 1000
"""More work than any number of stages."""


@register("codec", "backbone")
class Backbone(Codec):
    """Any timm network, by the paper's name or timm's.

    ``output``: "logits" [n_classes of the pretraining], the paper's choice; "pooled" [C], the vector before
    them; "map" [C,H,W], the last feature map.
    ``mode``: "frozen" (pretrained, never trained), "finetune" (pretrained; the first ``frozen_stages`` stages
    stay, the rest learns: train.codec_rate = 0.1 keeps what it knows), "scratch" (fresh weights, everything learns).
    What comes out of the part that never learns is the front, stored and reused: the features themselves when frozen,
    the last fixed stage's map when fine-tuning an EfficientNet.
    ``size``: the side of the square images that it gets, px (forms follow from it).
    """

    def __init__(self, model: str = "efficientnet_lite0", output: Output = "pooled",
                 mode: Literal["frozen", "finetune", "scratch"] = "frozen", frozen_stages: int = 0,
                 size: int = 224) -> None:
        super().__init__()
        if size < 32:
            raise InputError(f"backbone: size is {size}; expected square images of at least 32 px a side (data.size)")
        network = _shared(model) if mode == "frozen" else zoo.load(model, pretrained=mode != "scratch")
        self.model, self.output, self.mode, self.size = model, output, mode, size
        self.net = _same_weights(network.net) if mode == "frozen" else network.net
        self.input_size = network.size
        self.weights = network.weights
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(network.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(network.std).view(1, 3, 1, 1), persistent=False)
        if output != "logits":
            # The pretraining's classifier is no part of this encoder: it would be saved, and never trained.
            self.net.get_classifier().requires_grad_(False)
        self.fixed = self._fixed_parts(frozen_stages)
        self.staged = Staged(self.net, frozen_stages) if frozen_stages and Staged.fits(self.net) else None
        with torch.no_grad():
            first = self.eval()._first(torch.zeros(1, 3, size, size))
            self.front_shape = tuple(first.shape[1:])
            self.form = {MAIN: tuple(self._features(first).shape[1:])}

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

    @property
    def front(self) -> Front | None:
        if self.mode != "frozen" and self.staged is None:
            return None
        work = WHOLE if self.staged is None else self.staged.frozen
        return Front(self._computed, self.front_shape, self._fingerprint(self._part), work)

    def encode(self, batch: Batch, state: State) -> Parts:
        """Features of images [B,3,S,S], or of what the front made of them."""
        return {MAIN: self._features(batch.pixels)}

    @property
    def _part(self) -> str:
        """What the front is of the network."""
        return f"stage {self.staged.frozen}" if self.staged else self.output

    def _computed(self, batch: Batch, others: Mapping[str, Tensor]) -> Tensor:
        """The front; it goes on from a stage of the same network where another front has come so far."""
        with torch.no_grad():
            if self.staged is None and Staged.fits(self.net):
                for stage in range(1, len(stages(self.net))):
                    reached = others.get(self._fingerprint(f"stage {stage}"))
                    if reached is not None:
                        return self._output(Staged(self.net, stage).rest(reached))
            return self._first(batch.pixels)

    def _first(self, x: Tensor) -> Tensor:
        """The fixed part of the encoder for images [B,3,S,S]; the images where nothing is fixed."""
        if self.staged is not None:
            return self.staged.front(self._prepared(x))
        return self._output(self.net.forward_features(self._prepared(x))) if self.mode == "frozen" else x

    def _features(self, first: Tensor) -> Tensor:
        """The rest of the encoder."""
        if self.mode == "frozen":
            return first
        if self.staged:
            return self._output(self.staged.rest(first.contiguous(memory_format=torch.channels_last)))
        return self._output(self.net.forward_features(self._prepared(first)))

    def _prepared(self, x: Tensor) -> Tensor:
        """Images [B,3,S,S] in [0,1] as the network wants them."""
        if self.input_size is not None and x.shape[-1] != self.input_size:
            x = F.interpolate(x, (self.input_size, self.input_size), mode="bicubic", antialias=True).clamp(0, 1)
        return ((x - self.mean) / self.std).contiguous(memory_format=torch.channels_last)

    def _output(self, features: Tensor) -> Tensor:
        if self.output == "map":
            return as_map(features, self.net)
        return self.net.forward_head(features, pre_logits=self.output == "pooled").flatten(1)

    def _fingerprint(self, part: str) -> str:
        return hashlib.sha256(f"{self.model}|{self.weights}|{part}|{self.input_size}".encode()).hexdigest()


@cache
def _shared(model: str) -> zoo.Network:
    """The weights of a network that nobody trains, for all links of a process."""
    return zoo.load(model)


def _same_weights(net: nn.Module) -> Any:
    """A module with the weights of another in the same memory, until one of them is moved to another device."""
    memo = {id(value): nn.Parameter(value.detach(), requires_grad=False) if isinstance(value, nn.Parameter)
            else value.detach() for value in (*net.parameters(), *net.buffers())}
    return copy.deepcopy(net, memo)


def as_map(features: Tensor, net: nn.Module) -> Tensor:
    """The last features of any timm network as [B,C,H,W]: tokens lose their prefix and become a grid."""
    if features.ndim == 3:
        prefix = getattr(net, "num_prefix_tokens", 0)
        side = round((features.shape[1] - prefix) ** 0.5)
        return features[:, prefix:].transpose(1, 2).unflatten(2, (side, side))
    if getattr(net, "output_fmt", "NCHW") == "NHWC":
        return features.permute(0, 3, 1, 2)
    return features
