"""The links that come with gensc: what they were built for, on pictures that they have not seen."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gensc.batch import Batch
from gensc.data.dataset import Dataset
from gensc.data.open import open_source
from gensc.experiment import linkfile
from gensc.experiment.single import score, unseen
from gensc.metric.image import psnr
from gensc.phy.power import unit_power
from gensc.rng import Rng
from gensc.signal import MAIN, Soft, State
from gensc.zoo import links as shipped

CIFAR = Path(os.environ.get("GENSC_TEST_DATA", "../shared/data")) / "cifar10" / "train.parquet"
PICTURES = 60
FIGURES_DB = {
    "jscc-photographs": (19.03907, 19.63569, 19.06868, 19.09410),
    "jscc-cifar10": (20.28823, 20.86752, 20.50548, 20.31651),
    "gan-photographs": (15.84449, 16.35429, 15.77381, 16.11653),
    "diffusion-photographs": (16.11576, 16.62913, 15.99035, 16.33061),
    "diffusion-cifar10": (20.68941, 21.53492, 20.44069, 20.80168),
    "deepjscc-cifar10": (20.55949, 21.37280, 20.10909, 20.73940),
}
"""PSNR of four drawn pictures over AWGN at 7 dB, as the first edition of the code had it from the same files."""

needs_cifar = pytest.mark.skipif(not CIFAR.exists(), reason="no CIFAR-10 here")


@pytest.fixture(scope="module")
def held_back():
    """Pictures that jscc-cifar10 has not seen."""
    source = open_source(f"parquet:{CIFAR}", 32)
    link, card = linkfile.load(shipped.resolve("jscc-cifar10"))
    fresh = unseen(source, card.seen, PICTURES)
    assert fresh.left_out > 40_000
    return link, Dataset(source, fresh.positions).batch(range(PICTURES))


def state(snr_db):
    return replace(State.of(snr_db, PICTURES, Rng.seeded(1)), shape=(3, 32, 32))


def received(link, batch, snr_db):
    with torch.no_grad():
        return link(batch, state(snr_db))


@pytest.mark.parametrize("name", shipped.names())
def test_every_packaged_link_loads_and_has_a_card(name):
    link, card = linkfile.load(shipped.resolve(name))
    text = (shipped.FOLDER / f"{name}.md").read_text()
    assert not link.training and card.seen
    for said in ("Trained by: `gensc train", "hours on", "Licence:", "| psnr |"):
        assert said in text


def test_all_weights_stay_small():
    assert sum(file.stat().st_size for file in shipped.FOLDER.iterdir()) < 30e6


@pytest.mark.parametrize("name", FIGURES_DB)
def test_figures_stay_what_they_were(name):
    changes = {"train.crop": 0, **({"link.codec.cbr": 1 / 24} if name.startswith("jscc") else {})}
    link, _ = linkfile.load(shipped.resolve(name), changes)
    rng = Rng.seeded(2025, "packaged").of(4)
    coarse = torch.nn.functional.interpolate(rng.normal(3, 12, 12), (96, 96), mode="bicubic")
    x = torch.sigmoid(coarse + 0.3 * rng.child("grain").normal(3, 96, 96))
    with torch.no_grad():
        outcome = link(Batch(x, torch.arange(4)), State.of(7.0, 4, Rng.seeded(1)))
    # The restorer draws its noise from the receiver's streams now, and a picture has some hundredths of a dB of that.
    tolerance = 0.1 if name == "diffusion-photographs" else 0.01
    assert psnr(outcome.prediction, x).tolist() == pytest.approx(FIGURES_DB[name], abs=tolerance)


@needs_cifar
def test_more_signal_is_never_worse(held_back):
    """One set of weights: no cliff and no dip from -5 to 25 dB."""
    figures = [float(psnr(received(*held_back, snr_db).prediction, held_back[1].x).mean())
               for snr_db in range(-5, 26, 3)]
    steps = np.diff(figures)
    assert (steps > 0).all() and steps.max() < 3.2


@needs_cifar
def test_the_snr_of_what_is_sent_is_the_one_that_is_stated(held_back):
    link, batch = held_back
    with torch.no_grad():
        symbols, sent = unit_power(link.codec.encode(batch, state(7.0))[MAIN])
    assert torch.allclose(symbols.abs().square().sum(dim=1) / sent.sum(dim=1), torch.ones(PICTURES), atol=1e-4)
    quality = received(link, batch, 7.0).delivery.main.quality
    seen_db = 10 * torch.log10(quality / (1 - quality))
    assert torch.allclose(seen_db, torch.full_like(seen_db, 7.0), atol=0.05)


@needs_cifar
def test_shuffled_symbols_are_garbage_and_silence_is_clean(held_back):
    link, batch = held_back
    out = received(link, batch, 20.0)
    soft = out.delivery.main
    order = torch.randperm(soft.value.shape[1], generator=torch.Generator().manual_seed(0))
    shuffled = replace(out.delivery, parts={MAIN: Soft(soft.value[:, order], soft.quality[:, order])})
    with torch.no_grad():
        wrong = link.codec.decode(shuffled, state(20.0))[MAIN]
        quiet = received(link, batch, 60.0).prediction
    right = float(psnr(out.prediction, batch.x).mean())
    assert float(psnr(wrong, batch.x).mean()) < 14 < 30 < right < float(psnr(quiet, batch.x).mean())


@needs_cifar
def test_the_command_finds_the_weights_for_the_pictures():
    scored = score("jscc", f"parquet:{CIFAR}", (10.0,), 0, limit=20, settings={"link.codec.cbr": 1 / 12})
    assert scored.left_out > 40_000 and "jscc-cifar10.safetensors,10,256,psnr" in scored.table
