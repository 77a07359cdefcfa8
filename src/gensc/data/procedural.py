"""Rendered vehicles: a data set that is computed, not stored."""

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from gensc.data.source import Item, Source
from gensc.errors import InputError
from gensc.registry import register

COUNT = 1600
SEED = 0
SMALLEST, LARGEST, USUAL = 32, 1024, 224


@register("data", "vehicles")
class Vehicles(Source):
    """``vehicles``, ``vehicles:COUNT`` or ``vehicles:COUNT:SEED``: rendered vehicles of 16 classes in turn.

    ``argument`` is "COUNT:SEED" (default 1600:0) and ``size`` the working size in pixels; 0, as they are, is 224.
    Every item has a mask, a box and a caption. Raises InputError for a count below 1 or a number that is none.
    """

    columns = ("label", "mask", "boxes", "caption")

    def __init__(self, argument: str = "", size: int = 224) -> None:
        # Only here, because the renderer loads numba, which takes seconds.
        from gensc.data import vehicles

        size = size or USUAL
        if not SMALLEST <= size <= LARGEST:
            raise InputError(f"vehicles are rendered at {SMALLEST} to {LARGEST} pixels, not {size} "
                             "(option: size)")
        count, self._seed = _numbers(argument)
        self.spec = f"vehicles:{argument}" if argument else "vehicles"
        self.classes = tuple(vehicles.CLASSES)
        self.labels = np.arange(count, dtype=np.int64) % len(self.classes)
        self._render = vehicles.render
        self._size = size

    def item(self, index: int) -> Item:
        scene = self._render(index, self._seed, self._size)
        return Item(scene.image, {"label": int(scene.label), "mask": scene.mask.astype(np.uint8),
                                  "boxes": np.array([scene.box], dtype=np.float32), "caption": scene.caption})

    def shape(self, index: int) -> tuple[int, ...]:
        return self._size, self._size, 3

    def fingerprint(self, index: int) -> str:
        recipe = f"{self.where(index)} size {self._size} by {_generator()}"
        return hashlib.sha256(recipe.encode()).hexdigest()

    def where(self, index: int) -> str:
        return f"vehicles seed {self._seed} index {index}"


def _numbers(argument: str) -> tuple[int, int]:
    """COUNT and SEED of "COUNT:SEED"."""
    parts = argument.split(":") if argument else []
    if len(parts) > 2 or not all(part.isdecimal() for part in parts):
        raise InputError(f"vehicles:{argument}: expected vehicles, vehicles:COUNT or vehicles:COUNT:SEED, "
                         f"each a whole number (default {COUNT}:{SEED})")
    count, seed = [int(part) for part in parts] + [COUNT, SEED][len(parts):]
    if count < 1 or seed >= 2**63:
        raise InputError(f"vehicles:{argument}: expected a COUNT of 1 or more and a SEED below 2^63")
    return count, seed


@cache
def _generator() -> str:
    """SHA-256 of the renderer's own source files: a changed renderer makes other pictures."""
    package = find_spec("gensc.data.vehicles")
    if package is None or package.origin is None:
        raise ImportError("gensc.data.vehicles has no source files to identify it by")
    digest = hashlib.sha256()
    for file in sorted(Path(package.origin).parent.glob("*.py")):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
