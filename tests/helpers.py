"""What several tests share: toy pictures and links, a tiny experiment, and the gensc command."""

import contextlib
import hashlib
import io
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from gensc.batch import Batch
from gensc.codec import Codec
from gensc.codec.base import Front
from gensc.config import Experiment, load
from gensc.data.dataset import Dataset
from gensc.data.source import Item, Source
from gensc.experiment.results import Point, Results
from gensc.link import Link
from gensc.signal import MAIN, Parts, State
from gensc.task import Classify
from gensc.transport.features import Features

GENSC = Path(sys.executable).with_name("gensc")
COLOURS = {"blue": (40, 60, 220), "green": (40, 200, 60), "red": (220, 60, 40)}


def picture(seed: int, colour: tuple[int, int, int], size: int = 32) -> np.ndarray:
    """A smooth random picture uint8 [size,size,3] of one colour: its class is easy, no two are alike."""
    grey = np.random.default_rng(seed).integers(0, 256, (8, 8), dtype=np.uint8)
    smooth = np.asarray(Image.fromarray(grey).resize((size, size), Image.Resampling.BICUBIC), dtype=np.float32)
    return (np.array(colour, dtype=np.float32) * (0.3 + 0.7 * smooth[..., None] / 255)).astype(np.uint8)


class Colours(Source):
    """``count`` pictures of three colours in turn; ``reads`` lists the items that were read, in order."""

    def __init__(self, count: int = 60, first: int = 0) -> None:
        self.spec, self.classes, self.reads, self._first = "colours", tuple(COLOURS), [], first
        self.labels = np.arange(count, dtype=np.int64) % len(COLOURS)

    def item(self, index: int) -> Item:
        self.reads.append(index)
        label = int(self.labels[index])
        return Item(picture(self._first + index, COLOURS[self.classes[label]], 8), {"label": label})

    def shape(self, index: int) -> tuple[int, ...]:
        return 8, 8, 3

    def fingerprint(self, index: int) -> str:
        return hashlib.sha256(f"colours {self._first + index}".encode()).hexdigest()

    def where(self, index: int) -> str:
        return f"colours {index}"


def colours(count: int = 60, first: int = 0) -> Dataset:
    """A data set of ``Colours``."""
    return Dataset(Colours(count, first), np.arange(count))


class Means(Codec):
    """Means of 4 x 4 px blocks, fixed and stored; ``passes`` counts the calls of the front."""

    form = {MAIN: (12,)}

    def __init__(self, name: str = "means") -> None:
        super().__init__()
        self.name, self.passes = name, 0

    @property
    def front(self) -> Front:
        return Front(self._means, (12,), hashlib.sha256(self.name.encode()).hexdigest())

    def _means(self, batch: Batch, others: Mapping[str, Tensor]) -> Tensor:
        self.passes += 1
        return nn.functional.avg_pool2d(batch.pixels, 4).flatten(1) - 0.3

    def encode(self, batch: Batch, state: State) -> Parts:
        return {MAIN: batch.pixels}


class Learning(Codec):
    """A fixed and a free linear layer on the pixels."""

    form = {MAIN: (8,)}

    def __init__(self) -> None:
        super().__init__()
        self.fixed, self.free = nn.Linear(192, 16).requires_grad_(False), nn.Linear(16, 8)

    def encode(self, batch: Batch, state: State) -> Parts:
        return {MAIN: self.free(self.fixed(batch.pixels.flatten(1)))}


def toy_link(codec: Codec, seed: int = 0) -> Link:
    """A link of ``codec`` over AWGN on the features to three classes."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Link(codec, Features(), Classify(3, "2xfc"))


def weights(link: nn.Module) -> dict[str, Tensor]:
    """A copy of everything in a module."""
    return {name: value.clone() for name, value in link.state_dict().items()}


def same_weights(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    """Whether two state dicts are equal bit for bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def save_pictures(root: Path, count: int = 12, first: int = 0, colours: Mapping[str, str] | None = None) -> Path:
    """A folder of class folders with ``count`` PNG files each; ``colours`` maps class names to colours."""
    for place, (name, colour) in enumerate((colours or {name: name for name in COLOURS}).items()):
        (root / name).mkdir(parents=True)
        for index in range(count):
            pixels = picture(first + 1000 * place + index, COLOURS[colour])
            Image.fromarray(pixels).save(root / name / f"{index:03d}.png")
    return root


