"""What a data source is: items that can be read one at a time, each with an identity."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gensc.errors import InputError

UNCLASSED = "picture"
"""The class of items that have none, so that they can be split; it is no truth."""


@dataclass(frozen=True)
class Item:
    """One item and what is known of it.

    ``x``: a picture uint8 [H,W,3] RGB, a text, or sound float32 [N]. ``truth`` by name, such as "label", an index
    into the source's classes; "mask" uint8 [H,W] of class numbers, 255 for unknown; "boxes" float32 [n,4] as
    x0,y0,x1,y1 in pixels, x1 and y1 exclusive; "caption", a sentence.
    """

    x: np.ndarray | str
    truth: Mapping[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """What the item is, in words."""
        if isinstance(self.x, str):
            return "text"
        names = {3: "a picture", 1: "sound"}
        return names.get(self.x.ndim, f"an array of {self.x.ndim} dimensions")

    @property
    def image(self) -> np.ndarray:
        """The picture. Raises InputError for an item that is none."""
        if not isinstance(self.x, np.ndarray) or self.x.ndim != 3:
            raise InputError(f"a picture is needed and this item is {self.kind}: give a source of pictures")
        return self.x


class Source(ABC):
    """A data set that is read item by item, so that its memory does not grow with its length.

    ``spec`` is the string that opened it; ``classes`` the class names; ``labels`` int64 [N], by which it is split.
    ``columns``: the truth that its items have; without "label" there is one class alone, ``UNCLASSED``.
    """

    spec: str
    classes: tuple[str, ...]
    labels: np.ndarray
    columns: tuple[str, ...] = ("label",)

    def __len__(self) -> int:
        return len(self.labels)

    @abstractmethod
    def item(self, index: int) -> Item:
        """Read or render item ``index`` at the working size. Raises InputError that names the item."""

    @abstractmethod
    def fingerprint(self, index: int) -> str:
        """Hex SHA-256 of what item ``index`` is made of (its stored bytes and the working size).

        Nothing is decoded or rendered for it.
        """

    def content(self, index: int) -> str:
        """Hex SHA-256 of what item ``index`` is made of, at whatever working size."""
        return self.fingerprint(index)

    @abstractmethod
    def where(self, index: int) -> str:
        """Where item ``index`` comes from, for messages and exports (a path, a row, a recipe)."""

    def truth(self, index: int, names: Sequence[str]) -> Mapping[str, Any]:
        """The truth ``names`` of an item, those of them that the source has; a label alone is read without the item."""
        wanted = [name for name in self.columns if name in names]
        if not set(wanted) - {"label"}:
            return {name: int(self.labels[index]) for name in wanted}
        truth = self.item(index).truth
        return {name: truth[name] for name in wanted if name in truth}

    def shape(self, index: int) -> tuple[int, ...]:
        """The shape that ``Item.x`` of item ``index`` has, (H, W, 3) of a picture, found without decoding where it can
        be; () of text."""
        x = self.item(index).x
        return () if isinstance(x, str) else x.shape

    def values(self, index: int) -> int:
        """Source values of an item, by which a bandwidth ratio divides: those of its array, the bytes of a text."""
        shape = self.shape(index)
        return int(np.prod(shape)) if shape else len(str(self.item(index).x).encode())

    def side(self, index: int) -> int:
        """Shorter side in px of picture ``index`` as it is stored; of one that is drawn, as it is drawn."""
        return min(self.shape(index)[:2])
