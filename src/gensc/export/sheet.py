"""A contact sheet: a few pictures of each class on one page."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib
from PIL import Image, ImageDraw, ImageFont

from gensc.export.overview import SAMPLE_SIDE

GAP = 6
FONT_SIZE = 13


def sheet(samples: Mapping[str, list[Image.Image]], counts: Mapping[str, int]) -> Image.Image:
    """A row for each class: its name, its number of items, and its sample pictures."""
    # Pillow's own font knows Latin letters only, and class names may have others.
    file = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
    font = ImageFont.truetype(str(file), FONT_SIZE)
    names = {name: f"{name}\n{counts[name]:,}" for name in samples}
    margin = GAP + max(round(font.getlength(name)) for name in samples) + 2 * GAP
    pitch = SAMPLE_SIDE + GAP
    widest = max(1, *(len(images) for images in samples.values()))
    page = Image.new("RGB", (margin + widest * pitch, GAP + len(samples) * pitch), "white")
    draw = ImageDraw.Draw(page)
    for row, (name, images) in enumerate(samples.items()):
        top = GAP + row * pitch
        draw.multiline_text((GAP, top + SAMPLE_SIDE // 2 - FONT_SIZE), names[name], fill="black", font=font)
        for column, image in enumerate(images):
            page.paste(image, (margin + column * pitch, top))
    return page
