"""The codec inside a link file, for codecs that build on one and keep only what they add."""

import hashlib
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gensc import registry
from gensc.codec.base import Codec
from gensc.errors import InputError
from gensc.machine import tensors
from gensc.zoo import links as shipped

PREFIX = "codec."
SOURCE = "give a packaged link (gensc list), or the .safetensors that `gensc train` and `gensc run` (OUT/links) write"


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
    weights, facts = tensors.read(path, "link file", SOURCE)
    try:
        part = dict(facts["experiment"]["link"]["codec"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is no link file of gensc ({type(error).__name__}): {SOURCE}") from error
    return {name.removeprefix(PREFIX): value.float() if value.is_floating_point() else value
            for name, value in weights.items() if name.startswith(PREFIX)}, part


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
