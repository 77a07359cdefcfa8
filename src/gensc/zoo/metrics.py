"""The weights of the networks that some metrics look through: where they are, and the command that gets them."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gensc.errors import InputError

CLIP = "openai/clip-vit-base-patch32"


@dataclass(frozen=True)
class Weights:
    """Weights that no package carries. ``name`` is what `gensc zoo pull` calls them, ``metrics`` what is made with
    them, ``packages`` the modules that read them (of the extra "perceptual"); ``find`` looks for them on this
    machine, ``fetch`` downloads them."""

    name: str
    metrics: str
    network: str
    licence: str
    megabytes: int
    packages: tuple[str, ...]
    find: Callable[[], Path | None]
    fetch: Callable[[], object]

    def local(self) -> Path | None:
        """The file or folder on this machine, or None. Never downloads."""
        for package in self.packages:
            imported(self.metrics, package)
        return self.find()

    def path(self) -> Path:
        """The file or folder on this machine. Raises InputError that names what is missing and how to get it."""
        found = self.local()
        if found is None:
            raise InputError(f"{self.metrics}: the weights of {self.network}, {self.megabytes} MB, are not on this "
                             f"machine: run `gensc zoo pull {self.name}`, or leave it out of metrics")
        return found

    def pull(self) -> Path:
        """The file or folder, downloaded if need be. Raises InputError where it can't be had."""
        if self.local() is None:
            try:
                self.fetch()
            # urllib's, the hub's and a wrong hash, in this order.
            except (OSError, ValueError, RuntimeError) as error:
                raise InputError(f"the weights of {self.network} could not be downloaded ({type(error).__name__}): go "
                                 f"online and run `gensc zoo pull {self.name}`") from error
        return self.path()


def imported(metric: str, package: str) -> Any:
    """A module of the extra "perceptual". Raises InputError with the command that installs it."""
    # First, so that a torchvision beside a CPU-only torch can be imported.
    importlib.import_module("gensc.zoo.timm_ready")
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        raise InputError(f"{metric}: the package {error.name} is not installed: run "
                         "`pip install 'gensc[perceptual]'`, or leave it out of metrics") from error


def _alexnet() -> str:
    return str(importlib.import_module("torchvision.models").AlexNet_Weights.DEFAULT.url)


def _inception() -> str:
    return str(importlib.import_module("torch_fidelity.feature_extractor_inceptionv3").URL_INCEPTION_V3)


def _checkpoint(url: Callable[[], str]) -> Path:
    """Where torch.hub keeps the file of an address."""
    import torch

    return Path(torch.hub.get_dir()) / "checkpoints" / url().rpartition("/")[2]


def _downloads(url: Callable[[], str]) -> tuple[Callable[[], Path | None], Callable[[], object]]:
    def find() -> Path | None:
        path = _checkpoint(url)
        return path if path.is_file() else None

    def fetch() -> None:
        import torch

        path = _checkpoint(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        # The last part of such a file's name is the beginning of its SHA-256.
        torch.hub.download_url_to_file(url(), str(path), hash_prefix=path.stem.rpartition("-")[2])

    return find, fetch


def _clip_folder() -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    def has(name: str) -> bool:
        return isinstance(try_to_load_from_cache(CLIP, name), str)

    config = try_to_load_from_cache(CLIP, "config.json")
    weighed = has("model.safetensors") or has("pytorch_model.bin")
    return Path(config).parent if isinstance(config, str) and weighed else None


def _fetch_clip() -> None:
    from huggingface_hub import snapshot_download

    snapshot_download(CLIP, allow_patterns=["*.json", "*.txt", "pytorch_model.bin"])


WEIGHTS = {weights.name: weights for weights in (
    Weights("lpips", "lpips", "AlexNet (torchvision, ImageNet)", "BSD-3-Clause", 244, ("torchmetrics.image.lpip",),
            *_downloads(_alexnet)),
    Weights("fid", "fid", "Inception v3 (of FID, 2015-12-05)", "Apache-2.0", 95,
            ("torch_fidelity.feature_extractor_inceptionv3",), *_downloads(_inception)),
    Weights("clip", "clip_score or clip_similarity", f"CLIP ({CLIP})", "MIT", 605, ("transformers",),
            _clip_folder, _fetch_clip),
)}
"""By the names that `gensc zoo pull` takes."""
