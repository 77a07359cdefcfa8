"""Run an experiment from its description to a results folder."""

import itertools
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gensc import __version__, config
from gensc.config import Experiment
from gensc.data.dataset import Splits
from gensc.data.dataset import load as load_data
from gensc.experiment.results import Results
from gensc.experiment.sweep import locked, sweep
from gensc.link import make
from gensc.machine import files
from gensc.machine.devices import described, device_named
from gensc.machine.memory import keep_freed

PACKAGES = ("gensc", "torch", "timm", "numpy", "scipy", "numba", "pillow")


def run(experiment: Experiment, out: Path, workers: int, command: str, notes: tuple[str, ...] = ()) -> None:
    """Train and score every scheme with every seed; OUT gets experiment.toml, results.sqlite and links/.

    What is finished already is not done again. ``command`` and ``notes`` go into the provenance.
    """
    experiments = config.expand(experiment)
    keep_freed()
    with locked(out):
        splits = load_splits(experiment)
        facts = provenance(experiment, splits, command, (*notes, *caveats(experiments)))
        results = Results(out / "results.sqlite", run_digest(experiment, splits.digest, __version__), facts)
        try:
            files.write_text(out / "experiment.toml", config.to_toml(experiment))
            sweep(experiments, splits, out, results, workers)
        finally:
            results.close()


def run_digest(experiment: Experiment, data: str, gensc: str) -> str:
    """The identity of a results file: the experiment, the digest of its data, the version of gensc."""
    return config.digest(experiment, data, gensc)


def load_splits(experiment: Experiment) -> Splits:
    """The data of an experiment, split."""
    data = experiment.data
    return load_data(data.source, data.test or None, data.size, data.seed, data.validation, data.test_share,
                     data.allow_duplicates)


def caveats(experiments: Iterable[Experiment]) -> tuple[str, ...]:
    """What the transports of these links say of every figure, each once."""
    links = [one.link for one in experiments]
    said = [make("transport", link.transport, channel=make("channel", link.channel)).caveats() for link in links]
    return tuple(dict.fromkeys(itertools.chain.from_iterable(said)))


def provenance(experiment: Experiment, splits: Splits, command: str, notes: tuple[str, ...]) -> dict[str, Any]:
    """Where a result comes from: command, versions, machine, data."""
    return {
        "command": command,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "machine": {"system": platform.system(), "processor": platform.machine(),
                    "device": described(device_named(experiment.device))},
        "data": {"source": experiment.data.source, "test": experiment.data.test, "digest": splits.digest,
                 "train": len(splits.train), "validation": len(splits.validation),
                 "test_items": len(splits.test), "left_out": splits.left_out, "size": experiment.data.size},
        "classes": list(splits.classes),
        "notes": list(notes),
    }
