"""A grid of experiments over worker processes, every finished point stored at once.

The same command goes on where a killed one stopped: links are trained again from their checkpoint, points
that are stored are not computed again, and nothing depends on the number of workers.
"""

import contextlib
import fcntl
import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from gensc import __version__, config
from gensc.codec.base import Front
from gensc.config import Experiment, TrainSpec
from gensc.data import picture
from gensc.data.dataset import Splits
from gensc.errors import InputError
from gensc.experiment.evaluate import evaluate, receive_ms
from gensc.experiment.feed import Feed, open_feed
from gensc.experiment.linkfile import Card, load, save, take
from gensc.experiment.results import LinkFacts, Point, Results
from gensc.experiment.store import FeatureStore, fill
from gensc.experiment.train import Training
from gensc.experiment.tune import check_choices, tune
from gensc.link import Link, build, make
from gensc.machine import files
from gensc.machine.devices import described, device_named
from gensc.machine.pool import Tell
from gensc.machine.progress import track
from gensc.machine.workers import run_jobs
from gensc.rng import Rng
from gensc.signal import State
from gensc.zoo import links as shipped


@dataclass(frozen=True)
class Job:
    """One link to train and score: a concrete experiment and a seed. ``key`` names everything that decides it.
    ``like``: the key of the job whose channel uses it is granted, "" for its own; then ``uses`` [N] of the test items,
    by SNR."""

    key: str
    scheme: int
    experiment: Experiment
    seed: int
    snr_db: tuple[float, ...]
    like: str = ""
    uses: Mapping[float, np.ndarray] = field(default_factory=dict)

    @property
    def work(self) -> int:
        """Steps of progress: epochs at most, the link's facts, and points."""
        return self.experiment.train.epochs + 1 + len(self.snr_db)


def jobs_of(experiments: tuple[Experiment, ...], data: str) -> list[Job]:
    """One job for every experiment and seed, over data with the digest ``data``."""
    jobs = []
    for scheme, one in enumerate(experiments):
        place = one.evaluate.uses_of
        if not -1 <= place < len(experiments) or (place >= 0 and experiments[place].evaluate.uses_of >= 0):
            raise InputError(f"link {scheme + 1}: evaluate.uses_of is {place}; expected the place, from 0 to "
                             f"{len(experiments) - 1}, of a link that has its own channel uses")
        for seed in one.seeds:
            like = config.digest(experiments[place], seed, data, __version__, "") if place >= 0 else ""
            jobs.append(Job(config.digest(one, seed, data, __version__, like), scheme, one, seed, one.evaluate.snr_db,
                            like))
    return jobs


