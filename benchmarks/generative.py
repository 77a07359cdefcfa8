"""What the generative codecs bring, and what they take: tables, and a sheet of pictures side by side.

    python benchmarks/generative.py FOLDER [SHEET.png]

At 1 and 2 symbols an 8 x 8 patch: the links jscc-photographs, gan-photographs and diffusion-photographs at equal
channel uses. Then denoising alone: diffusion-photographs, and diffusion-deepjscc where there is one, with and without,
over AWGN and Rayleigh fading after either equaliser. st_lpips is part of the training of gan and diffusion;
ssim and frechet_lite0 are not. Pictures of FOLDER at their own side of 320 px (centre).
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from gensc import linkfile, shipped
from gensc.data.dataset import Dataset
from gensc.data.open import open_source
from gensc.evaluate import evaluate, receive_ms
from gensc.feed import Feed
from gensc.link import Link
from gensc.metric import Estimate
from gensc.rng import Rng
from gensc.signal import State

SIDE = 320
METRICS = ["psnr", "ssim", "st_lpips", "frechet_lite0"]
RATIOS = {"1/192": 1 / 192, "1/96": 1 / 96}
CANDIDATES: dict[str, tuple[str, dict[str, Any]]] = {
    "jscc": ("jscc-photographs", {}),
    "gan": ("gan-photographs", {}),
    **{f"diffusion, {steps}": ("diffusion-photographs", {"link.codec.steps": steps}) for steps in (1, 2, 4, 8)},
}
CHANNELS: dict[str, dict[str, Any]] = {
    "awgn": {"link.channel.name": "awgn"},
    "rayleigh, mmse": {"link.channel.name": "rayleigh", "link.channel.fading": "symbol"},
    "rayleigh, zf": {"link.channel.name": "rayleigh", "link.channel.fading": "symbol",
                     "link.transport.equalizer": "zf"},
}


def opened(name: str, changes: Mapping[str, Any], side: int) -> Link:
    return linkfile.load(shipped.resolve(name), {"data.size": side, "link.task.metrics": METRICS, **changes})[0]


def figures(link: Link, feed: Feed, snr_db: float) -> tuple[dict[str, Estimate], float]:
    """The task's figures, and the mean channel uses."""
    columns, cost = evaluate(link, feed, snr_db, "receiver", Rng.seeded(0).child("test"))
    return link.task.summarise([columns]), float(cost.uses.mean())


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


def denoising(feed: Feed, name: str, side: int) -> None:
    print(f"\n{name}: {'channel':<16} {'dB':>4}  " + "  ".join(f"{one[:8]:>8}" for one in METRICS)
          + "   psnr gain  st_lpips cut  added, ms")
    for label, channel in CHANNELS.items():
        for snr_db in (0.0, 5.0, 10.0):
            pair = [opened(name, {**channel, "link.codec.steps": 0, "link.codec.denoise": on}, side)
                    for on in (False, True)]
            (plain, _), (found, _) = (figures(link, feed, snr_db) for link in pair)
            times = [receive_ms(link, feed, "receiver") for link in pair]
            cut = 100 * (1 - found["st_lpips"].value / plain["st_lpips"].value)
            print(f"{'':<{len(name) + 2}}{label:<16} {snr_db:4.0f}  {row(found)}  "
                  f"{found['psnr'].value - plain['psnr'].value:7.2f} dB  {cut:10.1f} %  {times[1] - times[0]:8.1f}")


@torch.no_grad()
def sheet(feed: Feed, path: Path, cbr: float, snr_db: float, rows: int = 6) -> None:
    """A row for each of the first pictures: as sent, then as each candidate received it."""
    positions = range(min(rows, len(feed)))
    sent = feed.dataset.batch(positions).x
    state = State.of(snr_db, feed.ids(positions), Rng.seeded(0).child("test"))
    columns = [sent]
    for name, changes in CANDIDATES.values():
        link = opened(name, {"link.codec.cbr": cbr, **changes}, SIDE)
        columns.append(feed.send(link, positions, state, [0] * len(positions))[0].prediction.clamp(0, 1))
    whole = torch.cat([torch.cat(list(column), dim=1) for column in columns], dim=2)
    Image.fromarray((whole.movedim(0, 2).numpy() * 255).round().astype(np.uint8)).save(path)
    print(f"{path}: sent, {', '.join(CANDIDATES)} at CBR {cbr:.4f}, {snr_db:g} dB")


def feed_of(folder: str, side: int) -> Feed:
    source = open_source(f"folder:{folder}", side)
    dataset = Dataset(source, np.arange(len(source)))
    return Feed(dataset, dataset.items)


def main() -> None:
    feed = feed_of(sys.argv[1], SIDE)
    least_bandwidth(feed)
    if len(sys.argv) > 2:
        sheet(feed, Path(sys.argv[2]), RATIOS["1/96"], 10.0)
    denoising(feed, "diffusion-photographs", SIDE)
    if "diffusion-deepjscc" in shipped.names():
        denoising(feed_of(sys.argv[1], 128), "diffusion-deepjscc", 128)


if __name__ == "__main__":
    main()
