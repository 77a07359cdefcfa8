"""One link at a time: train it into a file, score it on any data."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np

from gensc import config, linkfile
from gensc.codec.store import FeatureStore, fill
from gensc.config import Experiment
from gensc.data.dataset import Dataset, relabelled
from gensc.data.open import open_source
from gensc.errors import InputError
from gensc.evaluate import evaluate
from gensc.feed import open_feed
from gensc.progress import track
from gensc.rng import Rng
from gensc.run import load_splits
from gensc.sweep import encode_all, train_link, units

COLUMNS = ("link", "snr_db", "uses", "metric", "value", "low", "high", "items")


def train_one(experiment: Experiment, out: Path) -> dict[str, Any]:
    """Train the one link of an experiment with its first seed and write it to ``out``; a training that was
    stopped goes on from the checkpoint beside ``out``. Returns how it went (epochs, best_epoch, losses).

    Raises InputError where the experiment holds several links.
    """
    experiments = config.expand(experiment)
    if len(experiments) != 1:
        raise InputError(f"{experiment.name} holds {len(experiments)} links and train makes one: use `gensc run`, "
                         "or leave out schemes and grid")
    splits = load_splits(experiment)
    encode_all(experiments, splits)
    seed = experiment.seeds[0]
    key = config.digest(experiments[0], seed, splits.digest)
    checkpoint = out.with_name(f"{out.stem}-{key[:8]}.ckpt")
    training = train_link(experiments[0], seed, splits, out, checkpoint, FeatureStore())
    for _ in track(training, f"training {out.name}", experiment.train.epochs):
        pass
    return linkfile.load(out)[1].trained


def score(link_file: Path, data: str, snr_db: tuple[float, ...], seed: int) -> str:
    """CSV text of a trained link's figures on all items of a data spec, a row for each SNR and metric."""
    link, card = linkfile.load(link_file)
    source = relabelled(open_source(data, card.experiment.data.size), card.classes)
    dataset = Dataset(source, np.arange(len(source)))
    store = FeatureStore()
    if link.codec.stored:
        for _ in track(units(fill([link.codec], dataset, 0, store)), "features of the pictures", len(dataset)):
            pass
    feed = open_feed(link.codec, dataset, 1, store)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for one in snr_db:
        columns, cost = evaluate(link, feed, one, card.experiment.evaluate.csi, Rng.seeded(seed).child("test"))
        for metric, figure in link.task.summarise([columns]).items():
            values = (f"{value:.4f}" for value in (figure.value, figure.low, figure.high))
            table.writerow([link_file.name, f"{one:g}", f"{float(cost.uses.mean()):g}", metric, *values, figure.items])
    return text.getvalue()
