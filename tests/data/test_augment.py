import numpy as np
import pytest

from gensc.data.augment import view
from gensc.rng import Rng

RNG = Rng.seeded(3).of([77])


def test_view_0_is_the_picture(photo):
    image = photo(0)
    assert view(image, 0, RNG) is image


@pytest.mark.parametrize("size", [1, 17, 48])
def test_other_views_keep_shape_and_repeat(photo, size):
    image = photo(0, size)
    one = view(image, 1, RNG)
    assert one.shape == (size, size, 3) and one.dtype == np.uint8
    assert np.array_equal(one, view(image, 1, RNG))


def test_views_of_pictures_of_any_shape_keep_it_and_look_alike():
    """A ramp along the longer side: a view shows half of it or more, at the picture's own size."""
    wide = np.broadcast_to(np.linspace(40, 200, 80)[None, :, None], (20, 80, 3)).astype(np.uint8)
    for image in (wide, np.ascontiguousarray(wide.swapaxes(0, 1))):
        long = int(np.argmax(image.shape[:2]))
        for number in range(1, 40):
            one = view(image, number, RNG)
            assert one.shape == image.shape
            assert np.ptp(one.mean(axis=(1 - long, 2))) > 160 * 0.5 * 0.75**2 * 0.9


def test_views_items_and_seeds_differ(photo):
    image = photo(0)
    seen = [view(image, 1, RNG), view(image, 2, RNG), view(image, 1, RNG.of([78])),
            view(image, 1, Rng.seeded(4).of([77]))]
    assert len({one.tobytes() for one in [image, *seen]}) == 5


def test_half_of_the_views_are_mirrored_and_light_stays_in_range():
    ramp = np.repeat(np.linspace(60, 180, 64)[None, :, None], 64, axis=0).repeat(3, axis=2).astype(np.uint8)
    views = [view(ramp, number, RNG).astype(float) for number in range(1, 301)]
    mirrored = np.mean([one[:, 0].mean() > one[:, -1].mean() for one in views])
    assert 0.4 < mirrored < 0.6
    means = np.array([one.mean() for one in views])
    assert means.std() > 8 and means.min() > 120 * 0.75 * 0.75 and means.max() < 120 * 1.25 * 1.25


def test_crops_keep_half_of_the_area_or_more():
    """On a ramp of unit slope the spread of a view shows the width of its crop (times the contrast)."""
    ramp = np.broadcast_to(np.arange(64, dtype=np.uint8)[None, :, None] + 90, (64, 64, 3))
    widths = []
    for number in range(1, 201):
        one = view(np.ascontiguousarray(ramp), number, RNG).astype(float)
        widths.append(np.ptp(one[32, :, 0]))
    low, high = 64 * (0.5 * 0.87) ** 0.5 * 0.75**2, 64 * 1.25**2
    assert low - 3 < min(widths) < 40 and 60 < max(widths) < high + 3
