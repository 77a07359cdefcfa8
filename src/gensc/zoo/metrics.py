"""The networks that some metrics look through: their weights, which no package carries, and what reads them."""

import importlib
from pathlib import Path
from typing import Any

from gensc.errors import InputError
from gensc.zoo.source import Weights

WEIGHTS = {weights.name: weights for weights in (
    Weights("lpips", "AlexNet of torchvision", "244 MB", "BSD-3-Clause",
            "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth", "leave lpips out of metrics"),
    Weights("fid", "Inception v3 of FID", "95 MB", "Apache-2.0",
            "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"
            "weights-inception-2015-12-05-6726825d.pth", "leave fid out of metrics"),
    Weights("clip", "CLIP ViT-B/32", "605 MB", "MIT", "hub:openai/clip-vit-base-patch32",
            "leave clip_score and clip_similarity out of metrics"),
)}
"""By the names that `gensc zoo pull` takes."""
READERS = {"lpips": "torchmetrics.image.lpip", "fid": "torch_fidelity.feature_extractor_inceptionv3",
           "clip": "transformers"}
"""The modules that read them, of the extra "perceptual"."""


def weights_and_reader(name: str) -> tuple[Path, Any]:
    """The weights of a network, and the module that reads them. Raises InputError with the command that gets what is
    missing; nothing is downloaded here."""
    # First, so that a torchvision beside a CPU-only torch can be imported.
    importlib.import_module("gensc.zoo.timm_ready")
    try:
        module = importlib.import_module(READERS[name])
    except ModuleNotFoundError as error:
        raise InputError(f"{name}: the package {error.name} is not installed: run `pip install 'gensc[perceptual]'`, "
                         f"or {WEIGHTS[name].instead}") from error
    return WEIGHTS[name].path(), module
