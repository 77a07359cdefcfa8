"""The joint source-channel codec: prefixes, any size, what it is told, and what it refuses."""

import math
from dataclasses import replace

import pytest
import torch

from gensc import registry
from gensc.batch import Batch
from gensc.channel import AWGN, Rayleigh
from gensc.codec import Jscc
from gensc.codec.blocks import dct_basis
from gensc.codec.jscc.level import HEAD, Level
from gensc.errors import InputError
from gensc.link import Link
from gensc.machine import memory
from gensc.metric.image import psnr
from gensc.rng import Rng
from gensc.signal import ANY, MAIN, Cost, Delivery, Soft, State
from gensc.task import Reconstruct
from gensc.transport import Symbols


def pictures(items, height, width, *path):
    coarse = torch.sigmoid(Rng.seeded(3, "pictures", *path).of(items).normal(3, 6, 6))
    x = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)
    return Batch(x=x, item=torch.arange(items))


def state(items, snr_db=10.0, height=32, width=32):
    return replace(State.of(snr_db, items, Rng.seeded(5)), shape=(3, height, width))


def delivery(part):
    """What a transport delivers of one part; features are estimates of the quality that the SNR promises."""
    none = torch.zeros(len(part))
    return Delivery({MAIN: part}, torch.ones(len(part), dtype=torch.bool), Cost(none, none, none))


def shown(codec, part, known):
    return codec.decode(delivery(part), known)[MAIN]


def made(**options):
    with Rng.seeded(1, "weights").torch_seeded():
        return Jscc(**options).eval()


def test_the_basis_is_orthonormal_and_sorted():
    basis, spread = dct_basis()
    assert torch.allclose(basis @ basis.T, torch.eye(192), atol=1e-5)
    assert (spread.diff() <= 0).all()
    assert torch.allclose(basis[0], torch.full((192,), 192**-0.5), atol=1e-6), "the first is the mean"


