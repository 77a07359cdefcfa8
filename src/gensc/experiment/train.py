"""The training loop: AdamW, one-cycle schedule, the (averaged) weights of the best validation epoch.

Every epoch draws from streams addressed by its number, so that a run resumed from a checkpoint goes on
bit for bit as if it had never stopped.
"""

import io
import math
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gensc.batch import Batch
from gensc.config import TrainSpec
from gensc.errors import InputError
from gensc.experiment.feed import Feed
from gensc.link import Link, changed
from gensc.machine import files
from gensc.machine.ahead import ahead
from gensc.machine.devices import fitting
from gensc.rng import Rng
from gensc.signal import Csi, State

VALIDATION_POINTS = 3
BATCH = 256
AHEAD = 3
SMALLER = "lower train.batch, train.crop or data.size"


@dataclass(frozen=True)
class History:
    """What a training did: epochs run, the epoch whose weights were kept, its validation loss, and the
    (training, validation) loss of every epoch."""

    epochs: int
    best_epoch: int
    best_loss: float
    losses: tuple[tuple[float, float], ...]


class Training:
    """A training run of ``link``: iterate over it to train, an epoch a step, then take ``finish()``.

    ``rng`` addresses every random draw. ``checkpoint`` is written after each epoch, and read at the start
    where it exists.
    """

    def __init__(self, link: Link, feed: Feed, validation: Feed, spec: TrainSpec, csi: Csi, rng: Rng,
                 checkpoint: Path | None = None) -> None:
        self.link, self.feed, self.validation, self.checkpoint = link, feed, validation, checkpoint
        self.spec, self.csi, self.rng = spec, csi, rng
        # Rounded down: a batch never falls below its size, and so never to the one item that breaks a batch norm.
        self.batches = max(1, len(feed) // spec.batch)
        groups = [([p for p in link.codec.parameters() if p.requires_grad], spec.rate * spec.codec_rate),
                  ([*link.transport.parameters(), *link.task.parameters()], spec.rate)]
        groups = [(parameters, rate) for parameters, rate in groups if parameters]
        self.optimizer = torch.optim.AdamW([{"params": parameters} for parameters, _ in groups], lr=spec.rate,
                                           weight_decay=spec.weight_decay, fused=True)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer, [rate for _, rate in groups], total_steps=spec.epochs * self.batches,
            pct_start=spec.warmup)
        self.average = averaged(link, spec.average)
        self.progress = _Progress(link, self.average, self.optimizer, self.schedule)
        if checkpoint is not None and checkpoint.exists():
            self.progress.read(checkpoint)

    def __iter__(self) -> Iterator[int]:
        """Train on, yielding the number of each finished epoch from 1, until the last or early stopping."""
        progress = self.progress
        for epoch in range(progress.epoch, self.spec.epochs):
            if epoch - progress.best_epoch > self.spec.patience:
                return
            loss = self._epoch(epoch, self.rng.child("epoch", epoch))
            held = validation_loss(progress.shown(), self.validation, self.spec, self.csi, self.rng.child("validation"))
            progress.finish(epoch, loss, held)
            if self.checkpoint is not None:
                progress.write(self.checkpoint)
            yield epoch + 1

    def finish(self) -> History:
        """Leave the link with the weights of its best validation epoch."""
        done = self.progress
        if not math.isfinite(done.best_loss):
            raise InputError(f"the validation loss was never finite in {done.epoch} epochs: lower train.rate, or "
                             "look at the data for nan")
        self.link.load_state_dict({**self.link.state_dict(), **done.best})
        self.link.eval()
        return History(done.epoch, done.best_epoch, done.best_loss, tuple(done.losses))

    def _epoch(self, epoch: int, rng: Rng) -> float:
        """One pass over the training items; the mean loss."""
        self.link.train()
        order = rng.child("order").permutation(len(self.feed))
        total = 0.0
        batches = ahead(lambda: self._batches(np.array_split(order, self.batches), epoch, rng), self._prefetched)
        with rng.child("layers").torch_seeded():
            for batch, state in batches:
                with fitting(self.feed.device, f"a training batch of {len(batch)} items", SMALLER):
                    total += self._step(batch, state, epoch) * len(batch)
        return total / len(self.feed)

    def _step(self, batch: Batch, state: State, epoch: int) -> float:
        """One step of the optimizer; the loss before it."""
        loss = loss_of(self.link, batch, state, self.spec.precision == "bfloat16")
        if not torch.isfinite(loss):
            raise InputError(f"the training loss became {loss.item()} in epoch {epoch + 1}: "
                             "lower train.rate, or look at the data for nan; the last epoch's checkpoint is kept")
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.link.parameters(), self.spec.clip or math.inf)
        self.optimizer.step()
        self.schedule.step()
        if self.average is not None:
            self.average.update_parameters(self.link)
        return loss.item()

    def _batches(self, parts: list[np.ndarray], epoch: int, rng: Rng) -> Iterator[tuple[Batch, State]]:
        """The batches of an epoch, each with its use of the link."""
        for part in parts:
            positions = part.tolist()
            ids = self.feed.ids(positions)
            snr_db = rng.child("snr").of(ids).uniform(low=self.spec.snr_db[0], high=self.spec.snr_db[1])
            if self.feed.stored is None:
                views = [epoch if self.spec.views > 1 else 0] * len(ids)
            else:
                views = (rng.child("view").of(ids).uniform() * len(self.feed.stored)).long().tolist()
            state = State(snr_db, rng.child("link").of(ids), self.csi)
            yield self.feed.batch(self.link, positions, views, state.child("crop").rng), state

    @property
    def _prefetched(self) -> int:
        """Batches that are made ahead while a device computes; none where the CPU does both."""
        return 0 if torch.device(self.feed.device).type == "cpu" else AHEAD


