"""Pictures side by side on one sheet, each with what was measured of it."""

from collections.abc import Sequence
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


def gallery(rows: Sequence[Sequence[Received]], titles: Sequence[str] = ()) -> Image.Image:
    """A sheet with a row of tiles for each of ``rows``, a title above each row where ``titles`` has one."""
    side = rows[0][0].pixels.shape[-1]
    scale = -(-LEAST // side)
    width, text = side * scale, LINES * (FONT + 4)
    head = FONT + GAP if titles else 0
    most = max(len(row) for row in rows)
    page = Image.new("RGB", (GAP + most * (width + GAP), GAP + len(rows) * (head + width + text + GAP)), "white")
    draw, font = ImageDraw.Draw(page), _font()
    for number, row in enumerate(rows):
        top = GAP + number * (head + width + text + GAP)
        if titles:
            draw.text((GAP, top), titles[number], fill="black", font=font)
        for place, one in enumerate(row):
            left = GAP + place * (width + GAP)
            page.paste(_image(one.pixels, width), (left, top + head))
            draw.multiline_text((left, top + head + width + 2), _caption(one), fill="black", font=font, spacing=2)
    return page


def of_results(out: Path, rows: Sequence[Row]) -> Image.Image | None:
    """The first test picture over all SNRs and schemes of a results folder; None where it holds none."""
    sent = shown_file(out, None, 0.0)
    if not sent.exists():
        return None
    parts, lines, titles = varying(rows), [], []
    for snr_db in sorted({row.snr_db for row in rows}):
        line = [Received("sent", _read(sent))]
        for row in (one for one in rows if one.snr_db == snr_db):
            file = shown_file(out, row.scheme, snr_db)
            if file.exists() and row.values is not None:
                line.append(Received(named(row, parts), _read(file), psnr_db=float(row.values[0][0]),
                                     uses=round(row.uses)))
        lines.append(line[:MOST])
        titles.append(f"{snr_db:g} dB")
    return gallery(lines, titles)


def _read(file: Path) -> Tensor:
    with Image.open(file) as image:
        return picture.pixels_of(image)


def _caption(one: Received) -> str:
    if one.psnr_db is None:
        return one.link
    lost = "" if one.arrived else "  LOST"
    perceptual = "" if one.st_lpips is None else f"  {one.st_lpips:.3f}"
    return f"{one.link}{lost}\n{one.psnr_db:.1f} dB{perceptual}\n{one.uses:,} uses"


def _image(pixels: Tensor, width: int) -> Image.Image:
    return picture.image_of(pixels).resize((width, width), Image.Resampling.NEAREST)


def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")), FONT)
