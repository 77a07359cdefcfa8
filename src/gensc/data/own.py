"""A data set of one's own as a source: of torch, of Hugging Face, or a list."""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from PIL import Image

from gensc.data.entry import Entry, entry
from gensc.data.parquet_labels import LABEL_COLUMNS
from gensc.data.picture import Frame
from gensc.data.source import UNCLASSED, Item, Source
from gensc.errors import InputError
from gensc.machine.progress import track


def of(dataset: Any, classes: tuple[str, ...] | None = None, size: int = 0, name: str = "own") -> "Own":
    """A source of the items of a map-style data set, which has a length and ``dataset[index]``.

    An element is an item or a tuple (item, label): the item a picture (a PIL image, or an array or tensor [H,W,3] or
    [3,H,W] of uint8 or of 0 to 1; kept at 8 bits a value), a text, or sound float [N]; the label the number of a class
    or its name. Or it is a mapping: "image" (also "img", "x", "text", "audio") with "label", "mask" ([H,W] of class
    numbers, 255 for unknown), "boxes" ([n,4], x0,y0,x1,y1 in pixels), "caption"; other arrays in it become truth of
    their name, as they are. All elements have the same truth; without a label they are split as one class.

    ``classes``: names of the labels; without them those of the data set (``ClassLabel`` of Hugging Face, ``classes`` of
    torchvision), else the labels themselves. ``size``: side in px of the central square that pictures are cut and
    resized to, with their masks and boxes; 0 takes them as they are. ``name``: what messages call the data set.

    The same index must always give the same item: gensc makes random views itself (train.views, train.crop).

    >>> pictures = [(np.full((4, 6, 3), 200, np.uint8), "dog"), (np.zeros((3, 4, 6)), "cat")]
    >>> source = of(pictures)
    >>> source.classes, source.labels.tolist(), source.item(1).image.shape
    (('cat', 'dog'), [1, 0], (4, 6, 3))
    """
    return Own(dataset, classes, size, name)


@dataclass(frozen=True)
class _Mark:
    """What is kept of an item that was read: its label, the hash of what it is, and its shape as it is stored."""

    label: int | str | None
    content: str
    shape: tuple[int, ...]


