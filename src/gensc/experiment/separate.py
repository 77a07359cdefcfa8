"""Separate source and channel coding at its best: the pair of quality and MCS that serves pictures best at an SNR."""

from dataclasses import dataclass

from gensc.channel import Channel
from gensc.codec import Codec
from gensc.errors import InputError
from gensc.experiment.evaluate import evaluate
from gensc.experiment.feed import Feed
from gensc.link import Link
from gensc.metric import Estimate
from gensc.phy.adaptation import Fading
from gensc.rng import Rng
from gensc.signal import MAIN, Csi
from gensc.task.reconstruct import Reconstruct
from gensc.transport.digital import Digital

TARGETS = (0.3, 0.1, 0.03, 0.01, 0.001)


@dataclass(frozen=True)
class Separate:
    """The best link at an SNR: losses up to ``target`` decide its MCS, its ``quality`` (PSNR in dB, on the
    pictures that chose it), and the link itself."""

    snr_db: float
    target: float
    quality: Estimate
    link: Link


def separate(codec: Codec, uses: int, channel: Channel, pictures: Feed, snr_db: tuple[float, ...],
             fading: Fading = "none", csi: Csi = "receiver", seed: int = 0) -> tuple[Separate, ...]:
    """For each SNR (Es/N0) the best choice of MCS on ``pictures`` (validation pictures, not those of the test),
    each file being the best that fits what the MCS leaves of ``uses``.

    ``codec`` makes files that fit a room (``codec.Picture``). Raises InputError for one that makes features.
    """
    if dict(codec.form) != {MAIN: None}:
        raise InputError("separate coding takes a codec that makes files, e.g. codec.Picture(\"webp\")")
    links = {target: Link(codec, Digital(channel, uses, target=target, fading=fading), Reconstruct(("psnr",)))
             for target in TARGETS}
    return tuple(_best(links, pictures, one, csi, seed) for one in snr_db)


def _best(links: dict[float, Link], pictures: Feed, snr_db: float, csi: Csi, seed: int) -> Separate:
    rng = Rng.seeded(seed, "separate")
    tried = []
    for target, link in links.items():
        columns = evaluate(link, pictures, snr_db, csi, rng).columns
        tried.append(Separate(snr_db, target, link.task.summarise([columns])[link.task.headline], link))
    return max(tried, key=lambda one: one.quality.value)
