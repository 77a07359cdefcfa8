"""Image-to-image pipelines of the diffusers library, by name, from the hub's cache on this machine."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gensc.errors import InputError
from gensc.rng import Rng

MULTIPLE = 8
STRENGTH = 0.3
"""The share of the schedule that is run: how far a picture may move from what was received."""


class Pipeline:
    """An image-to-image pipeline NAME ("stabilityai/sd-turbo"): pictures [B,3,H,W] in [0,1] -> the same, restored.

    Nothing is downloaded here and nothing in it learns. Raises InputError, with the command that mends it, where the
    library or the weights are not on this machine.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._held = _loaded(name)

    @torch.no_grad()
    def __call__(self, shown: Tensor, rng: Rng, steps: int) -> Tensor:
        """``steps`` are those that are run; noise follows ``rng``, an item at a time."""
        height, width = shown.shape[2:]
        padded = F.pad(shown.float().clamp(0, 1), (0, -width % MULTIPLE, 0, -height % MULTIPLE), mode="replicate")
        held = self._held.to(shown.device)
        planned = math.ceil(steps / STRENGTH + 1e-6)
        found = [held(prompt="", image=one[None], strength=STRENGTH, num_inference_steps=planned,
                      guidance_scale=0.0, generator=torch.Generator().manual_seed(int(draw * 2**31)),
                      output_type="pt").images for one, draw in zip(padded, rng.uniform(), strict=True)]
        return torch.cat(found).to(shown)[..., :height, :width]


def _loaded(name: str) -> Any:
    # First, so that a torchvision beside a CPU-only torch can be imported.
    import gensc.zoo.timm_ready  # noqa: F401

    try:
        from diffusers import AutoPipelineForImage2Image
    except ModuleNotFoundError as error:
        raise InputError("codec 'diffusion': restorer \"diffusers:...\" needs the library diffusers: run "
                         "`pip install 'gensc[diffusion]'`") from error
    try:
        held = AutoPipelineForImage2Image.from_pretrained(name, local_files_only=True)
    except (OSError, ValueError) as error:
        raise InputError(f"codec 'diffusion': the weights of the pipeline {name!r} are not on this machine "
                         f"({type(error).__name__}): run `hf download {name}`, or use restorer = \"own\"") from error
    held.set_progress_bar_config(disable=True)
    return held
