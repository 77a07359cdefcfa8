"""Learning over QPU nodes: the same curve from 1, 2 and 4, steps per second, and noise, slow and silent nodes.

A classifier of four qubits learns three overlapping classes, drawn from normal distributions, over processes of this
machine; a node that is lent by a QPU somewhere is stood for by its latency, noise and shots. The time that the
processes take to start is not counted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gensc.bench.output import Curves
from gensc.machine.progress import track
from gensc.quantum.circuit.circuit import Circuit
from gensc.quantum.nodes.classifier import Classifier
from gensc.quantum.nodes.node import Node
from gensc.quantum.nodes.pool import node_pool
from gensc.quantum.nodes.training import Plan, Split, train
from gensc.rng import Rng

STEPS = 40
MODEL = Classifier(Circuit(4, 3), 3)
ITEMS, VALUES, BATCH, RATE = 240, 8, 48, 1.5
LATENCY_S, SLOW_S, JITTER_S = 0.01, 0.1, 0.05
NOISE = Node(shots=100, depolarizing=0.02, readout=0.02)
PATIENCE_S = 2.0
"""Until a silent node counts as lost, where one stops."""


@dataclass(frozen=True)
class Setting:
    """Nodes, and how they share the work (``gensc.quantum.nodes.training.Plan``)."""

    name: str
    nodes: tuple[Node, ...]
    split: Split = "data"
    staleness: int | None = None
    timeout_s: float = 60.0


@dataclass(frozen=True)
class Row:
    """One training: ``loss`` and ``accuracy`` at its end on all items, exact and without noise, whatever the nodes
    read; ``difference``: the largest of its curve of batch losses from that of one noiseless synchronous node;
    ``behind``: the most steps by which a node was behind another that started one (0 if synchronous); ``staleness``
    -1 for synchronous; ``living`` nodes at the end; ``note``: what was said of those that were lost."""

    setting: str
    split: str
    nodes: int
    staleness: int
    steps: int
    seconds: float
    steps_per_second: float
    loss: float
    accuracy: float
    difference: float
    behind: int
    living: int
    note: str


@dataclass(frozen=True)
class Point:
    """A step of a curve: ``seconds`` since the start, the batch's loss as the nodes ``read`` it, and the ``loss``
    after it on all items, exact and without noise."""

    setting: str
    nodes: int
    step: int
    seconds: float
    read: float
    loss: float


def settings(steps: int = STEPS) -> list[Setting]:
    """What is measured: the first is the one node that the others are set against."""
    good, slow = Node(), Node(latency_s=SLOW_S)
    return [
        *(Setting("noiseless", (good,) * count) for count in (1, 2, 4)),
        *(Setting(f"noiseless, {1e3 * LATENCY_S:g} ms a run", (Node(latency_s=LATENCY_S),) * count, "shifts")
          for count in (1, 2, 4)),
        Setting("one stops", (good, good, good, Node(stops_after=steps // 4)), timeout_s=PATIENCE_S),
        Setting("one stops, staleness 4", (good, good, good, Node(stops_after=steps // 4)), "data", 4, PATIENCE_S),
        Setting("one is slow", (good, good, good, slow)),
        Setting("one is slow, staleness 4", (good, good, good, slow), "data", 4),
        Setting("all queue", (Node(jitter_s=JITTER_S),) * 4),
        Setting("all queue, staleness 4", (Node(jitter_s=JITTER_S),) * 4, "data", 4),
        Setting("one is noisy", (good, good, good, NOISE)),
        Setting("all are noisy", (NOISE,) * 4, "shifts"),
    ]


def measure(steps: int = STEPS, chosen: Sequence[Setting] | None = None) -> Iterator[tuple[Row, list[Point]]]:
    """A row and a curve for each setting (all of ``settings``: None), in processes that end with it."""
    todo = settings(steps) if chosen is None else chosen
    features, labels = data()
    first: np.ndarray | None = None
    for setting in track(todo, "learning over QPU nodes", len(todo)):
        plan = Plan(steps, BATCH, RATE, setting.split, setting.staleness, setting.timeout_s)
        with node_pool(setting.nodes) as pool:
            taken = list(train(MODEL, features, labels, plan, pool))
        read = np.array([step.loss for step in taken])
        first = read if first is None else first
        last, count = taken[-1], len(setting.nodes)
        loss, accuracy = MODEL.score(last.parameters, features, labels)
        row = Row(setting.name, setting.split, count, -1 if setting.staleness is None else setting.staleness, steps,
                  last.seconds, steps / last.seconds, loss, accuracy, float(np.abs(read - first).max()),
                  max(step.staleness for step in taken), last.living,
                  "; ".join(note for step in taken for note in step.notes))
        yield row, [Point(setting.name, count, step.step, step.seconds, step.loss,
                          MODEL.score(step.parameters, features, labels)[0]) for step in taken]


def data(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features float64 [n, k] of three normal classes that overlap, and their labels int64 [n]."""
    rng = Rng.seeded(seed, "bench", "nodes")
    labels = np.arange(ITEMS) % MODEL.classes
    centres = rng.child("centres").of(MODEL.classes).normal(VALUES).double().numpy()
    return centres[labels] + 0.7 * rng.child("items").of(ITEMS).normal(VALUES).double().numpy(), labels


def panels(points: Sequence[Point]) -> dict[str, Curves]:
    """The exact loss over seconds, a line for each setting and number of nodes; noiseless ones in a panel of their
    own."""
    made: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for one in points:
        title = "noiseless" if one.setting.startswith("noiseless") else "slow, silent and noisy"
        made.setdefault(title, {}).setdefault(f"{one.nodes}: {one.setting}", []).append((one.seconds, one.loss))
    return dict(made)
