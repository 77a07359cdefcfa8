"""Test pictures that are also in the training data: the same pixels, or the same picture stored again."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from gensc.data.thumbnails import SIDE, Thumbnails

HASH_BITS = 10
CORRELATION = 0.98
_ROWS = 256


@dataclass(frozen=True)
class Pair:
    """Item ``train_index`` of the training pictures is item ``test_index`` of the test pictures again."""

    train_index: int
    test_index: int
    kind: Literal["exact", "near"]


def find(train: Thumbnails, test: Thumbnails) -> list[Pair]:
    """All pairs of the same picture, by test item and then training item.

    "exact": equal decoded pixels. "near": perceptual hashes within ``HASH_BITS`` of 64 bits and thumbnails
    whose correlation is at least ``CORRELATION``, so that a coarse likeness alone does not count. Finds
    re-compressed, resized and relit copies; not mirrored, turned or strongly cropped ones.
    """
    exact = equal(train.pixels, test.pixels)
    known = {(pair.train_index, pair.test_index) for pair in exact}
    near = _confirmed(train, test, _alike(hashes(train.grey), hashes(test.grey))) - known
    pairs = exact + [Pair(i, j, "near") for i, j in near]
    return sorted(pairs, key=lambda pair: (pair.test_index, pair.train_index))


def equal(train: Sequence[Hashable], test: Sequence[Hashable]) -> list[Pair]:
    """All pairs of equal hashes of items, by test item and then training item."""
    places: dict[Hashable, list[int]] = {}
    for index, content in enumerate(train):
        places.setdefault(content, []).append(index)
    return [Pair(other, index, "exact") for index, content in enumerate(test) for other in places.get(content, ())]


def hashes(grey: np.ndarray) -> np.ndarray:
    """64-bit perceptual hashes of thumbnails uint8 [N,32,32], uint64 [N].

    The signs, about their median, of the 8 x 8 lowest frequencies of the cosine transform
    (C. Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010, pHash).
    """
    place, frequency = np.arange(SIDE), np.arange(1, 9)
    basis = np.cos(np.pi / SIDE * np.outer(frequency, place + 0.5))
    low = (basis @ grey.astype(np.float64) @ basis.T).reshape(len(grey), 64)
    bits = low > np.median(low, axis=1, keepdims=True)
    return np.packbits(bits, axis=1).view(np.uint64).reshape(len(grey))


def _alike(train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Pairs (train, test) of hashes that differ in few bits, int64 [P,2]."""
    found = [np.empty((0, 2), dtype=np.int64)]
    for start in range(0, len(test), _ROWS):
        differing = np.bitwise_count(test[start:start + _ROWS, None] ^ train[None, :])
        rows, columns = np.nonzero(differing <= HASH_BITS)
        found.append(np.stack([columns, rows + start], axis=1))
    return np.concatenate(found)


def _confirmed(train: Thumbnails, test: Thumbnails, pairs: np.ndarray) -> set[tuple[int, int]]:
    """The pairs whose thumbnails correlate. A flat thumbnail correlates with nothing: only equal pixels
    tell."""
    kept: set[tuple[int, int]] = set()
    for start in range(0, len(pairs), _ROWS * SIDE):
        chunk = pairs[start:start + _ROWS * SIDE]
        likeness = (_standard(train.grey[chunk[:, 0]]) * _standard(test.grey[chunk[:, 1]])).mean(axis=1)
        kept.update((int(i), int(j)) for i, j in chunk[likeness >= CORRELATION])
    return kept


def _standard(grey: np.ndarray) -> np.ndarray:
    """Thumbnails [P,32,32] as rows [P,1024] of mean 0 and mean square 1 (0 where flat)."""
    rows = grey.reshape(len(grey), -1).astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True)
    spread = np.sqrt((rows * rows).mean(axis=1, keepdims=True))
    return np.divide(rows, spread, out=np.zeros_like(rows), where=spread >= 1)
