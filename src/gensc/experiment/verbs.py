"""What one does with a link in Python: load, send, train, evaluate, run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gensc.batch import Batch, unlabelled
from gensc.config import Experiment, TrainSpec
from gensc.config import load as read_experiment
from gensc.data.dataset import Dataset
from gensc.data.open import open_source
from gensc.data.own import of
from gensc.data.source import Source
from gensc.errors import InputError
from gensc.experiment import linkfile, packaged
from gensc.experiment.evaluate import evaluate as scored
from gensc.experiment.feed import Feed, open_feed
from gensc.experiment.run import run as run_experiment
from gensc.experiment.store import FeatureStore, fill
from gensc.experiment.train import History, Training
from gensc.link import Link, Outcome
from gensc.machine.devices import device_named, device_of
from gensc.machine.progress import track
from gensc.metric import Estimate
from gensc.rng import Rng
from gensc.signal import Csi, State
from gensc.zoo import links

VALIDATION = 0.1


@dataclass(frozen=True)
class Result:
    """One figure of a link at an SNR: the ``metric``, its ``figure`` with interval, and mean channel ``uses``."""

    snr_db: float
    metric: str
    figure: Estimate
    uses: float


def load(name: str, cbr: float | None = None, device: str = "auto", **settings: Any) -> Link:
    """A trained link in evaluation mode: a packaged one by name (``gensc list``) or a link file.

    ``cbr``: channel uses a source value. ``settings`` change its experiment, "__" for the dots: link__channel__name.

    >>> link = load("jscc-photographs", cbr=1 / 24, device="cpu", link__channel__name="rayleigh")
    >>> type(link.codec).__name__, type(link.transport.channel).__name__
    ('Jscc', 'Rayleigh')
    """
    changes = {key.replace("__", "."): value for key, value in settings.items()}
    return linkfile.load(links.resolve(name), changes, cbr)[0].to(device_named(device))


@torch.no_grad()
def send(link: Link, x: Tensor | Batch, snr_db: float | Tensor, seed: int = 0, csi: Csi = "receiver") -> Outcome:
    """Items [B,...] (pictures float32 [B,3,H,W] in [0,1]) over a link at ``snr_db`` (Es/N0, a number or [B]).

    >>> link = load("jscc-photographs", cbr=1 / 24, device="cpu")
    >>> outcome = send(link, torch.rand(2, 3, 96, 64), snr_db=10.0)
    >>> tuple(outcome.prediction.shape), outcome.delivery.cost.uses.tolist()
    ((2, 3, 96, 64), [768.0, 768.0])
    """
    batch = x if isinstance(x, Batch) else unlabelled(x)
    state = State.of(torch.as_tensor(snr_db), batch.item.tolist(), Rng.seeded(seed, "send"), csi)
    outcome: Outcome = link.eval()(batch.to(device_of(link)), state)
    return outcome


def train(link: Link, data: Any, validation: Any = None, spec: TrainSpec | None = None, seed: int = 0,
          csi: Csi = "receiver", checkpoint: Path | None = None) -> History:
    """Train a link in place and leave it with the weights of its best validation epoch.

    ``data``: a torch or Hugging Face data set, a ``Source`` or ``Dataset`` of gensc, or a data spec ("folder:photos");
    ``validation`` likewise, without it a tenth of ``data``. A training with a ``checkpoint`` goes on where it stopped.
    """
    spec = spec or TrainSpec()
    rng = Rng.seeded(seed)
    items = dataset_of(link, data)
    if validation is None:
        order = rng.child("validation").permutation(len(items))
        if len(order) < 2:
            raise InputError(f"train: {len(order)} items can't be split into training and validation: give at least 2, "
                             "or a validation set")
        held = max(1, round(VALIDATION * len(order)))
        parts = [Dataset(items.source, items.indices[np.sort(one)]) for one in (order[held:], order[:held])]
    else:
        parts = [items, dataset_of(link, validation)]
    feed, held_feed = (feed_of(link, part, spec.views if place == 0 else 1, spec.crop)
                       for place, part in enumerate(parts))
    training = Training(link, feed, held_feed, spec, csi, rng.child("train"), checkpoint)
    for _ in track(training, "training", spec.epochs):
        pass
    return training.finish()


def evaluate(link: Link, data: Any, snr_db: float | Sequence[float], seed: int = 0,
             csi: Csi = "receiver") -> list[Result]:
    """Every figure of a link on ``data`` (as for ``train``) at each SNR, with 95 % intervals over the items.

    >>> from gensc import Link, channel, codec, task, transport
    >>> encoder, decoder = torch.nn.Flatten(), torch.nn.Unflatten(1, (3, 8, 8))
    >>> link = Link(codec.Modules(encoder, decoder, (3, 8, 8)), transport.Symbols(), task.Reconstruct(("psnr",)))
    >>> pictures = [torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(i)) for i in range(6)]
    >>> [(one.metric, one.snr_db, one.figure.items, one.uses) for one in evaluate(link, pictures, [0.0, 10.0])]
    [('psnr', 0.0, 6, 96.0), ('psnr', 10.0, 6, 96.0)]
    """
    feed = feed_of(link, dataset_of(link, data), 1, 0)
    levels = [float(snr_db)] if isinstance(snr_db, int | float) else [float(one) for one in snr_db]
    results = []
    for level in levels:
        scores = scored(link, feed, level, csi, Rng.seeded(seed).child("test"))
        uses = float(scores.cost.uses.mean())
        results += [Result(level, name, figure, uses)
                    for name, figure in link.task.summarise([scores.columns]).items()]
    return results


def run(experiment: Experiment | str | Path, out: Path | str, workers: int = 1, **settings: Any) -> Path:
    """Run an experiment, a packaged one by name or a file, into the folder ``out``, which is returned: what is finished
    there already is not done again. ``settings`` as for ``load``; ``gensc.report.write.write`` makes its page.
    """
    from gensc import config

    base = experiment if isinstance(experiment, Experiment) else (
        read_experiment(Path(experiment)) if str(experiment).endswith(".toml") else packaged.named(str(experiment)))
    changes: Mapping[str, Any] = {key.replace("__", "."): value for key, value in settings.items()}
    folder = Path(out)
    run_experiment(config.changed(base, changes), folder, workers, f"gensc.run({base.name!r})")
    return folder


def dataset_of(link: Link, data: Any) -> Dataset:
    """All items of whatever names or holds data, at the size that the link's codec takes."""
    if isinstance(data, Dataset):
        return data
    size = getattr(link.codec, "size", 0)
    source = open_source(data, size) if isinstance(data, str) else data if isinstance(data, Source) else of(
        data, size=size)
    return Dataset(source, np.arange(len(source)))


def feed_of(link: Link, dataset: Dataset, views: int, crop: int) -> Feed:
    """A feed of a data set for a link, on its device; what its codec's front makes is computed and kept."""
    device = device_of(link)
    store = FeatureStore()
    try:
        if link.codec.front is not None:
            for view in range(views):
                for _ in fill([link.codec.front], dataset, view, store, device):
                    pass
        return open_feed(link, dataset, views, store, crop, device)
    finally:
        store.close()
