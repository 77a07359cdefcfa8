"""Items joined to a batch: pictures of one size, sounds of any length, texts; and the columns of their truth."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gensc.batch import Column
from gensc.data.source import Item
from gensc.errors import InputError

SPATIAL = ("mask", "boxes")
"""Truth that lies in the picture, and that a view of it does not keep."""


def joined_items(items: Sequence[Item], where: Sequence[str]) -> tuple[Tensor | tuple[str, ...], Tensor | None]:
    """Items of one kind as the ``x`` and the ``length`` of a batch: pictures as float32 [B,3,H,W] in [0,1]; sounds as
    float32 [B,N], zeros after the shorter ones, and how many samples each has; texts as B strings.

    ``where`` names each. Raises InputError that names two items of different kinds, or pictures of different sizes.
    """
    first = items[0]
    for item, place in zip(items, where, strict=True):
        if item.kind != first.kind:
            raise InputError(f"{where[0]} is {first.kind} and {place} is {item.kind}: the items of a batch, and of a "
                             "source, are of one kind; read the two apart")
    if first.kind == "text":
        return tuple(str(item.x) for item in items), None
    if first.kind == "sound":
        return _padded([np.asarray(item.x, dtype=np.float32) for item in items])
    images = [item.image for item in items]
    for image, place in zip(images, where, strict=True):
        if image.shape != images[0].shape:
            raise InputError(f"{where[0]} is {_sides(images[0])} and {place} is {_sides(image)}: the pictures of a "
                             "batch are of one size; take those of a group of Dataset.groups() together, or set "
                             "data.size or train.crop")
    return torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).contiguous().float() / 255, None


def joined_truth(name: str, values: Sequence[Any], where: Sequence[str]) -> Column:
    """The truth ``name`` of B items as a column: numbers and arrays of one shape as a tensor [B,...]; strings, and
    arrays of different shapes, as a tuple; boxes always as a tuple, because an item may have any number of them.

    Raises InputError that names an item that has none, or one of another form.
    """
    for value, place in zip(values, where, strict=True):
        if value is None:
            raise InputError(f"{place}: it has no {name}, and its source says that its items have one; make them alike")
        if isinstance(value, str) != isinstance(values[0], str):
            raise InputError(f"{place}: its {name} is {value!r}, and that of {where[0]} is {values[0]!r}; make them "
                             "alike")
    if isinstance(values[0], str):
        return tuple(values)
    if name == "boxes":
        return tuple(_boxes(value, place) for value, place in zip(values, where, strict=True))
    if name == "mask":
        return _masks([np.asarray(value) for value in values], where)
    tensors = [torch.as_tensor(value) for value in values]
    alike = len({one.shape for one in tensors}) == 1
    return torch.stack(tensors) if alike else tuple(tensors)


def check_mask(item: Item, place: str) -> None:
    """Raises InputError for a mask that is not of the size of its picture."""
    mask, sides = np.asarray(item.truth["mask"]), item.image.shape[:2]
    if mask.shape != sides:
        raise InputError(f"{place}: its mask has the shape {list(mask.shape)} and its picture {list(sides)}; give a "
                         "number for each pixel")


def _padded(sounds: list[np.ndarray]) -> tuple[Tensor, Tensor]:
    length = torch.tensor([len(sound) for sound in sounds])
    longest = int(length.max())
    return torch.from_numpy(np.stack([np.pad(sound, (0, longest - len(sound))) for sound in sounds])), length


def _boxes(value: Any, place: str) -> Tensor:
    boxes = torch.as_tensor(value, dtype=torch.float32)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise InputError(f"{place}: its boxes have the shape {list(boxes.shape)}; expected [n,4], x0,y0,x1,y1 of each "
                         "in pixels")
    return boxes


def _masks(masks: list[np.ndarray], where: Sequence[str]) -> Tensor:
    for mask, place in zip(masks, where, strict=True):
        if mask.ndim != 2 or mask.shape != masks[0].shape:
            raise InputError(f"{place}: its mask has the shape {list(mask.shape)}, and that of {where[0]} "
                             f"{list(masks[0].shape)}; expected [H,W], of one size in a batch (Dataset.groups)")
    return torch.from_numpy(np.stack(masks).astype(np.int64))


def _sides(image: np.ndarray) -> str:
    return f"{image.shape[1]} x {image.shape[0]} px"
