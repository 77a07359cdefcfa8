"""What is in a source: its classes, what cannot be read, what is there twice."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from gensc.data import duplicates, thumbnails
from gensc.data.source import Source
from gensc.errors import InputError
from gensc.export.threads import in_order
from gensc.machine.progress import track

SAMPLES = 6
SAMPLE_SIDE = 96


@dataclass(frozen=True)
class Overview:
    """``counts``: items by class; ``unreadable``: why, for each picture that cannot be read; ``copies``:
    pictures that repeat an earlier one, as (earlier, later, "exact" or "near") places, by the later one;
    ``digest``: hex SHA-256 of items and labels, None where some cannot be read; ``samples``: up to
    ``SAMPLES`` pictures of each class, ``SAMPLE_SIDE`` pixels a side."""

    counts: dict[str, int]
    unreadable: tuple[str, ...]
    copies: tuple[tuple[str, str, str], ...]
    digest: str | None
    samples: dict[str, list[Image.Image]]


@dataclass
class _Seen:
    """What is kept of the readable pictures: their places, thumbnails and pixel hashes."""

    indices: list[int] = field(default_factory=list)
    grey: list[np.ndarray] = field(default_factory=list)
    pixels: list[bytes] = field(default_factory=list)


def look(source: Source) -> Overview:
    """Read every picture of a source once. Nothing is raised for an unreadable one: it is listed."""
    unreadable: list[str] = []
    samples: dict[str, list[Image.Image]] = {name: [] for name in source.classes}
    seen = _Seen()
    for index, found in enumerate(track(_read(source), f"reading {source.spec}", len(source))):
        if isinstance(found, str):
            unreadable.append(found)
            continue
        image, grey, pixels = found
        seen.indices.append(index)
        seen.grey.append(grey)
        seen.pixels.append(pixels)
        shown = samples[source.classes[source.labels[index]]]
        if len(shown) < SAMPLES:
            shown.append(Image.fromarray(image).resize((SAMPLE_SIDE, SAMPLE_SIDE), Image.Resampling.BICUBIC))
    counted = np.bincount(source.labels, minlength=len(source.classes)).tolist()
    return Overview(dict(zip(source.classes, counted, strict=True)), tuple(unreadable),
                    tuple(_copies(source, seen)), None if unreadable else digest(source), samples)


def digest(source: Source) -> str:
    """Hex SHA-256 of all items (as stored, and the working size) and labels, in order."""
    whole = hashlib.sha256()
    for index, label in enumerate(source.labels.tolist()):
        whole.update(f"{source.fingerprint(index)} {label}\n".encode())
    return whole.hexdigest()


def _read(source: Source) -> Iterator[str | tuple[np.ndarray, np.ndarray, bytes]]:
    """For each item its image, thumbnail and pixel hash, or why it cannot be read."""

    def read(index: int) -> str | tuple[np.ndarray, np.ndarray, bytes]:
        try:
            image = source.item(index).image
        except InputError as error:
            return str(error)
        return image, *thumbnails.thumbnail(image)

    return in_order(read, len(source))


def _copies(source: Source, seen: _Seen) -> Iterator[tuple[str, str, str]]:
    """Every picture that repeats an earlier one, once: with the first of equal pixels, else the first alike."""
    first: dict[bytes, int] = {}
    earlier: dict[int, tuple[int, str]] = {}
    for place, pixels in enumerate(seen.pixels):
        if first.setdefault(pixels, place) != place:
            earlier[place] = (first[pixels], "exact")
    # One of each: a thousand equal pictures would be a million pairs.
    single = list(first.values())
    if single:
        kept = thumbnails.Thumbnails(np.stack([seen.grey[place] for place in single]), tuple(first))
        for pair in duplicates.find(kept, kept):
            if pair.train_index < pair.test_index:
                earlier.setdefault(single[pair.test_index], (single[pair.train_index], pair.kind))
    for place in sorted(earlier):
        other, kind = earlier[place]
        yield source.where(seen.indices[other]), source.where(seen.indices[place]), kind
