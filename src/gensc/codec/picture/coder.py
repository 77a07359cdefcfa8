"""What a picture coder is: one picture to bytes and back, without what both ends know."""

import io
from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np
from PIL import Image

Pixels = np.ndarray
"""uint8 [H,W,3] RGB."""
Size = tuple[int, int]
"""Height and width, px."""


class Damaged(Exception):
    """Bytes that are no picture of the size that was sent."""


class Coder(ABC):
    """Pictures as *bodies*: files without the bytes that follow from format, size and length.

    ``qualities`` are the encoder's own settings, worst first.
    ``ample``: about so many bits a pixel from which on a photograph of 96 px is best sent at its full size.
    """

    qualities: tuple[float, ...]
    ample: float

    @abstractmethod
    def write(self, pixels: Pixels, quality: float) -> bytes:
        """The whole file of a picture."""

    @abstractmethod
    def strip(self, file: bytes, size: Size, quality: float) -> bytes:
        """The body of the file of a picture of ``size``."""

    @abstractmethod
    def restore(self, body: bytes, size: Size) -> bytes:
        """The file of a body. Raises Damaged for what is no body."""

    @abstractmethod
    def version(self) -> str:
        """The encoder's release: another one may write other bytes."""

    def encode(self, pixels: Pixels, quality: float) -> bytes | None:
        """The body of a picture; None where the file is not what ``restore`` would make of it."""
        size = pixels.shape[:2]
        file = self.write(pixels, quality)
        body = self.strip(file, size, quality)
        return body if self.restore(body, size) == file else None

    def decode(self, body: bytes, size: Size) -> Pixels:
        """The picture of a body. Raises Damaged; never gives another size, and takes no more than its memory."""
        file = self.restore(body, size)
        try:
            pixels = self.read(file, size)
        except Exception as error:  # decoders fail on damaged data wherever they stumble
            raise Damaged(str(error)) from error
        return pixels

    def read(self, file: bytes, size: Size) -> Pixels:
        """The picture of a whole file; any exception for a damaged one."""
        with Image.open(io.BytesIO(file)) as image:
            if image.size[::-1] != size:
                raise mismatch(image.size[::-1], size)
            return np.asarray(image.convert("RGB"))


def mismatch(actual: Size, size: Size) -> Damaged:
    """What is raised for a file of another size than was sent."""
    return Damaged("{} x {} px where {} x {} were sent".format(*actual, *size))


def flat_file(coder: Coder, size: Size, quality: float) -> bytes:
    """The file of a grey picture: its headers are those of every picture of that size and quality."""
    return coder.write(np.full((*size, 3), 128, dtype=np.uint8), quality)


def saved(pixels: Pixels, kind: str, options: Mapping[str, object]) -> bytes:
    """A picture as Pillow writes it."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


def number(value: int) -> bytes:
    """Four bytes, most significant first."""
    return value.to_bytes(4, "big")
