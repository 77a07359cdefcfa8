"""Gradient descent over QPU nodes: synchronous, or with bounded staleness."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

import numpy as np

from gensc.errors import InputError
from gensc.machine.pool import ProcessPool
from gensc.quantum.nodes.batches import Batches
from gensc.quantum.nodes.classifier import Classifier, Forward, Gradient, Shifts
from gensc.quantum.nodes.crew import Crew, Lost
from gensc.rng import Rng

Split = Literal["data", "shifts"]


@dataclass(frozen=True)
class Plan:
    """How it is learned: ``steps`` of plain gradient descent at ``rate`` on batches of ``batch`` items.

    ``split``: "data", each node has a share of the batch; "shifts", each has a share of the batch for the
    expectations, then a share of the shifted circuits, on the whole batch.
    ``staleness`` None: synchronous. A number s (with split "data"): see ``train``.
    ``timeout_s``: a node that has not answered a job by then is lost.
    """

    steps: int
    batch: int
    rate: float
    split: Split = "data"
    staleness: int | None = None
    timeout_s: float = 60.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise InputError(f"nodes: steps is {self.steps}; expected at least 1")
        if not 0 < self.rate < float("inf"):
            raise InputError(f"nodes: rate is {self.rate}; expected a learning rate above 0")
        if self.split not in get_args(Split):
            raise InputError(f"nodes: split is {self.split!r}; expected one of {', '.join(get_args(Split))}")
        if self.staleness is not None and self.staleness < 0:
            raise InputError(f"nodes: staleness is {self.staleness}; expected 0 or more steps, or none for synchronous")
        if self.staleness is not None and self.split != "data":
            raise InputError("nodes: staleness needs split \"data\"; shifted circuits are summed synchronously")


@dataclass(frozen=True, eq=False)
class Step:
    """A step that is over: mean ``loss`` of its batch as the nodes read it, ``seconds`` since the start,
    the ``living`` nodes, what is to be said of nodes that were lost (``notes``), and the ``parameters`` now.

    ``staleness``: how many steps the slowest node was behind a node that took a share of this batch, at most.
    """

    step: int
    loss: float
    seconds: float
    living: int
    notes: tuple[str, ...]
    parameters: np.ndarray
    staleness: int = 0


def train(model: Classifier, features: np.ndarray, labels: np.ndarray, plan: Plan, pool: ProcessPool) -> Iterator[Step]:
    """Learn from features float64 [n, k] and labels int64 [n] over the nodes of ``pool``, step by step.

    Synchronous: a step waits for all shares, sums them in order and divides by the batch. The share of a node that is
    lost goes to the others, and they divide the batches that follow: nothing is left out.
    Bounded staleness s (stale synchronous parallel; Ho et al., NIPS 2013): each node takes its share of batch after
    batch, and its gradient is applied as it comes. No gradient is dropped: a node that is s steps ahead of the slowest
    waits, so that its parameters hold all gradients up to s + 1 steps before its own. s = 0 is synchronous, up to the
    order of the sum. Waits that come and go even out; a node that is always slow still sets the pace.
    A lost node is left out of the count, its open share goes missing, and the others divide the batches that they
    start from then on; in the up to s + 1 under way, items may be missed or counted twice.
    Raises InputError for data that don't fit, and RunLost once no node is left. A pool serves one training at a time.
    """
    batches = Batches(features, labels, plan.batch, plan.seed)
    if plan.batch < pool.size:
        raise InputError(f"nodes: batch is {plan.batch} for {pool.size} nodes; expected at least one item a node")
    if not 0 <= labels.min() <= labels.max() < model.classes:
        raise InputError(f"nodes: labels go from {labels.min()} to {labels.max()}; expected 0 to {model.classes - 1}")
    parameters = model.first(Rng.seeded(plan.seed, "nodes", "parameters"))
    crew = Crew(pool, plan.timeout_s)
    if plan.staleness is None:
        return _synchronous(model, parameters, batches, plan, crew)
    return _stale(model, parameters, batches, plan, plan.staleness, crew)


def _synchronous(model: Classifier, parameters: np.ndarray, batches: Batches, plan: Plan,
                 crew: Crew) -> Iterator[Step]:
    started = time.monotonic()
    whole = _by_data if plan.split == "data" else _by_shifts
    for step in range(plan.steps):
        loss, gradient, notes = whole(model, parameters, batches, step, crew)
        parameters = parameters - plan.rate * gradient / plan.batch
        yield Step(step, loss / plan.batch, time.monotonic() - started, len(crew.living), tuple(notes), parameters)


def _by_data(model: Classifier, parameters: np.ndarray, batches: Batches, step: int,
             crew: Crew) -> tuple[float, np.ndarray, list[str]]:
    """Sums over the batch: the losses and the gradient; and the notes."""
    parts = len(crew.living)
    answers, notes = crew.gather([Gradient(model, parameters, batches.share(step, part, parts))
                                  for part in range(parts)])
    return sum(loss for loss, _ in answers), np.sum([gradient for _, gradient in answers], axis=0), notes


def _by_shifts(model: Classifier, parameters: np.ndarray, batches: Batches, step: int,
               crew: Crew) -> tuple[float, np.ndarray, list[str]]:
    parts = len(crew.living)
    read, notes = crew.gather([Forward(model, parameters, batches.share(step, part, parts)) for part in range(parts)])
    share = batches.share(step, 0, 1)
    loss, of_z, of_layer = model.behind(parameters, np.concatenate(read), share.labels)
    places, parts = model.circuit.parameters, min(len(crew.living), model.circuit.parameters)
    ends = [places * part // parts for part in range(parts + 1)]
    found, more = crew.gather([Shifts(model, parameters, share, of_z, between) for between in pairwise(ends)])
    return loss, np.concatenate([*found, of_layer]), notes + more


@dataclass
class _Tally:
    """What has come of a step so far."""

    loss: float = 0.0
    items: int = 0
    ahead: int = 0


def _stale(model: Classifier, parameters: np.ndarray, batches: Batches, plan: Plan, staleness: int,
           crew: Crew) -> Iterator[Step]:
    started = time.monotonic()
    clock = dict.fromkeys(crew.living, 0)
    tallies = [_Tally() for _ in range(plan.steps)]
    notes: list[str] = []
    at_work = dict[int, int]()
    given = 0
    while given < plan.steps:
        slowest = min(clock.values())
        for node in crew.idle:
            step = clock[node]
            if step < plan.steps and step - slowest <= staleness:
                share = batches.share(step, crew.living.index(node), len(crew.living))
                crew.start(node, Gradient(model, parameters, share))
                at_work[node] = len(share.labels)
                tallies[step].ahead = max(tallies[step].ahead, step - slowest)
        event = crew.next()
        if isinstance(event, Lost):
            del clock[event.node]
            notes.append(f"{event.why}; it goes on without its open share")
        else:
            loss, gradient = event.value
            parameters = parameters - plan.rate * gradient / plan.batch
            tally = tallies[clock[event.node]]
            tally.loss, tally.items = tally.loss + loss, tally.items + at_work[event.node]
            clock[event.node] += 1
        while given < min(clock.values()):
            over = tallies[given]
            yield Step(given, over.loss / over.items, time.monotonic() - started, len(crew.living), tuple(notes),
                       parameters, over.ahead)
            notes, given = [], given + 1
