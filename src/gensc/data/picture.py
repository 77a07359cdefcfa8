"""One image file as uint8 RGB at the working size."""

import contextlib
import hashlib
import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import ExifTags, Image, ImageOps, PngImagePlugin, TiffImagePlugin
from torch import Tensor

from gensc.errors import InputError

MAX_PIXELS = 89_478_485
"""Pillow's own limit, a quarter of a gigabyte as RGB: a larger header is refused before it is decoded."""

QUARTER_TURNS = range(5, 9)
"""The values of the EXIF tag Orientation that exchange height and width."""
LATE_EXIF = (b"eXIf", b"iTXt", b"tEXt", b"zTXt")
"""Chunks in which a PNG file may tell its orientation after its pixels."""

# What Pillow's decoders raise on damaged files; they validate little and fail wherever they stumble.
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, LookupError, TypeError, AttributeError, OverflowError,
            struct.error, zlib.error)


@dataclass(frozen=True)
class Frame:
    """The square that is kept of a ``width`` x ``height`` picture, and its side ``size`` after resizing; all of it, as
    it is, where ``size`` is 0."""

    width: int
    height: int
    size: int

    @property
    def square(self) -> tuple[int, int, int, int]:
        """The central square (left, upper, right, lower) in pixels of the original."""
        side = min(self.width, self.height)
        left, upper = (self.width - side) // 2, (self.height - side) // 2
        return left, upper, left + side, upper + side

    def fit(self, image: Image.Image, resample: Image.Resampling) -> Image.Image:
        """The central square at ``size``.

        Cropped before it is resized: the same picture as the other order, but a 1 x 80,000,000 strip
        then never grows to a shorter side of ``size``. At ``size`` already, no pixel is touched.
        """
        if not self.size:
            return image
        if min(image.size) == self.size:
            return image.crop(self.square)
        return image.resize((self.size, self.size), resample, box=self.square)

    def box(self, box: tuple[float, float, float, float]) -> tuple[float, float, float, float] | None:
        """A box (x0, y0, x1, y1) of the original in pixels of the result, or None where it is cropped
        away."""
        if not self.size:
            return box
        left, upper, right, _ = self.square
        scale = self.size / (right - left)
        x0, y0, x1, y1 = (
            min(max((edge - start) * scale, 0.0), float(self.size))
            for edge, start in zip(box, (left, upper, left, upper), strict=True)
        )
        return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def fingerprint(data: bytes, size: int) -> str:
    """Hex SHA-256 of an image file's bytes and the working size: equal for a file and its Parquet copy."""
    return hashlib.sha256(data + f"\0{size}".encode()).hexdigest()


def content(data: bytes) -> str:
    """Hex SHA-256 of an image file's bytes."""
    return hashlib.sha256(data).hexdigest()


def decode(data: Path | bytes, size: int, name: str | None = None) -> np.ndarray:
    """An image file (a path, or its bytes) as uint8 [size,size,3] RGB, as [H,W,3] where ``size`` is 0; see ``read``."""
    return read(data, size, name)[0]


def read(data: Path | bytes, size: int, name: str | None = None) -> tuple[np.ndarray, Frame]:
    """An image file as uint8 [size,size,3] RGB, and the frame that was kept of it; with a size of 0 all of it.

    The EXIF orientation is applied; transparency is laid on white, as a page shows it; 16-bit greys are
    scaled to 8. The shorter side is resized to ``size`` (bicubic, antialiased) and the centre kept.
    Safe to call from many threads. ``name`` is what messages call the image (default: its path).

    Raises InputError for a file that is missing, damaged, empty, too large or no image.
    """
    name = name or (str(data) if isinstance(data, Path) else "the image")
    image = _rgb(_opened(data, name), name)
    frame = Frame(*image.size, size)
    return np.asarray(frame.fit(image, Image.Resampling.BICUBIC)), frame


def rgb(image: Image.Image, name: str) -> np.ndarray:
    """An open image as uint8 [H,W,3] RGB, brought there as ``read`` does. Raises InputError as ``read`` does."""
    return np.asarray(_rgb(_upright(image, name), name))


def image_of(pixels: Tensor) -> Image.Image:
    """A picture float32 [3,H,W] in [0,1], clipped to that, as an image of 8 bits a value."""
    return Image.fromarray((pixels.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).contiguous().numpy())


def pixels_of(image: Image.Image) -> Tensor:
    """An image as float32 [3,H,W] in [0,1]."""
    return torch.from_numpy(np.asarray(image.convert("RGB")).copy()).permute(2, 0, 1).float() / 255


