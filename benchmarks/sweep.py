"""Wall time of a whole sweep against the sum of its bare forward passes.

A link whose encoder runs at every point (nothing stored) is trained for one epoch, then scored at sixteen
SNRs by ``gensc.experiment.sweep`` with one worker: process start, reading pictures from disk, streams, channel,
metrics and storage included. The same tensors then go through bare calls of its modules, one thread as in a worker.

    python benchmarks/sweep.py
"""

import tempfile
import time
from pathlib import Path

import torch

from gensc import config
from gensc.data.dataset import Splits
from gensc.experiment.linkfile import load
from gensc.experiment.results import Results
from gensc.experiment.run import load_splits
from gensc.experiment.store import FeatureStore
from gensc.experiment.sweep import jobs_of, sweep, train_link
from gensc.export.rendered import make
from gensc.machine.memory import keep_freed
from gensc.rng import Rng
from gensc.signal import State

SNR_DB = tuple(float(snr_db) for snr_db in range(-10, 22, 2))
EXPERIMENT = {
    "seeds": [0], "data": {"test_share": 0.3, "allow_duplicates": True},
    "link": {"codec": {"name": "backbone", "mode": "finetune"}, "transport": {"name": "analog"}},
    "train": {"epochs": 1}, "evaluate": {"snr_db": list(SNR_DB)},
}


@torch.no_grad()
def bare_s(link_file: Path, splits: Splits) -> float:
    """Seconds of nothing but the link's forward passes, once for every SNR, on pictures already in memory."""
    link, _ = load(link_file)
    batch = splits.test.batch(range(len(splits.test)))
    total = 0.0
    for snr_db in SNR_DB:
        for part in torch.arange(len(splits.test)).split(256):
            state = State.of(snr_db, batch.item[part].tolist(), Rng.seeded(0))
            pictures = batch.select(part)
            start = time.perf_counter()
            link(pictures, state)
            total += time.perf_counter() - start
    return total


def main() -> None:
    """Train once, sweep, repeat bare, print the ratio."""
    torch.set_num_threads(1)
    keep_freed()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        make(192, out / "pictures")
        source = {"data.source": f"folder:{out / 'pictures' / 'images'}"}
        experiments = (config.changed(config.from_table(EXPERIMENT), source),)
        splits = load_splits(experiments[0])
        job = jobs_of(experiments, splits.digest)[0]
        link_file = out / "links" / f"{job.key[:16]}.safetensors"
        for _ in train_link(job.experiment, 0, splits, link_file, out / "ckpt", FeatureStore()):
            pass
        results = Results(out / "results.sqlite", "benchmark")
        start = time.perf_counter()
        sweep(experiments, splits, out, results, workers=1)
        wall = time.perf_counter() - start
        points = len(results.done())
        results.close()
        bare = bare_s(link_file, splits)
    print(f"sweep of {points} points x {len(splits.test)} pictures: {wall:.1f} s")
    print(f"bare forward passes of the same:     {bare:.1f} s")
    print(f"ratio {wall / bare:.3f}")


if __name__ == "__main__":
    main()
