"""Reconstruction: pictures in, pictures out, and the figures of their likeness."""

import math

import numpy as np
import pytest
import torch

from gensc.batch import unlabelled
from gensc.errors import InputError
from gensc.metric.features import lite0
from gensc.metric.frechet import distance
from gensc.metric.image import psnr, ssim
from gensc.metric.perceptual import st_lpips, st_lpips_vgg
from gensc.rng import Rng
from gensc.signal import ANY, State
from gensc.task import Reconstruct
from gensc.testing import check_task
from gensc.zoo import Weights

ALL = ("psnr", "ssim", "ms_ssim", "st_lpips", "st_lpips_vgg")


def made(count: int, side: int) -> tuple[torch.Tensor, torch.Tensor]:
    sent = torch.sigmoid(Rng.seeded(1, "sent").of(count).normal(3, side, side))
    return sent, (sent + 0.1 * Rng.seeded(2, "noise").of(count).normal(3, side, side)).clamp(0, 1)


def test_the_prediction_is_what_was_received_and_the_loss_its_mean_squared_error():
    sent, received = made(4, 16)
    task = Reconstruct()
    task.bind({"main": (3, 16, 16)})
    shown = task({"main": received}, State.of(0.0, 4, Rng.seeded(0)))
    assert torch.equal(shown, received)
    assert float(task.loss(shown, unlabelled(sent))) == pytest.approx(float((received - sent).square().mean()))


def test_log_mse_gives_every_item_the_same_weight_whatever_its_error():
    """It is the mean PSNR in natural units: with an error s times as large every gradient is 1/s of it, so that
    an item's step towards what was sent is the same share of the way."""
    sent = torch.full((2, 3, 16, 16), 0.5)
    received = (sent + torch.tensor([0.1, 0.01])[:, None, None, None]).requires_grad_()
    loss = Reconstruct(loss="log_mse").loss(received, unlabelled(sent))
    mean_psnr = psnr(received.detach(), sent).mean().item()
    assert loss.item() == pytest.approx(-mean_psnr / 10 * math.log(10), abs=0.01)
    loss.backward()
    first, second = ((received - sent) * received.grad).detach().flatten(1).sum(dim=1).tolist()
    assert first == pytest.approx(1.0, rel=1e-3) and second == pytest.approx(1.0, rel=0.02)


def test_log_mse_of_equal_pictures_is_finite():
    sent, _ = made(2, 16)
    received = sent.clone().requires_grad_()
    loss = Reconstruct(loss="log_mse").loss(received, unlabelled(sent))
    loss.backward()
    assert loss.item() == pytest.approx(math.log(1e-6)) and torch.isfinite(received.grad).all()


def test_the_perceptual_loss_is_log_mse_and_the_weighed_mean_st_lpips():
    sent, received = made(3, 64)
    batch = unlabelled(sent)
    plain = Reconstruct(loss="log_mse").loss(received, batch).item()
    distance = st_lpips(received, sent).mean().item()
    assert distance > 0.005
    for weight in (1.0, 5.0):
        loss = Reconstruct(loss="perceptual", perceptual=weight).loss(received, batch).item()
        assert loss - plain == pytest.approx(weight * distance, rel=1e-3)


def test_a_step_down_the_perceptual_loss_lowers_st_lpips_itself():
    sent, received = made(2, 64)
    before = float(st_lpips(received, sent).mean())
    shown = received.clone().requires_grad_()
    difference = [Reconstruct(loss=loss).loss(shown, unlabelled(sent)) for loss in ("perceptual", "log_mse")]
    (difference[0] - difference[1]).backward()
    # By the slope, this step takes a twentieth off.
    moved = received - 0.05 * before / float(shown.grad.square().sum()) * shown.grad
    assert float(st_lpips(moved, sent).mean()) == pytest.approx(0.95 * before, rel=0.015)


def test_scores_are_the_items_own_figures():
    sent, received = made(3, 180)
    columns = Reconstruct(ALL).score(received, unlabelled(sent))
    assert set(columns) == set(ALL)
    assert torch.equal(columns["psnr"], psnr(received, sent)) and torch.equal(columns["ssim"], ssim(received, sent))
    assert torch.equal(columns["st_lpips"], st_lpips(received, sent))
    assert torch.equal(columns["st_lpips_vgg"], st_lpips_vgg(received, sent))
    assert len(columns["ms_ssim"]) == 3


def test_a_picture_is_scored_and_shown_as_a_screen_has_it_and_trained_on_as_it_is():
    """White where white was sent, at any overshoot, is no error to the eye; to the loss it is one."""
    sent, batch = torch.ones(2, 3, 180, 180), unlabelled(torch.ones(2, 3, 180, 180))
    task, beyond = Reconstruct(ALL), torch.stack([sent[0] + 0.5, sent[1] * 0.9])
    columns = task.score(beyond, batch)
    assert columns["psnr"].tolist() == pytest.approx([100.0, 20.0], abs=1e-4)
    assert columns["ssim"][0] == 1 and columns["ms_ssim"][0] == 1 and columns["st_lpips"][0] == 0
    assert torch.equal(task.shown(beyond, batch), beyond.clamp(0, 1))
    assert float(task.loss(beyond, batch)) == pytest.approx((0.25 + 0.01) / 2)


