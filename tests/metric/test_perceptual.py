"""ST-LPIPS: what any perceptual distance must do, and what this one is for."""

import io
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from gensc.errors import InputError
from gensc.metric import perceptual
from gensc.metric.perceptual import st_lpips, st_lpips_loss, st_lpips_vgg
from gensc.rng import Rng


@pytest.fixture(scope="module")
def picture() -> Tensor:
    """[1,3,96,96] with edges and texture."""
    coarse = torch.sigmoid(2 * Rng.seeded(5, "pictures").normal(3, 12, 12))
    fine = 0.08 * Rng.seeded(5, "texture").normal(3, 96, 96)
    return (F.interpolate(coarse, (96, 96), mode="nearest") + fine).clamp(0, 1)


def as_jpeg(x: Tensor, quality: int) -> Tensor:
    out = io.BytesIO()
    Image.fromarray((x[0] * 255).byte().permute(1, 2, 0).numpy()).save(out, "JPEG", quality=quality)
    with Image.open(out) as image:
        return torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255


BOTH = pytest.mark.parametrize("metric", [st_lpips, st_lpips_vgg], ids=lambda one: one.__name__)


@BOTH
def test_equal_pictures_are_at_distance_zero_and_worse_ones_further_off(metric, picture):
    distances = [float(metric(picture, other)) for other in (picture, *(as_jpeg(picture, q) for q in (90, 30, 5)))]
    assert distances[0] == 0
    assert distances == sorted(distances) and distances[-1] > 3 * distances[1] > 0


@BOTH
def test_the_trained_weights_are_in_use(metric, picture):
    """A shift by one pixel costs pixels dearly and eyes nothing: the metric was trained to see that."""
    shifted, coarse = picture.roll(1, dims=3), as_jpeg(picture, 5)
    assert float(F.mse_loss(picture, shifted)) > float(F.mse_loss(picture, coarse))
    assert float(metric(picture, shifted)) < 0.5 * float(metric(picture, coarse))


def test_the_two_are_different_networks(picture):
    coarse = as_jpeg(picture, 5)
    assert abs(float(st_lpips(picture, coarse)) / float(st_lpips_vgg(picture, coarse)) - 1) > 0.05


@BOTH
def test_each_item_has_its_own_distance(metric, picture):
    a = torch.cat([picture, picture, as_jpeg(picture, 30)])
    b = torch.cat([as_jpeg(picture, 5), picture, picture])
    whole = metric(a, b)
    assert whole.shape == (3,) and whole.dtype == torch.float32
    assert torch.equal(whole[2:], metric(a[2:], b[2:])) and whole[1] == 0
    assert metric(a[:0], b[:0]).shape == (0,)


def test_the_loss_is_the_mean_of_the_items_distances(picture):
    a = torch.cat([picture, as_jpeg(picture, 30)])
    b = torch.cat([as_jpeg(picture, 5), picture])
    assert float(st_lpips_loss(a, b)) == pytest.approx(float(st_lpips(a, b).mean()), rel=1e-4)


def test_features_that_are_all_zero_have_a_finite_gradient(picture, monkeypatch):
    """A dark place may leave every channel of a layer at zero, whose length has no slope."""
    network = perceptual._network("alex", "cpu")
    monkeypatch.setattr(network.net.slice1[0].bias, "data", torch.full((64,), -1e3))
    received = as_jpeg(picture, 5).requires_grad_()
    st_lpips_loss(received, picture).backward()
    assert torch.isfinite(received.grad).all()


@pytest.mark.parametrize("side", [1, 32, 63])
def test_small_pictures_are_enlarged(picture, side):
    small = F.interpolate(picture, (side, side), mode="area")
    large = F.interpolate(small, (64, 64), mode="bicubic").clamp(0, 1)
    noisy = (small + 0.1).clamp(0, 1)
    expected = st_lpips(large, F.interpolate(noisy, (64, 64), mode="bicubic").clamp(0, 1))
    assert torch.allclose(st_lpips(small, noisy), expected, atol=1e-6) and float(expected) > 0


def test_nothing_is_left_behind_by_the_import(picture):
    st_lpips(picture, picture)
    for name in ("IPython", "torchsummary", "torchvision"):
        assert name not in sys.modules or sys.modules[name].__spec__ is not None


def test_other_shapes_are_refused():
    with pytest.raises(InputError, match=r"\[1, 1, 64, 64\]"):
        st_lpips(torch.zeros(1, 1, 64, 64), torch.zeros(1, 1, 64, 64))
