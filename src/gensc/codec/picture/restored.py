"""Picture files with a receiver that has learned what they lose."""

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gensc.codec.base import Codec
from gensc.codec.blocks import SMALL, Stage, known_from
from gensc.codec.picture.codec import Format, Picture
from gensc.codec.picture.formats import resized
from gensc.errors import InputError
from gensc.registry import register
from gensc.signal import Payload, Received, Rehearsal, State

FINE, COARSE = 48, 96
LOSS = (-1.6, -0.65, 0.85, -0.75)
"""The logarithm of the standard deviation of what a file loses, from its facts and 1: fitted to AVIF files of
photographs, where training starts."""
LEAST_DETAIL = 1e-3
SHARES = (1.0, 0.75, 0.5, 0.375, 0.25)
"""Shares of the side at which training pictures are coded; what the codec sends may be one smaller still."""
TOWARDS_LOW = 2.0
"""Power of a uniform draw that is a training picture's setting: files fitted to a link are mostly of low quality."""


@register("codec", "restored")
class Restored(Codec):
    """Codec picture, whose receiver adds what a small network expects the file to have lost: the same bytes on the
    air as the classical link, a better picture. The receiver tells the network the file's bits a pixel and the side it
    was coded at; what is lost on the way stays concealed as in codec picture.

    ``format`` and ``size`` as for codec picture. Training codes each picture at random settings.
    """

    shape = None

    def __init__(self, format: Format = "avif", size: int = 224) -> None:
        super().__init__()
        self.files = Picture(format, size=size)
        self.size = size
        self.network = Network()

    def received_shape(self, delivered: tuple[int, ...] | None) -> tuple[int, ...]:
        return 3, self.size, self.size

    def rest(self, front: Tensor, state: State | None = None) -> Payload:
        """The files of pictures [B,3,S,S]; in training what a receiver would make of files of random settings, with
        two planes of facts, [B,5,S,S]."""
        if not self.training or state is None:
            return self.files.rest(front, state)
        draws = state.child("settings").rng.uniform(2).tolist()
        pixels = (front.detach().clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
        shown, facts = zip(*(self._coded(one, draw) for one, draw in zip(pixels, draws, strict=True)), strict=True)
        planes = torch.tensor(facts)[:, :, None, None].expand(-1, -1, *front.shape[2:])
        values = torch.cat([torch.from_numpy(np.stack(shown)).permute(0, 3, 1, 2).float() / 255, planes], dim=1)
        return Rehearsal(values.to(front.device), front.new_zeros(len(front)))

    def _coded(self, pixels: np.ndarray, draws: Sequence[float]) -> tuple[np.ndarray, tuple[float, float]]:
        """A picture coded at a random share of its side and setting, and the facts of the file."""
        coder, share = self.files.coder, SHARES[int(draws[0] * len(SHARES))]
        side = max(1, round(share * len(pixels)))
        small = resized(pixels, side)
        first = int(draws[1] ** TOWARDS_LOW * len(coder.qualities))
        for quality in coder.qualities[first:] + coder.qualities[:first]:
            body = coder.encode(small, quality)
            if body is not None:
                return resized(coder.decode(body, side), len(pixels)), facts_of(len(body), share, len(pixels))
        raise InputError(f"codec 'restored': {self.files.format} can't code a picture of {side} px")

    def decode(self, payload: Received, state: State) -> Tensor:
        """Pictures [B,3,S,S] from files, None where lost; in training from what ``rest`` made up."""
        if isinstance(payload, Tensor):
            return self.network(payload[:, :3], payload[:, 3:, 0, 0])
        if not isinstance(payload, tuple):
            raise InputError("codec 'restored' got symbols where it sends bytes: use a digital transport")
        shown = self.files.decode(payload, state)
        return torch.cat([self._better(one, pixels) for one, pixels in zip(payload, shown.split(1), strict=True)])

    def _better(self, file: bytes | None, shown: Tensor) -> Tensor:
        """A picture [1,3,S,S] as the network restores it; as it is where there is no file. One at a time: a convolution
        of a larger batch may round another way."""
        if not file or file[0] >= len(self.files.sides):
            return shown
        facts = facts_of(len(file) - 1, self.files.sides[file[0]] / self.size, self.size)
        better: Tensor = self.network(shown, torch.tensor([facts], device=shown.device))
        return better


def facts_of(body: int, share: float, side: int) -> tuple[float, float]:
    """What the network is told of a file: its bits a pixel, in octaves, and the side it was coded at, likewise."""
    return math.log2(8 * (body + 1) / side**2) / 4, math.log2(share) / 2


class Network(nn.Module):
    """Decoded pictures [B,3,H,W] and facts [B,2] -> pictures of the same sides: what is added is learned, in the scale
    of what such a file of such a picture loses. Untrained it adds little."""

    def __init__(self) -> None:
        super().__init__()
        self.known = known_from(3)
        self.loss = nn.Linear(3, 1)
        self.head = nn.Conv2d(12, FINE, 3, padding=1)
        self.fine = Stage(FINE, 2)
        self.down = nn.Conv2d(FINE, COARSE, 3, stride=2, padding=1)
        self.coarse = Stage(COARSE, 4)
        self.up = nn.Conv2d(COARSE, 4 * FINE, 1)
        self.last = Stage(FINE, 2)
        self.out = nn.Conv2d(FINE, 12, 3, padding=1)
        with torch.no_grad():
            self.out.weight.mul_(SMALL)
            self.loss.weight.copy_(torch.tensor([LOSS[:3]]))
            self.loss.bias.copy_(torch.tensor(LOSS[3:]))

    def forward(self, pictures: Tensor, facts: Tensor) -> Tensor:
        height, width = pictures.shape[2:]
        facts = torch.cat([facts, detail(pictures)[:, None]], dim=1)
        known = self.known(facts)
        even = F.pad(pictures - 0.5, (0, -width % 4, 0, -height % 4), mode="replicate")
        h = F.pixel_unshuffle(even, 2).contiguous(memory_format=torch.channels_last)
        h = self.fine(self.head(h), known)
        h = self.last(h + F.pixel_shuffle(self.up(self.coarse(self.down(h), known)), 2), known)
        added = F.pixel_shuffle(self.out(h), 2)[..., :height, :width].float()
        return pictures + self.loss(facts).float().exp()[:, :, None, None] * added


def detail(pictures: Tensor) -> Tensor:
    """The logarithm [B] of the mean absolute difference of neighbouring pixels of pictures [B,3,H,W]."""
    changes = [pictures.diff(dim=axis).abs().flatten(1) for axis in (2, 3)]
    return (torch.cat(changes, dim=1).mean(dim=1) + LEAST_DETAIL).log()
