"""Pictures and masks as PNG, which loses nothing."""

import io

import numpy as np
from PIL import Image


def png(pixels: np.ndarray) -> bytes:
    """An image uint8 [H,W,3] as the bytes of a PNG file."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def mask_png(mask: np.ndarray) -> bytes:
    """A mask of 0 and 1 [H,W] as the bytes of a grey PNG file of 0 and 255."""
    return png(mask.astype(np.uint8) * 255)
