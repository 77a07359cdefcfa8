"""The rendered vehicles as files: class folders of pictures, their masks, and a table of boxes and captions."""

import csv
from collections.abc import Iterator
from pathlib import Path

from gensc.data.open import open_source
from gensc.data.source import Source
from gensc.errors import InputError
from gensc.export.png import mask_png, png
from gensc.export.threads import in_order
from gensc.machine.files import whole_folder
from gensc.machine.progress import track

COLUMNS = ("file", "class", "x0", "y0", "x1", "y1", "caption")


def make(items: int, out: Path, size: int = 224, seed: int = 0) -> Source:
    """Render ``items`` vehicles of ``size`` pixels a side into the new folder ``out``; returns their source.

    Writes images/CLASS/*.png, which ``folder:OUT/images`` opens; masks/CLASS/*.png of the same names, 0 and
    255; and items.csv with a line for every picture: its file and class, its box in pixels (x1 and y1
    exclusive) and its caption.

    Raises InputError for a bad number, and for a folder that is taken or can't be written; then nothing is
    left.
    """
    if items < 1:
        raise InputError(f"--items is {items}: expected 1 or more")
    source = open_source(f"vehicles:{items}:{seed}", size)
    with whole_folder(out) as folder:
        for kind in ("images", "masks"):
            for label in set(source.labels.tolist()):
                (folder / kind / source.classes[label]).mkdir(parents=True)
        with (folder / "items.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(COLUMNS)
            table.writerows(track(_saved(source, folder), f"rendering {source.spec}", len(source)))
    return source


def _saved(source: Source, folder: Path) -> Iterator[tuple[object, ...]]:
    """Save every picture and mask; the line of each in the table."""

    def save(number: int) -> tuple[object, ...]:
        item, name = source.item(number), source.classes[source.labels[number]]
        file = f"{name}/{number:06d}.png"
        (folder / "images" / file).write_bytes(png(item.image))
        (folder / "masks" / file).write_bytes(mask_png(item.truth["mask"]))
        return f"images/{file}", name, *(f"{edge:g}" for edge in item.truth["boxes"][0]), item.truth["caption"]

    return in_order(save, len(source))