class Own(Source):
    """What ``of`` makes. Each item is read once for its identity, label and size, and again where it is used.

    Raises InputError for what is no map-style data set; and, where they are read, for an element that is no item, for
    labels outside the classes, for truth that others have and it lacks, and for an item that changes.
    """

    def __init__(self, dataset: Any, classes: tuple[str, ...] | None, size: int, name: str) -> None:
        _check(dataset, size)
        self.spec, self._dataset, self._size, self._given = name, dataset, size, classes
        self._marks: dict[int, _Mark] = {}
        self._lock = threading.Lock()
        first = entry(dataset[0], self.where(0))
        self.columns, self._framed = first.columns, bool(size) and Item(first.x).kind == "a picture"
        if classes is not None and first.label is None:
            raise InputError(f"{self.where(0)}: it has no label, and there are classes: give (item, label), or leave "
                             "classes out")

    def __len__(self) -> int:
        return len(self._dataset)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()

    @cached_property
    def classes(self) -> tuple[str, ...]:  # type: ignore[override]
        if "label" not in self.columns:
            return (UNCLASSED,)
        named = self._given or _named(self._dataset)
        if named:
            return named
        labels = self._labels()
        if isinstance(labels[0], str):
            return tuple(sorted({str(label) for label in labels}))
        return tuple(str(number) for number in range(max(int(label) for label in labels) + 1))

    @cached_property
    def labels(self) -> np.ndarray:  # type: ignore[override]
        if "label" not in self.columns:
            return np.zeros(len(self), dtype=np.int64)
        return np.array([self._number(label, index) for index, label in enumerate(self._labels())], dtype=np.int64)

    def item(self, index: int) -> Item:
        stored = self._entry(index)
        truth = dict(stored.truth)
        if stored.label is not None:
            truth = {"label": self._number(stored.label, index), **truth}
        if isinstance(stored.x, str) or not self._framed:
            return Item(stored.x, truth)
        frame = Frame(stored.x.shape[1], stored.x.shape[0], self._size)
        image = np.asarray(frame.fit(Image.fromarray(stored.x), Image.Resampling.BICUBIC))
        if "mask" in truth:
            truth["mask"] = np.asarray(frame.fit(Image.fromarray(truth["mask"]), Image.Resampling.NEAREST))
        if "boxes" in truth:
            kept = [box for row in truth["boxes"].tolist() if (box := frame.box(tuple(row))) is not None]
            truth["boxes"] = np.array(kept, dtype=np.float32).reshape(-1, 4)
        return Item(image, truth)

    def fingerprint(self, index: int) -> str:
        return hashlib.sha256(f"{self.content(index)}\0{self._size}".encode()).hexdigest()

    def content(self, index: int) -> str:
        return self._mark(index).content

    def where(self, index: int) -> str:
        return f"item {index} of {self.spec}"

    def shape(self, index: int) -> tuple[int, ...]:
        return (self._size, self._size, 3) if self._framed else self._mark(index).shape

    def side(self, index: int) -> int:
        return min(self._mark(index).shape[:2])

    def _entry(self, index: int) -> Entry:
        """What is stored under an index. Raises InputError where it is not what it was, or not as the first item is."""
        # Data sets keep open files and decoders, and few of them may be read from several threads at once.
        with self._lock:
            value = self._dataset[index]
        stored = entry(value, self.where(index))
        if set(stored.columns) != set(self.columns):
            raise InputError(f"{self.where(index)}: it has {_listed(stored.columns)}, and the first item has "
                             f"{_listed(self.columns)}; make them alike")
        shape = () if isinstance(stored.x, str) else stored.x.shape
        data = stored.x.encode() if isinstance(stored.x, str) else stored.x.tobytes()
        mark = _Mark(stored.label, hashlib.sha256(f"{shape}".encode() + data).hexdigest(), shape)
        if self._marks.setdefault(index, mark) != mark:
            raise InputError(f"{self.where(index)}: it is not what it was when it was read before; leave out what "
                             "changes items at random: gensc makes views itself (train.views, train.crop)")
        return stored

    def _mark(self, index: int) -> _Mark:
        if index not in self._marks:
            self._entry(index)
        return self._marks[index]

    def _labels(self) -> Sequence[int | str]:
        """The labels as they are stored, all numbers or all names."""
        marks = [self._mark(index) for index in track(range(len(self)), f"reading {self.spec}", len(self))]
        labels = [mark.label for mark in marks if mark.label is not None]
        for index, label in enumerate(labels):
            if isinstance(label, str) != isinstance(labels[0], str):
                raise InputError(f"{self.where(index)}: its label is {label!r}, and that of the first item is "
                                 f"{labels[0]!r}; give numbers or names")
        return labels

    def _number(self, label: int | str, index: int) -> int:
        if isinstance(label, str) and label in self.classes:
            return self.classes.index(label)
        if isinstance(label, str) or label >= len(self.classes):
            raise InputError(f"{self.where(index)}: its label is {label!r}, and the classes are "
                             f"{', '.join(self.classes)} ({len(self.classes)}, counted from 0); name them all")
        return label


def _check(dataset: Any, size: int) -> None:
    """Raises InputError for what has no items under numbers."""
    kind = type(dataset).__name__
    if size < 0:
        raise InputError(f"data.of: size is {size}: expected a side in px, or 0 for pictures as they are")
    if isinstance(dataset, str):
        raise InputError(f"data.of: {dataset!r} is a string; a data spec is opened by data.open_source")
    if isinstance(dataset, Mapping):
        raise InputError(f"data.of: {kind} holds {', '.join(map(str, dataset))}: give one of them")
    if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
        raise InputError(f"data.of: {kind} has no items under numbers: give a data set with a length and "
                         "dataset[index], such as loader.dataset or a list")
    if not len(dataset):
        raise InputError(f"data.of: {kind} is empty: give 1 item or more")


def _named(dataset: Any) -> tuple[str, ...]:
    """The class names that a data set brings; none where it has none."""
    features = getattr(dataset, "features", None)
    columns = [features.get(key) for key in LABEL_COLUMNS] if isinstance(features, Mapping) else []
    lists = [getattr(dataset, "classes", None), *(getattr(column, "names", None) for column in columns)]
    return next((tuple(map(str, names)) for names in lists if isinstance(names, list | tuple)), ())


def _listed(names: Sequence[str]) -> str:
    return f"the truth {', '.join(names)}" if names else "no truth"
