"""Reconstruction: pictures in, pictures out, and the figures of their likeness."""

import numpy as np
import pytest
import torch

from gensc.batch import unlabelled
from gensc.errors import InputError
from gensc.metric.image import psnr, ssim
from gensc.metric.perceptual import st_lpips
from gensc.rng import Rng
from gensc.signal import State
from gensc.task import Reconstruct
from gensc.testing import check_task

ALL = ("psnr", "ssim", "ms_ssim", "st_lpips")


def made(count: int, side: int) -> tuple[torch.Tensor, torch.Tensor]:
    sent = torch.sigmoid(Rng.seeded(1, "sent").of(count).normal(3, side, side))
    return sent, (sent + 0.1 * Rng.seeded(2, "noise").of(count).normal(3, side, side)).clamp(0, 1)


def test_the_prediction_is_what_was_received_and_the_loss_its_mean_squared_error():
    sent, received = made(4, 16)
    task = Reconstruct()
    task.bind((3, 16, 16))
    shown = task(received, State.of(0.0, 4, Rng.seeded(0)))
    assert torch.equal(shown, received)
    assert float(task.loss(shown, unlabelled(sent))) == pytest.approx(float((received - sent).square().mean()))


def test_scores_are_the_items_own_figures():
    sent, received = made(3, 180)
    columns = Reconstruct(ALL).score(received, unlabelled(sent))
    assert tuple(columns) == ALL
    assert torch.equal(columns["psnr"], psnr(received, sent)) and torch.equal(columns["ssim"], ssim(received, sent))
    assert torch.equal(columns["st_lpips"], st_lpips(received, sent))
    assert len(columns["ms_ssim"]) == 3


def test_psnr_is_the_mean_of_the_pictures_decibels():
    sent = torch.zeros(2, 3, 16, 16)
    received = torch.stack([sent[0] + 0.1, sent[1] + 0.01])
    task = Reconstruct(("psnr",))
    columns = {name: column.numpy() for name, column in task.score(received, unlabelled(sent)).items()}
    figures = task.summarise([columns, columns])
    assert figures["psnr"].value == pytest.approx(30.0, abs=1e-4)
    assert (figures["psnr"].items, figures["psnr"].seeds) == (2, 2)
    assert np.isfinite([figures["psnr"].low, figures["psnr"].high]).all()


@pytest.mark.parametrize("metrics", [("psnr",), ("psnr", "st_lpips")])
def test_other_metrics_keep_the_laws_of_tasks(metrics):
    check_task(lambda: Reconstruct(metrics), (3, 64, 64))


@pytest.mark.parametrize(("make", "message"), [
    (lambda: Reconstruct(("ssim",)), "\"psnr\" among them"),
    (lambda: Reconstruct(("psnr", "psnr")), "each once"),
    (lambda: Reconstruct().bind((512,)), r"shape \[512\], expected pictures \[3,H,W\]"),
    (lambda: Reconstruct().bind((320, 7, 7)), "use a codec that decodes to pictures"),
    (lambda: Reconstruct(ALL).bind((3, 64, 64)), "64 x 64 px and ms_ssim needs at least 176"),
])
def test_wrong_settings_are_named(make, message):
    with pytest.raises(InputError, match=message):
        make()
