import io
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gensc.data.picture import Frame, decode, fingerprint, read, read_mask
from gensc.errors import InputError


def saved(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG file that ends where its pixels should begin."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    header = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    return b"\x89PNG\r\n\x1a\n" + header + b"\0\0\1\0IDAT"


def test_pixels_at_the_working_size_are_untouched(photo):
    image = photo(1, 64)
    assert np.array_equal(decode(saved(Image.fromarray(image)), 64), image)


def test_the_centre_is_kept_when_only_one_side_is_too_long(photo):
    image = photo(2, 64)
    wide = np.concatenate([image[:, :10], image, image[:, :11]], axis=1)
    assert np.array_equal(decode(saved(Image.fromarray(wide)), 64), image)
    assert np.array_equal(decode(saved(Image.fromarray(wide.swapaxes(0, 1))), 64), image.swapaxes(0, 1))


@given(width=st.integers(1, 90), height=st.integers(1, 90), size=st.integers(1, 70))
@settings(max_examples=60, deadline=None)
def test_any_shape_becomes_the_square(width, height, size):
    flat = Image.new("RGB", (width, height), (10, 120, 250))
    pixels = decode(saved(flat), size)
    assert pixels.shape == (size, size, 3) and pixels.dtype == np.uint8
    assert (pixels == (10, 120, 250)).all()


def test_shrinking_is_antialiased():
    checker = (np.indices((256, 256)).sum(axis=0) % 2 * 255).astype(np.uint8)
    shrunk = decode(saved(Image.fromarray(checker)), 32)[4:-4, 4:-4]
    assert np.abs(shrunk.astype(int) - 127).max() <= 3


def test_a_strip_does_not_blow_up_memory():
    assert decode(saved(Image.new("L", (500_000, 1), 7)), 64).shape == (64, 64, 3)


def test_modes_become_rgb():
    grey = decode(saved(Image.new("L", (8, 8), 100)), 8)
    assert (grey == 100).all()
    palette = Image.new("RGB", (8, 8), (200, 30, 60)).quantize(4)
    assert palette.mode == "P" and (decode(saved(palette), 8) == (200, 30, 60)).all()
    ink = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    red = decode(saved(ink, "JPEG", quality=95), 8).astype(int)
    assert (red[..., 0] > 240).all() and (red[..., 1:] < 25).all()
    assert (decode(saved(Image.new("1", (8, 8), 1)), 8) == 255).all()


@pytest.mark.parametrize("mode, colour", [("RGBA", (255, 0, 0, 0)), ("LA", (0, 0))])
def test_what_is_transparent_is_white(mode, colour):
    assert (decode(saved(Image.new(mode, (8, 8), colour)), 8) == 255).all()


def test_half_transparent_is_mixed_with_white():
    half = decode(saved(Image.new("RGBA", (8, 8), (255, 0, 0, 128))), 8)
    assert np.abs(half.astype(int) - (255, 127, 127)).max() <= 1


def test_a_transparent_palette_colour_is_white():
    image = Image.new("P", (8, 8), 0)
    image.putpalette([9, 9, 9, 1, 1, 1])
    assert (decode(saved(image, transparency=0), 8) == 255).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_to_eight(kind):
    levels = np.array([[0, 257, 128 * 257, 65535]] * 4, dtype=np.uint16)
    assert decode(saved(Image.fromarray(levels), kind), 4)[0, :, 1].tolist() == [0, 1, 128, 255]


@pytest.mark.parametrize("pixels", [np.full((4, 4), 70000, np.int32), np.full((4, 4), 0.5, np.float32)])
def test_pixels_without_a_known_range_are_refused(pixels):
    with pytest.raises(InputError, match=r"odd\.tif.*no known range.*8 or 16 bits"):
        decode(saved(Image.fromarray(pixels), "TIFF"), 4, "odd.tif")


def test_exif_orientation_is_applied(photo):
    image = Image.fromarray(photo(3, 32))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: the stored picture shows up after a quarter turn clockwise
    turned = image.transpose(Image.Transpose.ROTATE_90)
    assert np.array_equal(decode(saved(turned, exif=exif), 32), np.asarray(image))


@pytest.mark.parametrize("side", [9460, 30_000, 60_000])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_giant_is_refused_by_its_header(side):
    with pytest.raises(InputError, match=r"giant\.png.*more than 89,478,485 pixels.*scale it down"):
        decode(png_header(side, side), 8, "giant.png")


def test_no_pixels_at_all_are_refused():
    bitmap = saved(Image.new("RGB", (8, 8)), "BMP")
    for data in (bitmap[:18] + b"\0\0\0\0" + bitmap[22:], png_header(0, 0)):
        with pytest.raises(InputError, match=r"^nothing: not an image, or one of 0 x 0 pixels.*replace"):
            decode(data, 8, "nothing")


def test_files_that_are_no_images_are_refused(tmp_path: Path):
    text = tmp_path / "notes.jpg"
    text.write_text("not a picture")
    with pytest.raises(InputError, match=r"notes\.jpg: not an image.*replace or remove"):
        decode(text, 8)
    text.write_bytes(b"")
    with pytest.raises(InputError, match=r"notes\.jpg: not an image"):
        decode(text, 8)
    with pytest.raises(InputError, match=r"gone\.png: there is no such file"):
        decode(tmp_path / "gone.png", 8)
    with pytest.raises(InputError, match="damaged or truncated"):
        decode(tmp_path, 8)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_truncated_file_is_refused(kind, photo):
    data = saved(Image.fromarray(photo(4, 96)), kind)
    with pytest.raises(InputError, match=r"^half: .*(replace or remove)"):
        decode(data[:len(data) // 2], 96, "half")


@pytest.mark.filterwarnings("ignore::UserWarning:PIL", "ignore::PIL.Image.DecompressionBombWarning")
@given(kind=st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"]), data=st.data())
@settings(max_examples=150, deadline=None)
def test_damage_gives_a_picture_or_an_input_error(kind, data):
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    file = bytearray(saved(Image.fromarray(pixels), kind))
    for _ in range(data.draw(st.integers(1, 6))):
        file[data.draw(st.integers(0, len(file) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert decode(bytes(file), 16, "damaged").shape == (16, 16, 3)
    except InputError as error:
        assert str(error).startswith("damaged: ")


def test_threads_see_the_same_pixels(photo):
    files = [saved(Image.fromarray(photo(seed, 80)), "JPEG") for seed in range(40)]
    alone = [decode(file, 64) for file in files]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(decode, files, [64] * 40))
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))


def test_a_box_follows_the_picture():
    pixels = np.zeros((100, 200, 3), np.uint8)
    pixels[20:60, 80:120] = 255
    small, frame = read(saved(Image.fromarray(pixels)), 50)
    x0, y0, x1, y1 = frame.box((80, 20, 120, 60))
    assert (x0, y0, x1, y1) == (15, 10, 35, 30)
    assert small[int(y0):int(y1), int(x0):int(x1)].min() > 200
    assert small.astype(int).sum() / 3 / 255 == pytest.approx(20 * 20, rel=0.02)
    assert frame.box((0, 0, 50, 100)) is None
    assert frame.box((0, 0, 100, 100)) == (0, 0, 25, 50)


def test_a_mask_follows_the_picture():
    mask = np.zeros((60, 90), np.uint8)
    mask[10:30, 30:60] = 3
    frame = Frame(90, 60, 30)
    kept = read_mask(saved(Image.fromarray(mask)), frame, "mask")
    assert kept.dtype == np.uint8 and kept.shape == (30, 30) and set(np.unique(kept)) == {0, 1}
    rows, columns = np.nonzero(kept)
    edges = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert edges == pytest.approx(frame.box((30, 10, 60, 30)), abs=0.5)
    palette = Image.fromarray(mask).convert("P")
    assert np.array_equal(read_mask(saved(palette), frame, "mask"), kept)
    with pytest.raises(InputError, match="mask is 90 x 60 but its picture is 60 x 90"):
        read_mask(saved(Image.fromarray(mask)), Frame(60, 90, 30), "mask")


def test_fingerprints_tell_bytes_and_sizes_apart():
    assert len({fingerprint(b"a", 32), fingerprint(b"a", 64), fingerprint(b"b", 32)}) == 3
    assert fingerprint(b"a", 32) == fingerprint(b"a", 32)
