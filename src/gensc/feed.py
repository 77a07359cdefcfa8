"""A data set on its way into a link: stored features where the encoder has a fixed part, else pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gensc.batch import Batch
from gensc.codec import Codec
from gensc.codec.store import VIEWS, FeatureStore, read
from gensc.data.dataset import Dataset
from gensc.link import Link, Outcome
from gensc.signal import State


@dataclass(frozen=True)
class Feed:
    """``stored``: features [views, N, *front_shape], or None where the codec needs pictures."""

    dataset: Dataset
    items: tuple[int, ...]
    stored: Tensor | None = None

    def __len__(self) -> int:
        return len(self.items)

    def ids(self, positions: Sequence[int]) -> list[int]:
        """The identities of the items at these positions."""
        return [self.items[position] for position in positions]

    def send(self, link: Link, positions: Sequence[int], state: State, views: Sequence[int]) -> tuple[Outcome, Batch]:
        """Send the items at ``positions``, each in the view named for it, through the link."""
        if self.stored is None:
            batch = self.dataset.batch(positions, views[0], VIEWS)
            return link(batch, state), batch
        index = torch.as_tensor(positions)
        front = self.stored[torch.as_tensor(views), index]
        known = Batch(x=front.new_empty(len(index), 0), item=torch.tensor(self.ids(positions)),
                      label=torch.from_numpy(self.dataset.labels[np.asarray(positions)]))
        return link.carry(front, state), known


    def front(self, codec: Codec, positions: Sequence[int]) -> Tensor:
        """What the codec's ``rest`` gets for the items at ``positions``, as they are."""
        if self.stored is None:
            return codec.front(self.dataset.batch(positions))
        return self.stored[0, torch.as_tensor(positions)]


def open_feed(codec: Codec, dataset: Dataset, views: int, store: FeatureStore) -> Feed:
    """A feed of a data set; what the codec stores is in the store already (``gensc.codec.store.fill``)."""
    if not codec.stored:
        return Feed(dataset, dataset.items)
    return Feed(dataset, dataset.items, torch.stack([read(codec, dataset, view, store) for view in range(views)]))
