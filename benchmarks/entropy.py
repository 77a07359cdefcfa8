"""Entropy coding of real features: bits, overhead, exactness, speed and what is left of the accuracy.

    python benchmarks/entropy.py

1,000 photographs of GENSC_TEST_DATA/vehicles224/train go through the frozen EfficientNet-Lite0; its pooled vectors
and feature maps are quantised, coded, decoded and compared. A logistic regression on the unquantised vectors of the
other photographs judges them. Features are kept in GENSC_CACHE. Writes docs/measured/entropy.csv.
"""

import csv
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from gensc.codec import Backbone
from gensc.data.dataset import Dataset
from gensc.data.open import open_source
from gensc.machine.cache import cache_dir
from gensc.metric.estimate import wilson
from gensc.phy import entropy
from gensc.phy.quantise import Learned, Uniform
from gensc.rng import Rng

DATA = Path(os.environ.get("GENSC_TEST_DATA", "../shared/data")) / "vehicles224" / "train"
TABLE = Path(__file__).parents[1] / "docs" / "measured" / "entropy.csv"
ITEMS, RAW_BYTES, ROOM = 1000, 224 * 224 * 3, 10
STEPS = [2 ** (place / 4) for place in range(-12, 28)]


@dataclass(frozen=True)
class Row:
    """One line of the table. ``actual_over_model``: stream bits over information content and header; CPU time."""

    what: str
    quantiser: str
    stream: str
    values: int
    bytes_mean: float
    bits_per_value: float
    actual_over_model: float
    actual_over_content: float
    worst_excess_bytes: float
    exact: int
    encode_mvalues_s: float
    decode_mvalues_s: float
    saved_raw: float
    saved_jpeg: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float


@dataclass(frozen=True)
class Material:
    """Features of the photographs: ``train`` and ``test`` vectors, ``maps`` of the test share, labels, JPEG sizes."""

    train: Tensor
    test: Tensor
    maps: np.ndarray
    train_label: np.ndarray
    test_label: np.ndarray
    jpeg_bytes: float


@torch.inference_mode()
def material() -> Material:
    """Computed once: about a minute for all 2,508 photographs."""
    data = open_source(f"folder:{DATA}")
    order = Rng.seeded(0, "benchmark", "entropy").permutation(len(data.labels))
    test, train = Dataset(data, order[:ITEMS]), Dataset(data, order[ITEMS:])
    folder = cache_dir() / "benchmark-entropy"
    codec = Backbone("efficientnet_lite0", output="map").eval()
    if not (folder / "train.npy").exists():
        folder.mkdir(parents=True, exist_ok=True)
        maps = np.lib.format.open_memmap(folder / "maps.npy", "w+", np.float32, (ITEMS, *codec.shape))
        for start in range(0, ITEMS, 50):
            maps[start:start + 50] = codec.encode(test.batch(range(start, start + 50))).numpy()
        maps.flush()
        places = range(0, len(train), 50)
        pooled = [codec.encode(train.batch(range(a, min(a + 50, len(train))))).mean((2, 3)) for a in places]
        np.save(folder / "train.npy", torch.cat(pooled).numpy())
    maps = np.load(folder / "maps.npy", mmap_mode="r")
    sizes = [Path(test.where(place)).stat().st_size for place in range(ITEMS)]
    return Material(torch.from_numpy(np.load(folder / "train.npy")), torch.from_numpy(maps.mean((2, 3))), maps,
                    train.labels, test.labels, float(np.mean(sizes)))


@dataclass(frozen=True)
class Judge:
    """A trained classifier and what it is asked."""

    found: Material
    probe: Pipeline

    def row(self, what: str, quantiser: str, stream: str, values: int, pooled: Tensor, coded: "Coded") -> Row:
        """The measured figures of one way to send the test photographs; ``pooled`` is what the probe gets."""
        accuracy = float((self.probe.predict(pooled.numpy()) == self.found.test_label).mean())
        low, high = wilson(accuracy, ITEMS)
        size = coded.bits / 8 / ITEMS
        count = ITEMS * values / 1e6
        return Row(what, quantiser, stream, values, size, 8 * size / values,
                   coded.bits / (coded.content + coded.header), coded.bits / coded.content, coded.worst / 8,
                   coded.exact, count / coded.encode_s, count / coded.decode_s, 1 - size / RAW_BYTES,
                   1 - size / self.found.jpeg_bytes, accuracy, low, high)


@dataclass
class Coded:
    """Sums over the test items: bits on the wire, information content, headers; the worst excess; CPU seconds."""

    bits: float = 0.0
    content: float = 0.0
    header: float = 0.0
    worst: float = 0.0
    exact: int = 0
    encode_s: float = 0.0
    decode_s: float = 0.0

    def add(self, values: Tensor, encode: Callable[[], bytes], decode: Callable[[bytes], Tensor],
            parts: Callable[[bytes], tuple[float, float]]) -> None:
        """Code one item both ways, timed; ``parts`` gives the information content and the header of its stream."""
        start = time.process_time()
        data = encode()
        middle = time.process_time()
        decoded = decode(data)
        self.decode_s += time.process_time() - middle
        self.encode_s += middle - start
        content, header = parts(data)
        self.exact += int(torch.equal(decoded, values.flatten()))
        self.bits += 8 * len(data)
        self.content += content
        self.header += header
        self.worst = max(self.worst, 8 * len(data) - content - header)

    def add_alone(self, values: Tensor) -> None:
        """Code one item's whole numbers into a stream that decodes alone."""
        self.add(values, lambda: entropy.encode(values), lambda data: entropy.decode(data, values.numel()),
                 lambda data: entropy.information_bits(values, data))


