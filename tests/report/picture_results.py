"""Synthetic results folders of the task "reconstruct": pictures of known PSNR instead of sent ones."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from synthetic_results import VALUES, provenance

from gensc import __version__, config
from gensc.config import Experiment, Part
from gensc.experiment.results import LinkFacts, Point, Results
from gensc.experiment.run import run_digest
from gensc.experiment.sweep import Job, jobs_of
from gensc.machine import files

NAMES = ("psnr", "ms_ssim", "st_lpips", "ssim")
RECONSTRUCT = Part("reconstruct", {"metrics": list(NAMES)})
Columns = Callable[[Job, float], dict[str, np.ndarray]]


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
            results.add_point(Point(job.key, snr_db, uses, sent, uses / 20e6, VALUES, columns(job, snr_db)))
    results.close()
    return out
