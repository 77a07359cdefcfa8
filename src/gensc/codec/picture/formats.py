"""The six picture formats. Which of their bytes are never sent is said at each."""

from functools import cache, lru_cache
from typing import Any

import numpy as np
from PIL import Image, features

from gensc.codec.picture.coder import Coder, Damaged, Pixels, Size, flat_file, mismatch, number, saved

HEADS = 256
"""Sizes of pictures whose headers are kept."""
RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
"""Width to height, as a JPEG XL header codes them, from 1."""


class Raw(Coder):
    """Uncompressed RGB, 8 bits a value."""

    qualities = (0.0,)
    ample = 0.0

    def write(self, pixels: Pixels, quality: float) -> bytes:
        return pixels.tobytes()

    def strip(self, file: bytes, size: Size, quality: float) -> bytes:
        return file

    def restore(self, body: bytes, size: Size) -> bytes:
        return body

    def read(self, file: bytes, size: Size) -> Pixels:
        return np.frombuffer(file, dtype=np.uint8).reshape(*size, 3)

    def version(self) -> str:
        return "1"


class Jpeg(Coder):
    """Baseline JPEG, 4:2:0, with the Huffman tables of ITU-T T.81 Annex K (libjpeg).

    Body: the quality (one byte), then the entropy-coded scan. Everything before it follows from quality and
    size: the "abbreviated format" of T.81 B.4, whose tables the receiver has.
    """

    qualities = tuple(map(float, range(1, 101)))
    ample = 0.55

    def write(self, pixels: Pixels, quality: float) -> bytes:
        return saved(pixels, "JPEG", {"quality": int(quality), "subsampling": "4:2:0", "optimize": False})

    def strip(self, file: bytes, size: Size, quality: float) -> bytes:
        return bytes([int(quality)]) + file[len(_jpeg_head(size, int(quality))):-2]

    def restore(self, body: bytes, size: Size) -> bytes:
        if not body or not 1 <= body[0] <= 100:
            raise Damaged("no JPEG quality")
        return _jpeg_head(size, body[0]) + body[1:] + b"\xff\xd9"

    def version(self) -> str:
        return f"{features.version('libjpeg_turbo') or features.version('jpg')}"


def _jpeg_head(size: Size, quality: int) -> bytes:
    """A JPEG file up to its scan."""
    start, end = _around_size(quality)
    return start + b"".join(side.to_bytes(2, "big") for side in size) + end


@cache
def _around_size(quality: int) -> tuple[bytes, bytes]:
    """What is before and after height and width in a JPEG file up to its scan."""
    file = flat_file(JPEG, (16, 16), float(quality))
    scan = file.index(b"\xff\xda")
    # The frame header: its marker, its length and the bits of a sample, then the sides. What looks like its marker may
    # stand in the quantiser's tables before it, not in Huffman's after it.
    frame = file.rindex(b"\xff\xc0", 0, scan)
    return file[: frame + 5], file[frame + 9 : scan + 2 + int.from_bytes(file[scan + 2 : scan + 4], "big")]


class Jpeg2000(Coder):
    """JPEG 2000 codestream, irreversible 9/7 wavelet, one layer (OpenJPEG).

    Qualities are reciprocals of OpenJPEG's compression ratio. Body: the packets of the one tile-part. The
    main header, the tile-part's and the end marker follow from size and length; the comment is dropped.
    """

    qualities = tuple(float(q) for q in np.geomspace(1 / 2000, 1 / 2, 280))
    ample = 0.15

    def write(self, pixels: Pixels, quality: float) -> bytes:
        file = saved(pixels, "JPEG2000", {"quality_mode": "rates", "quality_layers": [1 / quality], "mct": 1,
                                          "irreversible": True, "no_jp2": True})
        comment = file.index(b"\xff\x64")
        return file[:comment] + file[file.index(b"\xff\x90\x00\x0a"):]

    def strip(self, file: bytes, size: Size, quality: float) -> bytes:
        return file[len(_tile_head(size)):-2]

    def restore(self, body: bytes, size: Size) -> bytes:
        head = _tile_head(size)
        # Psot, the length of the tile-part: its own header of 14 bytes, then the packets.
        return head[:-8] + number(14 + len(body)) + head[-4:] + body + b"\xff\xd9"

    def version(self) -> str:
        return f"{features.version('jpg_2000')}"


@lru_cache(HEADS)
def _tile_head(size: Size) -> bytes:
    """A JPEG 2000 codestream up to its packets."""
    file = flat_file(JPEG2000, size, JPEG2000.qualities[0])
    return file[: file.index(b"\xff\x93", file.index(b"\xff\x90\x00\x0a")) + 2]


class Webp(Coder):
    """Lossy WebP (libwebp, method 6).

    Body: the VP8 frame without its start code and dimensions. They, the RIFF header, the chunk header and a
    last byte of padding follow from size and length.
    """

    qualities = (*(float(q) for q in range(80)), *(float(q) for q in np.arange(80, 100.5, 0.5)))
    ample = 0.5

    def write(self, pixels: Pixels, quality: float) -> bytes:
        return saved(pixels, "WEBP", {"quality": quality, "method": 6})

    def strip(self, file: bytes, size: Size, quality: float) -> bytes:
        return file[20:23] + file[30:].removesuffix(b"\0")

    def restore(self, body: bytes, size: Size) -> bytes:
        height, width = size
        frame = body[:3] + b"\x9d\x01\x2a" + width.to_bytes(2, "little") + height.to_bytes(2, "little") + body[3:]
        frame += b"\0" * (len(frame) % 2)
        chunk = b"WEBPVP8 " + len(frame).to_bytes(4, "little") + frame
        return b"RIFF" + len(chunk).to_bytes(4, "little") + chunk

    def version(self) -> str:
        return f"{features.version('webp')}"


