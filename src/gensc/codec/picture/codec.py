"""Picture files as what is sent: the classical source coders."""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from gensc.batch import Batch
from gensc.codec.base import Codec, Received
from gensc.codec.picture.coder import Damaged, Pixels, Size
from gensc.codec.picture.fit import Trials, fit, fit_quickly
from gensc.codec.picture.formats import CODERS, resized
from gensc.errors import InputError
from gensc.machine.blobs import Blobs
from gensc.machine.cache import cache_dir
from gensc.registry import register
from gensc.signal import ANY, MAIN, Delivery, Form, Parts, State, bytes_of, part_of

Format = Literal["jpeg", "jpeg2000", "webp", "avif", "jxl", "raw"]
Conceal = Literal["grey", "black"]
LEVEL = {"grey": 128, "black": 0}
UNLIMITED = 2**31
LARGEST = 16383
"""The longest side, px, that all of the formats can code."""
# Part of the name of the file of kept payloads: raise it when the search or the payload changes.
RECIPE = 2
TRIED = 2048
"""Pictures of which a codec keeps what it has tried, 5 to 20 kB each."""
WHO = "codec 'picture'"


class File(NamedTuple):
    """The length of a file's body, bytes, and the size that it was coded at."""

    length: int
    size: Size


@register("codec", "picture")
class Picture(Codec):
    """Images [B,3,H,W] in [0,1] of any size as files of a ``format``, one an item; back at the receiver they are images
    again.

    ``quality`` None: each file is the best that fits the budget of its item (``State.budget``, bytes), by the
    squared error of what the receiver gets. A number: the encoder's own setting, whatever the budget (see
    ``gensc.codec.picture.formats``); a file that is too long for a budget is not sent.
    ``scales``: sizes, as shares of both sides, at which a picture may be sent, largest first; the receiver
    enlarges it (bicubic). A fixed quality uses the first. (1.0,) never shrinks.
    ``conceal``: what the receiver shows for an item that is lost, not sent, or damaged: mid-grey (128) or black.

    A payload is one byte (which of the scales), then the file without the bytes that follow from format, size
    and length. b"" stands for an item of which nothing fits: it is not sent.
    """

    form = {MAIN: None}
    classical = True

    def __init__(self, format: Format = "webp", quality: float | None = None,
                 scales: tuple[float, ...] = (1.0, 0.75, 0.5, 0.375, 0.25, 0.125), conceal: Conceal = "grey") -> None:
        super().__init__()
        self.coder = CODERS[format]
        _check(format, quality, scales)
        self.format, self.quality, self.scales, self.conceal = format, quality, scales, conceal
        self._trials = Trials(TRIED)

    def received(self, form: Form) -> Form:
        if part_of(form, MAIN, WHO) is not None:
            raise InputError(f"{WHO} makes files and gets features: use a transport of bytes, such as digital")
        return {MAIN: (3, ANY, ANY)}

    def encode(self, batch: Batch, state: State) -> Parts:
        """The payloads of images [B,3,H,W], each of at most its item's budget."""
        sizes, budgets = self.sizes(batch.shape), self.budgets(state)
        pictures = pixels_of(batch.pixels)
        how = f"{self.format}|{self.coder.version()}|{sizes}|{self.quality}|"
        digests = [hashlib.sha256(f"{batch.shape}".encode() + picture.tobytes()).digest() for picture in pictures]
        keys = [hashlib.sha256(f"{how}{budget}|".encode() + digest).digest()
                for digest, budget in zip(digests, budgets, strict=True)]
        with closing(Blobs(cache_dir() / "picture-files", RECIPE, required=False)) as kept:
            payloads = kept.get(keys)
            lacking = [place for place, key in enumerate(keys) if key not in payloads]
            fresh = self._payloads(pictures[lacking], sizes, [budgets[place] for place in lacking],
                                   [digests[place] for place in lacking])
            pairs = dict(zip([keys[place] for place in lacking], fresh, strict=True))
            kept.put(pairs.items())
        payloads.update(pairs)
        return {MAIN: tuple(payloads[key] for key in keys)}

    def encode_quickly(self, batch: Batch, state: State) -> Parts:
        """``encode`` with near the best file that fits, by a quarter of the time, and nothing kept: for training, which
        meets no picture twice."""
        sizes, budgets = self.sizes(batch.shape), self.budgets(state)
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return {MAIN: tuple(pool.map(lambda picture, budget: fit_quickly(picture, self.coder, sizes, budget),
                                         pixels_of(batch.pixels), budgets))}

    def decode(self, delivery: Delivery, state: State) -> Received:
        """Images float32 [B,3,H,W] in [0,1]; what is lost or damaged is concealed."""
        return {MAIN: self.opened(delivery, state)[0]}

    def opened(self, delivery: Delivery, state: State) -> tuple[Tensor, list[File | None]]:
        """``decode``, and the file that each image is of, None where it is concealed."""
        payloads = bytes_of(part_of(delivery.parts, MAIN, WHO), WHO)
        sizes = self.sizes(state.shape)
        height, width = state.shape[1:]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            opened = list(pool.map(lambda payload: self._opened(payload, sizes, (height, width)), payloads))
        pictures = np.stack([pixels for pixels, _ in opened])
        # Values of a batch are where its pictures are.
        return images_of(pictures).to(state.device), [file for _, file in opened]

    def sizes(self, shape: tuple[int, ...]) -> tuple[Size, ...]:
        """The sizes at which items of ``shape`` [3,H,W] may be sent, largest first. Raises InputError for what is no
        picture that can be coded."""
        if len(shape) != 3 or shape[0] != 3 or not all(1 <= side <= LARGEST for side in shape[1:]):
            raise InputError(f"{WHO}: an item is {list(shape)}; expected pictures [3, H, W] with sides from 1 to "
                             f"{LARGEST} px")
        height, width = shape[1:]
        return tuple(dict.fromkeys((max(1, round(height * scale)), max(1, round(width * scale)))
                                   for scale in self.scales))

    def budgets(self, state: State) -> Sequence[int]:
        """The most bytes that each item's payload may have. Raises InputError where files have nothing to fit."""
        if state.budget is not None:
            return [min(budget, UNLIMITED) for budget in state.budget]
        if self.quality is None:
            raise InputError(f"{WHO} fits its files to the budget of a digital transport, and there is none: "
                             "use such a transport, or set the codec's quality")
        return [UNLIMITED] * len(state)

    def _payloads(self, pictures: np.ndarray, sizes: Sequence[Size], budgets: Sequence[int],
                  digests: Sequence[bytes]) -> list[bytes]:
        trials = [self._trials.of(digest) for digest in digests]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            if self.quality is None:
                return list(pool.map(lambda picture, budget, tried: fit(picture, self.coder, sizes, budget, tried),
                                     pictures, budgets, trials))
            return list(pool.map(lambda picture, budget: self._fixed(picture, sizes[0], budget), pictures, budgets))

    def _fixed(self, pixels: Pixels, size: Size, budget: int) -> bytes:
        """The payload of a picture at the codec's own quality; b"" where it is too long."""
        assert self.quality is not None
        body = self.coder.encode(resized(pixels, size), self.quality)
        return b"" if body is None or len(body) >= budget else b"\0" + body

    def _opened(self, payload: bytes | None, sizes: Sequence[Size], full: Size) -> tuple[Pixels, File | None]:
        """The picture of a payload and its file; concealed, and None, for what is lost or damaged."""
        if payload and payload[0] < len(sizes):
            file = File(len(payload) - 1, sizes[payload[0]])
            try:
                return resized(self.coder.decode(payload[1:], file.size), full), file
            except Damaged:
                pass
        return np.full((*full, 3), LEVEL[self.conceal], dtype=np.uint8), None


def pixels_of(images: Tensor) -> np.ndarray:
    """Images [B,3,H,W] in [0,1] as uint8 [B,H,W,3]."""
    return (images.detach().clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()


def images_of(pixels: np.ndarray) -> Tensor:
    """Pixels uint8 [B,H,W,3] as images float32 [B,3,H,W] in [0,1]."""
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous().float() / 255


def _check(format: str, quality: float | None, scales: tuple[float, ...]) -> None:
    settings = CODERS[format].qualities
    whole = all(setting.is_integer() for setting in settings)
    if quality is not None and not (settings[0] <= quality <= settings[-1]
                                    and (float(quality).is_integer() or not whole)):
        raise InputError(f"{WHO}: quality is {quality:g}; {format} takes {'whole ' if whole else ''}numbers from "
                         f"{settings[0]:g} to {settings[-1]:g}; leave it out to fit files to the budget")
    if not 0 < len(scales) < 256 or not all(0 < s <= 1 for s in scales) or any(a <= b for a, b in pairwise(scales)):
        raise InputError(f"{WHO}: scales are {scales}; expected falling shares of the picture's sides in (0, 1], such "
                         "as [1.0, 0.5, 0.25]")