def test_one_codec_sends_any_size_and_it_comes_back():
    link = Link(made(cbr=1 / 12), Symbols(), Reconstruct(metrics=("psnr",)))
    assert link.codec.form == {MAIN: (ANY,)} and link.codec.received({MAIN: (ANY,)}) == {MAIN: (3, ANY, ANY)}
    for height, width in ((32, 32), (8, 8), (40, 72), (33, 17), (9, 200)):
        batch = pictures(2, height, width)
        with torch.no_grad():
            out = link(batch, State.of(10.0, 2, Rng.seeded(5)))
        assert out.prediction.shape == batch.x.shape
        assert out.delivery.cost.uses.tolist() == [3 * height * width // 12] * 2


@pytest.mark.parametrize("cbr", [1 / 192, 1 / 48, 1 / 24, 1 / 12, 1 / 8], ids=str)
def test_a_lower_ratio_is_a_prefix_of_a_higher_one(cbr):
    whole, part = made(cbr=1 / 6), made(cbr=cbr)
    batch = pictures(3, 32, 32)
    with torch.no_grad():
        long, short = (codec.encode(batch, state(3))[MAIN] for codec in (whole, part))
        assert short.shape[1] == round(2 * cbr * 3 * 1024)
        scale = long[:, HEAD:HEAD + 1] / short[:, HEAD:HEAD + 1]
        assert torch.allclose(long[:, HEAD:short.shape[1]], short[:, HEAD:] * scale, rtol=1e-4), "but for the level"
        assert torch.equal(shown(part, short, state(3)), shown(whole, short, state(3)))


@pytest.mark.parametrize("sent", [40, 400, 1016])
@pytest.mark.parametrize("loudness", [0.4, 1.1, 2.2])
def test_the_receiver_learns_the_level(sent, loudness):
    """Without noise exactly; at 10 dB with the error of eight values at the head's deviation, 0.35, and of few values
    with more, because a loud head takes power from them."""
    level = Level()
    values = Rng.seeded(4, "values").of(64).normal(1016)
    values[:, sent:] = 0
    rms = (2 * values.square().sum(dim=1, keepdim=True) / sent).sqrt()
    values, snr_db = loudness * values / rms, torch.full((64,), 10.0)
    payload = {MAIN: level(values, snr_db, 1024)}
    for noise_db, error in ((float("inf"), 1e-4), (10.0, 0.35 / (8 * 10) ** 0.5)):
        soft = Symbols()(payload, state(64, noise_db)).main
        seen = level.undo(soft.value, soft.quality, snr_db, 1024)[1].detach().log() - math.log(loudness)
        found = float(seen.square().mean().sqrt())
        assert found < (3 if sent == 40 else 1.35) * error and (error < 0.01 or found > 0.6 * error)
    soft = Symbols()(payload, state(64, float("inf"))).main
    unit, scale = level.undo(soft.value, soft.quality, snr_db, 1024)
    assert torch.allclose(unit * scale, values, atol=1e-3)


def test_training_draws_a_ratio_for_each_item_and_pays_for_what_is_sent():
    link = Link(made(cbr=1 / 6, train_cbr=(1 / 48, 1 / 6)), Symbols(), Reconstruct(metrics=("psnr",))).train()
    uses = link(pictures(64, 32, 32), state(64)).delivery.cost.uses
    assert set(uses.tolist()) == {64.0, 512.0}
    assert 15 < (uses == 64).sum() < 49


def test_both_ends_are_told_the_snr():
    codec, batch = made(), pictures(2, 32, 32)
    with torch.no_grad():
        low, high = (codec.encode(batch, state(2, snr_db))[MAIN] for snr_db in (0.0, 20.0))
        assert not torch.allclose(low, high)
        assert not torch.allclose(shown(codec, high, state(2, 0.0)), shown(codec, high, state(2, 20.0)))


def test_features_without_a_quality_have_the_one_that_the_snr_promises():
    codec, batch = made(), pictures(2, 32, 32)
    with torch.no_grad():
        row = codec.encode(batch, state(2))[MAIN]
        promised = Soft(row, torch.full_like(row, 10 / 11))
        assert torch.allclose(shown(codec, row, state(2)), shown(codec, promised, state(2)), atol=1e-6)


def test_a_few_steps_of_training_teach_it_and_shuffled_symbols_are_garbage():
    link = Link(made(), Symbols(), Reconstruct(metrics=("psnr",), loss="log_mse")).train()
    optimizer = torch.optim.AdamW(link.parameters(), 1e-3)
    for step in range(40):
        batch = pictures(16, 32, 32, step)
        loss = link.task.loss(link(batch, state(16)).prediction, batch)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(link.parameters(), 1.0)
        optimizer.step()
    link.eval()
    batch = pictures(16, 32, 32, "new")
    with torch.no_grad():
        soft = link.transport(link.codec.encode(batch, state(16)), state(16)).main
        order = torch.randperm(soft.value.shape[1], generator=torch.Generator().manual_seed(0))
        turned = Soft(soft.value[:, order], soft.quality[:, order])
        right, wrong = (psnr(shown(link.codec, part, state(16)), batch.x).mean() for part in (soft, turned))
    assert right > 20 and wrong < right - 6


@pytest.mark.parametrize("channel", [AWGN(), Rayleigh(), Rayleigh(fading="symbol")], ids=["awgn", "block", "symbol"])
def test_gradients_reach_the_encoder_through_every_channel(channel):
    link = Link(made(), Symbols(channel), Reconstruct(metrics=("psnr",)))
    batch = pictures(2, 16, 16)
    link.task.loss(link(batch, state(2)).prediction, batch).backward()
    assert link.codec.encoder.linear.weight.grad.abs().max() > 0


@pytest.mark.parametrize("options", [{"cbr": 0.2}, {"cbr": float("nan")}, {"cbr": -1.0}, {"cbr": float("inf")},
                                     {"train_cbr": (0.5,)}, {"train_cbr": (1 / 6, 0.0)}], ids=str)
def test_a_ratio_that_it_can_not_have_is_refused(options):
    with pytest.raises(InputError, match="jscc"):
        Jscc(**options)


@pytest.mark.parametrize(("height", "width", "cbr"), [(7, 7, 1 / 6), (1, 1, 1 / 6), (4, 300, 1 / 6), (16, 16, 1 / 400)])
@pytest.mark.parametrize("training", [False, True])
def test_what_it_can_not_send_is_refused(height, width, cbr, training):
    codec = made(cbr=cbr, train_cbr=(cbr,)).train(training)
    with pytest.raises(InputError, match=f"jscc.*{width} x {height} px"):
        codec.encode(pictures(1, height, width), state(1, height=height, width=width))


def test_more_memory_than_there_is_is_refused_before_it_is_tried(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 10_000_000)
    with pytest.raises(InputError, match=r"512 x 512 px would take .* GB"):
        made().encode(pictures(1, 512, 512), state(1, height=512, width=512))


@pytest.mark.parametrize("name", ["jscc", "deepjscc"])
def test_bytes_and_other_items_are_refused(name):
    codec = registry.create("codec", name)
    with pytest.raises(InputError, match="needs features and gets bytes"):
        shown(codec, (b"a",), state(1))
    with pytest.raises(InputError, match=r"sends pictures \[3,H,W\] and was given items of shape \[7\]"):
        shown(codec, torch.zeros(1, 40), replace(state(1), shape=(7,)))
    with pytest.raises(InputError, match="use transport symbols"):
        codec.received({MAIN: None})
    with pytest.raises(InputError, match="use transport symbols"):
        codec.received({MAIN: (40,)})


def test_more_values_than_a_picture_has_are_refused():
    with pytest.raises(InputError, match="what is delivered is not what it sent"):
        shown(made(), torch.zeros(1, 4096), state(1))


def test_the_reference_code_keeps_its_ratio_and_takes_any_size():
    codec = registry.create("codec", "deepjscc", cbr=1 / 12)
    link = Link(codec, Symbols(), Reconstruct(metrics=("psnr",)))
    for height, width in ((30, 30), (17, 40)):
        with torch.no_grad():
            out = link(pictures(2, height, width), State.of(10.0, 2, Rng.seeded(5)))
        assert out.prediction.shape == (2, 3, height, width)
        assert out.delivery.cost.uses.tolist() == [8 * -(-height // 4) * -(-width // 4) / 2] * 2
    for cbr in (0.0, 1.1, float("inf"), float("nan")):
        with pytest.raises(InputError, match="cbr"):
            registry.create("codec", "deepjscc", cbr=cbr)
