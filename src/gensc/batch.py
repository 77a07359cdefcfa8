"""A batch of items of one modality and what is known of them."""

from dataclasses import dataclass, fields

import torch
from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """B items: ``x`` (images: float32 [B,3,H,W] in [0,1]) and their ground truth where there is any.

    ``item`` int64 [B] is each item's identity in its data set, which addresses its random streams.
    ``label`` int64 [B]; ``mask`` bool [B,H,W]; ``box`` float32 [B,4] as x0,y0,x1,y1 in pixels, x1 and y1
    exclusive; ``caption`` B sentences.
    """

    x: Tensor
    item: Tensor
    label: Tensor | None = None
    mask: Tensor | None = None
    box: Tensor | None = None
    caption: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and len(value) != len(self.x):
                raise ValueError(f"Batch.{field.name} has {len(value)} entries for {len(self.x)} items")

    def __len__(self) -> int:
        return len(self.x)

    def select(self, index: Tensor) -> "Batch":
        """The items at ``index`` (int64 [M]), in that order."""
        picked: dict[str, Tensor | tuple[str, ...] | None] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, tuple):
                picked[field.name] = tuple(value[i] for i in index.tolist())
            else:
                picked[field.name] = None if value is None else value[index]
        return Batch(**picked)  # type: ignore[arg-type]

    def with_x(self, x: Tensor) -> "Batch":
        """The same items with another ``x``."""
        known = {f.name: getattr(self, f.name) for f in fields(self)}
        return Batch(**{**known, "x": x})


def unlabelled(x: Tensor) -> Batch:
    """A batch of bare items, numbered from 0."""
    return Batch(x=x, item=torch.arange(len(x)))
