"""What a data set of one's own holds under an index, as an item: a picture, a text or a sound, and its truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor

from gensc.data import picture
from gensc.data.parquet import IMAGE_COLUMNS
from gensc.data.parquet_labels import LABEL_COLUMNS
from gensc.errors import InputError

ITEM_KEYS = (*IMAGE_COLUMNS, "x", "text", "audio")
UNKNOWN = 255
EXPECTED = ("expected a picture (a PIL image, or [H,W,3] or [3,H,W] of uint8 or of 0 to 1), a text, or sound [N]; or "
            "(item, label); or a mapping of one of " + ", ".join(ITEM_KEYS) + " with its truth")


@dataclass(frozen=True)
class Entry:
    """One item as it is stored: ``x`` as of an ``Item``, of any size; its ``label``, a number or a name; and other
    ``truth`` in pixels of ``x``."""

    x: np.ndarray | str
    label: int | str | None
    truth: Mapping[str, Any]

    @property
    def columns(self) -> tuple[str, ...]:
        """The truth that there is."""
        return (*(("label",) if self.label is not None else ()), *self.truth)


def entry(value: Any, where: str) -> Entry:
    """What ``value`` holds. Raises InputError that says what it got where that is no item or no truth."""
    cells: Mapping[Any, Any] = {}
    if isinstance(value, tuple | list):
        if len(value) not in (1, 2):
            raise InputError(f"{where}: it is a {type(value).__name__} of {len(value)}; {EXPECTED}")
        second = value[1] if len(value) == 2 else None
        value, cells = value[0], second if isinstance(second, Mapping) else {"label": second}
    elif isinstance(value, Mapping):
        key = next((key for key in ITEM_KEYS if value.get(key) is not None), None)
        if key is None:
            raise InputError(f"{where}: it has {', '.join(map(str, value)) or 'nothing'}; {EXPECTED}")
        value, cells = value[key], {name: cell for name, cell in value.items() if name != key}
    x = _item(value, where)
    cells = {name: cell for name, cell in cells.items() if cell is not None}
    key = _label_key(cells)
    return Entry(x, None if key is None else _label(cells[key], where),
                 _truth({name: cell for name, cell in cells.items() if name != key}, x, where))


def _label_key(cells: Mapping[Any, Any]) -> str | None:
    """The key of the label: "label", or another of its usual names where that holds one number or name."""
    return next((key for key in LABEL_COLUMNS if key in cells and (
        key == "label" or isinstance(cells[key], int | str) or getattr(cells[key], "ndim", 1) == 0)), None)


def _truth(cells: Mapping[Any, Any], x: np.ndarray | str, where: str) -> dict[str, Any]:
    """What is known besides the label; of keys without a meaning of their own the arrays alone."""
    truth: dict[str, Any] = {}
    for key, cell in cells.items():
        if key == "mask":
            truth["mask"] = _mask(cell, x, where)
        elif key in ("boxes", "box"):
            truth["boxes"] = _boxes(cell, x, where)
        elif key == "caption":
            if not isinstance(cell, str):
                raise InputError(f"{where}: its caption is {cell!r}; expected a sentence")
            truth["caption"] = cell
        elif (array := _array(cell)) is not None:
            truth[str(key)] = array
    return truth


def _item(value: Any, where: str) -> np.ndarray | str:
    if isinstance(value, str):
        return value
    if isinstance(value, Image.Image):
        return picture.rgb(value, where)
    array = _array(value)
    if array is None:
        raise InputError(f"{where}: it is {_kind(value)}; {EXPECTED}")
    real = np.issubdtype(array.dtype, np.floating)
    if array.ndim == 1 and real and array.size and np.isfinite(array).all():
        return np.ascontiguousarray(array, dtype=np.float32)
    if array.ndim == 3:
        array = _channels_last(array, isinstance(value, Tensor))
    if array.ndim != 3 or array.shape[2] != 3 or not array.size:
        raise InputError(f"{where}: it is {_kind(value)}, {array.dtype}; {EXPECTED}")
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    low, high = float(array.min()), float(array.max())
    if not real or not (low >= 0 and high <= 1):
        raise InputError(f"{where}: its pixels are {array.dtype} from {low:g} to {high:g}; {EXPECTED}. Leave out what "
                         "normalises them: a codec does that itself where it needs it")
    return np.rint(np.ascontiguousarray(array, dtype=np.float32) * 255).astype(np.uint8)


def _channels_last(array: np.ndarray, first: bool) -> np.ndarray:
    """A picture [3,H,W], [1,H,W], [H,W,3] or [H,W,1] as [H,W,3], another array as it is; ``first`` where its channels
    come first if both can be."""
    places = (0, 2) if first else (2, 0)
    place = next((place for place in places if array.shape[place] in (1, 3)), None)
    if place is None:
        return array
    array = np.moveaxis(array, place, 2)
    return np.repeat(array, 3, axis=2) if array.shape[2] == 1 else array


def _label(cell: Any, where: str) -> int | str:
    array = _array(cell)
    value = array.item() if array is not None and array.size == 1 else cell
    if isinstance(value, bool) or not isinstance(value, int | str) or (isinstance(value, int) and value < 0):
        given = _kind(cell) if getattr(cell, "ndim", 0) else repr(value)
        raise InputError(f"{where}: its label is {given}; expected the number of a class, from 0, or its name; other "
                         "truth goes into a mapping, under a name of its own")
    return value


def _mask(cell: Any, x: np.ndarray | str, where: str) -> np.ndarray:
    """Class numbers uint8 [H,W]."""
    array = np.asarray(cell) if isinstance(cell, Image.Image) else _array(cell)
    array = np.zeros(0) if array is None else array[0] if array.ndim == 3 and len(array) == 1 else array
    sides = list(x.shape[:2]) if isinstance(x, np.ndarray) else []
    if list(array.shape) != sides:
        raise InputError(f"{where}: its mask is {_kind(cell)}, and its picture has the sides {sides}; give a number "
                         "for each pixel")
    whole = array.dtype == bool or np.issubdtype(array.dtype, np.integer)
    if not whole or array.min(initial=0) < 0 or array.max(initial=0) > UNKNOWN:
        raise InputError(f"{where}: its mask holds {array.dtype} from {array.min()} to {array.max()}; expected class "
                         f"numbers from 0, and {UNKNOWN} for what is unknown")
    return array.astype(np.uint8)


def _boxes(cell: Any, x: np.ndarray | str, where: str) -> np.ndarray:
    """Boxes float32 [n,4] that lie in the picture."""
    try:
        boxes = np.asarray(cell.detach().cpu() if isinstance(cell, Tensor) else cell, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(f"{where}: its boxes are {cell!r}; expected x0,y0,x1,y1 of each in pixels") from error
    boxes = boxes.reshape(1, 4) if boxes.shape == (4,) else boxes.reshape(0, 4) if boxes.size == 0 else boxes
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise InputError(f"{where}: its boxes have the shape {list(boxes.shape)}; expected [n,4], x0,y0,x1,y1 of each "
                         "in pixels")
    height, width = x.shape[:2] if isinstance(x, np.ndarray) and x.ndim == 3 else (0, 0)
    x0, y0, x1, y1 = boxes.T
    if not ((x0 >= 0) & (x0 < x1) & (x1 <= width) & (y0 >= 0) & (y0 < y1) & (y1 <= height)).all():
        raise InputError(f"{where}: of its boxes {boxes.tolist()} one is empty or leaves its {width} x {height} "
                         "pixels; expected x0,y0,x1,y1 of each in pixels, x1 and y1 exclusive")
    return boxes


def _array(value: Any) -> np.ndarray | None:
    """An array or tensor as an array; None of anything else."""
    if isinstance(value, Tensor):
        value = value.detach().cpu()
        return (value.float() if value.dtype.is_floating_point else value).numpy()
    return np.asarray(value) if isinstance(value, np.ndarray | np.number) else None


def _kind(value: Any) -> str:
    shape = getattr(value, "shape", None)
    name = type(value).__name__
    return f"{name} of the shape {list(shape)}" if isinstance(shape, tuple) and shape else name
