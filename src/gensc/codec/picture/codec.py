"""Picture files as payloads: the classical source coders."""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import lru_cache
from itertools import pairwise
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from gensc.codec.base import Codec
from gensc.codec.picture.coder import Damaged, Pixels
from gensc.codec.picture.fit import Tried, fit
from gensc.codec.picture.formats import CODERS, resized
from gensc.codec.picture.kept import KeptFiles
from gensc.errors import InputError
from gensc.registry import register
from gensc.signal import Payload, Received, State

Format = Literal["jpeg", "jpeg2000", "webp", "avif", "jxl", "raw"]
Conceal = Literal["grey", "black"]
LEVEL = {"grey": 128, "black": 0}
UNLIMITED = 2**31


@register("codec", "picture")
class Picture(Codec):
    """Images [B,3,S,S] in [0,1] as files of a ``format``, one an item; back at the receiver they are images
    again.

    ``quality`` None: each file is the best that fits the room of its item (``State.room``, bytes), by the
    squared error of what the receiver gets. A number: the encoder's own setting, whatever the room (see
    ``gensc.codec.picture.formats``); a file that is too long for a room is not sent.
    ``scales``: sides, as shares of ``size``, at which a picture may be sent, largest first; the receiver
    enlarges it (bicubic). A fixed quality uses the first. (1.0,) never shrinks.
    ``conceal``: what the receiver shows for an item that is lost, not sent, or damaged: mid-grey (128) or black.
    ``size``: the side S, px.

    A payload is one byte (which of the scales), then the file without the bytes that follow from format, side
    and length. b"" stands for an item of which nothing fits: it is not sent.
    """

    frozen = True
    shape = None

    def __init__(self, format: Format = "webp", quality: float | None = None,
                 scales: tuple[float, ...] = (1.0, 0.75, 0.5, 0.375, 0.25, 0.125), conceal: Conceal = "grey",
                 size: int = 224) -> None:
        super().__init__()
        self.coder = CODERS[format]
        _check(format, quality, scales, size)
        self.format, self.quality, self.conceal, self.size = format, quality, conceal, size
        self.sides = tuple(dict.fromkeys(max(1, round(size * scale)) for scale in scales))
        self.front_shape = (3, size, size)

    def received_shape(self, delivered: tuple[int, ...] | None) -> tuple[int, ...]:
        return 3, self.size, self.size

    def rest(self, front: Tensor, state: State | None = None) -> Payload:
        """The payloads of images [B,3,S,S], each of at most its item's room."""
        if tuple(front.shape[1:]) != self.front_shape:
            raise InputError(f"codec 'picture': the images are {list(front.shape[1:])}, expected "
                             f"{list(self.front_shape)}; its size must be that of the data")
        rooms = self._rooms(len(front), state)
        pictures = (front.detach().clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
        how = f"{self.format}|{self.coder.version()}|{self.sides}|{self.quality}"
        keys = [hashlib.sha256(f"{how}|{room}|".encode() + pixels.tobytes()).digest()
                for pixels, room in zip(pictures, rooms, strict=True)]
        with closing(KeptFiles()) as kept:
            known = kept.get(keys)
            lacking = [place for place, key in enumerate(keys) if key not in known]
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                made = list(pool.map(self._payload, pictures[lacking], [rooms[place] for place in lacking]))
            fresh = dict(zip([keys[place] for place in lacking], made, strict=True))
            kept.put(fresh.items())
        return tuple((known | fresh)[key] for key in keys)

    def decode(self, payload: Received, state: State) -> Tensor:
        """Images float32 [B,3,S,S] in [0,1]; what is lost or damaged is concealed."""
        if not isinstance(payload, tuple):
            raise InputError("codec 'picture' got features where it sends bytes: use a digital transport")
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            pictures = np.stack(list(pool.map(self._picture, payload)))
        images = torch.from_numpy(pictures).permute(0, 3, 1, 2).contiguous().float() / 255
        return images.to(state.snr_db.device)

    def _rooms(self, items: int, state: State | None) -> Sequence[int]:
        if state is not None and state.room is not None:
            return [min(room, UNLIMITED) for room in state.room]
        if self.quality is None:
            raise InputError("codec 'picture' fits its files to the room of a digital transport, and there is none: "
                             "use such a transport, or set the codec's quality")
        return [UNLIMITED] * items

    def _payload(self, pixels: Pixels, room: int) -> bytes:
        if self.quality is None:
            return fit(pixels, self.coder, self.sides, room, _tried(self.format, pixels.tobytes()))
        body = self.coder.encode(resized(pixels, self.sides[0]), self.quality)
        return b"" if body is None or len(body) >= room else b"\0" + body

    def _picture(self, payload: bytes | None) -> Pixels:
        if payload and payload[0] < len(self.sides):
            try:
                return resized(self.coder.decode(payload[1:], self.sides[payload[0]]), self.size)
            except Damaged:
                pass
        return np.full((self.size, self.size, 3), LEVEL[self.conceal], dtype=np.uint8)


@lru_cache(maxsize=4096)
def _tried(format: str, pixels: bytes) -> Tried:
    """What this process knows of a picture in a format."""
    return Tried()


def _check(format: str, quality: float | None, scales: tuple[float, ...], size: int) -> None:
    known = CODERS[format].qualities
    whole = all(one.is_integer() for one in known)
    if quality is not None and not (known[0] <= quality <= known[-1] and (float(quality).is_integer() or not whole)):
        raise InputError(f"codec 'picture': quality is {quality:g}; {format} takes {'whole ' if whole else ''}numbers "
                         f"from {known[0]:g} to {known[-1]:g}; leave it out to fit files to the room")
    if not 1 <= size <= 16383:
        raise InputError(f"codec 'picture': size is {size} px; expected 1 to 16383")
    if not 0 < len(scales) < 256 or not all(0 < s <= 1 for s in scales) or any(a <= b for a, b in pairwise(scales)):
        raise InputError(f"codec 'picture': scales are {scales}; expected falling shares of the size in (0, 1], such "
                         "as [1.0, 0.5, 0.25]")
