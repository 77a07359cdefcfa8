"""What the generative codecs bring, and what they take: tables, and a sheet of pictures side by side.

    python -m gensc.bench.generative FOLDER [SHEET.png]
    python -m gensc.bench.generative --judge FOLDER [PICTURES]
    python -m gensc.bench.generative --denoise parquet:cifar10.parquet

At 1 and 2 symbols an 8 x 8 patch: the links jscc-photographs, gan-photographs and diffusion-photographs at equal
channel uses. st_lpips is part of the training of gan and diffusion; ssim and frechet_lite0 are not. Pictures of FOLDER
at their own side of 320 px (centre). --judge: each link that was trained with st_lpips beside the one without a
generative receiver, by st_lpips and by st_lpips_vgg, which none was trained with, on pictures of FOLDER that no link
has seen (24 unless given). --denoise: diffusion-cifar10 beside deepjscc-cifar10, whose decoder it is, on 500
pictures that neither has seen. That decoder inverts the channel; a second one is given the estimates of an MMSE
equaliser, since part of what a denoiser gains is gained by that alone.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from gensc.codec.diffusion.denoiser import wiener
from gensc.config import LinkSpec, Part
from gensc.data.dataset import Dataset
from gensc.data.open import open_source
from gensc.experiment import linkfile
from gensc.experiment.evaluate import evaluate, receive_ms
from gensc.experiment.feed import Feed
from gensc.experiment.single import unseen
from gensc.link import Link, build
from gensc.metric import Estimate
from gensc.rng import Rng
from gensc.signal import MAIN, Delivery, Form, Parts, Soft, State, soft_of
from gensc.transport import Transport
from gensc.zoo import links as shipped

SIDE = 320
METRICS = ["psnr", "ssim", "st_lpips", "frechet_lite0"]
RATIOS = {"1/192": 1 / 192, "1/96": 1 / 96}
CANDIDATES: dict[str, tuple[str, dict[str, Any]]] = {
    "jscc": ("jscc-photographs", {}),
    "gan": ("gan-photographs", {}),
    **{f"diffusion, {steps}": ("diffusion-photographs", {"link.codec.steps": steps}) for steps in (1, 2, 4)},
}
CHANNELS: dict[str, dict[str, Any]] = {
    "awgn": {"link.channel.name": "awgn"},
    "rayleigh, block": {"link.channel.name": "rayleigh"},
    "rayleigh, symbol": {"link.channel.name": "rayleigh", "link.channel.fading": "symbol"},
}
DENOISED = 500


@dataclass(frozen=True)
class Contest:
    """Packaged links that were trained with st_lpips, and the plain one that each is set against, at points of (ratio,
    Es/N0 in dB)."""

    names: tuple[str, ...]
    plain: str
    points: tuple[tuple[str, float], ...]


AVIF = "avif"
CONTESTS = (
    Contest(("restored-photographs",), AVIF, (("1/48", 5.0), ("1/48", 0.0), ("1/48", 10.0), ("1/24", 5.0))),
    Contest(("gan-photographs", "diffusion-photographs"), "jscc-photographs",
            (("1/96", 10.0), ("1/192", 10.0), ("1/96", 0.0), ("1/192", 0.0))),
)
JUDGES = ("st_lpips", "st_lpips_vgg")
"""The metric of training, and one that no training saw."""
DRAWS = 4000


def opened(name: str, changes: Mapping[str, Any], side: int) -> Link:
    return linkfile.load(shipped.resolve(name), {"data.size": side, "link.task.metrics": METRICS, **changes})[0]


def figures(link: Link, feed: Feed, snr_db: float) -> tuple[dict[str, Estimate], float]:
    """The task's figures, and the mean channel uses."""
    scores = evaluate(link, feed, snr_db, "receiver", Rng.seeded(0).child("test"))
    return link.task.summarise([scores.columns]), float(scores.cost.uses.mean())


def row(found: Mapping[str, Estimate]) -> str:
    return "  ".join(f"{found[name].value:8.3f}" for name in METRICS)


def least_bandwidth(feed: Feed) -> None:
    print(f"{'cbr':>6} {'dB':>4}  {'codec':<14} {'uses':>6}  " + "  ".join(f"{name[:8]:>8}" for name in METRICS)
          + "  st_lpips cut  receiver, ms")
    for text, cbr in RATIOS.items():
        for snr_db in (0.0, 10.0):
            plain = 0.0
            for label, (name, changes) in CANDIDATES.items():
                link = opened(name, {"link.codec.cbr": cbr, **changes}, SIDE)
                found, uses = figures(link, feed, snr_db)
                plain = plain or found["st_lpips"].value
                cut = 100 * (1 - found["st_lpips"].value / plain)
                print(f"{text:>6} {snr_db:4.0f}  {label:<14} {uses:6.0f}  {row(found)}  {cut:11.1f} %  "
                      f"{receive_ms(link, feed, 'receiver'):8.0f}")


def contender(name: str, ratio: str, metrics: Sequence[str]) -> Link:
    """A packaged link, or AVIF files over the digital transport, at a ratio of channel uses."""
    cbr = float(Fraction(ratio))
    if name == AVIF:
        spec = LinkSpec(Part("picture", {"format": "avif"}), Part("digital", {"uses": 0, "cbr": cbr}),
                        task=Part("reconstruct", {"metrics": list(metrics)}))
        return build(spec, 1, SIDE)
    of_bytes = name.startswith("restored")
    at = {"link.transport.uses": 0, "link.transport.cbr": cbr} if of_bytes else {"link.codec.cbr": cbr}
    return linkfile.load(shipped.resolve(name), {"data.size": SIDE, "link.task.metrics": list(metrics), **at})[0]