class Avif(Coder):
    """AVIF, 4:2:0 (libavif with libaom, speed 6).

    Body: the AV1 frame. The boxes, the sequence header and the frame's length follow from size and length.
    """

    # 100 is another mode (lossless), with another sequence header.
    qualities = tuple(map(float, range(100)))
    ample = 0.27

    def write(self, pixels: Pixels, quality: float) -> bytes:
        return saved(pixels, "AVIF", {"quality": int(quality), "speed": 6, "subsampling": "4:2:0",
                                      "max_threads": 1})

    def strip(self, file: bytes, size: Size, quality: float) -> bytes:
        rest = file[len(_avif_head(size)) + 1 :]
        return rest[next(i for i, byte in enumerate(rest) if byte < 128) + 1 :]

    def restore(self, body: bytes, size: Size) -> bytes:
        head = _avif_head(size)
        frame = b"\x32" + _leb128(len(body)) + body
        data = head.index(b"mdat") + 4
        length = len(head) - data + len(frame)
        # iloc holds the length of the one item's one extent, after its offset.
        extent = head.index(b"iloc") + 22
        return (head[:extent] + number(length) + head[extent + 4 : data - 8] + number(length + 8)
                + head[data - 4 :] + frame)

    def version(self) -> str:
        return f"{features.version('avif')}"


@lru_cache(HEADS)
def _avif_head(size: Size) -> bytes:
    """An AVIF file up to the AV1 frame: the boxes, a temporal delimiter, the sequence header."""
    file = flat_file(AVIF, size, AVIF.qualities[0])
    sequence = file.index(b"mdat") + 4 + 2
    return file[: sequence + 2 + file[sequence + 1]]


def _leb128(value: int) -> bytes:
    """AV1's little-endian base 128."""
    out = b""
    while value >= 128:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


class Jxl(Coder):
    """JPEG XL, lossy (VarDCT), the bare codestream (libjxl, effort 7). Body: the codestream without its
    signature."""

    qualities = (*(float(q) for q in range(80)), *(float(q) for q in np.arange(80, 99.5, 0.5)))
    ample = 0.7

    def write(self, pixels: Pixels, quality: float) -> bytes:
        import pillow_jxl

        encoder_class: Any = pillow_jxl.Encoder  # its type stub is of another release
        encoder = encoder_class(mode="RGB", lossless=False, quality=quality, decoding_speed=0, effort=7,
                                use_container=False, use_original_profile=False, num_threads=0)
        height, width = pixels.shape[:2]
        file: bytes = encoder(pixels.tobytes(), width, height, jpeg_encode=False, exif=None, jumb=None,
                              xmp=None, compress=False)
        return file

    def strip(self, file: bytes, size: Size, quality: float) -> bytes:
        return file[2:]

    def restore(self, body: bytes, size: Size) -> bytes:
        return b"\xff\x0a" + body

    def read(self, file: bytes, size: Size) -> Pixels:
        from pillow_jxl import Decoder

        # The decoder makes room for whatever size a header claims: read that first.
        if jxl_size(file) != size:
            raise mismatch(jxl_size(file), size)
        _, info, data, _, _ = Decoder(num_threads=0)(file)
        if info.mode != "RGB":
            raise Damaged(f"mode {info.mode}")
        return np.frombuffer(data, dtype=np.uint8).reshape(*size, 3)

    def version(self) -> str:
        from importlib.metadata import version

        return version("pillow-jxl-plugin")


def jxl_size(file: bytes) -> Size:
    """Height and width in the header of a JPEG XL codestream (ISO/IEC 18181-1, SizeHeader)."""
    bits, place = int.from_bytes(file[2:14], "little"), 0

    def take(count: int) -> int:
        nonlocal place
        place += count
        return bits >> (place - count) & ((1 << count) - 1)

    def side(small: int) -> int:
        return 8 * (take(5) + 1) if small else take((9, 13, 18, 30)[take(2)]) + 1

    small = take(1)
    height, ratio = side(small), take(3)
    if ratio == 0:
        return height, side(small)
    over, under = RATIOS[ratio - 1]
    return height, height * over // under


JPEG, JPEG2000, AVIF = Jpeg(), Jpeg2000(), Avif()
CODERS: dict[str, Coder] = {"jpeg": JPEG, "jpeg2000": JPEG2000, "webp": Webp(), "avif": AVIF, "jxl": Jxl(),
                            "raw": Raw()}


def resized(pixels: Pixels, size: Size) -> Pixels:
    """The picture at another size, bicubic (antialiased where it shrinks)."""
    if pixels.shape[:2] == size:
        return pixels
    return np.asarray(Image.fromarray(pixels).resize(size[::-1], Image.Resampling.BICUBIC))
