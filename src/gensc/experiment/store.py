"""What the fixed part of an encoder makes of each item, on disk: a second run does no forward pass."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gensc.codec.base import Front
from gensc.data.dataset import Dataset
from gensc.machine.blobs import Blobs
from gensc.machine.cache import cache_dir
from gensc.rng import Rng

# Always the same number of pictures a forward pass: an item's bits then never depend on its neighbours.
BATCH = 32
VIEWS = Rng.seeded(0, "views")
RECIPE = 1


class FeatureStore:
    """Float32 vectors under 32-byte keys, in one file that survives."""

    def __init__(self, folder: Path | None = None) -> None:
        self._blobs = Blobs((folder or cache_dir()) / "features", RECIPE)

    @property
    def path(self) -> Path:
        """The file."""
        return self._blobs.path

    def get(self, keys: Iterable[bytes]) -> dict[bytes, np.ndarray]:
        """The stored vectors among ``keys``."""
        return {key: np.frombuffer(value, dtype=np.float32) for key, value in self._blobs.get(keys).items()}

    def put(self, pairs: Iterable[tuple[bytes, np.ndarray]]) -> None:
        """Keep vectors float32 under their keys, all or none."""
        self._blobs.put((key, np.ascontiguousarray(value, dtype=np.float32).tobytes()) for key, value in pairs)

    def close(self) -> None:
        """Release the file."""
        self._blobs.close()


def fill(fronts: Sequence[Front], dataset: Dataset, view: int, store: FeatureStore,
         device: torch.device | str = "cpu") -> Iterator[int]:
    """Store what is missing of one view of a data set for each front, reading every picture once.

    Yields the number of items done after each batch. A batch is stored at once, so that nothing is lost
    when it is stopped. ``device``: where the fronts compute.
    """
    # Short ones first: a longer one of the same network goes on from where they have come.
    ordered = sorted(fronts, key=lambda front: front.work)
    keys = [feature_keys(front, dataset, view) for front in ordered]
    missing = [set(row) - store.get(row).keys() for row in keys]
    left = [p for p in range(len(dataset))
            if any(row[p] in lacking for row, lacking in zip(keys, missing, strict=True))]
    yield len(dataset) - len(left)
    for start in range(0, len(left), BATCH):
        positions = left[start : start + BATCH]
        batch = dataset.batch((positions * BATCH)[:BATCH], view, VIEWS).bare().to(device)
        results: dict[str, Tensor] = {}
        for front, row, lacking in zip(ordered, keys, missing, strict=True):
            if any(row[p] in lacking for p in positions):
                results[front.fingerprint] = front.compute(batch, results)
                vectors = results[front.fingerprint].flatten(1).cpu().numpy()
                store.put((row[p], vector) for p, vector in zip(positions, vectors, strict=False))
        yield len(positions)


def read(front: Front, dataset: Dataset, view: int, store: FeatureStore) -> Tensor:
    """The stored features float32 [N, *front.shape] of one view of a whole data set, after ``fill``."""
    keys = feature_keys(front, dataset, view)
    stored = store.get(keys)
    return torch.from_numpy(np.stack([stored[key] for key in keys])).view(len(keys), *front.shape)


def feature_keys(front: Front, dataset: Dataset, view: int) -> list[bytes]:
    """The store's key of each item: the function of the front, the item's content, the view."""
    return [hashlib.sha256(f"{front.fingerprint}|{item}|{view}".encode()).digest() for item in dataset.fingerprints]
