"""What the fixed part of an encoder makes of each item, on disk: a second run does no forward pass."""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from gensc.codec.base import Codec
from gensc.data.dataset import Dataset
from gensc.errors import InputError
from gensc.machine.cache import cache_dir
from gensc.rng import Rng

# Always the same number of pictures a forward pass: an item's bits then never depend on its neighbours.
BATCH = 32
VIEWS = Rng.seeded(0, "views")


class FeatureStore:
    """Float32 vectors under 32-byte keys in one SQLite file; every put is one transaction."""

    def __init__(self, folder: Path | None = None) -> None:
        self.path = (folder or cache_dir()) / "features.sqlite"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, timeout=60)
            self._db.execute("CREATE TABLE IF NOT EXISTS feature (key BLOB PRIMARY KEY, value BLOB NOT NULL)")
        except (OSError, sqlite3.Error) as error:
            raise InputError(f"the feature store {self.path} can't be used ({error}): free disk space, delete the "
                             "file, or set GENSC_CACHE to another folder") from error

    def get(self, keys: Iterable[bytes]) -> dict[bytes, np.ndarray]:
        """The stored vectors among ``keys``."""
        found = {}
        try:
            for key in keys:
                row = self._db.execute("SELECT value FROM feature WHERE key = ?", (key,)).fetchone()
                if row is not None:
                    found[key] = np.frombuffer(row[0], dtype=np.float32)
        except (sqlite3.Error, ValueError) as error:
            raise InputError(f"the feature store {self.path} is damaged ({error}): delete the file, or set "
                             "GENSC_CACHE to another folder") from error
        return found

    def put(self, pairs: Iterable[tuple[bytes, np.ndarray]]) -> None:
        """Keep vectors float32 under their keys, all or none."""
        rows = [(key, np.ascontiguousarray(value, dtype=np.float32).tobytes()) for key, value in pairs]
        try:
            with self._db:
                self._db.executemany("INSERT OR IGNORE INTO feature VALUES (?, ?)", rows)
        except sqlite3.Error as error:
            raise InputError(f"features can't be stored in {self.path} ({error}): free disk space or set "
                             "GENSC_CACHE to a folder on another disk") from error

    def close(self) -> None:
        """Release the file."""
        self._db.close()


def fill(codecs: Sequence[Codec], dataset: Dataset, view: int, store: FeatureStore) -> Iterator[int]:
    """Store what is missing of one view of a data set for each codec, reading every picture once.

    Yields the number of items done after each batch. A batch is stored at once, so that nothing is lost
    when it is stopped.
    """
    keys = {codec: feature_keys(codec, dataset, view) for codec in codecs}
    missing = {codec: {key for key in keys[codec]} - store.get(keys[codec]).keys() for codec in codecs}
    left = [p for p in range(len(dataset)) if any(keys[codec][p] in missing[codec] for codec in codecs)]
    yield len(dataset) - len(left)
    for start in range(0, len(left), BATCH):
        positions = left[start : start + BATCH]
        batch = dataset.batch((positions * BATCH)[:BATCH], view, VIEWS)
        # Short fixed parts first: a whole network goes on from where a part of it has come.
        for codec in sorted(codecs, key=lambda one: one.frozen):
            if any(keys[codec][p] in missing[codec] for p in positions):
                rows = codec.eval().front(batch).flatten(1).numpy()
                store.put((keys[codec][p], row) for p, row in zip(positions, rows, strict=False))
        yield len(positions)


def read(codec: Codec, dataset: Dataset, view: int, store: FeatureStore) -> Tensor:
    """The stored features float32 [N, *front_shape] of one view of a whole data set, after ``fill``."""
    keys = feature_keys(codec, dataset, view)
    known = store.get(keys)
    return torch.from_numpy(np.stack([known[key] for key in keys])).view(len(keys), *codec.front_shape)


def feature_keys(codec: Codec, dataset: Dataset, view: int) -> list[bytes]:
    """The store's key of each item: the function of the encoder's fixed part, the item's content, the view."""
    encoder = codec.fingerprint()
    return [hashlib.sha256(f"{encoder}|{item}|{view}".encode()).digest() for item in dataset.fingerprints]
