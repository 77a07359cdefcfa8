"""The codec inside a link file, for codecs that build on one and keep only what they add."""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from gensc import registry
from gensc.codec.base import Codec
from gensc.errors import InputError
from gensc.zoo import links as shipped

PREFIX = "codec."


def codec_of(link: str, **options: Any) -> Codec:
    """The codec of a packaged link or a link file, with its weights, in which nothing learns; ``options`` replace
    those of the file. Raises InputError where there is no such link, or where its codec lacks an option."""
    path = shipped.resolve(link)
    weights, part = _read(path)
    with torch.random.fork_rng():
        codec: Codec = registry.create("codec", part.pop("name"), **{**part, **options})
    try:
        codec.load_state_dict(weights)
    except RuntimeError as error:
        raise InputError(f"{path} does not hold the whole codec of its own description: give a link whose codec "
                         "learned as a whole, e.g. of codec 'jscc'") from error
    return codec.requires_grad_(False)


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        with safe_open(path, framework="pt") as opened:
            part = json.loads((opened.metadata() or {})["gensc"])["experiment"]["link"]["codec"]
            weights = {name.removeprefix(PREFIX): opened.get_tensor(name) for name in opened.keys()  # noqa: SIM118
                       if name.startswith(PREFIX)}
    except (SafetensorError, OSError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise InputError(f"{path} is no link file of gensc ({type(error).__name__}): expected a packaged link, or "
                         "the .safetensors that `gensc train` writes") from error
    return {name: value.float() if value.is_floating_point() else value for name, value in weights.items()}, part


class Mark(nn.Module):
    """Which weights a codec builds on, 63 bits of their hash: it goes into the link file in place of the weights,
    and a link file that was made on others is refused."""

    def __init__(self, base: nn.Module | None) -> None:
        super().__init__()
        whole = hashlib.sha256()
        for value in base.state_dict().values() if base is not None else ():
            whole.update(value.contiguous().numpy().tobytes())
        self.value = int.from_bytes(whole.digest()[:8], "little") >> 1 if base is not None else 0

    def get_extra_state(self) -> Tensor:
        return torch.tensor(self.value)

    def set_extra_state(self, state: Tensor) -> None:
        if int(state) != self.value:
            raise InputError("this link was trained on other weights of its codec's base than those on this machine: "
                             "get the same base, or train it again")
