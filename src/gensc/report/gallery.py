"""Pictures side by side on one sheet, each with what was measured of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from gensc.data import picture
from gensc.experiment.send import Received
from gensc.experiment.sweep import shown_file
from gensc.report.names import named, varying
from gensc.report.rows import Row

GAP, FONT, LINES = 8, 13, 3
MOST = 9
"""Columns of a gallery of results at most: the sent picture and the first eight schemes."""
LEAST = 150
"""Smallest width of a tile in px: the text below it must fit; smaller pictures are enlarged without smoothing."""


@dataclass(frozen=True)
class Tile:
    """A picture float32 [3,H,W] in [0,1] and the lines below it."""

    pixels: Tensor
    lines: tuple[str, ...]


def gallery(rows: Sequence[Sequence[Received]], titles: Sequence[str] = ()) -> Image.Image:
    """A sheet with a row of tiles for each of ``rows``, a title above each row where ``titles`` has one."""
    return sheet([[Tile(one.pixels, _lines(one)) for one in row] for row in rows], titles)


def of_results(out: Path, rows: Sequence[Row]) -> Image.Image | None:
    """The first test picture over all SNRs and schemes of a results folder; None where it holds none."""
    original = shown_file(out, None, 0.0)
    if not original.exists():
        return None
    parts, tiles, titles = varying(rows), [], []
    for snr_db in sorted({row.snr_db for row in rows}):
        line = [Tile(_read(original), ("sent",))]
        for row in (one for one in rows if one.snr_db == snr_db):
            file = shown_file(out, row.scheme, snr_db)
            if file.exists():
                figure = () if row.values is None else (row.measure.said(float(row.values[0][0])),)
                line.append(Tile(_read(file), (named(row, parts), *figure, f"{round(row.uses):,} uses")))
        tiles.append(line[:MOST])
        titles.append(f"{snr_db:g} dB")
    return sheet(tiles, titles)


def sheet(rows: Sequence[Sequence[Tile]], titles: Sequence[str] = ()) -> Image.Image:
    """Rows of tiles as one picture; all tiles get the size of the first, or twice as many pixels a side, or three
    times, until text fits below them."""
    high, wide = rows[0][0].pixels.shape[1:]
    scale = -(-LEAST // wide)
    width, height, text = wide * scale, high * scale, LINES * (FONT + 4)
    head = FONT + GAP if titles else 0
    most = max(len(row) for row in rows)
    page = Image.new("RGB", (GAP + most * (width + GAP), GAP + len(rows) * (head + height + text + GAP)), "white")
    draw, font = ImageDraw.Draw(page), _font()
    for number, row in enumerate(rows):
        top = GAP + number * (head + height + text + GAP)
        if titles:
            draw.text((GAP, top), titles[number], fill="black", font=font)
        for place, tile in enumerate(row):
            left = GAP + place * (width + GAP)
            pixels = picture.image_of(tile.pixels).resize((width, height), Image.Resampling.NEAREST)
            page.paste(pixels, (left, top + head))
            draw.multiline_text((left, top + head + height + 2), "\n".join(tile.lines), fill="black", font=font,
                                spacing=2)
    return page


def _read(file: Path) -> Tensor:
    with Image.open(file) as image:
        return picture.pixels_of(image)


def _lines(one: Received) -> tuple[str, ...]:
    if one.psnr_db is None:
        return (one.link,)
    lost = "" if one.arrived else "  LOST"
    perceptual = "" if one.st_lpips is None else f"  {one.st_lpips:.3f}"
    return f"{one.link}{lost}", f"{one.psnr_db:.1f} dB{perceptual}", f"{one.uses:,} uses"


def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")), FONT)
