"""Codes on noisy qubits: logical error rates over p, exact and sampled, and what they do for a link's accuracy."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from gensc.errors import InputError
from gensc.experiment.evaluate import evaluate
from gensc.experiment.feed import Feed
from gensc.link import Link
from gensc.machine.progress import track
from gensc.metric.estimate import proportion, wilson
from gensc.quantum.qubit.correction import Code, Errors, Name, code, polynomial, pseudo_threshold, sample
from gensc.rng import Rng
from gensc.transport import Qubit

PS = (0.001, 0.003, 0.01, 0.02, 0.05, 0.08, 0.12, 0.2)
CODES: tuple[Name, ...] = ("none", "repetition", "shor", "steane")
SNR_DB = 0.0
"""Plays no role for qubits; a state has one."""
Interval = tuple[float, float, float, float]
"""x, y, and the ends of the 95 % interval of y."""


@dataclass(frozen=True)
class Rate:
    """Probability of any logical error (X, Y or Z) of a decoded block at ``p`` a physical qubit, code capacity:
    ``exact`` by listing all errors, ``sampled`` over ``shots`` blocks through Stim with its 95 % interval."""

    code: Name
    qubits: int
    noise: Errors
    p: float
    exact: float
    sampled: float
    low: float
    high: float
    shots: int


@dataclass(frozen=True)
class Threshold:
    """Failures ``factor`` p^``power`` + ... of a code, and the p from which on it is worse than a bare qubit (None: it
    never helps, or never harms)."""

    code: str
    noise: str
    power: int
    factor: float
    pseudo_threshold: float | None


@dataclass(frozen=True)
class Accuracy:
    """Share of the feed's items that a link classifies right at ``p``, with its 95 % interval; ``uses`` are the qubits
    (and classical bits) of an item, on average."""

    correction: str
    shots: int
    noise: str
    p: float
    uses: float
    accuracy: float
    low: float
    high: float
    items: int


def logical_rates(shots: int, ps: Sequence[float] = PS, seed: int = 0) -> Iterator[Rate]:
    """Every code and noise at every p."""
    points = [(one, noise, p) for noise in get_args(Errors) for one in CODES for p in ps]
    for name, noise, p in track(points, "logical error rates of every code, noise and p", len(points)):
        made = code(name)
        found = sample(made, noise, p, shots, Rng.seeded(seed, "logical", name, noise, p))
        share = found.failures / shots
        yield Rate(name, made.n, noise, p, polynomial(made, noise).rate(p), share, *wilson(share, shots), shots)


def thresholds() -> Iterator[Threshold]:
    """Leading terms and pseudo-thresholds of the codes, exactly."""
    for noise in get_args(Errors):
        for made in map(code, CODES[1:]):
            yield _threshold(made, noise)


def compared(link: Link) -> tuple[tuple[Name, int], ...]:
    """The codes and copies to set beside each other: every code at the link's own copies, and no code at as many
    physical qubits (but basis states, which are read once)."""
    transport = _over_qubits(link)
    shots = transport.shots
    own: list[tuple[Name, int]] = [(name, shots) for name in CODES]
    if transport.embedding != "bits":
        own += [("none", shots * code(name, transport.length).n) for name in CODES[1:]]
    return tuple(own)


def accuracy(link: Link, feed: Feed, ps: Sequence[float], settings: Sequence[tuple[Name, int]],
             seed: int = 0) -> Iterator[Accuracy]:
    """A trained link over qubits at every p, for each of ``settings``: the code and the copies of each qubit.

    The link stays as it was trained, whatever p it met then; at one p all settings share their random numbers. To set a
    code against no code at the same uses, give no code n times the copies. Raises InputError for a link whose transport
    is not qubit, or whose task does not classify.
    """
    trained = _over_qubits(link)
    points = [(name, shots, p) for name, shots in settings for p in ps]
    try:
        for name, shots, p in track(points, "accuracy at every code and p", len(points)):
            link.transport = trained.under(p, name, shots)
            scores = evaluate(link, feed, SNR_DB, "receiver", Rng.seeded(seed, "qubit", p).child("test"))
            right = link.task.per_item(scores.columns)
            if right is None or link.task.confusion([scores.columns]) is None:
                raise InputError("the link's task does not classify: accuracy over p needs task classify")
            found = proportion(right[None] > 0)
            uses = float(scores.cost.uses.mean())
            yield Accuracy(name, shots, trained.path.noise.name, p, uses, found.value, found.low, found.high,
                           found.items)
    finally:
        link.transport = trained


def rate_panels(rows: Sequence[Rate]) -> dict[str, dict[str, list[Interval]]]:
    """Sampled logical error rate over p, a panel each noise, marks each code."""
    made: dict[str, dict[str, list[Interval]]] = {}
    for row in rows:
        curves = made.setdefault(_titled(row.noise), {})
        curves.setdefault(row.code, []).append((row.p, row.sampled, row.low, row.high))
    return made


def exact_panels(rows: Sequence[Rate], points: int = 100) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """The exact lines through these rows."""
    grid = np.geomspace(min(row.p for row in rows), max(row.p for row in rows), points).tolist()
    made: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for row in rows:
        curves = made.setdefault(_titled(row.noise), {})
        if row.code not in curves:
            curve = polynomial(code(row.code), row.noise)
            curves[row.code] = [(p, curve.rate(p)) for p in grid]
    return made


def accuracy_panels(rows: Sequence[Accuracy]) -> dict[str, dict[str, list[Interval]]]:
    """Accuracy in percent over p, a line each code and number of copies."""
    made: dict[str, dict[str, list[Interval]]] = {}
    for row in rows:
        curve = made.setdefault(_titled(row.noise), {}).setdefault(f"{row.correction}, {row.shots:,} copies", [])
        curve.append((row.p, 100 * row.accuracy, 100 * row.low, 100 * row.high))
    return made


def _over_qubits(link: Link) -> Qubit:
    if not isinstance(link.transport, Qubit):
        raise InputError(f"the link's transport is {type(link.transport).__name__.lower()}: expected one over qubits "
                         "(link.transport.name = qubit)")
    return link.transport


def _threshold(made: Code, noise: Errors) -> Threshold:
    power, factor = polynomial(made, noise).leading
    return Threshold(made.name, noise, power, factor, pseudo_threshold(made, noise))


def _titled(noise: str) -> str:
    return noise.replace("_", " ")
