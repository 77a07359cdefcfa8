"""Score a trained link: what it kept of each item at one SNR, and the cost."""

import time
from collections.abc import Iterator

import numpy as np
import torch

from gensc.experiment.feed import Feed
from gensc.link import Link
from gensc.rng import Rng
from gensc.signal import Cost, Csi, State

BATCH = 256
TIMED = 64


@torch.no_grad()
def evaluate(link: Link, feed: Feed, snr_db: float, csi: Csi, rng: Rng) -> tuple[dict[str, np.ndarray], Cost]:
    """The task's columns [N] over all items of ``feed`` at ``snr_db`` (Es/N0), with "ok" for what arrived, and the
    cost [N].

    The noise of an item depends on ``rng`` and the item alone: schemes and SNRs share their random numbers.
    """
    link.eval()
    kept: list[dict[str, torch.Tensor]] = []
    costs: list[Cost] = []
    for positions in _batches(len(feed), whole=link.transport.whole_batch):
        ids = feed.ids(positions)
        outcome, batch = feed.send(link, positions, State.of(snr_db, ids, rng, csi), [0] * len(ids))
        kept.append({**link.task.score(outcome.prediction, batch), "ok": outcome.delivery.ok})
        costs.append(outcome.delivery.cost)
    columns = {name: torch.cat([part[name] for part in kept]).numpy() for name in kept[0]}
    return columns, Cost.joined(costs)


def _batches(items: int, whole: bool) -> Iterator[range]:
    step = items if whole else BATCH
    for start in range(0, items, step):
        yield range(start, min(start + step, items))


@torch.no_grad()
def receive_ms(link: Link, feed: Feed, csi: Csi) -> float:
    """Milliseconds an item that everything after the encoder takes, in a batch of up to 64 (one timing)."""
    positions = range(min(TIMED, len(feed)))
    state = link.informed(State.of(10.0, feed.ids(positions), Rng.seeded(0), csi))
    payload = link.codec.rest(feed.front(link.codec, positions), state)
    start = time.perf_counter()
    link.deliver(payload, state)
    return 1000 * (time.perf_counter() - start) / len(positions)
