"""What CLIP makes of a picture: how well it fits a caption, and how near it is to another picture."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gensc.errors import InputError
from gensc.zoo.metrics import weights_and_reader


def clip_score(x: Tensor, captions: Sequence[str]) -> Tensor:
    """CLIP score float32 [B] in [0,100] of pictures [B,3,H,W] in [0,1] and B captions: 100 max(cos, 0) of the two
    embeddings, more is better.

    Hessel et al., "CLIPScore" (EMNLP 2021), with their network, ViT-B/32, and torchmetrics' scale of 100 in place of
    their 2.5. What lies past CLIP's 77 tokens is cut off. Raises InputError where the weights are not on this
    machine (`gensc zoo pull clip`).
    """
    if len(captions) != len(x):
        raise InputError(f"clip_score got {len(captions)} captions for {len(x)} pictures; expected one each")
    seen = _pictures(x)
    return _hundredfold(seen, torch.cat([_caption(one, x.device.type) for one in captions]) if len(x) else seen)


def clip_similarity(a: Tensor, b: Tensor) -> Tensor:
    """CLIP similarity float32 [B] in [0,100] of pictures [B,3,H,W] in [0,1]: 100 max(cos, 0) of their embeddings,
    100 for equal pictures. The network and the errors are those of ``clip_score``; its figures are not CLIP scores.
    """
    if a.shape != b.shape:
        raise InputError(f"clip_similarity compares pictures of one shape; it got {list(a.shape)} and {list(b.shape)}")
    return _hundredfold(_pictures(a), _pictures(b))


def _hundredfold(a: Tensor, b: Tensor) -> Tensor:
    return 100 * F.cosine_similarity(a, b).clamp(min=0)


@torch.no_grad()
def _pictures(x: Tensor) -> Tensor:
    """Embeddings [B,D]; one picture at a time, for the same bits in any batch."""
    model, processor = _network(x.device.type)
    pictures = (x.float().clamp(0, 1) * 255).round().byte().cpu()
    inputs = [processor(images=one, return_tensors="pt")["pixel_values"].to(x.device) for one in pictures]
    found = [model.get_image_features(one).pooler_output for one in inputs]
    return torch.cat(found) if found else x.new_zeros(0, model.config.projection_dim)


@torch.no_grad()
def _caption(text: str, device: str) -> Tensor:
    """The embedding [1,D]."""
    model, processor = _network(device)
    inputs = processor(text=text, return_tensors="pt", truncation=True, max_length=77).to(device)
    found: Tensor = model.get_text_features(inputs["input_ids"], inputs["attention_mask"]).pooler_output
    return found


@cache
def _network(device: str) -> tuple[Any, Any]:
    folder, transformers = weights_and_reader("clip")
    transformers.utils.logging.disable_progress_bar()
    model = transformers.CLIPModel.from_pretrained(folder, local_files_only=True)
    processor = transformers.CLIPProcessor.from_pretrained(folder, local_files_only=True)
    return model.eval().requires_grad_(False).to(device), processor
