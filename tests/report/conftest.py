"""Small results folders that several tests read."""

from pathlib import Path

import numpy as np
import pytest
from synthetic_results import fill, wrong_first

from gensc.config import EvaluateSpec, Experiment
from gensc.experiment.sweep import Job


@pytest.fixture
def two_schemes() -> Experiment:
    """Features and 64 analog uses over AWGN, two seeds, 0 and 10 dB."""
    schemes = ({"link.transport.name": "features"}, {"link.transport.name": "analog", "link.transport.uses": 64})
    return Experiment(name="small_table", seeds=(0, 1), schemes=schemes, evaluate=EvaluateSpec(snr_db=(0.0, 10.0)))


@pytest.fixture
def small(tmp_path: Path, two_schemes: Experiment) -> Path:
    """8 items, classes in turn. Features: 1 wrong of 8 at 10 dB, 4 at 0 dB (seed 1: one more each);
    analog: 2 wrong at 10 dB, 3 at 0 dB, both seeds."""
    wrong = {("features", 10.0): 1, ("features", 0.0): 4, ("analog", 10.0): 2, ("analog", 0.0): 3}

    def predict(job: Job, snr_db: float, label: np.ndarray) -> np.ndarray:
        name = job.experiment.link.transport.name
        return wrong_first(label, wrong[name, snr_db] + (job.seed if name == "features" else 0))

    return fill(tmp_path / "out", two_schemes, predict, np.arange(8) % 4)
