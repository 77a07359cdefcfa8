"""The links that come with gensc: what they were built for, on pictures that they have not seen."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from gensc.data.dataset import Dataset
from gensc.data.open import open_source
from gensc.experiment import linkfile
from gensc.experiment.single import score, unseen
from gensc.metric.image import psnr
from gensc.rng import Rng
from gensc.signal import State
from gensc.transport.symbols import unit_power
from gensc.zoo import links as shipped

CIFAR = Path(os.environ.get("GENSC_TEST_DATA", "../shared/data")) / "cifar10" / "train.parquet"
PICTURES = 60

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
    return State.of(snr_db, PICTURES, Rng.seeded(1))


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
        symbols, sent = unit_power(link.codec.encode(batch, state(7.0)))
    assert torch.allclose(symbols.abs().square().sum(dim=1) / sent.sum(dim=1), torch.ones(PICTURES), atol=1e-4)
    quality = received(link, batch, 7.0).delivery.payload[:, 1]
    seen_db = 10 * torch.log10(quality / (1 - quality))
    assert torch.allclose(seen_db, torch.full_like(seen_db, 7.0), atol=0.05)


@needs_cifar
def test_shuffled_symbols_are_garbage_and_silence_is_clean(held_back):
    link, batch = held_back
    out = received(link, batch, 20.0)
    order = torch.randperm(out.delivery.payload.shape[2], generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        wrong = link.codec.decode(out.delivery.payload[..., order], state(20.0))
        quiet = received(link, batch, 60.0).prediction
    right = float(psnr(out.prediction, batch.x).mean())
    assert float(psnr(wrong, batch.x).mean()) < 14 < 30 < right < float(psnr(quiet, batch.x).mean())


@needs_cifar
def test_the_command_finds_the_weights_for_the_pictures():
    scored = score("jscc", f"parquet:{CIFAR}", (10.0,), 0, limit=20, settings={"link.codec.cbr": 1 / 12})
    assert scored.left_out > 40_000 and "jscc-cifar10.safetensors,10,256,psnr" in scored.table
