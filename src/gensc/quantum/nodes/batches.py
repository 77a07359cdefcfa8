"""The items that the nodes learn from, batch by batch and share by share."""

from dataclasses import dataclass

import numpy as np

from gensc.errors import InputError
from gensc.quantum.nodes.classifier import Share
from gensc.rng import Rng


@dataclass(frozen=True, eq=False)
class Batches:
    """Features float64 [n, k] and labels int64 [n] in batches of ``size``, drawn without replacement epoch by epoch
    from ``seed``; what is left of an epoch below a whole batch is left out of it."""

    features: np.ndarray
    labels: np.ndarray
    size: int
    seed: int

    def __post_init__(self) -> None:
        if self.features.ndim != 2 or self.features.dtype != np.float64:
            raise InputError(f"nodes: features are {self.features.dtype} {list(self.features.shape)}; expected float64 "
                             "[items, k]")
        if self.labels.shape != self.features.shape[:1] or self.labels.dtype != np.int64:
            raise InputError(f"nodes: labels are {self.labels.dtype} {list(self.labels.shape)}; expected int64 "
                             f"[{len(self.features)}], one an item")
        if not np.isfinite(self.features).all():
            raise InputError("nodes: the features hold nan or infinity; expected finite numbers: look at what the "
                             "encoder or the channel gave")
        if not 1 <= self.size <= len(self.features):
            raise InputError(f"nodes: batch is {self.size} and there are {len(self.features)} items; expected 1 to as "
                             "many as there are")

    def share(self, step: int, part: int, parts: int) -> Share:
        """Part ``part`` of the batch of a step, divided into ``parts`` as equal as can be."""
        epoch, place = divmod(step, len(self.features) // self.size)
        rng = Rng.seeded(self.seed, "nodes", "order", epoch)
        batch = rng.permutation(len(self.features))[place * self.size : (place + 1) * self.size]
        items = np.array_split(batch, parts)[part]
        shots = Rng.seeded(self.seed, "nodes", "shots", step).of(items.tolist())
        return Share(self.features[items], self.labels[items], shots)
