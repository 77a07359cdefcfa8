"""Batches of a source's items, and the split that every run starts from."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gensc.batch import Batch, Column
from gensc.data import augment, duplicates, thumbnails
from gensc.data.join import SPATIAL, check_mask, joined_items, joined_truth
from gensc.data.open import open_source
from gensc.data.source import Item, Source
from gensc.data.split import split
from gensc.errors import InputError
from gensc.machine.progress import track
from gensc.rng import Rng

SHOWN = 5


class Relabelled(Source):
    """A source whose labels count in another order of the same class names."""

    def __init__(self, source: Source, classes: tuple[str, ...]) -> None:
        self._source = source
        self._new = np.array([classes.index(name) for name in source.classes], dtype=np.int64)
        self.spec, self.classes, self.labels = source.spec, classes, self._new[source.labels]
        self.columns = source.columns

    def item(self, index: int) -> Item:
        item = self._source.item(index)
        return Item(item.x, self._renamed(item.truth))

    def truth(self, index: int, names: Sequence[str]) -> Mapping[str, Any]:
        return self._renamed(self._source.truth(index, names))

    def _renamed(self, truth: Mapping[str, Any]) -> dict[str, Any]:
        return {name: int(self._new[value]) if name == "label" else value for name, value in truth.items()}

    def fingerprint(self, index: int) -> str:
        return self._source.fingerprint(index)

    def content(self, index: int) -> str:
        return self._source.content(index)

    def where(self, index: int) -> str:
        return self._source.where(index)

    def shape(self, index: int) -> tuple[int, ...]:
        return self._source.shape(index)

    def values(self, index: int) -> int:
        return self._source.values(index)

    def side(self, index: int) -> int:
        return self._source.side(index)


@dataclass(frozen=True)
class Dataset:
    """The items ``indices`` int64 [N] of a source, read when they are asked for."""

    source: Source
    indices: np.ndarray

    @staticmethod
    def all(source: Source) -> "Dataset":
        """All items of a source, in order."""
        return Dataset(source, np.arange(len(source)))

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def labels(self) -> np.ndarray:
        """int64 [N]."""
        return self.source.labels[self.indices]

    @cached_property
    def fingerprints(self) -> list[str]:
        """N hex SHA-256 digests: each item's identity, whatever its place in the data set."""
        what = f"identifying {self.source.spec}"
        return [self.source.fingerprint(int(index)) for index in track(self.indices, what, len(self))]

    @cached_property
    def items(self) -> tuple[int, ...]:
        """N identities of 63 bits, from the fingerprints: what addresses an item's random streams."""
        return tuple(int(fingerprint[:16], 16) >> 1 for fingerprint in self.fingerprints)

    def marks(self) -> list[int]:
        """N marks of 31 bits, by which a link file knows the items again that it has seen, whatever their size."""
        what = f"identifying {self.source.spec}"
        return [int(self.source.content(int(index))[:8], 16) >> 1 for index in track(self.indices, what, len(self))]

    def where(self, position: int) -> str:
        """Where the item at ``position`` comes from, for messages and exports."""
        return self.source.where(int(self.indices[position]))

    def values(self, positions: Sequence[int]) -> Tensor:
        """Source values float32 [B] of the items at ``positions``; no picture is decoded for them."""
        for position in positions:
            if position not in self._values:
                self._values[position] = float(self.source.values(int(self.indices[position])))
        return torch.tensor([self._values[position] for position in positions])

    @cached_property
    def _values(self) -> dict[int, float]:
        """What was counted before: a training asks for it in every step, and may have to open a file for it."""
        return {}

    def groups(self) -> list[list[int]]:
        """The positions of items that can be one batch, in order, by the first of each: those of pictures of one size;
        sounds and texts all together. No picture is decoded for it."""
        return self._groups

    @cached_property
    def _groups(self) -> list[list[int]]:
        groups: dict[tuple[int, ...], list[int]] = {}
        for position, index in enumerate(track(self.indices, f"measuring {self.source.spec}", len(self))):
            shape = self.source.shape(int(index))
            groups.setdefault(shape if len(shape) > 1 else (), []).append(position)
        return list(groups.values())

    def truth(self, positions: Sequence[int], names: Sequence[str]) -> dict[str, Column]:
        """The truth ``names`` of the items at ``positions`` (B of 0 to N-1), those of them that the source has; nothing
        is decoded or rendered that need not be.

        Raises InputError that names an item whose truth is missing or has another form than that of the others.
        """
        wanted = [name for name in self.source.columns if name in names]
        indices = [int(self.indices[p]) for p in positions]
        if set(wanted) <= {"label"}:
            return {name: torch.from_numpy(self.source.labels[indices]).long() for name in wanted}
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            rows = list(pool.map(self.source.truth, indices, [wanted] * len(indices)))
        return self._columns(wanted, rows, positions)

    def batch(self, positions: Sequence[int], view: int = 0, rng: Rng | None = None) -> Batch:
        """The items at ``positions`` (B of 0 to N-1) and all that is known of them: pictures of one size as float32
        [B,3,H,W] in [0,1], sounds as [B,N] with their ``length``, texts as strings.

        ``view`` above 0 gives augmented pictures, drawn from ``rng`` for each item's identity; their masks
        and boxes are left out, because they no longer fit. Raises ValueError for a view without ``rng``, InputError for
        pictures of different sizes, items of different kinds, and truth that does not fit them.
        """
        if view > 0 and rng is None:
            raise ValueError(f"Dataset.batch: view {view} draws at random; give rng")
        identity, where = [self.items[p] for p in positions], [self.where(p) for p in positions]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            items = list(pool.map(self.source.item, [int(self.indices[p]) for p in positions]))
            if view > 0 and rng is not None:
                images, streams = [item.image for item in items], [rng.of([one]) for one in identity]
                viewed = pool.map(augment.view, images, [view] * len(images), streams)
                items = [Item(image, item.truth) for image, item in zip(viewed, items, strict=True)]
        x, length = joined_items(items, where)
        names = [name for name in self.source.columns if view == 0 or name not in SPATIAL]
        if "mask" in names:
            for item, place in zip(items, where, strict=True):
                check_mask(item, place)
        truth = self._columns(names, [item.truth for item in items], positions)
        return Batch(x, torch.tensor(identity, dtype=torch.int64), truth, length)

    def _columns(self, names: Sequence[str], rows: Sequence[Mapping[str, Any]],
                 positions: Sequence[int]) -> dict[str, Column]:
        where = [self.where(p) for p in positions]
        return {name: joined_truth(name, [row.get(name) for row in rows], where) for name in names}


