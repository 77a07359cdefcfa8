"""The labels and class names of Parquet files."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gensc.errors import InputError

LABEL_COLUMNS = ("label", "classification_class", "class", "labels", "fine_label")
NAME_COLUMN = "label_name"


def read_labels(files: list[pq.ParquetFile], paths: list[Path]) -> tuple[np.ndarray, tuple[str, ...]]:
    """The labels of all rows as int64 [N] indices into the class names, and the names.

    The first of ``LABEL_COLUMNS`` there is. Names as text are classes in sorted order. Numbers index the
    names in the Hugging Face features (ClassLabel) where the file has them; else they are classes in rising
    order, named by the column ``label_name`` or by themselves.

    Raises InputError for a missing column, and for a label that is null, negative, no whole number or beyond
    the class names.
    """
    schema = files[0].schema_arrow
    column = next((name for name in LABEL_COLUMNS if name in schema.names), None)
    if column is None:
        raise InputError(f"{paths[0]}: no label column (one of {', '.join(LABEL_COLUMNS)}); its columns are "
                         f"{', '.join(schema.names)}")
    values = list(_cells(files, paths, column))
    if isinstance(values[0], str):
        names = sorted(set(values))
        return _indices(values, names), tuple(names)
    known = _hub_names(schema, column)
    if known:
        for number, value in enumerate(values):
            if value >= len(known):
                raise InputError(f"{paths[0]}: label {value} (item {number}) but its metadata names "
                                 f"{len(known)} classes, 0 to {len(known) - 1}; correct one of them")
        return np.array(values, dtype=np.int64), known
    numbers = sorted(set(values))
    if NAME_COLUMN in schema.names:
        return _indices(values, numbers), _named(values, list(_cells(files, paths, NAME_COLUMN)), paths[0])
    return _indices(values, numbers), tuple(str(number) for number in numbers)


def _indices(values: list[Any], known: list[Any]) -> np.ndarray:
    place = {value: index for index, value in enumerate(known)}
    return np.array([place[value] for value in values], dtype=np.int64)


def _cells(files: list[pq.ParquetFile], paths: list[Path], column: str) -> Iterator[Any]:
    """The cells of a label column, all text or all whole numbers from 0."""
    kind: type | None = None
    for file, path in zip(files, paths, strict=True):
        try:
            cells: list[Any] = file.read(columns=[column])[column].to_pylist()
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{path}: its column {column} is damaged ({error}); get it again") from error
        for row, cell in enumerate(cells):
            kind = kind or type(cell)
            if type(cell) is not kind or not _proper(cell):
                raise InputError(f"{path}: {column} of row {row} is {cell!r}; expected a name, or a whole "
                                 "number from 0, and the same kind in all rows")
            yield cell


def _proper(cell: Any) -> bool:
    """A name, or a whole number from 0 (and not a truth value, which Python takes for one)."""
    return cell != "" if isinstance(cell, str) else type(cell) is int and cell >= 0


def _hub_names(schema: pa.Schema, column: str) -> tuple[str, ...]:
    """The class names that the Hugging Face ``datasets`` package wrote beside the schema, if it did."""
    try:
        written = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        return tuple(written["info"]["features"][column]["names"])
    except (ValueError, KeyError, TypeError):
        return ()


def _named(values: list[int], names: list[str], path: Path) -> tuple[str, ...]:
    """The name of every number, in rising order; one name a number."""
    pairs = sorted(set(zip(values, names, strict=True)))
    if len({value for value, _ in pairs}) != len(pairs) or len({name for _, name in pairs}) != len(pairs):
        raise InputError(f"{path}: {NAME_COLUMN} gives a label two names, or two labels one name; correct it")
    return tuple(str(name) for _, name in pairs)
