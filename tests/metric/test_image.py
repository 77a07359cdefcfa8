"""PSNR, SSIM and MS-SSIM: known values, an independent implementation, and what they must not depend on."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter
from torch import Tensor

from gensc.errors import InputError
from gensc.metric.image import MS_SSIM_SIDE, PSNR_CEILING_DB, SCALES, ms_ssim, psnr, ssim
from gensc.rng import Rng


def pictures(count: int, side: int) -> Tensor:
    coarse = torch.sigmoid(Rng.seeded(5, "pictures").of(count).normal(3, 9, 9))
    return torch.nn.functional.interpolate(coarse, (side, side), mode="bicubic").clamp(0, 1)


def worse(x: Tensor, amount: float) -> Tensor:
    return (x + amount * Rng.seeded(6, "noise").of(len(x)).normal(*x.shape[1:])).clamp(0, 1)


def as_jpeg(x: Tensor, quality: int) -> Tensor:
    out = io.BytesIO()
    Image.fromarray((x[0] * 255).byte().permute(1, 2, 0).numpy()).save(out, "JPEG", quality=quality)
    with Image.open(out) as image:
        return torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float() / 255


@pytest.mark.parametrize(("offset", "decibels"), [(0.1, 20.0), (1 / 255, 48.1308), (1.0, 0.0), (0.5, 6.0206)])
def test_psnr_of_a_constant_offset(offset, decibels):
    x = torch.zeros(2, 3, 5, 7)
    assert psnr(x + offset, x).tolist() == pytest.approx([decibels] * 2, abs=1e-4)


def test_psnr_is_each_items_own_and_has_a_ceiling():
    x = torch.rand(3, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    y = torch.stack([x[0], x[1] + 0.1, x[2] + 1e-7])
    assert psnr(x, y).tolist() == pytest.approx([PSNR_CEILING_DB, 20.0, PSNR_CEILING_DB], abs=1e-4)


def test_ssim_of_constant_pictures_is_its_luminance_term():
    a, b = torch.full((1, 3, 16, 16), 0.5), torch.full((1, 3, 16, 16), 0.6)
    expected = (2 * 0.5 * 0.6 + 1e-4) / (0.25 + 0.36 + 1e-4)
    assert float(ssim(a, b)) == pytest.approx(expected, abs=1e-6)


def by_scipy(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """SSIM and its contrast-structure part of one channel, in double precision."""
    def blur(x: np.ndarray) -> np.ndarray:
        return gaussian_filter(x, 1.5, truncate=3.5, mode="reflect")

    ma, mb = blur(a), blur(b)
    va, vb, ab = blur(a * a) - ma**2, blur(b * b) - mb**2, blur(a * b) - ma * mb
    structure = (2 * ab + 9e-4) / (va + vb + 9e-4)
    whole = structure * (2 * ma * mb + 1e-4) / (ma**2 + mb**2 + 1e-4)
    inside = slice(5, -5), slice(5, -5)
    return float(whole[inside].mean()), float(structure[inside].mean())


@pytest.mark.parametrize("side", [11, 32, 75])
def test_ssim_is_that_of_scipys_gaussian_filter(side):
    x = pictures(2, side)
    y = worse(x, 0.1)
    for place in range(2):
        expected = np.mean([by_scipy(*(t[place, c].double().numpy() for t in (x, y)))[0] for c in range(3)])
        assert float(ssim(y, x)[place]) == pytest.approx(expected, abs=1e-6)


def halved(x: np.ndarray) -> np.ndarray:
    """Means of 2 x 2 pixels; an odd last row or column is dropped."""
    side = x.shape[1] // 2
    return x[:, : 2 * side, : 2 * side].reshape(3, side, 2, side, 2).mean(axis=(2, 4))


def test_ms_ssim_is_the_weighted_product_over_scales():
    x = pictures(1, MS_SSIM_SIDE)
    y = worse(x, 0.2)
    expected, a, b = 1.0, x[0].double().numpy(), y[0].double().numpy()
    for scale, power in enumerate(SCALES):
        found = np.mean([by_scipy(a[c], b[c]) for c in range(3)], axis=0)
        expected *= float(found[0] if scale == 4 else found[1]) ** power
        a, b = (halved(t) for t in (a, b))
    assert sum(SCALES) == pytest.approx(1.0, abs=2e-4)
    assert float(ms_ssim(x, y)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("metric", [psnr, ssim, ms_ssim])
def test_figures_fall_as_a_picture_gets_worse_and_do_not_mind_the_order(metric):
    x = pictures(1, 192)
    values = [float(metric(x, x)), *(float(metric(x, as_jpeg(x, quality))) for quality in (90, 30, 5))]
    assert values == sorted(values, reverse=True) and values[0] - values[-1] > 0.005
    y = worse(x, 0.1)
    assert float(metric(x, y)) == pytest.approx(float(metric(y, x)), abs=1e-6)


@pytest.mark.parametrize("metric", [ssim, ms_ssim])
def test_equal_pictures_score_one(metric):
    x = pictures(2, 200)
    assert metric(x, x).tolist() == [1.0, 1.0]
    assert metric(x, worse(x, 0.3)).max() < 0.9


@pytest.mark.parametrize("metric", [psnr, ssim, ms_ssim])
def test_an_items_figure_is_the_same_in_any_batch(metric):
    x = pictures(40, 177)
    y = worse(x, 0.1)
    assert torch.equal(metric(x[31:33], y[31:33]), metric(x, y)[31:33])
    assert metric(x[:0], y[:0]).shape == (0,)


@pytest.mark.parametrize(("metric", "side"), [(ssim, 10), (ms_ssim, 175)])
def test_pictures_that_are_too_small_are_refused(metric, side):
    with pytest.raises(InputError, match=f"{side} x {side} px; this metric needs at least {side + 1} px"):
        metric(torch.zeros(1, 3, side, side), torch.zeros(1, 3, side, side))


def test_pictures_of_other_shapes_are_refused():
    with pytest.raises(InputError, match=r"\[1, 3, 16, 16\] and \[1, 3, 16, 17\]"):
        psnr(torch.zeros(1, 3, 16, 16), torch.zeros(1, 3, 16, 17))
