"""Backbone networks by name, with pretrained or fresh weights."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from gensc.errors import InputError
from gensc.registry import nearest
from gensc.zoo.backbones import ASSETS, Asset


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


def asset_of(name: str) -> Asset:
    """The asset of one of our names, or of any timm name ("resnet18", "resnet18.a1_in1k").

    Raises InputError with the nearest name where there is no such network.
    """
    from gensc.zoo.timm_ready import timm

    if name in ASSETS:
        return ASSETS[name]
    tagged = "." not in name or name in timm.list_models(pretrained=True)
    if not timm.is_model(name) or not tagged:
        raise InputError(f"there is no backbone {name!r}{nearest(name, ASSETS) or nearest(name, timm.list_models())}; "
                         f"known by name: {', '.join(ASSETS)}, or any timm model")
    config = timm.get_pretrained_cfg(name)
    if config is None or not config.hf_hub_id:
        return Asset(name, name, 0.0, "none stated", "hub:")
    return Asset(name, name, 0.0, str(config.license or "none stated"), f"hub:{config.hf_hub_id}")


def load(name: str, pretrained: bool = True) -> Network:
    """A network in evaluation mode. Raises InputError, with the command that gets them, where its
    pretrained weights are not on this machine. Nothing is downloaded here."""
    from gensc.zoo.timm_ready import timm

    asset = asset_of(name)
    file = asset.local_file() if pretrained else None
    if pretrained and file is None:
        raise InputError(f"the pretrained weights of {name} are not on this machine: run `gensc zoo pull {name}` "
                         "(or train it from scratch: codec option mode = 'scratch')")
    if file is None:
        net: Any = timm.create_model(asset.architecture, pretrained=False)
        digest = ""
    else:
        # Weights that are replaced at once must not move the generator that the link's own layers draw from.
        with torch.random.fork_rng():
            net = timm.create_model(asset.architecture, pretrained=False)
        digest = _fill(net, file, asset)
    config = net.pretrained_cfg
    mean, std = config["mean"], config["std"]
    if asset.name == "efficientnet_lite0":
        mean, std = (127 / 255,) * 3, (128 / 255,) * 3
    fixed = config.get("fixed_input_size") or config["input_size"][-1] > 256
    return Network(net.eval(), config["input_size"][-1] if fixed else None, tuple(mean), tuple(std), digest)


def _fill(net: nn.Module, file: Path, asset: Asset) -> str:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if asset.sha256 and digest != asset.sha256:
        raise InputError(f"{file} has SHA-256 {digest}, expected {asset.sha256}: the file is damaged or another "
                         "version; reinstall it")
    try:
        net.load_state_dict(_by_order(net, file) if file.suffix == ".pth" else _safetensors(file))
    except (SafetensorError, RuntimeError, KeyError) as error:
        raise InputError(f"{file} does not hold the weights of {asset.name} ({type(error).__name__}): delete it and "
                         f"run `gensc zoo pull {asset.name}`") from error
    return digest


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