def loss_of(link: Link, batch: Batch, state: State, low: bool = False) -> Tensor:
    """What training lowers for a batch as ``Link.carry`` gets it. ``low``: the networks compute in bfloat16."""
    device = batch.x.device.type if isinstance(batch.x, Tensor) else "cpu"
    with torch.autocast(device, torch.bfloat16, enabled=low):
        return link.loss(batch, state)


def averaged(link: Link, decay: float) -> AveragedModel | None:
    """A copy of the link for the moving average of its weights; None where there is no average."""
    if not decay:
        return None
    return AveragedModel(link, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)


def validation_loss(link: Link, feed: Feed, spec: TrainSpec, csi: Csi, rng: Rng) -> float:
    """Mean loss over the held-back items at SNRs spread evenly over the training range, the noise of an
    item the same each time."""
    link.eval()
    total = 0.0
    with torch.no_grad():
        for snr_db in np.linspace(spec.snr_db[0], spec.snr_db[1], VALIDATION_POINTS):
            for positions in feed.groups(None if link.transport.whole_batch else BATCH):
                state = State.of(float(snr_db), feed.ids(positions), rng, csi)
                with fitting(feed.device, f"a validation batch of {len(positions)} items", SMALLER):
                    batch = feed.batch(link, positions, [0] * len(positions))
                    total += loss_of(link, batch, state).item() * len(positions)
    return total / (VALIDATION_POINTS * len(feed))


class _Progress:
    """How far a training has come: everything that it needs to go on."""

    def __init__(self, link: Link, average: AveragedModel | None, optimizer: torch.optim.Optimizer,
                 schedule: torch.optim.lr_scheduler.LRScheduler) -> None:
        self.link, self.average, self.optimizer, self.schedule = link, average, optimizer, schedule
        self.epoch, self.best_epoch, self.best_loss = 0, 0, math.inf
        self.losses: list[tuple[float, float]] = []
        self.names = changed(link)
        self.best = self._weights(self.shown())

    def shown(self) -> Link:
        """What is validated and kept: the average of the weights where there is one."""
        shown = self.link if self.average is None else self.average.module
        assert isinstance(shown, Link), "the average is a copy of the link"
        return shown

    def _weights(self, link: Link) -> dict[str, Tensor]:
        """A copy of what a link has learned so far."""
        return {name: value.clone() for name, value in link.state_dict().items() if name in self.names}

    def finish(self, epoch: int, training: float, validation: float) -> None:
        self.epoch = epoch + 1
        self.losses.append((training, validation))
        if validation < self.best_loss:
            self.best_epoch, self.best_loss = epoch, validation
            self.best = self._weights(self.shown())

    def write(self, path: Path) -> None:
        mean = None if self.average is None else {"module": self._weights(self.shown()),
                                                  "steps": self.average.n_averaged}
        state = {"link": self._weights(self.link), "average": mean, "optimizer": self.optimizer.state_dict(),
                 "schedule": self.schedule.state_dict(), "epoch": self.epoch, "best_epoch": self.best_epoch,
                 "best_loss": self.best_loss, "losses": self.losses, "best": self.best}
        buffer = io.BytesIO()
        torch.save(state, buffer)
        files.write_with(path, lambda temporary: temporary.write_bytes(buffer.getvalue()))

    def read(self, path: Path) -> None:
        try:
            # A run may go on where there is no GPU any more.
            state = torch.load(path, weights_only=True, map_location="cpu")
        except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
            raise InputError(f"the checkpoint {path} can't be read ({type(error).__name__}): delete it to start "
                             "over") from error
        self.link.load_state_dict({**self.link.state_dict(), **state["link"]})
        if self.average is not None:
            self.average.module.load_state_dict({**self.link.state_dict(), **state["average"]["module"]})
            self.average.n_averaged.copy_(state["average"]["steps"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        self.epoch, self.best_epoch, self.best_loss = state["epoch"], state["best_epoch"], state["best_loss"]
        self.losses, self.best = [tuple(pair) for pair in state["losses"]], state["best"]
