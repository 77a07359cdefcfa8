"""What a data source is: items that can be read one at a time, each with an identity."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Item:
    """One picture and what is known of it.

    ``image`` uint8 [S,S,3] RGB; ``label`` index into the source's classes; ``mask`` bool [S,S];
    ``box`` (x0, y0, x1, y1) in pixels, x1 and y1 exclusive; ``caption`` one sentence.
    """

    image: np.ndarray
    label: int
    mask: np.ndarray | None = None
    box: tuple[float, float, float, float] | None = None
    caption: str | None = None


class Source(ABC):
    """A data set that is read item by item, so that its memory does not grow with its length.

    ``spec`` is the string that opened it; ``classes`` the class names; ``labels`` int64 [N].
    """

    spec: str
    classes: tuple[str, ...]
    labels: np.ndarray

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

    def side(self, index: int) -> int:
        """Shorter side in px of picture ``index`` as it is stored; of one that is drawn, as it is drawn."""
        return len(self.item(index).image)