def cut(plain: np.ndarray, other: np.ndarray) -> tuple[float, float, float]:
    """How much lower the mean of ``other`` [N] is than that of ``plain`` [N], of the same pictures, in per cent, with
    its 95 % interval: a bootstrap over the pictures."""
    drawn = Rng.seeded(0, "bootstrap").of(DRAWS).generators()
    picks = np.stack([generator.integers(len(plain), size=len(plain)) for generator in drawn])
    low, high = np.quantile(1 - other[picks].mean(axis=1) / plain[picks].mean(axis=1), (0.025, 0.975))
    return 100 * (1 - float(other.mean() / plain.mean())), 100 * float(low), 100 * float(high)


def judging(folder: str, pictures: int) -> None:
    source = open_source(f"folder:{folder}", SIDE)
    named = sorted({name for one in CONTESTS for name in (*one.names, one.plain)} - {AVIF})
    seen = [mark for name in named for mark in linkfile.load(shipped.resolve(name))[1].seen]
    dataset = Dataset(source, unseen(source, seen, pictures).positions)
    feed, metrics = Feed(dataset, dataset.items), ("psnr", "ssim", *JUDGES)
    print(f"{len(feed)} pictures; a figure less than the plain link's in per cent (95 % interval)")
    for contest in CONTESTS:
        for ratio, snr_db in contest.points:
            plain: Mapping[str, np.ndarray] | None = None
            for name in (contest.plain, *contest.names):
                link = contender(name, ratio, metrics)
                columns = evaluate(link, feed, snr_db, "receiver", Rng.seeded(0).child("test")).columns
                plain = plain or columns
                cuts = [cut(plain[one], columns[one]) for one in JUDGES]
                print(f"{ratio:>6} {snr_db:4.0f} dB  {name:<22}"
                      + "  ".join(f"{one} {float(columns[one].mean()):.3f}" for one in metrics) + "   "
                      + "  ".join(f"{value:.1f} % ({low:.1f} to {high:.1f})" for value, low, high in cuts), flush=True)


class Shrunk(Transport):
    """A transport of symbols whose receiver takes MMSE estimates for what was sent, however noisy they are."""

    def __init__(self, inner: Transport) -> None:
        super().__init__()
        self.inner = inner

    def bind(self, form: Form) -> Form:
        return self.inner.bind(form)

    def forward(self, parts: Parts, state: State) -> Delivery:
        out = self.inner(parts, state)
        soft = soft_of(out.main, state, "the receiver")
        return replace(out, parts={MAIN: Soft(wiener(soft.value, soft.quality), (soft.quality > 0).float())})


def denoising(spec: str) -> None:
    source = open_source(spec, 32)
    seen = linkfile.load(shipped.resolve("diffusion-cifar10"))[1].seen
    dataset = Dataset(source, unseen(source, seen, DENOISED).positions)
    feed = Feed(dataset, dataset.items)
    metrics = METRICS[:3]
    print(f"{'channel':<18} {'dB':>4}  {'receiver':<14}  " + "  ".join(f"{one[:8]:>8}" for one in metrics)
          + "   psnr gain  st_lpips cut  receiver, ms")
    for label, channel in CHANNELS.items():
        settings = {**channel, "link.task.metrics": metrics}
        plain, shrunk, found = (linkfile.load(shipped.resolve(name), settings)[0]
                                for name in ("deepjscc-cifar10", "deepjscc-cifar10", "diffusion-cifar10"))
        shrunk.transport = Shrunk(shrunk.transport)
        for snr_db in (0.0, 5.0, 10.0):
            first: Mapping[str, Estimate] | None = None
            for name, link in (("without", plain), ("without, MMSE", shrunk), ("diffusion", found)):
                here, _ = figures(link, feed, snr_db)
                first = first or here
                gain = here["psnr"].value - first["psnr"].value
                cut = 100 * (1 - here["st_lpips"].value / first["st_lpips"].value)
                print(f"{label:<18} {snr_db:4.0f}  {name:<14}  "
                      + "  ".join(f"{here[one].value:8.3f}" for one in metrics)
                      + f"  {gain:7.2f} dB  {cut:10.1f} %  {receive_ms(link, feed, 'receiver'):8.1f}", flush=True)


@torch.no_grad()
def sheet(feed: Feed, path: Path, cbr: float, snr_db: float, rows: int = 6) -> None:
    """A row for each of the first pictures: as sent, then as each candidate received it."""
    positions = range(min(rows, len(feed)))
    sent = feed.dataset.batch(positions).pixels
    state = State.of(snr_db, feed.ids(positions), Rng.seeded(0).child("test"))
    columns = [sent]
    for name, changes in CANDIDATES.values():
        link = opened(name, {"link.codec.cbr": cbr, **changes}, SIDE)
        columns.append(feed.send(link, positions, state, [0] * len(positions))[0].prediction.clamp(0, 1))
    whole = torch.cat([torch.cat(list(column), dim=1) for column in columns], dim=2)
    Image.fromarray((whole.movedim(0, 2).numpy() * 255).round().astype(np.uint8)).save(path)
    print(f"{path}: sent, {', '.join(CANDIDATES)} at CBR {cbr:.4f}, {snr_db:g} dB")


def main() -> None:
    if sys.argv[1] == "--denoise":
        denoising(sys.argv[2])
        return
    if sys.argv[1] == "--judge":
        judging(sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 24)
        return
    source = open_source(f"folder:{sys.argv[1]}", SIDE)
    dataset = Dataset(source, np.arange(len(source)))
    feed = Feed(dataset, dataset.items)
    least_bandwidth(feed)
    if len(sys.argv) > 2:
        sheet(feed, Path(sys.argv[2]), RATIOS["1/96"], 10.0)


if __name__ == "__main__":
    main()