@contextlib.contextmanager
def locked(out: Path) -> Iterator[None]:
    """Hold the folder ``out`` for one run; a second run on it is refused. A killed run lets go by itself."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(out / ".lock", os.O_CREAT | os.O_RDWR, 0o644)
    except OSError as error:
        raise InputError(f"the folder {out} can't be written ({error.strerror}): name another with --out") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        files.sweep_parts(out)
        yield
    except BlockingIOError:
        raise InputError(f"another run is writing to {out}: wait for it, or name another with --out") from None
    finally:
        os.close(descriptor)


def sweep(experiments: tuple[Experiment, ...], splits: Splits, out: Path, results: Results, workers: int) -> None:
    """Train and score every experiment with every seed into ``results``; link files go to OUT/links."""
    jobs = jobs_of(experiments, splits.digest)
    done = results.done()
    left = [job for job in jobs if any((job.key, snr_db) not in done for snr_db in job.snr_db)]
    if not left:
        return
    check_choices(experiments, len(splits.validation))
    encode_all(experiments, splits)
    total = sum(job.work for job in left)
    if device_named(experiments[0].device).type != "cpu":
        # One process holds the device; its links take turns.
        workers = 1
    with contextlib.closing(_messages(left, _Work(splits, out), results, workers)) as messages:
        for message in track(_steps(messages), "training and scoring links", total):
            if isinstance(message, LinkFacts):
                results.add_link(message)
            elif isinstance(message, Point):
                results.add_point(message)


def _messages(jobs: Sequence[Job], work: "_Work", results: Results, workers: int) -> Generator[object, None, None]:
    """What the jobs tell: first those of links with channel uses of their own, then those that are granted theirs."""
    own = [job for job in jobs if not job.like]
    yield from run_jobs(work, own, workers) if own else ()
    granted = [_granted(job, results) for job in jobs if job.like]
    yield from run_jobs(work, granted, workers) if granted else ()


def _granted(job: Job, results: Results) -> Job:
    uses = results.uses(job.like)
    if set(job.snr_db) - set(uses):
        raise InputError(f"link {job.scheme + 1} is granted the channel uses of a link that is not scored at "
                         f"{sorted(set(job.snr_db) - set(uses))} dB: give both the same evaluate.snr_db")
    return replace(job, uses=uses)


def _steps(messages: Iterator[object]) -> Iterator[object]:
    """Each message as often as it is worth steps of progress: a number is that many epochs."""
    for message in messages:
        yield from [None] * message if isinstance(message, int) else [message]


def encode_all(experiments: tuple[Experiment, ...], splits: Splits) -> None:
    """Fill the feature store for every codec of the experiments that has a fixed part, with a bar."""
    store = FeatureStore()
    fronts: dict[str, Front] = {}
    views: dict[str, int] = {}
    codecs = {repr(one.link.codec): make("codec", one.link.codec, size=one.data.size, classes=len(splits.classes))
              for one in experiments}
    device = device_named(experiments[0].device)
    for one in experiments:
        front = codecs[repr(one.link.codec)].to(device).front
        if front is not None:
            fronts.setdefault(front.fingerprint, front)
            views[front.fingerprint] = max(views.get(front.fingerprint, 0), one.train.views)
    work = [(splits.validation, 0), (splits.test, 0),
            *((splits.train, view) for view in range(max(views.values(), default=0)))]
    steps = (step for part, view in work for step in fill(
        [front for name, front in fronts.items() if views[name] > view], part, view, store, device))
    for _ in track(each(steps), "features of the pictures", sum(len(part) for part, _ in work)):
        pass
    store.close()


def each(steps: Iterator[int]) -> Iterator[None]:
    """One step of progress for each item of each batch."""
    for step in steps:
        yield from [None] * step


@dataclass(frozen=True)
class _Work:
    """What a worker process does with a job: train, score, and tell the facts and points."""

    splits: Splits
    out: Path

    def __call__(self, job: Job, tell: Tell) -> None:
        for message in run_job(job, self.splits, self.out, tell):
            tell(message)


def run_job(job: Job, splits: Splits, out: Path, tell: Tell) -> Iterator[LinkFacts | Point]:
    """Train the job's link (or read it where it is trained), then yield its facts and a point for every SNR.

    ``tell`` is told the steps of progress as training goes.
    """
    one, store = job.experiment, FeatureStore()
    file = out / "links" / f"{job.key[:16]}.safetensors"
    checkpoint = out / "checkpoints" / f"{job.key[:16]}.ckpt"
    told = 0
    if not file.exists():
        for _ in train_link(one, job.seed, splits, file, checkpoint, store):
            tell(1)
            told += 1
    link, card = load(file)
    device = device_named(one.device)
    test = open_feed(link.to(device), splits.test, 1, store, device=device)
    held = open_feed(link, splits.validation, 1, store, device=device) if link.transport.choices else None
    tell(one.train.epochs - told)
    yield LinkFacts(job.key, job.scheme, job.seed, {
        **card.trained, "file": str(file.relative_to(out)), "parameters": sum(p.numel() for p in link.parameters()),
        "receive_ms": receive_ms(link, test, one.evaluate.csi), "device": described(device),
    })
    for snr_db in job.snr_db:
        rng = Rng.seeded(job.seed).child("test")
        if held is not None:
            tune(link, held, snr_db, one.evaluate.csi, Rng.seeded(job.seed).child("tune"))
        uses = job.uses.get(snr_db)
        yield Point.of(job.key, snr_db, evaluate(link, test, snr_db, one.evaluate.csi, rng, uses))
        if job.seed == one.seeds[0]:
            granted = None if uses is None else torch.from_numpy(uses[:1])
            show(link, test, replace(State.of(snr_db, test.ids([0]), rng, one.evaluate.csi), uses=granted),
                 shown_file(out, job.scheme, snr_db))
    store.close()


def shown_file(out: Path, scheme: int | None, snr_db: float) -> Path:
    """Where a results folder keeps the first test picture as a scheme received it; as it was sent (None)."""
    return out / "shown" / ("sent.png" if scheme is None else f"{scheme}_{snr_db:g}.png")


@torch.no_grad()
def show(link: Link, feed: Feed, state: State, file: Path) -> None:
    """Write the first picture of ``feed`` as it arrives, and beside it as it was sent; nothing where the task shows no
    pictures."""
    outcome, batch = feed.send(link, range(1), state, [0])
    pictures = link.task.shown(outcome.prediction, batch)
    if pictures is None:
        return
    sent = feed.dataset.batch([0]).pixels
    for pixels, path in ((pictures[0], file), (sent[0], shown_file(file.parent.parent, None, 0))):
        files.write_with(path, partial(picture.image_of(pixels).save, format="PNG"))


def train_link(one: Experiment, seed: int, splits: Splits, file: Path, checkpoint: Path,
               store: FeatureStore) -> Iterator[int]:
    """Train the link of a concrete experiment, yielding each finished epoch; at the end ``file`` holds it
    and the checkpoint is gone. A link without anything to learn is written as it is."""
    rng = Rng.seeded(seed)
    with rng.child("layers").torch_seeded():
        link = build(one.link, len(splits.classes), one.train.crop or one.data.size)
    device = device_named(one.device)
    link.to(device)
    seen = started(link, one.train, splits)
    if not one.train.epochs or not any(parameter.requires_grad for parameter in link.parameters()):
        untrained = {"epochs": 0, "best_epoch": 0, "losses": ()}
        save(file, link, Card(one, seed, splits.classes, splits.digest, untrained, seen))
        return
    feed, held = (open_feed(link, part, views, store, one.train.crop, device)
                  for part, views in ((splits.train, one.train.views), (splits.validation, 1)))
    training = Training(link, feed, held, one.train, one.evaluate.csi, rng.child("train"), checkpoint)
    yield from training
    history = training.finish()
    trained = {"epochs": history.epochs, "best_epoch": history.best_epoch + 1, "losses": history.losses,
               "device": described(device)}
    seen = tuple(dict.fromkeys((*seen, *splits.train.marks(), *splits.validation.marks())))
    save(file, link, Card(one, seed, splits.classes, splits.digest, trained, seen))
    checkpoint.unlink(missing_ok=True)


def started(link: Link, spec: TrainSpec, splits: Splits) -> tuple[int, ...]:
    """Give the link the weights that its training starts from, if any; the marks of the items that they have seen.

    Raises InputError where test pictures are among them.
    """
    if not spec.start:
        return ()
    seen = take(link, shipped.resolve(spec.start))
    known = len(set(splits.test.marks()) & set(seen))
    if known:
        raise InputError(f"{known} of {len(splits.test)} test pictures were seen when {spec.start} was trained: give "
                         "other ones by data.test (--test)")
    return seen
