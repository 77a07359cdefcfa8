import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gensc.data.duplicates import Pair, find, hashes
from gensc.data.picture import decode
from gensc.data.thumbnails import Thumbnails, of


@pytest.fixture(scope="module")
def photographs(real_data: Path) -> list[np.ndarray]:
    files = sorted((real_data / "vehicles224" / "train").rglob("*.jpg"))[::12]
    return [decode(file, 224) for file in files]


def test_the_same_pixels_are_exact_and_all_pairs_are_listed(photo):
    train = of([photo(0), photo(1), photo(0)])
    test = of([photo(5), photo(0), photo(1)])
    assert find(train, test) == [Pair(0, 1, "exact"), Pair(2, 1, "exact"), Pair(1, 2, "exact")]


def test_nothing_alike_nothing_found(photo):
    assert find(of([photo(i) for i in range(40)]), of([photo(i) for i in range(100, 140)])) == []
    assert find(of([]), of([photo(0)])) == [] and find(of([photo(0)]), of([])) == []


def test_flat_pictures_are_only_equal_to_themselves():
    grey = [np.full((32, 32, 3), level, np.uint8) for level in (10, 10, 200)]
    assert find(of(grey[:1]), of(grey[1:])) == [Pair(0, 0, "exact")]


def test_a_coarse_likeness_is_not_enough():
    """The same brightness gradient under different details."""
    ramp = np.linspace(60, 190, 64)[:, None] + np.linspace(0, 20, 64)[None, :]
    detail = np.random.default_rng(0).choice([-40, 40], (2, 16, 16)).repeat(4, axis=1).repeat(4, axis=2)
    one, other = ((ramp + d).clip(0, 255).astype(np.uint8)[..., None].repeat(3, axis=2) for d in detail)
    assert find(of([one]), of([other])) == []


@pytest.mark.parametrize("kind, options", [("JPEG", {"quality": 20}), ("WEBP", {"quality": 40})])
def test_recompressed_photographs_are_found_and_no_others(photographs, encoded, kind, options):
    copies = [decode(encoded(image, kind, **options), 224) for image in photographs]
    found = find(of(photographs), of(copies))
    assert [(pair.train_index, pair.test_index) for pair in found] == [
        (i, i) for i in range(len(photographs))]
    assert {pair.kind for pair in found} == {"near"}


@pytest.mark.parametrize("side", [64, 200, 240])
def test_resized_photographs_are_found(photographs, encoded, side):
    small = [np.asarray(Image.fromarray(image).resize((side, side))) for image in photographs]
    copies = [decode(encoded(image, "JPEG", quality=85), 224) for image in small]
    assert [(pair.train_index, pair.test_index) for pair in find(of(photographs), of(copies))] == [
        (i, i) for i in range(len(photographs))]


def test_real_photographs_are_not_taken_for_each_other(photographs):
    """All pairs of 209 photographs, each against all others."""
    every = of(photographs)
    assert [(pair.train_index, pair.test_index) for pair in find(every, every)] == [
        (i, i) for i in range(len(photographs))]


def test_hashes_are_of_the_picture_not_of_its_light(photographs):
    grey = of(photographs).grey
    plain, dimmed = hashes(grey), hashes((grey * 0.8).astype(np.uint8))
    assert np.bitwise_count(plain ^ dimmed).max() <= 8
    others = np.bitwise_count(plain[:, None] ^ plain[None, :])[~np.eye(len(plain), dtype=bool)]
    assert 28 < others.mean() < 34


def test_five_thousand_against_fifteen_hundred_takes_under_five_seconds():
    grey = np.random.default_rng(0).integers(0, 256, (6500, 32, 32)).astype(np.uint8)
    pixels = tuple(index.to_bytes(4, "big") for index in range(6500))
    started = time.perf_counter()
    assert find(Thumbnails(grey[:5000], pixels[:5000]), Thumbnails(grey[5000:], pixels[5000:])) == []
    assert time.perf_counter() - started < 5