@dataclass(frozen=True)
class Splits:
    """The three parts of the data, the class names, ``digest``: hex SHA-256 of all items and labels in order,
    and how many training pictures were ``left_out`` because they are duplicates of test pictures."""

    train: Dataset
    validation: Dataset
    test: Dataset
    classes: tuple[str, ...]
    digest: str
    left_out: int = 0


def load(source_spec: str, test_spec: str | None = None, size: int = 224, seed: int = 0,
         validation: float = 0.15, test_share: float = 0.2, allow_duplicates: bool = False) -> Splits:
    """Open a source, split it, and make sure that the test items are new.

    With ``test_spec`` its items are the test set and ``test_share`` is not used; else that share of the
    source is split off. ``validation`` is the share of the rest kept for the choice of models; ``seed``
    decides who goes where.

    Where the test set is split off here, training pictures that are duplicates of test pictures are left out.
    Raises InputError for a bad source or split, for test classes other than the training ones, for pictures
    of a given test set that are also among the training ones, and where leaving them out would leave a class
    without pictures. ``allow_duplicates`` keeps them all.
    """
    source = open_source(source_spec, size)
    if test_spec is None:
        parts = split(source.labels, source.classes, validation, test_share, seed)
        test = Dataset(source, parts.test)
    else:
        parts = split(source.labels, source.classes, validation, 0.0, seed)
        other = relabelled(open_source(test_spec, size), source.classes)
        test = Dataset(other, np.arange(len(other)))
    train, held = parts.train, parts.validation
    if not allow_duplicates:
        known = Dataset(source, np.concatenate([train, held]))
        pairs = _twins(known, test)
        twins = known.indices[sorted({pair.train_index for pair in pairs})]
        train, held = np.setdiff1d(train, twins), np.setdiff1d(held, twins)
        if pairs and (test_spec is not None or not _complete(source, train, held)):
            _refuse(pairs, known, test)
    left_out = len(parts.train) + len(parts.validation) - len(train) - len(held)
    sets = Dataset(source, train), Dataset(source, held), test
    return Splits(*sets, source.classes, _digest(*sets), left_out)


def relabelled(source: Source, classes: tuple[str, ...]) -> Source:
    """The source with its labels as indices into ``classes``, the class names that a link was trained on.

    Raises InputError for a source of other classes; their order is free.
    """
    foreign, lacking = sorted(set(source.classes) - set(classes)), sorted(set(classes) - set(source.classes))
    if foreign or lacking:
        told = [f"{what}: {', '.join(names)}"
                for what, names in (("unknown", foreign), ("missing", lacking)) if names]
        raise InputError(f"{source.spec}: its classes are not the training classes ({'; '.join(told)}); "
                         "give a source of the same classes")
    return source if source.classes == classes else Relabelled(source, classes)


def _twins(known: Dataset, test: Dataset) -> list[duplicates.Pair]:
    """Pictures that are the same or look so; of other items, those that are the same."""
    parts = [(part.source, part.indices.tolist()) for part in (known, test)]
    if any(len(source.shape(indices[0])) != 3 for source, indices in parts if indices):
        return duplicates.equal(*([source.content(index) for index in indices] for source, indices in parts))
    return duplicates.find(*(thumbnails.read(source, indices) for source, indices in parts))


def _complete(source: Source, *parts: np.ndarray) -> bool:
    """Whether every class has an item in every part."""
    return all(len(np.unique(source.labels[part])) == len(source.classes) for part in parts)


def _refuse(pairs: list[duplicates.Pair], known: Dataset, test: Dataset) -> None:
    lines = [f"\n  {known.where(pair.train_index)} = {test.where(pair.test_index)} ({pair.kind})"
             for pair in pairs[:SHOWN]]
    more = f"\n  and {len(pairs) - SHOWN} more" if len(pairs) > SHOWN else ""
    leaked = len({pair.test_index for pair in pairs})
    raise InputError(f"{leaked} of {len(test)} test pictures are also in the training or validation data:"
                     f"{''.join(lines)}{more}\nRemove them, or set data.allow_duplicates = true and say so "
                     "beside the result")


def _digest(*parts: Dataset) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"part of {len(part)}\n".encode())
        for fingerprint, label in zip(part.fingerprints, part.labels.tolist(), strict=True):
            digest.update(f"{fingerprint} {label}\n".encode())
    return digest.hexdigest()
