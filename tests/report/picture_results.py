"""Synthetic results of a task whose figures are those of pictures: known dB instead of sent pictures."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from synthetic_results import provenance
from torch import Tensor

from gensc import __version__, config, files
from gensc.batch import Batch
from gensc.config import Experiment
from gensc.metric.estimate import Z95, Estimate
from gensc.results import LinkFacts, Point, Results
from gensc.run import run_digest
from gensc.signal import State
from gensc.sweep import Job, jobs_of
from gensc.task import Task

NAMES = ("psnr", "ssim", "ms_ssim", "st_lpips")
Columns = Callable[[Job, float], dict[str, np.ndarray]]


class Repaint(Task):
    """A task that keeps four figures of each picture; only its summary is used."""

    headline = "psnr"

    def bind(self, shape: tuple[int, ...]) -> None:
        """Nothing to make."""

    def forward(self, received: Tensor, state: State) -> Tensor:
        return received

    def loss(self, prediction: Tensor, batch: Batch) -> Tensor:
        return (prediction - batch.x).square().mean()

    def score(self, prediction: Tensor, batch: Batch) -> dict[str, Tensor]:
        return {name: prediction.mean(dim=(1, 2, 3)) for name in NAMES}

    def summarise(self, runs: list[dict[str, np.ndarray]]) -> dict[str, Estimate]:
        figures = {}
        for name in NAMES:
            values = np.stack([run[name] for run in runs]).astype(float)
            half = Z95 * float(values.mean(axis=0).std(ddof=1)) / values.shape[1] ** 0.5
            mean = float(values.mean())
            figures[name] = Estimate(mean, mean - half, mean + half, values.shape[1], values.shape[0])
        return figures


def pictures_of(psnr: np.ndarray) -> dict[str, np.ndarray]:
    """Columns [N] that follow from PSNRs [N] in dB."""
    return {"psnr": psnr, "ssim": 1 - np.exp(-psnr / 12), "ms_ssim": 1 - np.exp(-psnr / 8),
            "st_lpips": np.exp(-psnr / 9)}


def fill_pictures(out: Path, experiment: Experiment, columns: Columns, bits: float = 0.0,
                  classes: tuple[str, ...] = ()) -> Path:
    """A results folder whose columns come from ``columns(job, snr_db)``."""
    items = len(next(iter(columns(jobs_of(config.expand(experiment), "d1")[0], 0.0).values())))
    results = Results(out / "results.sqlite", run_digest(experiment, "d1", __version__), provenance(classes, items))
    files.write_text(out / "experiment.toml", config.to_toml(experiment))
    for job in jobs_of(config.expand(experiment), "d1"):
        link = job.experiment.link
        uses = float(link.transport.options.get("uses", 512))
        sent = 0.0 if link.transport.name == "analog" else bits
        parameters = 0 if link.codec.name == "picture" else 3_100_000
        for snr_db in job.snr_db:
            results.add_link(LinkFacts(job.key, job.scheme, job.seed, {"parameters": parameters, "receive_ms": 2.5}))
            results.add_point(Point(job.key, snr_db, uses, sent, uses / 20e6, columns(job, snr_db)))
    results.close()
    return out
