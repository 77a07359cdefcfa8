"""Picture files as what is sent: exact bodies, files that fit, and what a receiver shows for what it did not get."""

import io
import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gensc.batch import Batch, unlabelled
from gensc.codec import Picture
from gensc.codec.picture.coder import Damaged
from gensc.codec.picture.fit import ENOUGH, Trials, Tried, fit, fit_quickly, last_fitting, squared_error
from gensc.codec.picture.formats import CODERS, jxl_size, resized
from gensc.errors import InputError
from gensc.metric.image import psnr
from gensc.rng import Rng
from gensc.signal import MAIN, Cost, Delivery, State
from gensc.testing import check_codec

LOSSY = sorted(set(CODERS) - {"raw"})


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GENSC_CACHE", str(tmp_path))
    return tmp_path


def scene(height: int, width: int | None = None, seed: int = 0) -> np.ndarray:
    """Smooth colours, hard edges and some grain, uint8 [H,W,3]; square where no width is given."""
    width = width or height
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, (6, 6, 3), dtype=np.uint8)
    picture = np.array(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)).astype(int)
    for _ in range(6):
        x, y = generator.integers((width, height))
        picture[y : y + height // 3, x : x + width // 4] += generator.integers(-60, 60, 3)
    return (picture + generator.normal(0, 4, picture.shape)).clip(0, 255).astype(np.uint8)


def batch(height: int, count: int = 3, width: int | None = None) -> Batch:
    pixels = np.stack([scene(height, width, seed) for seed in range(count)])
    return unlabelled(torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255)


def state(*budgets: int) -> State:
    return replace(State.of(10.0, len(budgets), Rng.seeded(0)), budget=budgets)


FREE = State.of(10.0, 1, Rng.seeded(0))


def encoded(codec: Picture, pictures: Batch, use: State) -> tuple[bytes, ...]:
    return codec.encode(pictures, replace(use, shape=pictures.shape).sender())[MAIN]


def decoded(codec: Picture, payloads: tuple[bytes | None, ...], pictures: Batch) -> torch.Tensor:
    none = torch.zeros(len(payloads))
    use = replace(State.of(10.0, len(payloads), Rng.seeded(0)), shape=pictures.shape)
    return codec.decode(Delivery({MAIN: payloads}, none > -1, Cost(none, none, none)), use.receiver())[MAIN]


def there_and_back(codec: Picture, pictures: Batch, use: State) -> torch.Tensor:
    return decoded(codec, encoded(codec, pictures, use), pictures)


@pytest.mark.parametrize("size", [(1, 1), (3, 3), (8, 8), (32, 32), (100, 100), (320, 320), (1, 2), (5, 1), (40, 56),
                                  (321, 481), (481, 321)])
@pytest.mark.parametrize("name", CODERS)
def test_a_body_is_the_file_without_what_follows_from_format_size_and_length(name, size):
    coder = CODERS[name]
    for quality in (coder.qualities[0], coder.qualities[len(coder.qualities) // 2], coder.qualities[-1]):
        file = coder.write(scene(*size), quality)
        body = coder.encode(scene(*size), quality)
        assert body is not None and coder.restore(body, size) == file
        pixels = coder.decode(body, size)
        assert pixels.shape == (*size, 3) and np.array_equal(pixels, coder.read(file, size))


@pytest.mark.parametrize("name", ["jpeg", "webp"])
def test_every_quality_has_a_body(name):
    coder = CODERS[name]
    assert all(coder.encode(scene(24, 40), quality) is not None for quality in coder.qualities)


@pytest.mark.parametrize("name", LOSSY)
def test_a_body_is_no_picture_of_another_size(name):
    coder = CODERS[name]
    body = coder.encode(scene(40, 56), coder.qualities[len(coder.qualities) // 2])
    assert body is not None
    for size in ((56, 40), (400, 560)):
        try:
            assert coder.decode(body, size).shape == (*size, 3)
        except Damaged:
            continue


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
    body = coder.encode(scene(64, 96), coder.qualities[-2])
    assert body is not None
    with Image.open(io.BytesIO(coder.restore(body, (64, 96)))) as image:
        assert image.size == (96, 64) and image.mode == "RGB"
        assert squared_error(np.asarray(image), scene(64, 96)) < 64 * 96 * 3 * 10**2


@pytest.mark.parametrize(("head", "size"), [
    ("ff0af89901", (320, 320)), ("ff0a470640", (32, 32)), ("ff0a430640", (16, 16))])
def test_the_size_in_a_jpeg_xl_header(head, size):
    assert jxl_size(bytes.fromhex(head)) == size


@pytest.mark.parametrize(("height", "width"), [
    (200, 320), (1000, 33), (7, 5), (8, 16), (256, 8), (600, 9), (9000, 3),
    # The ratios that have a code of their own, of sides that are multiples of 8 and not, rounded down.
    (40, 48), (50, 60), (51, 61), (96, 128), (50, 66), (64, 96), (51, 76), (72, 128), (50, 88), (64, 80), (51, 63),
    (64, 128), (51, 102), (321, 481), (481, 321)])
def test_the_size_that_a_jpeg_xl_encoder_writes(height, width):
    assert jxl_size(CODERS["jxl"].write(np.resize(scene(40), (height, width, 3)), 50.0)) == (height, width)


@pytest.mark.parametrize(("ratio", "width"), [*enumerate([100, 120, 133, 150, 177, 125, 200], start=1)])
def test_the_ratios_of_a_jpeg_xl_header(ratio, width):
    # SizeHeader: not small, 9-bit height less 1, ratio.
    bits = 0 | 0 << 1 | 99 << 3 | ratio << 12
    assert jxl_size(b"\xff\x0a" + bits.to_bytes(12, "little")) == (100, width)


def test_a_jpeg_xl_header_of_a_huge_picture_is_refused_before_it_is_decoded():
    # SizeHeader: not small, 30-bit height, ratio 1:1.
    bits = 0 | 3 << 1 | (2**30 - 1) << 3 | 1 << 33
    with pytest.raises(Damaged, match="1073741824"):
        CODERS["jxl"].decode(bits.to_bytes(8, "little") + b"\0" * 40, (32, 32))


@pytest.mark.parametrize("name", CODERS)
def test_other_formats_keep_the_laws_of_codecs(name):
    scales = (1.0, 0.5, 0.1) if name == "raw" else (1.0, 0.5)
    check_codec(lambda: Picture(name, scales=scales, conceal="black"), sides=(64, 64))


@pytest.mark.parametrize("width", [96, 140])
@pytest.mark.parametrize("name", LOSSY)
def test_a_larger_budget_gives_a_better_picture_that_fills_it(name, width):
    codec, pictures = Picture(name), batch(96, 1, width)
    before = 0.0
    for budget in (300, 800, 2000, 5000):
        payload = encoded(codec, pictures, state(budget))
        shown = decoded(codec, payload, pictures)
        assert 0.8 * budget < len(payload[0]) <= budget
        assert float(psnr(shown, pictures.x)) > before + 0.3
        before = float(psnr(shown, pictures.x))


def test_scales_are_shares_of_both_sides():
    codec = Picture(scales=(1.0, 0.75, 0.5, 0.1, 0.01))
    assert codec.sizes((3, 321, 481)) == ((321, 481), (241, 361), (160, 240), (32, 48), (3, 5))
    assert codec.sizes((3, 4, 300)) == ((4, 300), (3, 225), (2, 150), (1, 30), (1, 3))
    assert codec.sizes((3, 1, 1)) == ((1, 1),)


@pytest.mark.parametrize("name", ["webp", "jpeg"])
def test_the_search_finds_what_trying_everything_finds(name):
    coder, pixels, sizes = CODERS[name], scene(48, 60), ((48, 60), (24, 30), (12, 15))
    budget = 200
    tried = [(squared_error(pixels, resized(coder.decode(body, size), sizes[0])), size, len(body)) for size in sizes
             for quality in coder.qualities
             if (body := coder.encode(resized(pixels, size), quality)) is not None and len(body) < budget]
    payload = fit(pixels, coder, sizes, budget, Tried())
    error = squared_error(pixels, resized(coder.decode(payload[1:], sizes[payload[0]]), sizes[0]))
    assert len(payload) <= budget
    assert error <= 1.1 * min(tried)[0]


def test_what_was_tried_before_changes_nothing():
    coder, pixels, sizes, tried = CODERS["webp"], scene(64), ((64, 64), (48, 48), (32, 32)), Tried()
    budgets = (900, 120, 400, 60, 900, 410)
    assert ([fit(pixels, coder, sizes, budget, tried) for budget in budgets]
            == [fit(pixels, coder, sizes, budget, Tried()) for budget in budgets])


def test_of_no_more_pictures_than_said_is_kept_what_was_tried():
    trials = Trials(2)
    first, second = trials.of(b"1"), trials.of(b"2")
    assert trials.of(b"1") is first
    third = trials.of(b"3")
    assert trials.of(b"1") is first and trials.of(b"3") is third and trials.of(b"2") is not second


def test_a_codec_keeps_no_pictures_alive():
    codec, pictures = Picture("jpeg"), batch(64, 8)
    encoded(codec, pictures, state(*(700,) * 8))
    tried = list(codec._trials._pictures.items())
    assert len(tried) == 8
    numbers = sum(sys.getsizeof(value) for _, one in tried for table in (one.lengths, one.errors)
                  for value in (table, *table, *table.values()))
    assert numbers / 8 < 10_000 and all(len(digest) == 32 for digest, _ in tried)
    assert Picture("jpeg")._trials is not codec._trials


@pytest.mark.parametrize("name", LOSSY)
def test_a_quick_fit_comes_near_the_best(name):
    coder, pixels = CODERS[name], scene(96, 128)
    sizes = Picture(name).sizes((3, 96, 128))
    ratios = []
    for budget in (200, 400, 900, 2500, 6000):
        payload, best = fit_quickly(pixels, coder, sizes, budget), fit(pixels, coder, sizes, budget, Tried())
        assert 0.9 * ENOUGH * budget < len(payload) <= budget
        errors = [squared_error(pixels, resized(coder.decode(one[1:], sizes[one[0]]), sizes[0]))
                  for one in (payload, best)]
        ratios.append(errors[0] / errors[1])
    assert np.mean(ratios) < 1.35
    assert fit_quickly(pixels, coder, sizes, 3) == b""


@pytest.mark.parametrize("lengths", [
    [10 * 1.05**i for i in range(101)], [7.0 + i for i in range(64)], [100.0] * 50 + [1e9] * 51,
    [5 + 0.001 * i**4 for i in range(200)], [float("inf")] * 10, [3.0, float("inf"), float("inf")], [4.0]])
@pytest.mark.parametrize("budget", [0, 3, 5, 42, 150, 10**6, 10**10])
def test_the_last_rung_that_fits(lengths, budget):
    calls = []

    def length(rung: int) -> float:
        calls.append(rung)
        return lengths[rung]

    expected = max((i for i, one in enumerate(lengths) if one <= budget), default=-1)
    assert last_fitting(length, len(lengths), budget) == expected
    assert len(set(calls)) <= 16
    enough = last_fitting(lengths.__getitem__, len(lengths), budget, 0.9 * budget)
    assert enough == expected or 0.9 * budget <= lengths[enough] <= budget


def test_at_small_budgets_a_smaller_picture_beats_a_worse_one():
    pictures = batch(96, 1)
    shrinking, whole = Picture("jpeg"), Picture("jpeg", scales=(1.0,))
    payloads = encoded(shrinking, pictures, state(170))
    assert payloads[0][0] > 0
    gain = (psnr(decoded(shrinking, payloads, pictures), pictures.x)
            - psnr(there_and_back(whole, pictures, state(170)), pictures.x))
    assert float(gain) > 1


def test_what_fits_nowhere_is_not_sent_and_shown_as_named():
    pictures = batch(64, 2)
    for conceal, level in (("grey", 128 / 255), ("black", 0.0)):
        codec = Picture("avif", conceal=conceal)
        assert encoded(codec, pictures, state(5, 5)) == (b"", b"")
        assert torch.all(decoded(codec, (b"", None), pictures) == level)


def test_a_fixed_quality_is_the_encoders_own():
    pictures, codec = batch(64, 1, 48), Picture("jpeg", quality=80.0)
    payload = encoded(codec, pictures, FREE)
    out = io.BytesIO()
    Image.fromarray(scene(64, 48)).save(out, "JPEG", quality=80)
    with Image.open(out) as image:
        shown = decoded(codec, payload, pictures)[0]
        assert torch.equal(shown * 255, torch.from_numpy(np.array(image)).permute(2, 0, 1))
    assert encoded(codec, pictures, state(len(payload[0]))) == payload
    assert encoded(codec, pictures, state(len(payload[0]) - 1)) == (b"",)


@pytest.mark.parametrize(("name", "quality"), [("jpeg2000", 0.05), ("webp", 33.3), ("jxl", 61.7), ("raw", 0.0)])
def test_a_fixed_quality_need_not_be_one_that_the_search_tries(name, quality):
    pictures = batch(64, 1)
    assert float(psnr(there_and_back(Picture(name, quality=quality), pictures, FREE), pictures.x)) > 25


def test_raw_is_the_picture_itself():
    pictures, codec = batch(32, 2, 20), Picture("raw")
    payload = encoded(codec, pictures, state(32 * 20 * 3 + 1, 16 * 10 * 3 + 1))
    assert [len(one) for one in payload] == [1921, 481]
    assert torch.equal(decoded(codec, payload, pictures)[0], pictures.x[0])


def test_files_are_searched_once(own_cache, monkeypatch):
    pictures = batch(48, 3)
    first = encoded(Picture("webp"), pictures, state(300, 300, 300))
    assert [file.name for file in own_cache.glob("*.sqlite")] == ["picture-files-2.sqlite"]
    monkeypatch.setattr("gensc.codec.picture.codec.fit", lambda *_: pytest.fail("searched again"))
    assert encoded(Picture("webp"), pictures, state(300, 300, 300)) == first
    order = torch.tensor([2, 0])
    assert encoded(Picture("webp"), pictures.select(order), state(300, 300)) == (first[2], first[0])


def test_a_kept_file_is_that_of_the_same_sides():
    """A flat picture of other sides has the same pixels, one after the other."""
    codec = Picture("jpeg")
    for height, width in ((40, 56), (56, 40)):
        pictures = unlabelled(torch.full((1, 3, height, width), 0.25))
        assert (there_and_back(codec, pictures, state(900)) - pictures.x).abs().max() < 0.02


def test_a_damaged_store_is_made_anew(own_cache):
    pictures = batch(48, 1)
    first = encoded(Picture("webp"), pictures, state(300))
    (own_cache / "picture-files-2.sqlite").write_bytes(b"no database" * 100)
    with pytest.warns(UserWarning, match=r"picture-files-2\.sqlite.*damaged"):
        assert encoded(Picture("webp"), pictures, state(300)) == first
    assert encoded(Picture("webp"), pictures, state(300)) == first


def test_without_a_place_for_the_store_it_goes_on(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GENSC_CACHE", str(tmp_path / "file" / "below"))
    with pytest.warns(UserWarning, match="picture-files cannot be kept.*set GENSC_CACHE"):
        assert len(encoded(Picture("webp"), batch(48, 1), state(300))[0]) > 100


@pytest.mark.parametrize(("make", "message"), [
    (lambda: Picture("jpeg", quality=0.0), "quality is 0; jpeg takes whole numbers from 1 to 100"),
    (lambda: Picture("avif", quality=50.5), "quality is 50.5; avif takes whole numbers from 0 to 99"),
    (lambda: Picture("jpeg2000", quality=0.7), "jpeg2000 takes numbers from 0.0005 to 0.5"),
    (lambda: Picture("raw", quality=50.0), "raw takes whole numbers from 0 to 0"),
    (lambda: Picture("webp", quality=float("nan")), "quality is nan"),
    (lambda: Picture(scales=()), "scales are"),
    (lambda: Picture(scales=(0.5, 1.0)), "falling shares"),
    (lambda: Picture(scales=(1.5,)), "falling shares"),
    (lambda: encoded(Picture(), unlabelled(torch.zeros(1, 1, 8, 8)), state(300)), r"\[1, 8, 8\]; expected pictures"),
    (lambda: encoded(Picture(), unlabelled(torch.zeros(1, 3, 1, 16384)), state(300)), "sides from 1 to 16383 px"),
    (lambda: encoded(Picture(), batch(32, 1), FREE), "there is none.*set the codec's"),
    (lambda: decoded(Picture(), torch.zeros(1, 8), batch(32, 1)), "needs bytes and gets features"),
    (lambda: Picture().received({MAIN: (8,)}), "makes files and gets features"),
    (lambda: Picture().received({"side": None}), "needs the part 'main' and gets side"),
])
def test_wrong_settings_are_named(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_real_photographs_in_two_kilobytes_or_so():
    beside = Path(__file__).parents[2].parent / "shared" / "data"
    folder = Path(os.environ.get("GENSC_TEST_DATA", beside)) / "bsds" / "train"
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder}; set GENSC_TEST_DATA")
    with Image.open(sorted(folder.glob("*.jpg"))[3]) as image:
        pixels = np.asarray(image.convert("RGB"))
    pictures = unlabelled(torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255)
    assert sorted(pictures.shape[1:]) == [321, 481]
    figures = {}
    for name in ("jpeg", "webp", "avif"):
        codec = Picture(name)
        figures[name] = float(psnr(there_and_back(codec, pictures, state(2300)), pictures.x))
    assert figures["avif"] > figures["webp"] > figures["jpeg"] > 20
