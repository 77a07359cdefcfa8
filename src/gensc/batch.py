"""A batch of items of one modality and what is known of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from gensc.errors import InputError

Column = Tensor | tuple[Any, ...]
"""A value an item: a tensor [B,...], or a tuple of B strings or of B tensors of different lengths."""


@dataclass(frozen=True)
class Batch:
    """B items and the ground truth of them, where there is any.

    ``x``: pictures float32 [B,3,H,W] in [0,1] of any H and W, audio [B,N], clips [B,T,3,H,W]; text: B strings.
    ``item`` int64 [B] is each item's identity in its data set, which addresses its random streams.
    ``truth``: columns by name, such as "label" int64 [B]; "mask" int64 [B,H,W], 255 for unknown; "boxes", B tensors
    float32 [n,4] as x0,y0,x1,y1 in pixels, x1 and y1 exclusive; "caption", B sentences.
    ``length`` int64 [B]: how many samples or frames of a padded item are valid, None where all are.
    ``values`` float32 [B]: source values an item, by which a bandwidth ratio divides: what ``x`` holds of it (the bytes
    of a text), unless given.
    """

    x: Tensor | tuple[str, ...]
    item: Tensor
    truth: Mapping[str, Column] = field(default_factory=dict)
    length: Tensor | None = None
    values: Tensor | None = None

    def __post_init__(self) -> None:
        if isinstance(self.x, tuple) and not all(isinstance(one, str) for one in self.x):
            raise InputError("Batch.x holds strings and something else: a batch is of one modality")
        columns = {"item": self.item, "length": self.length, "values": self.values, **self.truth}
        for name, value in columns.items():
            if value is not None and len(value) != len(self.x):
                raise InputError(f"Batch: {name} has {len(value)} entries for {len(self.x)} items")
        if self.values is None:
            object.__setattr__(self, "values", _values(self.x, self.length))

    def __len__(self) -> int:
        return len(self.x)

    @property
    def pixels(self) -> Tensor:
        """``x`` of items that are numbers. Raises InputError for text."""
        if not isinstance(self.x, Tensor):
            raise InputError("a part that takes pictures or sound is given text: use a codec for text")
        return self.x

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of an item; () of text."""
        return tuple(self.x.shape[1:]) if isinstance(self.x, Tensor) else ()

    @property
    def device(self) -> torch.device:
        """Where the items are; the CPU for text."""
        return self.x.device if isinstance(self.x, Tensor) else torch.device("cpu")

    def column(self, name: str, who: str) -> Any:
        """The truth ``name``. Raises InputError that says ``who`` needs it where the data lacks it."""
        if name not in self.truth:
            raise InputError(f"{who}: the data has no {name}; use a source that has it (there is "
                             f"{', '.join(self.truth) or 'no truth at all'})")
        return self.truth[name]

    def bare(self) -> "Batch":
        """The same items without their truth: what an encoder is given."""
        return replace(self, truth={})

    def with_x(self, x: Tensor) -> "Batch":
        """The same items with another ``x``: identities, truth and the number of source values stay."""
        return replace(self, x=x)

    def select(self, index: Tensor) -> "Batch":
        """The items at ``index`` (int64 [M]), in that order."""
        return Batch(picked(self.x, index), self.item[index],
                     {name: picked(column, index) for name, column in self.truth.items()},
                     None if self.length is None else self.length[index],
                     None if self.values is None else self.values[index])

    def to(self, device: torch.device | str) -> "Batch":
        """The same items on a device."""
        def moved(value: Any) -> Any:
            if isinstance(value, tuple):
                return tuple(moved(one) for one in value)
            return value.to(device, non_blocking=True) if isinstance(value, Tensor) else value

        return Batch(moved(self.x), self.item, {name: moved(column) for name, column in self.truth.items()},
                     moved(self.length), self.values)


def picked(column: Any, index: Tensor) -> Any:
    """The entries of a column at ``index`` (int64 [M])."""
    if isinstance(column, tuple):
        return tuple(column[place] for place in index.tolist())
    return column[index.to(column.device)]


def joined(columns: Sequence[Any]) -> Any:
    """Columns of several batches, one after the other."""
    if isinstance(columns[0], tuple):
        return tuple(one for column in columns for one in column)
    return torch.cat(list(columns))


def joined_batches(batches: Sequence[Batch]) -> Batch:
    """Several batches as one. Raises InputError where their items are of different shapes."""
    first = batches[0]
    shapes = sorted({batch.shape for batch in batches})
    if len(shapes) > 1:
        raise InputError(f"items of the shapes {shapes} in one batch: take items of equal shape together "
                         "(Dataset.groups), or set train.crop")
    lengths = [batch.length for batch in batches]
    return Batch(joined([batch.x for batch in batches]), joined([batch.item for batch in batches]),
                 {name: joined([batch.truth[name] for batch in batches]) for name in first.truth},
                 None if first.length is None else joined(lengths), joined([batch.values for batch in batches]))


def unlabelled(x: Tensor | tuple[str, ...]) -> Batch:
    """A batch of bare items, numbered from 0."""
    return Batch(x, torch.arange(len(x)))


def _values(x: Tensor | tuple[str, ...], length: Tensor | None) -> Tensor:
    if isinstance(x, tuple):
        return torch.tensor([float(len(one.encode())) for one in x])
    whole = float(x[:1].numel()) if len(x) else 0.0
    if length is None:
        return torch.full((len(x),), whole)
    return whole * length.cpu().float() / max(x.shape[1], 1)
