"""Views of a picture for training: random crops, mirrors and light."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gensc.rng import Rng

AREA = (0.5, 1.0)
ASPECT = (0.87, 1.15)
JITTER = 0.25


def view(image: np.ndarray, number: int, rng: Rng) -> np.ndarray:
    """View ``number`` of an image uint8 [H,W,3]: 0 is the picture itself, others are uint8 [H,W,3] of the
    same thing.

    A random crop (half to all of the area, nearly of the picture's shape) resized to H x W, mirrored every second
    time, with contrast and brightness changed by up to a quarter. The same ``rng`` (one item) and number give the
    same view.
    """
    if number == 0:
        return image
    draw = next(rng.child("view", number).generators())
    height, width = image.shape[:2]
    cropped = Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC, box=_crop(width, height, draw))
    if draw.random() < 0.5:
        cropped = cropped.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return _relit(np.asarray(cropped), draw)


def _crop(width: int, height: int, draw: np.random.Generator) -> tuple[float, float, float, float]:
    """A box (left, upper, right, lower) inside the picture."""
    area = draw.uniform(*AREA) * width * height
    aspect = np.exp(draw.uniform(*np.log(ASPECT))) * (width / height)
    wide, high = min((area * aspect) ** 0.5, width), min((area / aspect) ** 0.5, height)
    left, upper = draw.uniform(0, width - wide), draw.uniform(0, height - high)
    return left, upper, min(left + wide, width), min(upper + high, height)


def _relit(pixels: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Brightness scales all pixels; contrast scales their distance from the mean grey."""
    brightness, contrast = draw.uniform(1 - JITTER, 1 + JITTER, size=2)
    bright = pixels.astype(np.float32) * np.float32(brightness)
    grey = np.float32(bright.mean())
    return np.clip(np.rint((bright - grey) * np.float32(contrast) + grey), 0, 255).astype(np.uint8)


def crops(pictures: Tensor, side: int, rng: Rng | None) -> Tensor:
    """A part [B,C,side,side] of each picture [B,C,H,W], pixels untouched: at a random place and mirrored every
    second time, an item by its own stream of ``rng``; the centre, as it is, without ``rng``."""
    height, width = pictures.shape[2:]
    if rng is None:
        top, left = (height - side) // 2, (width - side) // 2
        return pictures[:, :, top:top + side, left:left + side]
    places = rng.uniform(3) * torch.tensor([height - side + 1, width - side + 1, 2])
    parts = []
    for picture, (top, left, mirrored) in zip(pictures, places.long().tolist(), strict=True):
        part = picture[:, top:top + side, left:left + side]
        parts.append(part.flip(2) if mirrored else part)
    return torch.stack(parts)
