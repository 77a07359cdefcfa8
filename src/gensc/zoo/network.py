"""Backbone networks by name, with pretrained or fresh weights."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from gensc.errors import InputError
from gensc.registry import nearest
from gensc.zoo.backbones import BACKBONES, of_timm
from gensc.zoo.source import Weights, sha256_of


@dataclass(frozen=True)
class Network:
    """A timm network and what its input wants: images [B,3,S,S] in [0,1] are scaled as
    (x - mean) / std per channel and resized to ``size`` where the network can take no other.

    ``weights`` is the SHA-256 of the weight file, or "" for fresh weights.
    """

    net: Any
    size: int | None
    mean: tuple[float, ...]
    std: tuple[float, ...]
    weights: str


def weights_of(name: str) -> Weights:
    """The weights of one of our names, or of any timm name ("resnet18", "resnet18.a1_in1k").

    Raises InputError with the nearest name where there is no such network.
    """
    from gensc.zoo.timm_ready import timm

    if name in BACKBONES:
        return BACKBONES[name]
    tagged = "." not in name or name in timm.list_models(pretrained=True)
    if not timm.is_model(name) or not tagged:
        meant = nearest(name, BACKBONES) or nearest(name, timm.list_models())
        raise InputError(f"there is no backbone {name!r}{meant}; known by name: {', '.join(BACKBONES)}, or any timm "
                         "model")
    config = timm.get_pretrained_cfg(name)
    if config is None or not config.hf_hub_id:
        return of_timm(name, name, "", "none stated", "")
    return of_timm(name, name, "", str(config.license or "none stated"), config.hf_hub_id)


def load(name: str, pretrained: bool = True) -> Network:
    """A network in evaluation mode. Raises InputError, with the command that gets them, where its
    pretrained weights are not on this machine. Nothing is downloaded here."""
    from gensc.zoo.timm_ready import timm

    weights = weights_of(name)
    if not pretrained:
        net: Any = timm.create_model(weights.network, pretrained=False)
        digest = ""
    else:
        file = weights.path()
        # Weights that are replaced at once must not move the generator that the link's own layers draw from.
        with torch.random.fork_rng():
            net = timm.create_model(weights.network, pretrained=False)
        _fill(net, file, weights)
        digest = weights.sha256 or sha256_of(file)
    config = net.pretrained_cfg
    mean, std = config["mean"], config["std"]
    if weights.name == "efficientnet_lite0":
        mean, std = (127 / 255,) * 3, (128 / 255,) * 3
    fixed = config.get("fixed_input_size") or config["input_size"][-1] > 256
    return Network(net.eval(), config["input_size"][-1] if fixed else None, tuple(mean), tuple(std), digest)


def _fill(net: nn.Module, file: Path, weights: Weights) -> None:
    try:
        net.load_state_dict(_by_order(net, file) if file.suffix == ".pth" else _safetensors(file))
    except (SafetensorError, RuntimeError, KeyError) as error:
        raise InputError(f"{file} does not hold the weights of {weights.name} ({type(error).__name__}): delete it "
                         f"and run `gensc zoo pull {weights.name}`") from error


def _safetensors(file: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    return load_file(file)


def _by_order(net: nn.Module, file: Path) -> dict[str, Tensor]:
    """The packaged file names its layers differently, in the same order: shapes are checked one by one."""
    stored = torch.load(file, map_location="cpu", weights_only=True)
    own = net.state_dict()
    if [tuple(v.shape) for v in stored.values()] != [tuple(v.shape) for v in own.values()]:
        raise InputError(f"{file} does not hold the layers of this network: reinstall it")
    return dict(zip(own, stored.values(), strict=True))
