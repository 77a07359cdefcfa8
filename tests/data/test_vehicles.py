"""The procedural vehicle pictures: determinism, exact masks, bounds, captions and errors."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from gensc.data.vehicles import CLASSES, Rendered, render
from gensc.data.vehicles.picture import linear_picture, vehicle_mask, visible
from gensc.data.vehicles.scene import build

GOLDEN = {
    0: "9102a4fcad29cbc0", 3: "afcb170ac1a3d0a8", 5: "34cabe73b7c19c70",
    10: "046e477045c75501", 12: "0490a0aacf7d32e5", 15: "748d0e9bb37539c3",
    23: "0566c627b0aa763b", 130: "bdd33f0ac322a089",
}


def _digest(item: Rendered) -> str:
    return hashlib.sha256(item.image.tobytes() + item.mask.tobytes()).hexdigest()[:16]


def _middle(mask: np.ndarray) -> np.ndarray:
    """Mean row and column of a mask in picture widths."""
    return (np.argwhere(mask).mean(axis=0) + 0.5) / len(mask)


@pytest.fixture(scope="module")
def items() -> list[Rendered]:
    """64 items, four of each class."""
    return [render(i, seed=3, size=128) for i in range(64)]


def test_classes_are_the_sixteen_of_the_paper() -> None:
    assert len(CLASSES) == len(set(CLASSES)) == 16
    assert CLASSES[0] == "Armored_Personnel_Carrier" and CLASSES[15] == "Transport_Helicopter"


@pytest.mark.parametrize("index", sorted(GOLDEN))
def test_pictures_equal_the_recorded_ones(index: int) -> None:
    assert _digest(render(index, seed=1, size=96)) == GOLDEN[index]


def test_order_and_threads_do_not_matter(items: list[Rendered]) -> None:
    order = list(range(24))[::-1]
    with ThreadPoolExecutor(3) as pool:
        again = list(pool.map(lambda i: render(i, seed=3, size=128), order))
    for index, item in zip(order, again, strict=True):
        assert _digest(item) == _digest(items[index])
        assert item.caption == items[index].caption


def test_seed_and_index_change_the_picture() -> None:
    prints = {_digest(render(i, seed=s, size=64)) for i in (0, 16, 32) for s in (0, 1)}
    assert len(prints) == 6


def test_box_is_tight_and_vehicle_large_enough(items: list[Rendered]) -> None:
    for index, item in enumerate(items):
        x0, y0, x1, y1 = item.box
        assert item.label == index % 16
        assert item.image.shape == (128, 128, 3) and item.image.dtype == np.uint8
        assert item.mask.shape == (128, 128) and item.mask.dtype == np.bool_
        assert item.mask[y0:y1, x0:x1].sum() == item.mask.sum()
        assert item.mask[y0].any() and item.mask[y1 - 1].any()
        assert item.mask[:, x0].any() and item.mask[:, x1 - 1].any()
        assert 0.028 <= item.mask.mean() <= 0.8, f"item {index}"


def test_obstacles_leave_most_of_the_vehicle_visible() -> None:
    hidden = 0
    for index in range(64):
        scene = build(index, 3)
        alone = replace(scene, triangles=scene.triangles[:scene.vehicle_triangles])
        seen = vehicle_mask(visible(scene, 96)[0], scene.vehicle_triangles).sum()
        bare = vehicle_mask(visible(alone, 96)[0], scene.vehicle_triangles).sum()
        assert seen >= 0.6 * bare, f"item {index}"
        hidden += int(seen < bare)
    assert 5 <= hidden <= 40


def test_mask_is_exact() -> None:
    """Without the vehicle's sub-pixels (its shadow kept) exactly the pixels it touches change."""
    for index in (0, 10, 12, 15):
        scene = build(index, 5)
        ids, grid, near = visible(scene, 96)
        own = (ids >= 0) & (ids < scene.vehicle_triangles)
        whole = linear_picture(scene, 96, ids, grid, near)
        bare = linear_picture(scene, 96, np.where(own, np.int32(-1), ids), grid, near)
        share = own.reshape(96, 2, 96, 2).mean(axis=(1, 3))
        assert np.array_equal((whole != bare).any(axis=2), share > 0)
        assert np.array_equal(vehicle_mask(ids, scene.vehicle_triangles), share >= 0.5)


@pytest.mark.parametrize("size", [32, 96, 224])
def test_sizes_show_the_same_scene(size: int) -> None:
    for index in range(0, 48, 5):
        item, other = render(index, size=size), render(index, size=64)
        assert item.image.shape == (size, size, 3)
        assert item.caption == other.caption
        assert np.allclose(_middle(item.mask), _middle(other.mask), atol=0.03)
        assert item.mask.mean() == pytest.approx(other.mask.mean(), rel=0.2)


def test_captions_name_the_class(items: list[Rendered]) -> None:
    for item in items:
        assert CLASSES[item.label].replace("_", " ").lower() in item.caption.lower()
        assert item.caption.endswith(".") and item.caption[0].isupper()
    assert len({item.caption.split()[0] for item in items}) >= 3


@pytest.mark.parametrize(("arguments", "words"), [
    ({"index": -1}, "index is -1"), ({"index": 0, "seed": -2}, "seed is -2"),
    ({"index": 0, "size": 16}, "size is 16"), ({"index": 0, "size": 2048}, "from 32 to 1024"),
    ({"index": 1.5}, "whole number")])
def test_bad_input_is_refused(arguments: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        render(**arguments)
