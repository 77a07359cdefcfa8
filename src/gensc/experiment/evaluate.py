"""Score a trained link: what it kept of each item at one SNR, and the cost."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from gensc.batch import joined
from gensc.experiment.feed import Feed
from gensc.link import Link
from gensc.machine.devices import fitting, synchronize
from gensc.rng import Rng
from gensc.signal import Cost, Csi, State

BATCH = 256
TIMED = 64
LARGEST = 2**24
"""Source values that a batch holds at most, where its items are large."""


@dataclass(frozen=True)
class Scores:
    """What a link kept of N items at one SNR: ``columns`` [N,...] of its task, with "ok" for what arrived, their
    ``cost`` [N] and source ``values`` float32 [N]."""

    columns: Mapping[str, np.ndarray]
    cost: Cost
    values: Tensor


@torch.no_grad()
def evaluate(link: Link, feed: Feed, snr_db: float, csi: Csi, rng: Rng, uses: np.ndarray | None = None) -> Scores:
    """The scores of all items of ``feed`` at ``snr_db`` (Es/N0), in their order; ``uses`` [N]: the channel uses that
    they are granted, where the link does not say so itself.

    The noise of an item depends on ``rng`` and the item alone: schemes and SNRs share their random numbers.
    """
    link.eval()
    kept: list[dict[str, Tensor]] = []
    costs: list[Cost] = []
    values: list[Tensor] = []
    order: list[int] = []
    for positions in feed.groups(None if link.transport.whole_batch else BATCH, LARGEST):
        ids = feed.ids(positions)
        with fitting(feed.device, f"a batch of {len(ids)} items", "take smaller pictures (--size, data.size)"):
            granted = None if uses is None else torch.from_numpy(uses[positions]).float()
            state = replace(State.of(snr_db, ids, rng, csi), uses=granted)
            outcome, batch = feed.send(link, positions, state, [0] * len(ids))
        kept.append({name: column.cpu() for name, column in
                     {**link.task.score(outcome.prediction, batch), "ok": outcome.delivery.ok}.items()})
        costs.append(outcome.delivery.cost.to("cpu"))
        values.append(batch.values if batch.values is not None else torch.zeros(len(ids)))
        order += positions
    back = torch.tensor(order).argsort()
    cost = Cost.joined(costs)
    columns = {name: joined([part[name] for part in kept])[back].numpy() for name in kept[0]}
    return Scores(columns, Cost(cost.uses[back], cost.bits[back], cost.seconds[back]), torch.cat(values)[back])


@torch.no_grad()
def receive_ms(link: Link, feed: Feed, csi: Csi) -> float:
    """Milliseconds an item that everything after the encoder takes, in a batch of up to 64 (one timing)."""
    positions = next(feed.groups(TIMED, LARGEST))
    batch = feed.batch(link, positions, [0] * len(positions))
    state = link.informed(batch, State.of(10.0, feed.ids(positions), Rng.seeded(0), csi))
    parts = link.codec.encode(batch.bare(), state.sender())
    synchronize(feed.device)
    start = time.perf_counter()
    link.deliver(parts, state)
    synchronize(feed.device)
    return 1000 * (time.perf_counter() - start) / len(positions)
