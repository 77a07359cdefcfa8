"""Support vector machines with quantum kernels beside the classical one, on the same few features of pictures.

Features of a pretrained backbone, reduced to a few by PCA fitted on the training pictures. All kernels get the same
features and folds; scale, gamma and C are chosen by cross-validation on the training pictures alone, from grids that
are written here; the test pictures are classified once. Quantum kernels are computed exactly (no shots, no noise).
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gensc.codec import Backbone
from gensc.data.dataset import Dataset, load
from gensc.errors import InputError
from gensc.machine.progress import track
from gensc.metric.estimate import proportion
from gensc.quantum.circuit.kernel import Kernel, alignment
from gensc.quantum.circuit.svm import fit
from gensc.rng import Rng

SCALES = (0.03, 0.1, 0.3, 1.0)
GAMMAS = (0.01, 0.03, 0.1, 0.3, 1.0)
PROJECTED = (0.1, 0.3, 1.0, 3.0)
CANDIDATES: dict[str, tuple[Kernel, ...]] = {
    "rbf": tuple(Kernel("rbf", gamma=gamma) for gamma in GAMMAS),
    "fidelity angle": tuple(Kernel("fidelity", "angle", scale) for scale in SCALES),
    "fidelity zz": tuple(Kernel("fidelity", "zz", scale) for scale in SCALES),
    "fidelity amplitude": (Kernel("fidelity", "amplitude"),),
    "projected angle": tuple(Kernel("projected", "angle", scale, gamma) for scale in SCALES for gamma in PROJECTED),
    "projected zz": tuple(Kernel("projected", "zz", scale, gamma) for scale in SCALES for gamma in PROJECTED),
}
BATCH = 32
Drawn = tuple[Tensor, Tensor]
"""Features [N,F] of pictures, and their classes [N]."""


@dataclass(frozen=True)
class Row:
    """One kernel on ``features`` features: test accuracy with its 95 % interval over the test pictures and the
    ``seeds`` draws of the training pictures; means over these draws of the accuracy in cross-validation, the centred
    alignment of the training kernel with the classes, the milliseconds that this kernel takes (``train``
    x ``train``), and the seconds of the whole choice among ``candidates`` kernels. ``chosen`` in the first draw."""

    kernel: str
    features: int
    train: int
    test: int
    seeds: int
    accuracy: float
    low: float
    high: float
    validated: float
    alignment: float
    kernel_ms: float
    search_s: float
    candidates: int
    chosen: str


def table(data: str, features: int = 8, train: int = 20, test: int = 10, seeds: int = 3, size: int = 224,
          model: str = "efficientnet_lite0") -> Iterator[Row]:
    """A row for each kernel, on ``train`` and ``test`` pictures of each class of a data spec ("folder:PATH", ...).

    A draw of the training pictures for each seed; the test pictures are the same for all.
    """
    if features < 1 or train < 5 or test < 1 or seeds < 1:
        raise InputError(f"bench kernel: features is {features}, train {train}, test {test} and seeds {seeds}; "
                         "expected 1, 5, 1 and 1 or more")
    splits, codec = load(data, size=size), Backbone(model, size=size).eval()
    asked = featured(codec, splits.test, _some(splits.test, test, Rng.seeded(0, "kernel", "test")))
    draws = [_some(splits.train, train, Rng.seeded(seed, "kernel", "train")) for seed in range(seeds)]
    pool = np.unique(np.concatenate(draws))
    whole, labels = featured(codec, splits.train, pool)
    places = [torch.from_numpy(np.searchsorted(pool, one)) for one in draws]
    known = [(whole[place], labels[place]) for place in places]
    for name in CANDIDATES:
        yield measured(name, known, asked, features)


def measured(name: str, known: Sequence[Drawn], asked: Drawn, features: int) -> Row:
    """One kernel: ``known`` are the training pictures of each draw, ``asked`` the test pictures, as their backbone
    gives them."""
    hits, figures, chosen = [], [], ""
    for seed, (raw, labels) in enumerate(known):
        train, test = reduced(raw, asked[0], features)
        start = time.perf_counter()
        machine = fit(CANDIDATES[name], train, labels, Rng.seeded(seed, "kernel", "folds"))
        search_s = time.perf_counter() - start
        start = time.perf_counter()
        matrix = machine.kernel(train, train)
        kernel_ms = 1000 * (time.perf_counter() - start)
        hits.append((machine.predict(test) == asked[1]).numpy())
        figures.append((machine.validated, alignment(matrix, labels), kernel_ms, search_s))
        chosen = chosen or f"scale={machine.kernel.scale:g} gamma={machine.kernel.gamma:g} C={machine.cost:g}"
    found = proportion(np.stack(hits))
    validated, aligned, kernel_ms, search_s = np.mean(figures, axis=0).tolist()
    return Row(name, features, len(known[0][0]), len(asked[0]), len(known), found.value, found.low, found.high,
               validated, aligned, kernel_ms, search_s, len(CANDIDATES[name]), chosen)


def reduced(train: Tensor, test: Tensor, features: int) -> tuple[Tensor, Tensor]:
    """Both [.,F] as the ``features`` first principal components of ``train``, each of unit variance there."""
    if features > min(len(train) - 1, train.shape[1]):
        raise InputError(f"bench kernel: {features} features of {len(train)} pictures with {train.shape[1]} features "
                         "each; take fewer features, or more pictures")
    mean = train.double().mean(dim=0)
    centred = train.double() - mean
    _, values, axes = torch.linalg.svd(centred, full_matrices=False)
    turn = axes[:features].T * ((len(train) - 1) ** 0.5 / values[:features])
    return centred @ turn, (test.double() - mean) @ turn


@torch.no_grad()
def featured(codec: Backbone, dataset: Dataset, positions: np.ndarray) -> Drawn:
    """The backbone's features of some pictures, and their classes."""
    starts = range(0, len(positions), BATCH)
    parts = [codec.prepared(dataset.batch(positions[at:at + BATCH].tolist())).pixels
             for at in track(starts, "features of the pictures", len(starts))]
    return torch.cat(parts).flatten(1), torch.from_numpy(dataset.labels[positions])


def _some(dataset: Dataset, each: int, rng: Rng) -> np.ndarray:
    """``each`` positions of every class, ascending."""
    chosen = []
    for label in np.unique(dataset.labels):
        members = np.flatnonzero(dataset.labels == label)
        if len(members) < each:
            raise InputError(f"bench kernel: a class has {len(members)} pictures in its part and {each} are asked for: "
                             "take fewer")
        chosen.append(members[rng.child(int(label)).permutation(len(members))[:each]])
    return np.sort(np.concatenate(chosen))
