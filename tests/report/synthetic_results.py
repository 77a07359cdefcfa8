"""Synthetic results folders: predictions of known accuracy instead of trained links."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from gensc import __version__, config
from gensc.config import Experiment
from gensc.experiment.results import LinkFacts, Point, Results
from gensc.experiment.run import run_digest
from gensc.experiment.sweep import Job, jobs_of
from gensc.machine import files

CLASSES = ("SUV", "Fighter_Jet", "Dump_Truck", "Military_Tank")
Predict = Callable[[Job, float, np.ndarray], np.ndarray]
VALUES = 3 * 32 * 48
"""Source values an item, which are not what data.size says: the report has them from the points alone."""


def provenance(classes: tuple[str, ...], items: int) -> dict:
    """What the runner stores beside the results."""
    return {
        "command": "gensc run table1", "started": "2026-01-02T03:04:05+00:00",
        "versions": {"gensc": __version__, "torch": "2.13.0"},
        "machine": {"system": "Linux", "processor": "x86_64"}, "classes": list(classes),
        "data": {"source": "vehicles", "test": "", "digest": "d1", "train": 100, "validation": 20,
                 "test_items": items, "size": 224},
        "notes": ["resnet50 is not in this table: get it with `gensc zoo pull resnet50`"],
    }


def fill(out: Path, experiment: Experiment, predict: Predict, label: np.ndarray,
         classes: tuple[str, ...] = CLASSES, points: int | None = None) -> Path:
    """A results folder whose predictions int [N] come from ``predict(job, snr_db, label)``; at most ``points``."""
    left = 10**9 if points is None else points
    digest = run_digest(experiment, "d1", __version__)
    results = Results(out / "results.sqlite", digest, provenance(classes, len(label)))
    files.write_text(out / "experiment.toml", config.to_toml(experiment))
    for job in jobs_of(config.expand(experiment), "d1"):
        part = job.experiment.link.transport
        uses = float(part.options.get("uses", 640 if part.name == "features" else 128))
        for snr_db in job.snr_db[:left]:
            results.add_link(LinkFacts(job.key, job.scheme, job.seed, {"parameters": 4_652_000, "receive_ms": 0.5}))
            columns = {"label": label, "predicted": predict(job, snr_db, label)}
            results.add_point(Point(job.key, snr_db, uses, 0.0, uses / 20e6, VALUES, columns))
        left = max(0, left - len(job.snr_db))
    results.close()
    return out


def wrong_first(label: np.ndarray, wrong: int) -> np.ndarray:
    """The labels int [N], the first ``wrong`` of them off by one class."""
    predicted = label.copy()
    predicted[:wrong] = (predicted[:wrong] + 1) % len(CLASSES)
    return predicted