def sides(data: Path | bytes, name: str) -> tuple[int, int]:
    """Height and width in px of an image file, upright, from its header. Raises InputError as ``read`` does."""
    with _readable(name), Image.open(io.BytesIO(data) if isinstance(data, bytes) else data) as image:
        _check_size(image, name)
        width, height = image.size
        return (width, height) if _on_its_side(image) else (height, width)


def _on_its_side(image: Image.Image) -> bool:
    """Whether its EXIF orientation exchanges height and width; Pillow has exchanged those of a TIFF already."""
    if image.width == image.height or isinstance(image, TiffImagePlugin.TiffImageFile):
        return False
    if isinstance(image, PngImagePlugin.PngImageFile) and not _says_more(image):
        # Its own getexif would decode the pixels, to see what comes after them.
        exif = Image.Image.getexif(image)
    else:
        exif = image.getexif()
    return exif.get(ExifTags.Base.Orientation, 1) in QUARTER_TURNS


def _says_more(image: PngImagePlugin.PngImageFile) -> bool:
    """Whether a PNG file that is open at its pixels has a text or EXIF chunk after them."""
    file = image.fp
    assert file is not None
    start = file.tell()
    file.seek(len(PngImagePlugin._MAGIC))
    pixels = False
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        pixels = pixels or kind == b"IDAT"
        if pixels and kind in LATE_EXIF:
            break
        file.seek(length + 4, io.SEEK_CUR)
    file.seek(start)
    return len(head) == 8


def read_mask(data: Path | bytes, frame: Frame, name: str) -> np.ndarray:
    """A mask image (not 0 = object) as uint8 of 0 and 1 [size,size], framed as the picture that it belongs to.

    Raises InputError as ``read`` does, and for a mask whose size is not that of its picture.
    """
    image = _opened(data, name)
    if image.size != (frame.width, frame.height):
        raise InputError(f"{name}: the mask is {image.width} x {image.height} but its picture is "
                         f"{frame.width} x {frame.height}; give a mask of the picture's size")
    # Palette masks hold class numbers in their indices: the palette's colours say nothing.
    as_stored = image.mode in ("1", "L", "P") or image.mode.startswith("I")
    pixels = np.asarray(image if as_stored else image.convert("RGB"))
    inside = (pixels > 0) if pixels.ndim == 2 else (pixels > 0).any(axis=2)
    return np.asarray(frame.fit(Image.fromarray(inside.astype(np.uint8)), Image.Resampling.NEAREST))


def _opened(data: Path | bytes, name: str) -> Image.Image:
    """The decoded image, upright."""
    with _readable(name), Image.open(io.BytesIO(data) if isinstance(data, bytes) else data) as image:
        return _upright(image, name)


def _upright(image: Image.Image, name: str) -> Image.Image:
    with _readable(name):
        _check_size(image, name)
        image.load()
        return ImageOps.exif_transpose(image)


@contextlib.contextmanager
def _readable(name: str) -> Iterator[None]:
    """What Pillow raises inside becomes an InputError that names the image."""
    try:
        yield
    except FileNotFoundError as error:
        raise InputError(f"{name}: there is no such file; check the path") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputError(f"{name}: more than {MAX_PIXELS:,} pixels; scale it down first") from error
    except Image.UnidentifiedImageError as error:
        # Pillow says no more of a header that announces no pixels.
        raise InputError(f"{name}: not an image, or one of 0 x 0 pixels, or its header is damaged; "
                         "replace or remove it") from error
    except _DAMAGED as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name}: damaged or truncated ({error}); replace or remove it") from error


def _check_size(image: Image.Image, name: str) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise InputError(f"{name}: {width:,} x {height:,} is more than {MAX_PIXELS:,} pixels; "
                         "scale it down first")


def _rgb(image: Image.Image, name: str) -> Image.Image:
    try:
        return _as_rgb(image, name)
    except _DAMAGED as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name}: its pixels cannot be converted to RGB ({error}); "
                         "save it as 8-bit PNG or JPEG") from error


def _as_rgb(image: Image.Image, name: str) -> Image.Image:
    if image.mode.startswith("I"):
        return _from_16_bit(image, name)
    if image.mode == "F":
        raise InputError(f"{name}: real-valued pixels have no known range; "
                         "save it with 8 or 16 bits a channel")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _from_16_bit(image: Image.Image, name: str) -> Image.Image:
    """65535 is white: Pillow's own conversion would clip everything above 255."""
    grey = np.asarray(image)
    if grey.min() < 0 or grey.max() > 65535:
        raise InputError(f"{name}: 32-bit pixels have no known range; save it with 8 or 16 bits a channel")
    return Image.fromarray(np.rint(grey / 257).astype(np.uint8)).convert("RGB")
