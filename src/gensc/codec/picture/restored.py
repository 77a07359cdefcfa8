"""Picture files with a receiver that has learned what they lose."""

import math

import torch
from torch import Tensor, nn

from gensc.batch import Batch
from gensc.codec.base import Codec, Received
from gensc.codec.blocks import Hourglass
from gensc.codec.picture.codec import File, Format, Picture
from gensc.codec.picture.coder import Size
from gensc.registry import register
from gensc.signal import MAIN, Delivery, Form, Parts, State

FINE, COARSE = 48, 96
LOSS = (-1.6, -0.65, 0.85, -0.75)
"""The logarithm of the standard deviation of what a file loses, from its facts and 1: fitted to AVIF files of
photographs, where training starts."""
LEAST_DETAIL = 1e-3
NOTHING = (0.0, 0.0)
"""The facts of an item that did not arrive: its picture is not restored, whatever they are."""


@register("codec", "restored")
class Restored(Codec):
    """Codec picture, whose receiver adds what a small network expects the file to have lost: the same bytes on the
    air as the classical link, a better picture. The receiver tells the network the file's bits a pixel and the size it
    was coded at; what is lost on the way stays concealed as in codec picture.

    ``format`` as for codec picture. Training sends files that fit the link's budget as well, found by a shorter search.
    """

    form = {MAIN: None}

    def __init__(self, format: Format = "avif") -> None:
        super().__init__()
        self.files = Picture(format)
        self.network = Network()

    def received(self, form: Form) -> Form:
        return self.files.received(form)

    def encode(self, batch: Batch, state: State) -> Parts:
        return self.files.encode_quickly(batch, state) if self.training else self.files.encode(batch, state)

    def decode(self, delivery: Delivery, state: State) -> Received:
        """Pictures [B,3,H,W] from files, grey where lost; differentiable in the network's parameters."""
        pictures, files = self.files.opened(delivery, state)
        facts = pictures.new_tensor([NOTHING if file is None else _facts(file, *state.shape[1:]) for file in files])
        arrived = torch.tensor([file is not None for file in files], device=pictures.device)
        if self.training:
            restored = self.network(pictures, facts)
            return {MAIN: torch.where(arrived[:, None, None, None], restored, pictures)}
        # One at a time: a convolution of a larger batch may round another way.
        return {MAIN: torch.cat([self.network(picture, fact) if there else picture for picture, fact, there
                                 in zip(pictures.split(1), facts.split(1), arrived.tolist(), strict=True)])}


def _facts(file: File, height: int, width: int) -> tuple[float, float]:
    """The facts of a file of a picture of ``height`` and ``width``; the share is that of the longer side."""
    return facts_of(file.length, max(file.size) / max(height, width), (height, width))


def facts_of(body: int, share: float, full: Size) -> tuple[float, float]:
    """What the network is told of a file: its bits a pixel, in octaves, and the share it was coded at, likewise."""
    return math.log2(8 * (body + 1) / math.prod(full)) / 4, math.log2(share) / 2


class Network(Hourglass):
    """Decoded pictures [B,3,H,W] and facts [B,2] -> pictures of the same sides: what is added is learned, in the scale
    of what such a file of such a picture loses. Untrained it adds little."""

    def __init__(self) -> None:
        super().__init__(channels=3, facts=3, cell=2, widths=(FINE, COARSE), blocks=(2, 4, 2))
        self.loss = nn.Linear(3, 1)
        with torch.no_grad():
            self.loss.weight.copy_(torch.tensor([LOSS[:3]]))
            self.loss.bias.copy_(torch.tensor(LOSS[3:]))

    def forward(self, pictures: Tensor, facts: Tensor) -> Tensor:
        facts = torch.cat([facts, detail(pictures)[:, None]], dim=1)
        return pictures + self.loss(facts).float().exp()[:, :, None, None] * self.pictures(pictures - 0.5, facts)


def detail(pictures: Tensor) -> Tensor:
    """The logarithm [B] of the mean absolute difference of neighbouring pixels of pictures [B,3,H,W]."""
    changes = torch.cat([pictures.diff(dim=axis).abs().flatten(1) for axis in (2, 3)], dim=1)
    # A single pixel has no neighbours.
    return (changes.mean(dim=1).nan_to_num() + LEAST_DETAIL).log()
