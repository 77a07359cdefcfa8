"""One link at a time: train it into a file, score it on any data."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gensc import config
from gensc.config import Experiment
from gensc.data.dataset import Dataset, relabelled
from gensc.data.open import open_source
from gensc.data.source import Source
from gensc.errors import InputError
from gensc.experiment import linkfile
from gensc.experiment.evaluate import evaluate
from gensc.experiment.feed import Feed, open_feed
from gensc.experiment.linkfile import Card
from gensc.experiment.run import load_splits
from gensc.experiment.store import FeatureStore, fill
from gensc.experiment.sweep import each, encode_all, train_link
from gensc.link import Link
from gensc.machine.devices import device_named
from gensc.machine.progress import track
from gensc.registry import lookup, options_of
from gensc.rng import Rng
from gensc.zoo import links as shipped

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


@dataclass(frozen=True)
class Opened:
    """A ``link`` with the ``card`` of its ``file``, and the ``feed`` of the items that it is tried on; it was trained
    or chosen on ``left_out`` others."""

    file: Path
    link: Link
    card: Card
    feed: Feed
    left_out: int


def opened(link_name: str, data: str, limit: int | None = None, size: int | None = None,
           settings: Mapping[str, Any] | None = None, cbr: float | None = None, device: str = "auto") -> Opened:
    """A link, a file or the name of a packaged one, with the items of a data spec that it has not seen.

    ``limit``: only the first so many of them. ``size``: side that pictures are cut to in px; without it they are taken
    as they are, or at the side that the link's codec was made for.
    ``settings`` change the link's experiment ("link.channel.name": "rayleigh"), ``cbr`` its bandwidth ratio.
    """
    file = shipped.resolve(link_name, lambda: size or native_side(data))
    # The parts that it was trained on may be larger.
    sized = {} if size is None else {"data.size": size, "train.crop": 0}
    link, card = linkfile.load(file, {**(settings or {}), **sized}, cbr)
    place = device_named(device)
    link.to(place)
    source = open_source(data, sides(card.experiment) if size is None else size)
    if "label" in link.task.needs:
        source = relabelled(source, card.classes)
    fresh = unseen(source, card.seen, limit)
    if not len(fresh.positions):
        raise InputError(f"the link was trained on all {fresh.left_out} pictures of {data}: score it on others")
    dataset = Dataset(source, fresh.positions)
    store = FeatureStore()
    front = link.codec.front
    if front is not None:
        for _ in track(each(fill([front], dataset, 0, store, place)), "features of the pictures", len(dataset)):
            pass
    return Opened(file, link, card, open_feed(link, dataset, 1, store, device=place), fresh.left_out)


def sides(experiment: Experiment) -> int:
    """The side in px that a link takes pictures at: 0, as they are, where its codec takes any."""
    return experiment.data.size if "size" in options_of(lookup("codec", experiment.link.codec.name)) else 0


@dataclass(frozen=True)
class Scored:
    """CSV ``table`` of a link's figures, a row for each SNR and metric, and how many pictures were ``left_out``
    because the link was trained or chosen on them."""

    table: str
    left_out: int


def score(link_name: str, data: str, snr_db: tuple[float, ...], seed: int, limit: int | None = None,
          size: int | None = None, settings: Mapping[str, Any] | None = None, cbr: float | None = None,
          device: str = "auto") -> Scored:
    """Score a link on the items of a data spec that it has not seen, ``opened`` with these options."""
    found = opened(link_name, data, limit, size, settings, cbr, device)
    csi = found.card.experiment.evaluate.csi
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for one in snr_db:
        scores = evaluate(found.link, found.feed, one, csi, Rng.seeded(seed).child("test"))
        for metric, figure in found.link.task.summarise([scores.columns]).items():
            values = (f"{value:.4f}" for value in (figure.value, figure.low, figure.high))
            table.writerow([found.file.name, f"{one:g}", f"{float(scores.cost.uses.mean()):g}", metric, *values,
                            figure.items])
    return Scored(text.getvalue(), found.left_out)


@dataclass(frozen=True)
class Fresh:
    """The ``positions`` int64 [N] of a source's items that a link has not seen, and how many it has."""

    positions: np.ndarray
    left_out: int


def unseen(source: Source, seen: Sequence[int], limit: int | None) -> Fresh:
    """The first ``limit`` items (all without it) of a source that are not among those ``seen``."""
    known = np.isin(Dataset(source, np.arange(len(source))).marks() if seen else [-1] * len(source), list(seen))
    return Fresh(np.flatnonzero(~known)[:limit], int(known.sum()))


def native_side(data: str) -> int:
    """The shorter side in px of the first picture of a data spec, as it is stored."""
    return open_source(data, 0).side(0)
