"""A contact sheet: a few pictures of each class on one page."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

CELL = 96
GAP = 6
FONT_SIZE = 13


def sheet(samples: Mapping[str, list[np.ndarray]], counts: Mapping[str, int]) -> Image.Image:
    """A row for each class: its name, its number of items, and its sample pictures uint8 [S,S,3]."""
    # Pillow's own font knows Latin letters only, and class names may have others.
    file = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
    font = ImageFont.truetype(str(file), FONT_SIZE)
    names = {name: f"{name}\n{counts[name]:,}" for name in samples}
    margin = GAP + max(round(font.getlength(name)) for name in samples) + 2 * GAP
    widest = max(1, *(len(images) for images in samples.values()))
    page = Image.new("RGB", (margin + widest * (CELL + GAP), GAP + len(samples) * (CELL + GAP)), "white")
    draw = ImageDraw.Draw(page)
    for row, (name, images) in enumerate(samples.items()):
        top = GAP + row * (CELL + GAP)
        draw.multiline_text((GAP, top + CELL // 2 - FONT_SIZE), names[name], fill="black", font=font)
        for column, image in enumerate(images):
            small = Image.fromarray(image).resize((CELL, CELL), Image.Resampling.BICUBIC)
            page.paste(small, (margin + column * (CELL + GAP), top))
    return page
