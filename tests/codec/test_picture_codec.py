"""Picture files as payloads: exact bodies, files that fit, and what a receiver shows for what it did not get."""

import io
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gensc.batch import Batch, unlabelled
from gensc.codec import Picture
from gensc.codec.picture.coder import Damaged
from gensc.codec.picture.fit import Tried, fit, last_fitting, squared_error
from gensc.codec.picture.formats import CODERS, jxl_size, resized
from gensc.errors import InputError
from gensc.metric.image import psnr
from gensc.rng import Rng
from gensc.signal import State
from gensc.testing import check_codec

LOSSY = sorted(set(CODERS) - {"raw"})


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GENSC_CACHE", str(tmp_path))
    return tmp_path


def scene(side: int, seed: int = 0) -> np.ndarray:
    """Smooth colours, hard edges and some grain, uint8 [side,side,3]."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, (6, 6, 3), dtype=np.uint8)
    picture = np.array(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)).astype(int)
    for _ in range(6):
        x, y = generator.integers(side, size=2)
        picture[y : y + side // 3, x : x + side // 4] += generator.integers(-60, 60, 3)
    return (picture + generator.normal(0, 4, picture.shape)).clip(0, 255).astype(np.uint8)


def batch(side: int, count: int = 3) -> Batch:
    pixels = np.stack([scene(side, seed) for seed in range(count)])
    return unlabelled(torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255)


def state(*rooms: int) -> State:
    return replace(State.of(10.0, len(rooms), Rng.seeded(0)), room=rooms)


@pytest.mark.parametrize("side", [1, 3, 8, 32, 100, 320])
@pytest.mark.parametrize("name", CODERS)
def test_a_body_is_the_file_without_what_follows_from_format_side_and_length(name, side):
    coder = CODERS[name]
    for quality in (coder.qualities[0], coder.qualities[len(coder.qualities) // 2], coder.qualities[-1]):
        file = coder.write(scene(side), quality)
        body = coder.encode(scene(side), quality)
        assert body is not None and coder.restore(body, side) == file
        assert np.array_equal(coder.decode(body, side), coder.read(file, side))


@pytest.mark.parametrize(("name", "head"), [
    ("jpeg", 600), ("jpeg2000", 100), ("webp", 27), ("avif", 270), ("jxl", 2), ("raw", 0)])
def test_every_byte_that_both_ends_know_is_left_out(name, head):
    coder = CODERS[name]
    quality = coder.qualities[len(coder.qualities) // 2]
    file, body = coder.write(scene(96), quality), coder.encode(scene(96), quality)
    assert body is not None and len(file) - len(body) >= head


@pytest.mark.parametrize("name", sorted(set(LOSSY) - {"jxl"}))
def test_pillow_reads_the_restored_file(name):
    coder = CODERS[name]
    body = coder.encode(scene(64), coder.qualities[-2])
    assert body is not None
    with Image.open(io.BytesIO(coder.restore(body, 64))) as image:
        assert image.size == (64, 64) and image.mode == "RGB"
        assert squared_error(np.asarray(image), scene(64)) < 64 * 64 * 3 * 10**2


@pytest.mark.parametrize(("width", "height", "head"), [
    (320, 320, "ff0af89901"), (32, 32, "ff0a470640"), (16, 16, "ff0a430640"), (320, 200, None), (33, 1000, None),
    (5, 7, None)])
def test_the_size_in_a_jpeg_xl_header(width, height, head):
    if head is None:
        import pillow_jxl  # noqa: F401

        out = io.BytesIO()
        Image.fromarray(np.resize(scene(40), (height, width, 3))).save(out, "JXL", lossless=False, quality=50)
        # Ratios other than 1:1 may be coded as such.
        assert jxl_size(out.getvalue()) in ((width, height), (0, 0))
    else:
        assert jxl_size(bytes.fromhex(head)) == (width, height)


def test_a_jpeg_xl_header_of_a_huge_picture_is_refused_before_it_is_decoded():
    # SizeHeader: not small, 30-bit height, ratio 1:1.
    bits = 0 | 3 << 1 | (2**30 - 1) << 3 | 1 << 33
    with pytest.raises(Damaged, match="1073741824"):
        CODERS["jxl"].decode(bits.to_bytes(8, "little") + b"\0" * 40, 32)


@pytest.mark.parametrize("name", CODERS)
def test_other_formats_keep_the_laws_of_codecs(name):
    scales = (1.0, 0.5, 0.1) if name == "raw" else (1.0, 0.5)
    check_codec(lambda: Picture(name, scales=scales, conceal="black", size=64), size=64)


@pytest.mark.parametrize("name", LOSSY)
def test_more_room_gives_a_better_picture_that_fills_it(name):
    codec, pictures = Picture(name, size=96), batch(96, 1)
    before = 0.0
    for room in (300, 800, 2000, 5000):
        payload = codec.encode(pictures, state(room))
        shown = codec.decode(payload, state(room))
        assert 0.8 * room < len(payload[0]) <= room
        assert float(psnr(shown, pictures.x)) > before + 0.3
        before = float(psnr(shown, pictures.x))


@pytest.mark.parametrize("name", ["webp", "jpeg"])
def test_the_search_finds_what_trying_everything_finds(name):
    coder, pixels, sides = CODERS[name], scene(48), (48, 24, 12)
    room = 200
    tried = [(squared_error(pixels, resized(coder.decode(body, side), 48)), side, len(body)) for side in sides
             for quality in coder.qualities
             if (body := coder.encode(resized(pixels, side), quality)) is not None and len(body) < room]
    found = fit(pixels, coder, sides, room, Tried())
    error = squared_error(pixels, resized(coder.decode(found[1:], sides[found[0]]), 48))
    assert len(found) <= room
    assert error <= 1.1 * min(tried)[0]


def test_what_was_tried_before_changes_nothing():
    coder, pixels, sides, tried = CODERS["webp"], scene(64), (64, 48, 32), Tried()
    rooms = (900, 120, 400, 60, 900, 410)
    assert ([fit(pixels, coder, sides, room, tried) for room in rooms]
            == [fit(pixels, coder, sides, room, Tried()) for room in rooms])


@pytest.mark.parametrize("lengths", [
    [10 * 1.05**i for i in range(101)], [7.0 + i for i in range(64)], [100.0] * 50 + [1e9] * 51,
    [5 + 0.001 * i**4 for i in range(200)], [float("inf")] * 10, [3.0, float("inf"), float("inf")], [4.0]])
@pytest.mark.parametrize("room", [0, 3, 5, 42, 150, 10**6, 10**10])
def test_the_last_rung_that_fits(lengths, room):
    calls = []

    def length(rung: int) -> float:
        calls.append(rung)
        return lengths[rung]

    expected = max((i for i, one in enumerate(lengths) if one <= room), default=-1)
    assert last_fitting(length, len(lengths), room) == expected
    assert len(set(calls)) <= 16


def test_at_small_rooms_a_smaller_picture_beats_a_worse_one():
    pictures = batch(96, 1)
    shrinking, whole = Picture("jpeg", size=96), Picture("jpeg", scales=(1.0,), size=96)
    room = state(170)
    sent = shrinking.encode(pictures, room)
    assert sent[0][0] > 0
    gain = (psnr(shrinking.decode(sent, room), pictures.x)
            - psnr(whole.decode(whole.encode(pictures, room), room), pictures.x))
    assert float(gain) > 1


def test_what_fits_nowhere_is_not_sent_and_shown_as_named():
    pictures, room = batch(64, 2), state(5, 5)
    for conceal, level in (("grey", 128 / 255), ("black", 0.0)):
        codec = Picture("avif", conceal=conceal, size=64)
        assert codec.encode(pictures, room) == (b"", b"")
        assert torch.all(codec.decode((b"", None), room) == level)


def test_a_fixed_quality_is_the_encoders_own():
    pictures, free = batch(64, 1), State.of(10.0, 1, Rng.seeded(0))
    codec = Picture("jpeg", quality=80.0, size=64)
    payload = codec.encode(pictures, free)
    out = io.BytesIO()
    Image.fromarray(scene(64)).save(out, "JPEG", quality=80)
    with Image.open(out) as image:
        assert torch.equal(codec.decode(payload, free)[0] * 255, torch.from_numpy(np.array(image)).permute(2, 0, 1))
    assert codec.encode(pictures, state(len(payload[0]))) == payload
    assert codec.encode(pictures, state(len(payload[0]) - 1)) == (b"",)


@pytest.mark.parametrize(("name", "quality"), [("jpeg2000", 0.05), ("webp", 33.3), ("jxl", 61.7), ("raw", 0.0)])
def test_a_fixed_quality_need_not_be_one_that_the_search_tries(name, quality):
    pictures, free = batch(64, 1), State.of(10.0, 1, Rng.seeded(0))
    codec = Picture(name, quality=quality, size=64)
    assert float(psnr(codec.decode(codec.encode(pictures, free), free), pictures.x)) > 25


def test_raw_is_the_picture_itself():
    pictures, codec = batch(32, 2), Picture("raw", size=32)
    room = state(32 * 32 * 3 + 1, 16 * 16 * 3 + 1)
    payload = codec.encode(pictures, room)
    assert [len(one) for one in payload] == [3073, 769]
    assert torch.equal(codec.decode(payload, room)[0], pictures.x[0])


def test_files_are_searched_once(own_cache, monkeypatch):
    pictures, room = batch(48, 3), state(300, 300, 300)
    first = Picture("webp", size=48).encode(pictures, room)
    assert [file.name for file in own_cache.glob("*.sqlite")] == ["picture-files-1.sqlite"]
    monkeypatch.setattr("gensc.codec.picture.codec.fit", lambda *_: pytest.fail("searched again"))
    assert Picture("webp", size=48).encode(pictures, room) == first
    order = torch.tensor([2, 0])
    assert Picture("webp", size=48).encode(pictures.select(order), state(300, 300)) == (first[2], first[0])


def test_a_damaged_store_is_named(own_cache):
    (own_cache / "picture-files-1.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(InputError, match=r"picture-files-1\.sqlite can't be used.*GENSC_CACHE"):
        Picture("webp", size=48).encode(batch(48, 1), state(300))


@pytest.mark.parametrize(("make", "message"), [
    (lambda: Picture("jpeg", quality=0.0), "quality is 0; jpeg takes whole numbers from 1 to 100"),
    (lambda: Picture("avif", quality=50.5), "quality is 50.5; avif takes whole numbers from 0 to 99"),
    (lambda: Picture("jpeg2000", quality=0.7), "jpeg2000 takes numbers from 0.0005 to 0.5"),
    (lambda: Picture("raw", quality=50.0), "raw takes whole numbers from 0 to 0"),
    (lambda: Picture("webp", quality=float("nan")), "quality is nan"),
    (lambda: Picture(size=0), "size is 0 px"),
    (lambda: Picture(scales=()), "scales are"),
    (lambda: Picture(scales=(0.5, 1.0)), "falling shares"),
    (lambda: Picture(scales=(1.5,)), "falling shares"),
    (lambda: Picture(size=32).encode(batch(48, 1), state(300)), r"images are \[3, 48, 48\], expected \[3, 32, 32\]"),
    (lambda: Picture(size=32).encode(batch(32, 1), State.of(0.0, 1, Rng.seeded(0))), "there is none.*set the codec's"),
    (lambda: Picture(size=32).decode(torch.zeros(1, 8), state(300)), "features where it sends bytes"),
])
def test_wrong_settings_are_named(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_real_photographs_in_one_and_a_half_kilobytes():
    beside = Path(__file__).parents[2].parent / "shared" / "data"
    folder = Path(os.environ.get("GENSC_TEST_DATA", beside)) / "bsds" / "train"
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder}; set GENSC_TEST_DATA")
    with Image.open(sorted(folder.glob("*.jpg"))[3]) as image:
        pixels = np.asarray(image.convert("RGB").crop((0, 0, 320, 320)))
    pictures = unlabelled(torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255)
    found = {}
    for name in ("jpeg", "webp", "avif"):
        codec = Picture(name, size=320)
        found[name] = float(psnr(codec.decode(codec.encode(pictures, state(1500)), state(1500)), pictures.x))
    assert found["avif"] > found["webp"] > found["jpeg"] > 20
