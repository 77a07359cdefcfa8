"""The noise-augmented data set in the format of GenSC-6G, as Parquet shards.

Nothing goes through the feature store: an export reads every picture once in any case, and its clean
columns are the features. Storing them in the cache as well would keep a second copy that only another
export of the same pictures could use.
"""

import contextlib
import itertools
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from torch import Tensor

from gensc.codec.backbone import Backbone
from gensc.data.open import open_source
from gensc.data.parquet import KNOWLEDGE
from gensc.data.source import Item, Source
from gensc.errors import InputError
from gensc.export import card
from gensc.export.encode import logits, noisy, width
from gensc.export.png import mask_png, png
from gensc.export.schema import clean_column, noisy_column, schema
from gensc.export.threads import GROUP, in_order
from gensc.machine.files import refuse_taken, whole_folder
from gensc.machine.progress import track

SHARD_BYTES = 500 * 10**6
SNR_LIMIT_DB = 100.0


@dataclass(frozen=True)
class _Row:
    """An item on its way into the file; ``identity`` addresses its noise."""

    number: int
    item: Item
    where: str
    identity: int
    image: bytes
    mask: bytes | None


def export(spec: str, backbones: Sequence[str], snr_db: Sequence[float], out: Path, size: int = 224,
           seed: int = 0) -> int:
    """Write the source ``spec`` with its features, clean and noisy, to the new folder ``out``.

    Every item gets its picture (PNG at ``size`` pixels), class, the logits of every backbone, the same after
    AWGN at every ``snr_db``, and mask, box and caption where the source has them. The folder holds Parquet
    shards, read a row group at a time, and a README.md. Returns the number of items.

    Raises InputError for a bad option, source or picture, for weights that are not here, for a folder that
    is taken or can't be written; then nothing is left.
    """
    levels = _checked(backbones, snr_db)
    refuse_taken(out)
    codecs = {model: Backbone(model, output="logits", size=size) for model in backbones}
    source = open_source(spec, size)
    if "label" not in source.columns:
        raise InputError(f"{spec} has no classes, and the format has a column for them: give pictures in class folders")
    knowledge = _known(source.item(0))
    widths = {column: width(codec)
              for model, codec in codecs.items()
              for column in (clean_column(model), *(noisy_column(model, level) for level in levels))}
    columns = schema(source.classes, widths, knowledge)
    # Closing ends the progress bar before anyone says what went wrong.
    with whole_folder(out) as folder, contextlib.closing(_groups(source, knowledge)) as groups:
        _write((_table(group, codecs, levels, seed, columns) for group in groups), columns, folder)
        text = card.text(source, codecs, levels, size, seed, columns.names)
        (folder / "README.md").write_text(text, encoding="utf-8")
    return len(source)


def _checked(backbones: Sequence[str], snr_db: Sequence[float]) -> tuple[float, ...]:
    """The SNRs, after a check of both lists: something in each, nothing twice, dB in range."""
    for option, values in (("--backbones", backbones), ("--snr-db", snr_db)):
        if not values:
            raise InputError(f"{option} is empty: give at least one, with commas between several")
        one, count = Counter(values).most_common(1)[0]
        if count > 1:
            raise InputError(f"{option} names {one} {count} times: a column can be there once")
    for level in snr_db:
        if not abs(level) <= SNR_LIMIT_DB:
            raise InputError(f"--snr-db holds {level}: expected Es/N0 in dB from {-SNR_LIMIT_DB:g} to "
                             f"{SNR_LIMIT_DB:g} (the features without noise are always there)")
    # Adding 0 turns -0.0 into 0.0: the two have one column name, and so must have one noise.
    return tuple(float(level) + 0.0 for level in snr_db)


def _known(item: Item) -> tuple[str, ...]:
    return tuple(name for name, truth in KNOWLEDGE.items() if truth in item.truth)


def _groups(source: Source, knowledge: tuple[str, ...]) -> Generator[list[_Row], None, None]:
    """The rows of each row group. Raises InputError for an item that knows other things than ``knowledge``."""
    rows = track(_rows(source, knowledge), f"exporting {source.spec}", len(source))
    while group := list(itertools.islice(rows, GROUP)):
        yield group


def _rows(source: Source, knowledge: tuple[str, ...]) -> Iterator[_Row]:
    def read(number: int) -> _Row:
        item, where = source.item(number), source.where(number)
        if _known(item) != knowledge:
            raise InputError(f"{where}: it has {_listed(_known(item))} besides its class, but the first item has "
                             f"{_listed(knowledge)}; make them alike")
        _check_fit(item, where)
        mask = mask_png(item.truth["mask"]) if "mask" in item.truth else None
        return _Row(number, item, where, int(source.fingerprint(number)[:16], 16), png(item.image), mask)

    return in_order(read, len(source))


def _check_fit(item: Item, where: str) -> None:
    """Raises InputError for truth that the format has no place for."""
    boxes, mask = item.truth.get("boxes", [None]), item.truth.get("mask", np.zeros(1))
    if len(boxes) != 1 or np.max(mask) > 1:
        raise InputError(f"{where}: it has {len(boxes)} boxes and a mask of numbers up to {np.max(mask):g}; the format "
                         "has one box an item and masks of 0 and 1")


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "nothing"


def _table(rows: list[_Row], codecs: dict[str, Backbone], levels: tuple[float, ...], seed: int,
           columns: pa.Schema) -> pa.Table:
    """A row group: the columns of ``rows``."""
    images = torch.from_numpy(np.stack([row.item.image for row in rows])).permute(0, 3, 1, 2).float() / 255
    identities = [row.identity for row in rows]
    cells: dict[str, list | pa.Array] = {
        "image": [{"bytes": row.image, "path": f"{row.number:06d}.png"} for row in rows],
        "image_path": [row.where for row in rows],
        "classification_class": [row.item.truth["label"] for row in rows],
        "mask": [{"bytes": row.mask, "path": f"{row.number:06d}_mask.png"} for row in rows],
        "box": [row.item.truth["boxes"][0].tolist() if "boxes" in row.item.truth else None for row in rows],
        "caption": [row.item.truth.get("caption") for row in rows],
    }
    for model, codec in codecs.items():
        clean = logits(codec, images)
        cells[clean_column(model)] = _vectors(clean)
        for level in levels:
            cells[noisy_column(model, level)] = _vectors(noisy(clean, level, identities, seed))
    return pa.table({name: cells[name] for name in columns.names}, schema=columns)


def _vectors(features: Tensor) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(pa.array(features.flatten().numpy()), features.shape[1])


def _write(tables: Iterator[pa.Table], columns: pa.Schema, folder: Path) -> None:
    """Write tables as row groups of shards of about ``SHARD_BYTES``, named as the hub names them."""
    shards: list[Path] = []
    for first in tables:
        shards.append(folder / f"{len(shards)}.part")
        # Random numbers and compressed pictures: a dictionary of them would only take memory.
        with pq.ParquetWriter(shards[-1], columns, compression="zstd", use_dictionary=False) as writer:
            written = 0
            for table in itertools.chain([first], tables):
                writer.write_table(table)
                written += table.nbytes
                if written >= SHARD_BYTES:
                    break
    for number, shard in enumerate(shards):
        shard.rename(folder / f"data-{number:05d}-of-{len(shards):05d}.parquet")