def test_the_measures_are_in_the_order_of_their_worth():
    names = ("ssim", "frechet_lite0", "st_lpips_vgg", "st_lpips", "psnr", "ms_ssim")
    task = Reconstruct(names)
    assert [measure.name for measure in task.measures] == [
        "psnr", "ms_ssim", "st_lpips", "st_lpips_vgg", "ssim", "frechet_lite0"]
    assert (task.headline, task.rival, task.needs) == ("psnr", "picture", ())
    assert Reconstruct(("psnr", "clip_score")).needs == ("caption",)


def test_the_psnr_of_each_item_is_known_to_the_report():
    sent, received = made(3, 16)
    run = {name: column.numpy() for name, column in Reconstruct().score(received, unlabelled(sent)).items()}
    assert Reconstruct().per_item(run).tolist() == psnr(received, sent).double().tolist()
    assert Reconstruct().confusion([run]) is None


def test_psnr_is_the_mean_of_the_pictures_decibels():
    sent = torch.zeros(2, 3, 16, 16)
    received = torch.stack([sent[0] + 0.1, sent[1] + 0.01])
    task = Reconstruct(("psnr",))
    columns = {name: column.numpy() for name, column in task.score(received, unlabelled(sent)).items()}
    figures = task.summarise([columns, columns])
    assert figures["psnr"].value == pytest.approx(30.0, abs=1e-4)
    assert (figures["psnr"].items, figures["psnr"].seeds) == (2, 2)
    assert np.isfinite([figures["psnr"].low, figures["psnr"].high]).all()


def test_a_frechet_distance_is_one_of_the_sets_of_items():
    """Its interval narrows with the items, its figure is that of all of them, whatever the batches."""
    sent, received = made(12, 32)
    task = Reconstruct(("psnr", "frechet_lite0"))
    parts = [task.score(received[i : i + 4], unlabelled(sent[i : i + 4])) for i in (0, 4, 8)]
    columns = {name: torch.cat([part[name] for part in parts]).numpy() for name in parts[0]}
    assert columns["frechet_lite0_sent"].shape == columns["frechet_lite0_received"].shape == (12, 1280)
    figure = task.summarise([columns, columns])["frechet_lite0"]
    assert figure.value == pytest.approx(distance(lite0(received).numpy(), lite0(sent).numpy()), rel=2e-3)
    assert (figure.items, figure.seeds) == (12, 2) and 0 < figure.low < figure.value < figure.high


def test_pictures_that_arrive_whole_are_at_no_frechet_distance():
    sent, _ = made(6, 32)
    task = Reconstruct(("psnr", "frechet_lite0"))
    columns = {name: column.numpy() for name, column in task.score(sent, unlabelled(sent)).items()}
    assert task.summarise([columns])["frechet_lite0"].value < 1e-9


def test_a_clip_score_wants_captions():
    sent, received = made(2, 32)
    with pytest.raises(InputError, match=r"clip_score \(clip_similarity needs none\): the data has no caption; use"):
        Reconstruct(("psnr", "clip_score")).score(received, unlabelled(sent))


@pytest.mark.parametrize("metric", ["lpips", "fid", "clip_score", "clip_similarity"])
def test_missing_weights_are_said_when_the_link_is_made(metric, monkeypatch):
    asked = []

    def missing(weights: Weights) -> None:
        asked.append(weights.name)
        raise InputError("these are missing")

    monkeypatch.setattr(Weights, "path", missing)
    with pytest.raises(InputError, match="these are missing"):
        Reconstruct(("psnr", metric)).bind({"main": (3, 64, 64)})
    assert asked == [metric.partition("_")[0]]
    Reconstruct(("psnr", "ssim", "st_lpips", "frechet_lite0")).bind({"main": (3, 64, 64)})


@pytest.mark.parametrize("metrics", [("psnr",), ("psnr", "st_lpips"), ("psnr", "frechet_lite0")])
def test_other_metrics_keep_the_laws_of_tasks(metrics):
    check_task(lambda: Reconstruct(metrics), (3, 64, 64))


def test_pictures_of_any_size_are_taken():
    Reconstruct(ALL).bind({"main": (3, ANY, ANY)})
    with pytest.raises(InputError, match="ms_ssim needs at least 176"):
        Reconstruct(ALL).bind({"main": (3, ANY, 64)})


@pytest.mark.parametrize("loss", ["log_mse", "perceptual"])
def test_other_losses_keep_the_laws_of_tasks(loss):
    check_task(lambda: Reconstruct(("psnr",), loss), (3, 64, 64))


@pytest.mark.parametrize(("make", "message"), [
    (lambda: Reconstruct(("ssim",)), "\"psnr\" among them"),
    (lambda: Reconstruct(("psnr", "psnr")), "each once"),
    (lambda: Reconstruct(loss="perceptual", perceptual=0.0), "expected a weight above 0, or loss = \"log_mse\""),
    (lambda: Reconstruct().bind({"main": (512,)}), r"shape \[512\], expected pictures \[3,H,W\]"),
    (lambda: Reconstruct().bind({"main": (320, 7, 7)}), "use a codec that decodes to pictures"),
    (lambda: Reconstruct(ALL).bind({"main": (3, 64, 64)}), "64 x 64 px and ms_ssim needs at least 176"),
    (lambda: Reconstruct().bind({"main": None}), r"what is received is bytes, expected pictures \[3,H,W\]"),
])
def test_wrong_settings_are_named(make, message):
    with pytest.raises(InputError, match=message):
        make()
