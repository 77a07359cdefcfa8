"""Small grey copies of a source's pictures, kept on disk so that a second look costs nothing."""

import hashlib
import os
import sqlite3
import warnings
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from gensc.data.source import Source
from gensc.machine.cache import cache_dir
from gensc.machine.progress import track

SIDE = 32
# Part of the file's name: raise it when what is stored here changes, so that no old thumbnail is read.
RECIPE = 1
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
    """An image uint8 [S,S,3] as grey uint8 [32,32] (means over areas), and the SHA-256 of its pixels."""
    grey = Image.fromarray(image).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(grey), hashlib.sha256(image.tobytes()).digest()


def of(images: Iterable[np.ndarray]) -> Thumbnails:
    """The thumbnails of images uint8 [S,S,3]."""
    return _gathered(map(thumbnail, images))


def read(source: Source, indices: Sequence[int]) -> Thumbnails:
    """The thumbnails of a source's items, in order: from the cache, or decoded (in threads) and put there."""
    what = f"identifying {source.spec}"
    prints = [source.fingerprint(index) for index in track(indices, what, len(indices))]
    with closing(_connected(cache_dir() / f"thumbnails-{RECIPE}.sqlite")) as store:
        known = _stored(store, prints)
        lacking = {mark: index for mark, index in zip(prints, indices, strict=True) if mark not in known}
        work = track(_decoded(source, lacking), f"reading {source.spec}", len(lacking))
        while chunk := list(islice(work, _CHUNK)):
            known.update(chunk)
            _keep(store, chunk)
    return _gathered(known[mark] for mark in prints)


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


def _connected(path: Path) -> sqlite3.Connection:
    """The store at ``path``. A damaged one is made anew; where none can be kept, this run goes without."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not _sound(path):
            path.unlink()
        return _prepared(str(path))
    except (sqlite3.Error, OSError) as error:
        warnings.warn(f"{path}: thumbnails cannot be kept ({error}), so the next run decodes all pictures "
                      "again; set GENSC_CACHE to a folder that can be written", stacklevel=3)
        return _prepared(":memory:")


def _prepared(path: str) -> sqlite3.Connection:
    store = sqlite3.connect(path, timeout=60)
    with store:
        store.execute("CREATE TABLE IF NOT EXISTS thumbnail "
                      "(fingerprint TEXT PRIMARY KEY, pixels BLOB, grey BLOB)")
    return store


def _sound(path: Path) -> bool:
    with closing(sqlite3.connect(path, timeout=60)) as store:
        try:
            return bool(store.execute("PRAGMA quick_check").fetchone()[0] == "ok")
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            return False


def _stored(store: sqlite3.Connection, prints: Sequence[str]) -> dict[str, tuple[np.ndarray, bytes]]:
    found = {}
    for start in range(0, len(prints), _CHUNK):
        chunk = prints[start:start + _CHUNK]
        marks = ",".join("?" * len(chunk))
        query = f"SELECT fingerprint, grey, pixels FROM thumbnail WHERE fingerprint IN ({marks})"
        for mark, grey, pixels in store.execute(query, chunk):
            found[mark] = (np.frombuffer(grey, dtype=np.uint8).reshape(SIDE, SIDE), pixels)
    return found


def _keep(store: sqlite3.Connection, chunk: Iterable[tuple[str, tuple[np.ndarray, bytes]]]) -> None:
    with store:
        store.executemany("INSERT OR IGNORE INTO thumbnail VALUES (?, ?, ?)",
                          [(mark, pixels, grey.tobytes()) for mark, (grey, pixels) in chunk])
