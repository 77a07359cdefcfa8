"""Finished points as rows: one scheme at one SNR, over all seeds that are there."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gensc import config, units
from gensc.config import Experiment
from gensc.errors import InputError
from gensc.experiment.results import LinkFacts, Point, Results
from gensc.experiment.run import run_digest
from gensc.link import make
from gensc.machine.progress import track
from gensc.metric import Estimate
from gensc.metric.estimate import proportion
from gensc.metric.figures import Measure
from gensc.report.labels import Labels, Role, convention, labels, mark, role
from gensc.task import Task
from gensc.task.base import Run


@dataclass(frozen=True, eq=False)
class Row:
    """One scheme at one SNR.

    ``snr_db`` is Es/N0 in dB, but a plain ratio where ``convention`` names one that takes the number so.
    ``measures``: what its task says of its figures, the headline first; ``figures`` by the name of their measure;
    ``seeds`` those that are aggregated, S of them.
    ``role``: a learned link, the separate baseline, or an ideal one. ``arrived``: the share of items delivered.
    Cost an item: ``uses`` (complex channel uses), ``bits``, ``seconds`` on the air, ``cbr`` (uses per source
    value), ``receive_ms`` of computing after the encoder. ``params_m``: millions of parameters.
    ``values`` float [S,N]: the headline of each item, where it is a mean over them. ``confusion`` int [C,C] (true,
    predicted) over all seeds, where classes are told apart.
    """

    scheme: int
    role: Role
    codec: str
    task: str
    transport: str
    channel: str
    snr_db: float
    convention: str
    measures: tuple[Measure, ...]
    figures: dict[str, Estimate]
    arrived: Estimate
    seeds: tuple[int, ...]
    params_m: float
    uses: float
    bits: float
    seconds: float
    cbr: float
    receive_ms: float
    values: np.ndarray | None
    confusion: np.ndarray | None

    @property
    def measure(self) -> Measure:
        """What leads tables and plots."""
        return self.measures[0]

    @property
    def headline(self) -> str:
        """The name of the leading figure."""
        return self.measure.name

    @property
    def leading(self) -> Estimate:
        """The leading figure."""
        return self.figures[self.headline]

    @property
    def plain_ratio(self) -> bool:
        """Whether ``snr_db`` is a plain ratio and no dB."""
        return bool(self.convention)

    @property
    def mark(self) -> str:
        """The mark of its convention, "[name]"; "" where ``snr_db`` is in dB."""
        return mark(self.convention)

    @property
    def true_db(self) -> float:
        """Es/N0 in dB, whatever the scheme's convention (over all items together for a plain ratio)."""
        return float(units.ratio_to_db(self.snr_db)) if self.plain_ratio else self.snr_db


@dataclass(frozen=True)
class Finished:
    """What a results folder holds: the experiment and its schemes, rows by scheme and SNR, where they come
    from, and how many of the ``planned`` points are ``done``."""

    experiment: Experiment
    schemes: tuple[Experiment, ...]
    rows: tuple[Row, ...]
    classes: tuple[str, ...]
    provenance: dict[str, Any]
    done: int
    planned: int


def rows(out: Path) -> list[Row]:
    """The rows of a results folder, by scheme and SNR."""
    return list(load(out).rows)


def load(out: Path) -> Finished:
    """Read a results folder. Raises InputError where it holds no results, or those of another experiment."""
    experiment = _experiment(out)
    path = out / "results.sqlite"
    results = Results.read(path)
    try:
        identity, provenance = results.meta("experiment"), results.provenance
        links, points = results.links(), results.points()
    finally:
        results.close()
    if run_digest(experiment, provenance["data"]["digest"], provenance["versions"]["gensc"]) != identity:
        raise InputError(f"{out / 'experiment.toml'} is not the experiment whose results {path} holds: "
                         "put the original file back, or run the experiment into another folder")
    if not points:
        raise InputError(f"{path} holds no finished point yet: wait for the run's first, or start it again")
    schemes, classes = config.expand(experiment), tuple(provenance["classes"])
    made = _rows(schemes, len(classes), links, points)
    planned = sum(len(one.seeds) * len(one.evaluate.snr_db) for one in schemes)
    return Finished(experiment, schemes, tuple(made), classes, provenance, len(points), planned)


def _experiment(out: Path) -> Experiment:
    for name in ("results.sqlite", "experiment.toml"):
        if not (out / name).is_file():
            raise InputError(f"{out} is no results folder, it has no {name}: give the folder named with --out "
                             "when the experiment was run")
    return config.load(out / "experiment.toml")


def _rows(schemes: tuple[Experiment, ...], classes: int, links: dict[str, LinkFacts],
          points: list[Point]) -> list[Row]:
    together: dict[tuple[int, float], list[tuple[LinkFacts, Point]]] = defaultdict(list)
    for point in points:
        link = links[point.job]
        together[link.scheme, point.snr_db].append((link, point))
    named = labels(schemes)
    return [_row(schemes[scheme], named[scheme], classes, sorted(together[scheme, snr_db], key=lambda run: run[0].seed))
            for scheme, snr_db in track(sorted(together), "figures and intervals", len(together))]


def _row(experiment: Experiment, label: Labels, classes: int, runs: list[tuple[LinkFacts, Point]]) -> Row:
    link, point = runs[0]
    task: Task = make("task", experiment.link.task, classes=classes)
    columns = [one.columns for _, one in runs]
    uses = _mean(one.uses for _, one in runs)
    return Row(
        link.scheme, role(experiment), label.codec, label.task, label.transport, label.channel, point.snr_db,
        convention(experiment), task.measures, task.summarise(columns), _arrived(columns),
        tuple(one.seed for one, _ in runs), params_m=link.facts["parameters"] / 1e6, uses=uses,
        bits=_mean(one.bits for _, one in runs), seconds=_mean(one.seconds for _, one in runs),
        cbr=uses / _mean(one.values for _, one in runs),
        receive_ms=_mean(one.facts["receive_ms"] for one, _ in runs), values=_values(task, columns),
        confusion=task.confusion(columns),
    )


def _arrived(columns: Sequence[Run]) -> Estimate:
    """The share of items whose column "ok" says that they arrived; all, where a point has no such column."""
    items = len(next(iter(columns[0].values())))
    return proportion(np.stack([run.get("ok", np.ones(items, dtype=bool)) for run in columns]))


def _values(task: Task, columns: Sequence[Run]) -> np.ndarray | None:
    values = [of_run for of_run in map(task.per_item, columns) if of_run is not None]
    return np.stack(values) if len(values) == len(columns) else None


def _mean(values: Iterable[float]) -> float:
    numbers = list(values)
    return math.fsum(numbers) / len(numbers)
