"""What a picture coder is: one picture to bytes and back, without what both ends know."""

import io
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cache

import numpy as np
from PIL import Image

Pixels = np.ndarray
"""uint8 [S,S,3] RGB."""


class Damaged(Exception):
    """Bytes that are no picture of the side that was sent."""


class Coder(ABC):
    """Square pictures as *bodies*: files without the bytes that follow from format, side and length.

    ``qualities`` are the encoder's own settings, worst first.
    """

    qualities: tuple[float, ...]

    @abstractmethod
    def write(self, pixels: Pixels, quality: float) -> bytes:
        """The whole file of a picture."""

    @abstractmethod
    def strip(self, file: bytes, side: int, quality: float) -> bytes:
        """The body of a file of ``side`` px."""

    @abstractmethod
    def restore(self, body: bytes, side: int) -> bytes:
        """The file of a body. Raises Damaged for what is no body."""

    @abstractmethod
    def version(self) -> str:
        """The encoder's release: another one may write other bytes."""

    def encode(self, pixels: Pixels, quality: float) -> bytes | None:
        """The body of a picture; None where the file is not what ``restore`` would make of it."""
        side = len(pixels)
        file = self.write(pixels, quality)
        body = self.strip(file, side, quality)
        return body if self.restore(body, side) == file else None

    def decode(self, body: bytes, side: int) -> Pixels:
        """The picture of a body. Raises Damaged; never gives another side, and no more than its memory."""
        file = self.restore(body, side)
        try:
            pixels = self.read(file, side)
        except Exception as error:  # decoders fail on damaged data wherever they stumble
            raise Damaged(str(error)) from error
        return pixels

    def read(self, file: bytes, side: int) -> Pixels:
        """The picture of a whole file; any exception for a damaged one."""
        with Image.open(io.BytesIO(file)) as image:
            if image.size != (side, side):
                raise Damaged(f"{image.size} px where {side} were sent")
            return np.asarray(image.convert("RGB"))


@cache
def flat_file(coder: Coder, side: int, quality: float) -> bytes:
    """The file of a grey picture: its headers are those of every picture of that side and quality."""
    return coder.write(np.full((side, side, 3), 128, dtype=np.uint8), quality)


def saved(pixels: Pixels, kind: str, options: Mapping[str, object]) -> bytes:
    """A picture as Pillow writes it."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


def number(value: int) -> bytes:
    """Four bytes, most significant first."""
    return value.to_bytes(4, "big")
