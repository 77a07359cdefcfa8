"""Codes on noisy qubits: logical error rates over p, exact and sampled, and what they do for a link's accuracy."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import numpy as np

from gensc import files
from gensc.errors import InputError
from gensc.evaluate import evaluate
from gensc.feed import Feed
from gensc.link import Link
from gensc.metric.estimate import proportion, wilson
from gensc.progress import track
from gensc.quantum.correction import Code, Errors, Name, code, polynomial, pseudo_threshold, sample
from gensc.rng import Rng
from gensc.transport.qubit import Qubit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PS = (0.001, 0.003, 0.01, 0.02, 0.05, 0.08, 0.12, 0.2)
CODES: tuple[Name, ...] = ("none", "repetition", "shor", "steane")
SNR_DB = 0.0
"""Plays no role for qubits; a state has one."""
_COLOURS = {"none": "#59636e", "repetition": "#866500", "shor": "#c04f00", "steane": "#0072b2"}
_One = TypeVar("_One")


@dataclass(frozen=True)
class Rate:
    """Probability of any logical error (X, Y or Z) of a decoded block at ``p`` a physical qubit, code capacity:
    ``exact`` by listing all errors, ``sampled`` over ``shots`` blocks through Stim with its 95 % interval."""

    code: str
    qubits: int
    noise: str
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


def accuracy(link: Link, feed: Feed, ps: Sequence[float], settings: Sequence[tuple[Name, int]],
             seed: int = 0) -> Iterator[Accuracy]:
    """A trained link over qubits at every p, for each of ``settings``: the code and the copies of each qubit.

    The link stays as it was trained, whatever p it met then; at one p all settings share their random numbers. To set a
    code against no code at the same uses, give no code n times the copies. Raises InputError for a link whose transport
    is not qubit, or whose task does not classify.
    """
    trained = link.transport
    if not isinstance(trained, Qubit):
        raise InputError(f"the link's transport is {type(trained).__name__.lower()}: expected one over qubits "
                         "(link.transport.name = qubit)")
    points = [(name, shots, p) for name, shots in settings for p in ps]
    try:
        for name, shots, p in track(points, "accuracy at every code and p", len(points)):
            link.transport = trained.under(p, name, shots)
            columns, cost = evaluate(link, feed, SNR_DB, "receiver", Rng.seeded(seed, "qubit", p).child("test"))
            if "predicted" not in columns:
                raise InputError("the link's task does not classify: accuracy over p needs task classify")
            found = proportion((columns["predicted"] == columns["label"])[None])
            yield Accuracy(name, shots, trained.path.noise.name, p, float(cost.uses.mean()), found.value, found.low,
                           found.high, found.items)
    finally:
        link.transport = trained


def write_csv(rows: Sequence[Any], path: Path) -> None:
    """Write rows of one of the classes here, all digits kept."""
    if not rows:
        raise InputError(f"there are no rows to write to {path}: give at least one p")
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(rows[0])])
    writer.writerows(astuple(row) for row in rows)
    files.write_text(path, text.getvalue())


def plot_rates(rows: Sequence[Rate], path: Path) -> None:
    """Logical error rate over p, a panel for each noise: lines exact, marks sampled. PNG, SVG or PDF by the name."""
    from matplotlib.figure import Figure

    noises = list(dict.fromkeys(row.noise for row in rows))
    figure = Figure(figsize=(4 * len(noises), 3.6), layout="constrained")
    for axes, noise in zip(np.ravel(figure.subplots(1, len(noises), sharey=True)), noises, strict=True):
        for name, group in _grouped([row for row in rows if row.noise == noise], "code").items():
            curve = polynomial(code(name), group[0].noise)
            grid = np.geomspace(min(row.p for row in group), max(row.p for row in group), 100)
            axes.plot(grid, [curve.rate(p) for p in grid], color=_COLOURS[name], label=name)
            ends = [[row.sampled - row.low for row in group], [row.high - row.sampled for row in group]]
            axes.errorbar([row.p for row in group], [row.sampled for row in group], yerr=ends, fmt="o", markersize=3,
                          color=_COLOURS[name])
        axes.set(xscale="log", yscale="log", title=noise.replace("_", " "), xlabel="p of a physical qubit")
        _plain(axes)
    figure.axes[0].set_ylabel("logical error rate (X, Y or Z)")
    figure.axes[0].legend(frameon=False)
    _save(figure, path)


def plot_accuracy(rows: Sequence[Accuracy], path: Path) -> None:
    """Accuracy over p, a line for each code and number of copies, with 95 % intervals."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4), layout="constrained")
    axes = figure.subplots()
    fewest = min(row.shots for row in rows)
    for (name, shots), group in _grouped(rows, "correction", "shots").items():
        label = f"{name}, {shots} copies, {group[0].uses:,.0f} uses"
        axes.plot([row.p for row in group], [100 * row.accuracy for row in group], "o-" if shots == fewest else "s--",
                  color=_COLOURS[name], markersize=4, label=label)
        axes.fill_between([row.p for row in group], [100 * row.low for row in group], [100 * row.high for row in group],
                          color=_COLOURS[name], alpha=0.12, linewidth=0)
    axes.set(xscale="log", xlabel=f"p of a physical qubit, {rows[0].noise.replace('_', ' ')}", ylabel="accuracy, %")
    _plain(axes)
    axes.legend(frameon=False)
    _save(figure, path)


def _threshold(made: Code, noise: Errors) -> Threshold:
    power, factor = polynomial(made, noise).leading
    return Threshold(made.name, noise, power, factor, pseudo_threshold(made, noise))


def _grouped(rows: Sequence[_One], *names: str) -> dict[Any, list[_One]]:
    """Rows by the values of these fields, in order of their first row."""
    groups: dict[Any, list[_One]] = {}
    for row in rows:
        key = tuple(getattr(row, name) for name in names)
        groups.setdefault(key if len(names) > 1 else key[0], []).append(row)
    return groups


def _plain(axes: "Axes") -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, linewidth=0.5, color="#d8dee4")
    axes.set_axisbelow(True)


def _save(figure: Any, path: Path) -> None:
    kind = path.suffix.lstrip(".").lower()
    if kind not in ("png", "svg", "pdf"):
        raise InputError(f"{path} names no kind of plot: give a name that ends in .png, .svg or .pdf")
    files.write_with(path, lambda place: figure.savefig(place, format=kind, dpi=150))
