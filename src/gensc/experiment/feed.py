"""A data set on its way into a link: stored features where the encoder has a fixed part, else the items."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from gensc.batch import Batch, joined_batches
from gensc.data.augment import crops
from gensc.data.dataset import Dataset
from gensc.errors import InputError
from gensc.experiment.store import VIEWS, FeatureStore, read
from gensc.link import Link, Outcome
from gensc.rng import Rng
from gensc.signal import State

SPATIAL = ("mask", "boxes")
"""Truth that lies in the picture: it does not fit a view or a part of it."""


@dataclass(frozen=True)
class Feed:
    """``stored``: features [views, N, *front.shape], or None where the codec needs the items. ``needs``: the truth that
    comes with stored features. ``crop``: the side of the part that is taken of each picture, 0 for all of it: at random
    in training, else its centre. ``device``: where the batches go."""

    dataset: Dataset
    items: tuple[int, ...]
    stored: Tensor | None = None
    needs: tuple[str, ...] = ()
    crop: int = 0
    device: torch.device | str = "cpu"

    def __len__(self) -> int:
        return len(self.items)

    def part(self, most: int) -> "Feed":
        """``most`` of the items, evenly taken from all of them."""
        if len(self) <= most:
            return self
        places = np.linspace(0, len(self) - 1, most).round().astype(int)
        dataset = Dataset(self.dataset.source, self.dataset.indices[places])
        stored = None if self.stored is None else self.stored[:, places]
        return replace(self, dataset=dataset, items=dataset.items, stored=stored)

    def ids(self, positions: Sequence[int]) -> list[int]:
        """The identities of the items at these positions."""
        return [self.items[position] for position in positions]

    def groups(self, most: int | None, values: float = math.inf) -> Iterator[list[int]]:
        """The positions in batches of items of one shape, at most ``most`` of them and, unless it is one alone, of
        ``values`` source values; None: all of a shape together."""
        shapes = [list(range(len(self)))] if self.stored is not None or self.crop else self.dataset.groups()
        for group in shapes:
            step = len(group) if most is None else min(most, self._fitting(group, values))
            for start in range(0, len(group), max(step, 1)):
                yield group[start:start + step]

    def _fitting(self, group: Sequence[int], values: float) -> int:
        """How many items of a shape hold ``values`` source values; of stored features any number."""
        if self.stored is not None or not group:
            return len(group)
        each = 3 * self.crop**2 if self.crop else float(self.dataset.values(group[:1])[0])
        return max(1, int(min(values / max(each, 1), len(group))))

    def batch(self, link: Link, positions: Sequence[int], views: Sequence[int], rng: Rng | None = None) -> Batch:
        """The items at ``positions``, each in the view named for it, as ``Link.carry`` gets them; ``rng`` [B] draws the
        parts of pictures that training takes."""
        if self.stored is not None:
            index = torch.as_tensor(positions)
            front = self.stored[torch.as_tensor(views), index]
            return Batch(front, torch.tensor(self.ids(positions)), self.dataset.truth(positions, self.needs),
                         values=self.dataset.values(positions)).to(self.device)
        return link.codec.prepared(self._items(positions, views, rng).to(self.device))

    def send(self, link: Link, positions: Sequence[int], state: State, views: Sequence[int]) -> tuple[Outcome, Batch]:
        """Send the items at ``positions``, each in the view named for it, through the link."""
        batch = self.batch(link, positions, views)
        return link.carry(batch, state), batch

    def _items(self, positions: Sequence[int], views: Sequence[int], rng: Rng | None) -> Batch:
        """Items as they are read; each alone where what is taken of them may be of another shape than they are."""
        alone = bool(self.crop) and len(self.dataset.groups()) > 1
        if not alone and len(set(views)) == 1:
            return self._cropped(self.dataset.batch(positions, views[0], VIEWS), rng)
        streams = [None if rng is None else rng.of([item]) for item in (rng.items if rng is not None else positions)]
        return joined_batches([self._cropped(self.dataset.batch([position], view, VIEWS), stream)
                               for position, view, stream in zip(positions, views, streams, strict=True)])

    def _cropped(self, batch: Batch, rng: Rng | None) -> Batch:
        if not self.crop:
            return batch
        truth = {name: column for name, column in batch.truth.items() if name not in SPATIAL}
        part = crops(batch.pixels, self.crop, rng)
        return replace(batch, x=part, truth=truth, values=None)


def open_feed(link: Link, dataset: Dataset, views: int, store: FeatureStore, crop: int = 0,
              device: torch.device | str = "cpu") -> Feed:
    """A feed of a data set for a link; what its codec's front makes is in the store already
    (``gensc.experiment.store.fill``).

    Raises InputError for ``crop`` with a codec that stores, whose features are of whole pictures, and for
    ``views`` of a picture with a task whose truth lies in it.
    """
    needs = link.task.needs
    moved = [name for name in needs if name in SPATIAL]
    if moved and (views > 1 or crop):
        raise InputError(f"the task needs {', '.join(moved)} of whole pictures, which views and crops do not keep: set "
                         "train.views = 1 and train.crop = 0")
    front = link.codec.front
    if front is None:
        return Feed(dataset, dataset.items, crop=crop, device=device)
    if crop:
        raise InputError("train.crop is set and this codec keeps features of whole pictures: leave train.crop at 0")
    stored = torch.stack([read(front, dataset, view, store) for view in range(views)])
    return Feed(dataset, dataset.items, stored, needs, device=device)
