"""One picture over several links: what each receives, beside the classical link at equal channel uses."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from gensc.batch import unlabelled
from gensc.config import LinkSpec, Part
from gensc.data import picture
from gensc.errors import InputError
from gensc.experiment import linkfile
from gensc.experiment.baseline import CLASSES, SEPARATE
from gensc.experiment.single import sides
from gensc.link import Link, build
from gensc.machine.devices import device_named, device_of
from gensc.metric.image import psnr
from gensc.metric.perceptual import st_lpips
from gensc.registry import lookup
from gensc.rng import Rng
from gensc.signal import State
from gensc.zoo import links as shipped


@dataclass(frozen=True)
class Received:
    """What one link made of a picture: ``pixels`` float32 [3,H,W] in [0,1], whether it ``arrived``, PSNR in dB,
    st_lpips, and channel uses. The sent picture itself has no figures (None)."""

    link: str
    pixels: Tensor
    arrived: bool = True
    psnr_db: float | None = None
    st_lpips: float | None = None
    uses: int | None = None


def read(file: Path, size: int | None) -> Tensor:
    """A picture file as it is, float32 [3,H,W] in [0,1]; with ``size`` its central square at that side."""
    return picture.pixels_of(Image.fromarray(picture.decode(file, size or 0)))


def send(pixels: Tensor, links: tuple[str, ...], snr_db: float, formats: tuple[str, ...] = ("webp", "avif"),
         settings: Mapping[str, Any] | None = None, seed: int = 0, cbr: float | None = None,
         device: str = "auto") -> list[Received]:
    """A picture [3,H,W] at ``snr_db`` (Es/N0): as it was sent, then as each of ``links`` delivers it (files, or names
    of packaged links), then picture files over the digital transport, with as many channel uses as the first link.

    ``settings`` change the experiment of each link ("link.channel.name": "rayleigh"), ``cbr`` its bandwidth ratio.
    Raises InputError for a link that delivers no pictures.
    """
    if not links:
        raise InputError("no link is named: give at least one, e.g. --link jscc")
    side, place = min(pixels.shape[1:]), device_named(device)
    results, specs, states = [], [], []
    for name in links:
        link, card = linkfile.load(shipped.resolve(name, lambda: side), settings or {}, cbr)
        size = sides(card.experiment)
        if size and tuple(pixels.shape[1:]) != (size, size):
            raise InputError(f"the link {name} takes pictures of {size} x {size} px: send it at --size {size}")
        state = State.of(snr_db, 1, Rng.seeded(seed, "send"), card.experiment.evaluate.csi)
        results.append(_sent(name, link.to(place), pixels, state))
        specs.append(card.experiment.link)
        states.append(state)
    uses, rival = results[0].uses, getattr(lookup("task", specs[0].task.name), "rival", "")
    assert uses is not None, "a link that was used has a cost"
    classical = [_sent(f"{one} + {SEPARATE}", _separate(one, rival, specs[0], uses).to(place), pixels, states[0])
                 for one in formats]
    return [Received("sent", pixels), *results, *classical]


def _separate(name: str, codec: str, spec: LinkSpec, uses: int) -> Link:
    pilots = {"pilots": spec.transport.options["pilots"]} if spec.transport.options.get("pilots") else {}
    parts = LinkSpec(Part(codec, {"format": name}), Part(SEPARATE, {"uses": uses, **pilots}), spec.channel, spec.task)
    return build(parts, CLASSES, 0)


@torch.no_grad()
def _sent(name: str, link: Link, pixels: Tensor, state: State) -> Received:
    link.eval()
    batch = unlabelled(pixels[None].to(device_of(link)))
    outcome = link(batch, state)
    shown = link.task.shown(outcome.prediction, batch)
    if shown is None:
        raise InputError(f"the link {name} delivers no pictures: its task is {type(link.task).__name__.lower()}")
    return Received(name, shown[0].cpu(), bool(outcome.delivery.ok[0]), float(psnr(shown, batch.pixels)),
                    float(st_lpips(shown, batch.pixels)), round(float(outcome.delivery.cost.uses[0])))
