"""Pictures of several shapes, with every kind of truth."""

import hashlib

import numpy as np

from gensc.data.dataset import Dataset
from gensc.data.source import Item, Source
from helpers import picture


class Mixed(Source):
    """``count`` pictures of the given (height, width) in turn, of up to 64 px, each with a label, a mask, boxes and a
    caption."""

    columns = ("label", "mask", "boxes", "caption")

    def __init__(self, count: int, sides: tuple[tuple[int, int], ...]) -> None:
        self.spec, self.classes, self._sides = "mixed", ("a", "b", "c"), sides
        self.labels = np.arange(count, dtype=np.int64) % 3

    def item(self, index: int) -> Item:
        height, width, _ = self.shape(index)
        pixels = np.ascontiguousarray(picture(index, (200, 120, 60), 64)[:height, :width])
        mask = (np.arange(height * width).reshape(height, width) + index) % 2
        boxes = np.tile(np.array([[0, 0, 3, 4]], dtype=np.float32), (index % 3, 1))
        return Item(pixels, {"label": int(self.labels[index]), "mask": mask, "boxes": boxes,
                             "caption": f"item {index}"})

    def fingerprint(self, index: int) -> str:
        return hashlib.sha256(f"mixed {index}".encode()).hexdigest()

    def where(self, index: int) -> str:
        return f"mixed {index}"

    def shape(self, index: int) -> tuple[int, ...]:
        return (*self._sides[index % len(self._sides)], 3)


def mixed(count: int, *sides: tuple[int, int]) -> Dataset:
    """A data set of ``Mixed``, of two shapes unless told otherwise."""
    return Dataset(Mixed(count, sides or ((12, 20), (16, 9))), np.arange(count))
