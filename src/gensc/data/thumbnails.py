"""Small grey copies of a source's pictures, kept on disk so that a second look costs nothing."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

import numpy as np
from PIL import Image

from gensc.data.source import Source
from gensc.machine.blobs import Blobs
from gensc.machine.cache import cache_dir
from gensc.machine.progress import track

SIDE = 32
DIGEST = hashlib.sha256().digest_size
# Part of the file's name: raise it when what is stored here changes, so that no old thumbnail is read.
RECIPE = 2
_CHUNK = 256


@dataclass(frozen=True)
class Thumbnails:
    """What is compared of N pictures: ``grey`` uint8 [N,32,32], and ``pixels``, N hashes of the decoded
    pictures."""

    grey: np.ndarray
    pixels: tuple[bytes, ...]

    def __len__(self) -> int:
        return len(self.grey)


def thumbnail(image: np.ndarray) -> tuple[np.ndarray, bytes]:
    """An image uint8 [H,W,3] as grey uint8 [32,32] (means over areas), and the SHA-256 of its sides and pixels."""
    grey = Image.fromarray(image).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(grey), hashlib.sha256(f"{image.shape}".encode() + image.tobytes()).digest()


def of(images: Iterable[np.ndarray]) -> Thumbnails:
    """The thumbnails of images uint8 [H,W,3]."""
    return _gathered(map(thumbnail, images))


def read(source: Source, indices: Sequence[int]) -> Thumbnails:
    """The thumbnails of a source's items, in order: from the cache, or decoded (in threads) and put there."""
    what = f"identifying {source.spec}"
    prints = [source.fingerprint(index) for index in track(indices, what, len(indices))]
    with closing(Blobs(cache_dir() / "thumbnails", RECIPE, required=False)) as kept:
        entries = {mark.decode(): _unpacked(value) for mark, value in kept.get(map(str.encode, prints)).items()}
        lacking = {mark: index for mark, index in zip(prints, indices, strict=True) if mark not in entries}
        work = track(_decoded(source, lacking), f"reading {source.spec}", len(lacking))
        while chunk := list(islice(work, _CHUNK)):
            entries.update(chunk)
            kept.put((mark.encode(), pixels + grey.tobytes()) for mark, (grey, pixels) in chunk)
    return _gathered(entries[mark] for mark in prints)


def _unpacked(value: bytes) -> tuple[np.ndarray, bytes]:
    """A kept thumbnail: the hash of the pixels, then the grey values."""
    return np.frombuffer(value, dtype=np.uint8, offset=DIGEST).reshape(SIDE, SIDE), value[:DIGEST]


def _gathered(entries: Iterable[tuple[np.ndarray, bytes]]) -> Thumbnails:
    pairs = list(entries)
    grey = np.array([one for one, _ in pairs], dtype=np.uint8).reshape(-1, SIDE, SIDE)
    return Thumbnails(grey, tuple(pixels for _, pixels in pairs))


def _decoded(source: Source, lacking: dict[str, int]) -> Iterator[tuple[str, tuple[np.ndarray, bytes]]]:
    items = list(lacking.items())
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # In chunks, so that an interrupt does not wait for the whole source.
        for start in range(0, len(items), _CHUNK):
            chunk = items[start:start + _CHUNK]
            made = pool.map(lambda index: thumbnail(source.item(index).image), [index for _, index in chunk])
            yield from zip([mark for mark, _ in chunk], made, strict=True)
