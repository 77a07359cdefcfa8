"""One picture over several links: what each receives, beside the classical link at equal channel uses."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from gensc.batch import Batch
from gensc.codec import Picture
from gensc.config import Part
from gensc.data import picture
from gensc.errors import InputError
from gensc.experiment import linkfile
from gensc.link import Link, make
from gensc.metric.image import psnr
from gensc.metric.perceptual import st_lpips
from gensc.rng import Rng
from gensc.signal import State
from gensc.task import Reconstruct
from gensc.transport import Digital
from gensc.zoo import links as shipped

MULTIPLE = 8


@dataclass(frozen=True)
class Received:
    """What one link made of a picture: ``pixels`` float32 [3,S,S] in [0,1], whether it ``arrived``, PSNR in dB,
    st_lpips, and channel uses. The sent picture itself has no figures (None)."""

    link: str
    pixels: Tensor
    arrived: bool = True
    psnr_db: float | None = None
    st_lpips: float | None = None
    uses: int | None = None


def read(file: Path, size: int | None) -> Tensor:
    """The central square of a picture file, float32 [3,S,S] in [0,1]; ``size`` None: as large as it is, down to a
    multiple of 8 px."""
    side = size or max(picture.side(file, str(file)) // MULTIPLE, 1) * MULTIPLE
    return picture.pixels_of(Image.fromarray(picture.decode(file, side)))


def send(pixels: Tensor, links: tuple[str, ...], snr_db: float, formats: tuple[str, ...] = ("webp", "avif"),
         settings: Mapping[str, Any] | None = None, seed: int = 0, cbr: float | None = None) -> list[Received]:
    """A picture [3,S,S] at ``snr_db`` (Es/N0): as it was sent, then as each of ``links`` delivers it (files, or names
    of packaged links), then picture files over the digital transport, with as many channel uses as the first link.

    ``settings`` change the experiment of each link ("link.channel.name": "rayleigh"), ``cbr`` its bandwidth ratio.
    Raises InputError for a link that delivers no pictures.
    """
    if not links:
        raise InputError("no link is named: give at least one, e.g. --link jscc")
    side = pixels.shape[1]
    loaded = [(name, *linkfile.load(shipped.resolve(name, lambda: side), {**(settings or {}), "data.size": side}, cbr))
              for name in links]
    for name, link, _ in loaded:
        if not isinstance(link.task, Reconstruct):
            raise InputError(f"the link {name} delivers no pictures: its task is {type(link.task).__name__.lower()}")
    sent = [_sent(name, link, pixels, snr_db, seed) for name, link, _ in loaded]
    uses, spec = sent[0].uses, loaded[0][2].experiment.link
    assert uses is not None, "a link that was used has a cost"
    classical = [_sent(f"{one} + LDPC", _separate(one, spec.channel, uses, side), pixels, snr_db, seed)
                 for one in formats]
    return [Received("sent", pixels), *sent, *classical]


def _separate(name: str, channel: Part, uses: int, side: int) -> Link:
    codec = make("codec", Part("picture", {"format": name}), size=side)
    assert isinstance(codec, Picture), "the codec of picture files"
    return Link(codec, Digital(make("channel", channel), uses), Reconstruct(("psnr",)))


@torch.no_grad()
def _sent(name: str, link: Link, pixels: Tensor, snr_db: float, seed: int) -> Received:
    link.eval()
    batch = Batch(x=pixels[None], item=torch.zeros(1, dtype=torch.int64))
    outcome = link(batch, State.of(snr_db, 1, Rng.seeded(seed, "send")))
    shown = outcome.prediction.clamp(0, 1)
    return Received(name, shown[0], bool(outcome.delivery.ok[0]), float(psnr(shown, batch.x)),
                    float(st_lpips(shown, batch.x)), round(float(outcome.delivery.cost.uses[0])))