def tiny_toml(folder: Path, epochs: int = 2, seeds: str = "[0, 1]", more: str = "") -> str:
    """An experiment file: frozen EfficientNet-Lite0 at 32 px on a folder of pictures, features over AWGN."""
    return f"""name = "tiny"
seeds = {seeds}
{more}
[data]
source = "folder:{folder}"
size = 32
validation = 0.25
test_share = 0.25
[link]
codec = {{name = "backbone", model = "efficientnet_lite0"}}
task = {{name = "classify", head = "2xfc"}}
[train]
epochs = {epochs}
patience = {epochs}
batch = 8
[evaluate]
snr_db = [-20.0, 10.0]
"""


@dataclass(frozen=True)
class Tiny:
    """A tiny experiment on disk: its ``file``, the ``folder`` of its pictures, and a ``cache``."""

    file: Path
    folder: Path
    cache: Path

    @property
    def experiment(self) -> Experiment:
        return load(self.file)

    @property
    def env(self) -> dict[str, str]:
        return environment(self.cache)


def tiny(factory: pytest.TempPathFactory) -> Tiny:
    """One tiny experiment (two seeds, 30 epochs, two SNRs) for the whole session."""
    return _tiny(factory.getbasetemp())


@cache
def _tiny(base: Path) -> Tiny:
    root = base / "tiny-experiment"
    root.mkdir()
    (root / "tiny.toml").write_text(tiny_toml(save_pictures(root / "pictures"), epochs=30))
    return Tiny(root / "tiny.toml", root / "pictures", root / "cache")


def finished(factory: pytest.TempPathFactory) -> Path:
    """The results folder of an uninterrupted run of ``tiny`` with one worker."""
    return _finished(factory.getbasetemp())


@cache
def _finished(base: Path) -> Path:
    one, out = _tiny(base), base / "finished-run"
    done = gensc("run", one.file, "--out", out, "--workers", 1, env=one.env)
    assert done.code == 0, done.err
    return out


def environment(cache: Path, **more: str) -> dict[str, str]:
    """The environment of a gensc process that finds nothing of the user's and no network."""
    return {**os.environ, "GENSC_CACHE": str(cache), "HF_HUB_OFFLINE": "1", "HF_HOME": str(cache / "hf"),
            "COLUMNS": "160", **more}


@dataclass(frozen=True)
class Said:
    """How a command ended."""

    code: int
    out: str
    err: str


def gensc(*args: object, env: Mapping[str, str], limit: int | None = None) -> Said:
    """Run the gensc command in a process of its own; no file may grow beyond ``limit`` bytes."""
    capped = None if limit is None else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    done = subprocess.run([GENSC, *map(str, args)], env=env, preexec_fn=capped, capture_output=True, text=True,
                          timeout=120)
    return Said(done.returncode, done.stdout, done.stderr)


def call(*args: object) -> Said:
    """Run the gensc command in this process. What it does not catch is raised here."""
    from gensc.cli.main import main

    out, err, code = io.StringIO(), io.StringIO(), 0
    with (mock.patch.object(sys, "argv", ["gensc", *map(str, args)]), contextlib.redirect_stdout(out),
          contextlib.redirect_stderr(err)):
        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return Said(code, out.getvalue(), err.getvalue())


def refused(said: Said, *words: str) -> str:
    """The one sentence of a refusal: exit code 2, no traceback, and ``words`` in it."""
    assert said.code == 2, said
    assert "Traceback" not in said.err
    lines = [line for line in said.err.splitlines() if line.startswith("gensc: ")]
    assert len(lines) == 1 and said.err.rstrip().endswith(lines[0]), said.err
    for word in words:
        assert str(word) in lines[0], (word, lines[0])
    return lines[0]


@contextlib.contextmanager
def small_disk(limit: int) -> Iterator[None]:
    """No file of this process, or of one started here, grows beyond ``limit`` bytes meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def points(out: Path) -> list[Point]:
    """The points of a results folder."""
    results = Results.read(out / "results.sqlite")
    try:
        return results.points()
    finally:
        results.close()


def same_points(one: list[Point], other: list[Point]) -> bool:
    """Whether two lists of points are equal, bit for bit."""
    return len(one) == len(other) and all(
        (a.job, a.snr_db, a.uses, a.bits, a.seconds) == (b.job, b.snr_db, b.uses, b.bits, b.seconds)
        and a.columns.keys() == b.columns.keys()
        and all(np.array_equal(a.columns[name], b.columns[name]) for name in a.columns)
        for a, b in zip(one, other, strict=True))


def serial(work: Callable, jobs: list, workers: int) -> Iterator[object]:
    """``gensc.machine.workers.run_jobs`` without processes."""
    for job in jobs:
        told: list[object] = []
        work(job, told.append)
        yield from told


def family(pid: int) -> list[int]:
    """The processes below ``pid``."""
    below = [int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()]
    return below + [deeper for child in below for deeper in family(child)]


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False
