"""Parquet files of pictures, as the Hugging Face hub writes them."""

import bisect
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gensc.data import picture
from gensc.data.parquet_labels import read_labels
from gensc.data.source import Item, Source
from gensc.errors import InputError
from gensc.registry import register

CACHE_BYTES = 256 * 2**20
"""Row groups kept in memory, as stored (compressed images): enough for shuffled reading of most data sets."""

IMAGE_COLUMNS = ("image", "img")
KNOWLEDGE = {"mask": "mask", "box": "boxes", "caption": "caption"}
"""Columns that are used where they are there, an image, [x0, y0, x1, y1] in its pixels, a sentence: and the truth that
they give."""


class Parquet(Source):
    """The rows of one or more Parquet files of the same columns, in order; ``size`` is the working size in
    pixels, 0 for pictures as they are.

    The pictures are in ``image`` (or ``img``): a struct {bytes, path}, bytes, or paths relative to the file.
    The labels are numbers or names; see ``read_labels``. Row groups are read when they are needed; only the
    labels are held for the whole data set.

    Raises InputError for damaged files, missing columns, and a bad label.
    """

    def __init__(self, spec: str, files: list[Path], size: int) -> None:
        self.spec, self._paths, self._size = spec, files, size
        self._files = [_opened(file) for file in files]
        schema = self._files[0].schema_arrow
        for file, path in zip(self._files, files, strict=True):
            if file.schema_arrow.names != schema.names:
                raise InputError(f"{path}: its columns differ from those of {files[0]}; read the two apart")
        self._image = _image_column(schema, files[0])
        self._columns = [self._image, *(name for name in KNOWLEDGE if name in schema.names)]
        self.columns = ("label", *(truth for name, truth in KNOWLEDGE.items() if name in schema.names))
        self.labels, self.classes = read_labels(self._files, files)
        # Row groups of all files in order: (file, group in it), and the first item of each.
        self._groups = [(f, g) for f, file in enumerate(self._files) for g in range(file.num_row_groups)]
        rows = [self._files[f].metadata.row_group(g).num_rows for f, g in self._groups]
        self._starts = np.concatenate([[0], np.cumsum(rows)[:-1]]).tolist()
        sizes = [file.metadata.num_rows for file in self._files]
        self._file_starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).tolist()
        self._cache: OrderedDict[int, pa.Table] = OrderedDict()
        self._lock = threading.Lock()
        self._fingerprints: dict[int, str] = {}

    def item(self, index: int) -> Item:
        row = self._row(index)
        pixels, frame = picture.read(self._picture(index, row), self._size, self.where(index))
        return Item(pixels, self._truth(index, row, self.columns, frame))

    def truth(self, index: int, names: Sequence[str]) -> Mapping[str, Any]:
        """As ``Source.truth``; the picture is not decoded for any of it."""
        if not set(names) & set(self.columns) - {"label"}:
            return super().truth(index, names)
        row = self._row(index)
        height, width = picture.sides(self._picture(index, row), self.where(index))
        return self._truth(index, row, names, picture.Frame(width, height, self._size))

    def _truth(self, index: int, row: Mapping[str, Any], names: Sequence[str], frame: picture.Frame) -> dict[str, Any]:
        """The truth in a row, framed as its picture."""
        where = self.where(index)
        truth: dict[str, Any] = {}
        for name in names:
            if name == "label":
                truth[name] = int(self.labels[index])
            elif name == "mask" and "mask" in row:
                place = f"{where}, mask"
                truth[name] = picture.read_mask(self._stored(row["mask"], index, place), frame, place)
            elif name == "boxes" and "box" in row:
                truth[name] = np.array([_box(row["box"], frame, where)], dtype=np.float32)
            elif name == "caption" and "caption" in row:
                truth[name] = _caption(row["caption"], where)
        return truth

    def __getstate__(self) -> dict[str, Any]:
        """Everything but open files, row groups and the lock: a worker process opens the files again."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_files", "_cache", "_lock")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._files, self._cache, self._lock = [_opened(file) for file in self._paths], OrderedDict(), threading.Lock()

    def fingerprint(self, index: int) -> str:
        if index not in self._fingerprints:
            self._fingerprints[index] = picture.fingerprint(self._picture(index, self._row(index)), self._size)
        return self._fingerprints[index]

    def content(self, index: int) -> str:
        return picture.content(self._picture(index, self._row(index)))

    def where(self, index: int) -> str:
        file = self._groups[self._group(index)][0]
        return f"{self._paths[file]} row {index - self._file_starts[file]}"

    def shape(self, index: int) -> tuple[int, ...]:
        return (self._size, self._size, 3) if self._size else (*self._sides(index), 3)

    def side(self, index: int) -> int:
        return min(self._sides(index))

    def _sides(self, index: int) -> tuple[int, int]:
        return picture.sides(self._picture(index, self._row(index)), self.where(index))

    def _picture(self, index: int, row: Mapping[str, Any]) -> bytes:
        """The image file of an item."""
        return self._stored(row[self._image], index, self.where(index))

    def _group(self, index: int) -> int:
        return bisect.bisect_right(self._starts, index) - 1

    def _row(self, index: int) -> dict[str, Any]:
        """The stored columns of an item."""
        group = self._group(index)
        row: dict[str, Any] = self._table(group).slice(index - self._starts[group], 1).to_pylist()[0]
        return row

    def _table(self, group: int) -> pa.Table:
        """A row group, from the cache or the file; the least recently used ones make room for it."""
        with self._lock:
            if group not in self._cache:
                file, number = self._groups[group]
                try:
                    self._cache[group] = self._files[file].read_row_group(number, columns=self._columns)
                except (pa.ArrowException, OSError) as error:
                    reason = " ".join(str(error).split())
                    raise InputError(f"{self._paths[file]}: row group {number} is damaged ({reason}); "
                                     "get the file again") from error
                while len(self._cache) > 1 and sum(t.nbytes for t in self._cache.values()) > CACHE_BYTES:
                    self._cache.popitem(last=False)
            self._cache.move_to_end(group)
            return self._cache[group]

    def _stored(self, cell: Any, index: int, where: str) -> bytes:
        """The image file in a cell: its bytes, or those of the path in it."""
        if isinstance(cell, dict):
            cell = cell.get("bytes") if cell.get("bytes") is not None else cell.get("path")
        if isinstance(cell, bytes):
            return cell
        if not isinstance(cell, str):
            raise InputError(f"{where}: no image in it (null); drop the row")
        path = self._paths[self._groups[self._group(index)][0]].parent / cell
        try:
            return path.read_bytes()
        except OSError as error:
            raise InputError(f"{where}: its image {path} cannot be read ({error.strerror}); paths count from "
                             "the Parquet file's folder") from error


@register("data", "parquet")
def open_parquet(argument: str = "", size: int = 224) -> Source:
    """``parquet:PATH``: a Parquet file, a folder of them, or a pattern such as ``data/train-*.parquet``.

    ``argument`` is PATH and ``size`` the working size in pixels, 0 for pictures as they are. Raises InputError where
    nothing is there.
    """
    if not argument:
        raise InputError("parquet needs a path: write parquet:PATH (a file, a folder, or a pattern)")
    return Parquet(f"parquet:{argument}", _shards(argument), size)


def _shards(argument: str) -> list[Path]:
    path = Path(argument)
    if path.is_file():
        return [path]
    if path.is_dir():
        files = sorted(path.rglob("*.parquet"))
        if not files:
            raise InputError(f"parquet:{argument}: no *.parquet in this folder; check the path")
        return files
    base = Path(path.anchor)
    files = sorted(base.glob(str(path.relative_to(base)))) if any(mark in argument for mark in "*?[") else []
    if not files:
        raise InputError(f"parquet:{argument}: there is no such file; check the path (from {Path.cwd()})")
    return files


def _opened(path: Path) -> pq.ParquetFile:
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path}: not a Parquet file, or a damaged or truncated one ({error}); "
                         "get it again") from error
    if file.metadata.num_rows == 0:
        raise InputError(f"{path}: it has no rows; leave it out")
    return file


def _image_column(schema: pa.Schema, path: Path) -> str:
    for name in IMAGE_COLUMNS:
        if name in schema.names:
            return name
    raise InputError(f"{path}: no image column (one of {', '.join(IMAGE_COLUMNS)}); its columns are "
                     f"{', '.join(schema.names)}")


def _caption(cell: Any, where: str) -> str:
    if not isinstance(cell, str):
        raise InputError(f"{where}: its caption is {cell!r}; give one or drop the column")
    return cell


def _box(cell: Any, frame: picture.Frame, where: str) -> tuple[float, float, float, float]:
    if not isinstance(cell, list) or len(cell) != 4 or None in cell:
        raise InputError(f"{where}: its box is {cell!r}, expected [x0, y0, x1, y1] in pixels")
    x0, y0, x1, y1 = cell
    # Tiny ImageNet and others count x1 and y1 inclusively; there an edge of one pixel has length 0.
    x1, y1 = (x0 + 1 if x1 == x0 else x1), (y0 + 1 if y1 == y0 else y1)
    if not (0 <= x0 < x1 <= frame.width and 0 <= y0 < y1 <= frame.height):
        raise InputError(f"{where}: box {cell} is empty or leaves its {frame.width} x {frame.height} pixels; "
                         "expected [x0, y0, x1, y1] in pixels, x1 and y1 exclusive")
    kept = frame.box((x0, y0, x1, y1))
    if kept is None:
        raise InputError(f"{where}: box {cell} lies outside the central square that is kept; drop the row, "
                         "or pad the picture to a square")
    return kept
