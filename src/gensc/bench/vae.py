"""What the variational codecs' prior is good for: coded bits beside stated ones, channel uses beside a fixed rate's.

python -m gensc.bench.vae bits VAE.safetensors FOLDER [PICTURES]
    For the digital form: bits coded and bits that its prior states, over the pictures, at five steps.
python -m gensc.bench.vae uses VARIABLE.safetensors FIXED.safetensors FOLDER [PICTURES]
    For the form for symbols beside codec jscc trained alike: PSNR of both over bandwidth ratios, and the uses that the
    variable rate saves at the fixed rate's PSNR, side information counted, by interpolation over log(uses).
"""

import sys
from pathlib import Path

import numpy as np
import torch

from gensc.codec import Vae
from gensc.data.dataset import Dataset
from gensc.data.open import open_source
from gensc.errors import InputError
from gensc.experiment import linkfile
from gensc.experiment.evaluate import evaluate
from gensc.experiment.feed import Feed
from gensc.rng import Rng

STEPS = (10, 35, 60, 85, 110)
RATIOS = (1 / 96, 1 / 48, 1 / 24, 1 / 16, 1 / 12)
SNRS_DB = (1.0, 10.0, 19.0)


def feed(folder: str, size: int, pictures: int | None) -> Feed:
    """The first pictures of a folder."""
    source = open_source(f"folder:{folder}", size)
    dataset = Dataset(source, np.arange(len(source))[:pictures])
    return Feed(dataset, dataset.items)


def bits(file: str, folder: str, pictures: int | None) -> None:
    link, card = linkfile.load(Path(file))
    codec = link.codec
    if not isinstance(codec, Vae):
        raise InputError(f"{file} is a link of codec {type(codec).__name__}; expected one of codec 'vae'")
    sent = feed(folder, card.experiment.data.size, pictures).dataset
    batch = sent.batch(range(len(sent)))
    print("step,coded_bits,stated_bits,ratio,bits_a_pixel")
    for step in STEPS:
        coded = sum(8 * len(codec.coded(one[None], step)) for one in batch.pixels)
        stated = sum(codec.stated_bits(one[None], step) for one in batch.pixels)
        print(f"{step},{coded},{stated:.0f},{coded / stated:.4f},{coded / batch.pixels[:, 0].numel():.4f}", flush=True)


def curve(file: str, folder: str, pictures: int | None, snr_db: float) -> np.ndarray:
    """(uses, PSNR) [R,2] at the bandwidth ratios."""
    rows = []
    for ratio in RATIOS:
        link, card = linkfile.load(Path(file), {"link.codec.cbr": ratio, "link.task.metrics": ["psnr"]})
        sent = feed(folder, card.experiment.data.size, pictures)
        scores = evaluate(link, sent, snr_db, card.experiment.evaluate.csi, Rng.seeded(0).child("test"))
        rows.append((float(scores.cost.uses.mean()), float(scores.columns["psnr"].mean())))
    return np.array(rows)


def uses(variable: str, fixed: str, folder: str, pictures: int | None) -> None:
    print("snr_db,fixed_uses,fixed_psnr,variable_uses,variable_psnr,uses_saved_at_equal_psnr")
    for snr_db in SNRS_DB:
        ours, theirs = (curve(file, folder, pictures, snr_db) for file in (variable, fixed))
        for (count, quality), (own_count, own_quality) in zip(theirs, ours, strict=True):
            inside = ours[0, 1] <= quality <= ours[-1, 1]
            needed = np.exp(np.interp(quality, ours[:, 1], np.log(ours[:, 0])))
            saved = f"{1 - needed / count:.3f}" if inside else ""
            print(f"{snr_db:g},{count:.0f},{quality:.2f},{own_count:.0f},{own_quality:.2f},{saved}", flush=True)


def main() -> None:
    torch.set_num_threads(1)
    what, *rest = sys.argv[1:]
    pictures = int(rest.pop()) if rest[-1].isdigit() else None
    if what == "bits":
        bits(rest[0], rest[1], pictures)
    else:
        uses(rest[0], rest[1], rest[2], pictures)


if __name__ == "__main__":
    main()
