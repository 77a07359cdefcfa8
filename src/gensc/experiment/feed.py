"""A data set on its way into a link: stored features where the encoder has a fixed part, else pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gensc.batch import Batch
from gensc.codec import Codec
from gensc.data.augment import crops
from gensc.data.dataset import Dataset
from gensc.errors import InputError
from gensc.experiment.store import VIEWS, FeatureStore, read
from gensc.link import Link, Outcome
from gensc.signal import State


@dataclass(frozen=True)
class Feed:
    """``stored``: features [views, N, *front_shape], or None where the codec needs pictures. ``crop``: the side of
    the part that is taken of each picture, 0 for all of it: at random in training, else its centre."""

    dataset: Dataset
    items: tuple[int, ...]
    stored: Tensor | None = None
    crop: int = 0

    def __len__(self) -> int:
        return len(self.items)

    def ids(self, positions: Sequence[int]) -> list[int]:
        """The identities of the items at these positions."""
        return [self.items[position] for position in positions]

    def send(self, link: Link, positions: Sequence[int], state: State, views: Sequence[int]) -> tuple[Outcome, Batch]:
        """Send the items at ``positions``, each in the view named for it, through the link."""
        if self.stored is None:
            batch = self.pictures(link, positions, state, views)
            return link(batch, state), batch
        index = torch.as_tensor(positions)
        front = self.stored[torch.as_tensor(views), index]
        known = Batch(x=front.new_empty(len(index), 0), item=torch.tensor(self.ids(positions)),
                      label=torch.from_numpy(self.dataset.labels[np.asarray(positions)]))
        return link.carry(front, state), known

    def pictures(self, link: Link, positions: Sequence[int], state: State, views: Sequence[int]) -> Batch:
        """The items at ``positions`` as the link gets them where nothing is stored."""
        batch = self.dataset.batch(positions, views[0], VIEWS)
        if not self.crop:
            return batch
        rng = state.child("crop").rng if link.training else None
        return Batch(x=crops(batch.x, self.crop, rng), item=batch.item, label=batch.label)

    def front(self, codec: Codec, positions: Sequence[int]) -> Tensor:
        """What the codec's ``rest`` gets for the items at ``positions``, as they are."""
        if self.stored is None:
            return codec.front(self.dataset.batch(positions))
        return self.stored[0, torch.as_tensor(positions)]


def open_feed(codec: Codec, dataset: Dataset, views: int, store: FeatureStore, crop: int = 0) -> Feed:
    """A feed of a data set; what the codec stores is in the store already (``gensc.experiment.store.fill``).

    Raises InputError for ``crop`` with a codec that stores: what it keeps is of whole pictures.
    """
    if not codec.stored:
        return Feed(dataset, dataset.items, crop=crop)
    if crop:
        raise InputError("train.crop is set and this codec keeps features of whole pictures: leave train.crop at 0")
    return Feed(dataset, dataset.items, torch.stack([read(codec, dataset, view, store) for view in range(views)]))