def vectors(judge: Judge, name: str, quantiser: Uniform | Learned) -> Row:
    """Pooled vectors through a quantiser, each in a stream that decodes alone."""
    coded = Coded()
    index = quantiser.index(judge.found.test)
    for item in index:
        coded.add_alone(item)
    return judge.row("pooled", name, "alone", index.shape[1], quantiser.value(index).detach(), coded)


def maps(judge: Judge, name: str, quantiser: Uniform) -> Row:
    """Feature maps through a quantiser; the probe gets the mean over the positions of what arrived."""
    coded, pooled = Coded(), []
    for item in judge.found.maps:
        index = quantiser.index(torch.from_numpy(item.copy()))
        coded.add_alone(index)
        pooled.append(quantiser.value(index).mean((1, 2)))
    return judge.row("map", name, "alone", int(np.prod(judge.found.maps.shape[1:])), torch.stack(pooled), coded)


def shared(judge: Judge, what: str, name: str, prior: entropy.Prior, sent: Tensor, step: list[float],
           back: Callable[[Tensor], Tensor]) -> Row:
    """Vectors with a model that both ends hold; a step of its own for an item costs the byte that names it."""
    coded, arrived = Coded(), []
    header = 0.0 if len(set(step)) == 1 else 8.0
    for item, size in zip(sent, step, strict=True):
        index = prior.quantise(item, size)
        content = float(entropy.rate_bits(prior, item[None], [size]))
        coded.add(index, lambda i=index, s=size: entropy.encode_with(prior, i, s),
                  lambda data, s=size: entropy.decode_with(prior, data, s), lambda _, c=content: (c, 0.0))
        coded.bits, coded.header = coded.bits + header, coded.header + header
        arrived.append(prior.dequantise(index, size))
    return judge.row(what, name, "shared model", sent.shape[1], back(torch.stack(arrived)), coded)


def same(x: Tensor) -> Tensor:
    """What arrived, as it is."""
    return x


def discriminant(judge: Judge) -> Row:
    """Ten bytes a photograph, everything counted: 14 discriminant axes, learned like a codec's weights."""
    found = judge.found
    axes = LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.1).fit(found.train.numpy(), found.train_label)
    train, test = (torch.from_numpy(axes.transform(x.numpy())).float() for x in (found.train, found.test))
    prior = entropy.Prior.fit(train, "gaussian")
    place = entropy.finest_step(prior, test, [ROOM - 1] * ITEMS, STEPS)
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=300))
    judge = Judge(found, probe.fit(train.numpy(), found.train_label))
    return shared(judge, "14 discriminants", f"step an item, {ROOM} bytes at most", prior, test,
                  [STEPS[int(one)] for one in place], same)


def rows(judge: Judge) -> Iterator[Row]:
    """The table: streams that decode alone, then a shared model, then maps, then ten bytes a photograph."""
    found = judge.found
    for bits in (1, 2, 3, 4, 5, 6, 8):
        yield vectors(judge, f"uniform {bits} bit", Uniform.covering(found.train, bits))
    for bits in (1, 2, 3, 4):
        yield vectors(judge, f"Lloyd-Max {bits} bit", Learned.fit(found.train, bits))
    for family in ("laplace", "rectified"):
        prior = entropy.Prior.fit(found.train, family)
        for step in (2.0, 1.0, 0.5, 0.125, 0.03125):
            yield shared(judge, "pooled", f"uniform step {step} / {family}", prior, found.test, [step] * ITEMS, same)
    for bits in (2, 4, 6):
        yield maps(judge, f"uniform {bits} bit", Uniform.over(0, 6, bits))
    yield discriminant(judge)


def main() -> None:
    """Measure, print, save."""
    torch.set_num_threads(1)
    found = material()
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=300))
    judge = Judge(found, probe.fit(found.train.numpy(), found.train_label))
    accuracy = float((probe.predict(found.test.numpy()) == found.test_label).mean())
    print(f"unquantised: accuracy {accuracy:.3f} {wilson(accuracy, ITEMS)}; JPEG files: {found.jpeg_bytes:.0f} bytes")
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    with TABLE.open("w", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Row)], lineterminator="\n")
        writer.writeheader()
        for row in rows(judge):
            cells = {key: round(cell, 6) if isinstance(cell, float) else cell for key, cell in asdict(row).items()}
            writer.writerow(cells)
            print(*cells.values(), sep=",", flush=True)


if __name__ == "__main__":
    main()
