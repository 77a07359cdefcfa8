"""Procedural pictures of the sixteen GenSC-6G vehicle classes, equal on every machine."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .catalog import CLASSES
from .picture import photograph
from .scene import build

__all__ = ["CLASSES", "Rendered", "render"]


@dataclass(frozen=True)
class Rendered:
    """One item: image uint8 [S, S, 3], mask bool [S, S] of visible vehicle pixels, box (x0, y0, x1, y1)
    around the mask with x1 and y1 exclusive, class number, and a caption."""

    image: NDArray[np.uint8]
    mask: NDArray[np.bool_]
    box: tuple[int, int, int, int]
    label: int
    caption: str


def _check(name: str, value: int, low: int, high: int) -> int:
    """The value as an int, or a ValueError that says what was expected."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not low <= value <= high:
        raise ValueError(f"{name} is {value!r}, but must be a whole number from {low} to {high}.")
    return int(value)


def render(index: int, seed: int = 0, size: int = 224) -> Rendered:
    """Item `index` of stream `seed` as a size x size picture; class is index % 16."""
    index = _check("index", index, 0, 2**63 - 1)
    seed = _check("seed", seed, 0, 2**63 - 1)
    size = _check("size", size, 32, 1024)
    scene = build(index, seed)
    image, mask = photograph(scene, size)
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = (int(cols[0]), int(rows[0]), int(cols[-1]) + 1, int(rows[-1]) + 1)
    return Rendered(image, mask, box, index % len(CLASSES), scene.caption)
