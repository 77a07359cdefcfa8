"""The joint source-channel codec: prefixes, any size, what it is told, and what it refuses."""

import math

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
from gensc.signal import State
from gensc.task import Reconstruct
from gensc.transport import Symbols


def pictures(items, height, width, *path):
    coarse = torch.sigmoid(Rng.seeded(3, "pictures", *path).of(items).normal(3, 6, 6))
    x = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)
    return Batch(x=x, item=torch.arange(items))


def state(items, snr_db=10.0):
    return State.of(snr_db, items, Rng.seeded(5))


def made(**options):
    with Rng.seeded(1, "weights").torch_seeded():
        return Jscc(**options).eval()


def test_the_basis_is_orthonormal_and_sorted():
    basis, spread = dct_basis()
    assert torch.allclose(basis @ basis.T, torch.eye(192), atol=1e-5)
    assert (spread.diff() <= 0).all()
    assert torch.allclose(basis[0], torch.full((192,), 192**-0.5), atol=1e-6), "the first is the mean"


@pytest.mark.parametrize("size", [32, 8, (40, 72), (33, 17), (9, 200)], ids=str)
def test_any_size_is_sent_and_comes_back(size):
    codec = made(cbr=1 / 12, size=size)
    height, width = (size, size) if isinstance(size, int) else size
    link = Link(codec, Symbols(), Reconstruct(metrics=("psnr",)))
    batch = pictures(2, height, width)
    with torch.no_grad():
        out = link(batch, state(2))
    assert out.prediction.shape == batch.x.shape
    assert out.delivery.cost.uses.tolist() == [3 * height * width // 12] * 2


@pytest.mark.parametrize("cbr", [1 / 192, 1 / 48, 1 / 24, 1 / 12, 1 / 8], ids=str)
def test_a_lower_ratio_is_a_prefix_of_a_higher_one(cbr):
    whole, part = made(cbr=1 / 6, size=32), made(cbr=cbr, size=32)
    batch = pictures(3, 32, 32)
    with torch.no_grad():
        long, short = whole.encode(batch, state(3)), part.encode(batch, state(3))
        assert short.shape[1] == round(2 * cbr * 3 * 1024)
        scale = long[:, HEAD:HEAD + 1] / short[:, HEAD:HEAD + 1]
        assert torch.allclose(long[:, HEAD:short.shape[1]], short[:, HEAD:] * scale, rtol=1e-4), "but for the level"
        assert torch.equal(part.decode(short, state(3)), whole.decode(short, state(3)))


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
    payload = level(values, snr_db, 1024)
    for noise_db, error in ((float("inf"), 1e-4), (10.0, 0.35 / (8 * 10) ** 0.5)):
        row, quality = Symbols()(payload, state(64, noise_db)).payload.unbind(1)
        seen = level.undo(row, quality, snr_db, 1024)[1].detach().log() - math.log(loudness)
        found = float(seen.square().mean().sqrt())
        assert found < (3 if sent == 40 else 1.35) * error and (error < 0.01 or found > 0.6 * error)
    row, quality = Symbols()(payload, state(64, float("inf"))).payload.unbind(1)
    unit, scale = level.undo(row, quality, snr_db, 1024)
    assert torch.allclose(unit * scale, values, atol=1e-3)


def test_training_draws_a_ratio_for_each_item_and_pays_for_what_is_sent():
    link = Link(made(cbr=1 / 6, train_cbr=(1 / 48, 1 / 6), size=32), Symbols(), Reconstruct(metrics=("psnr",))).train()
    uses = link(pictures(64, 32, 32), state(64)).delivery.cost.uses
    assert set(uses.tolist()) == {64.0, 512.0}
    assert 15 < (uses == 64).sum() < 49


def test_both_ends_are_told_the_snr():
    codec, batch = made(size=32), pictures(2, 32, 32)
    with torch.no_grad():
        low, high = codec.encode(batch, state(2, 0.0)), codec.encode(batch, state(2, 20.0))
        assert not torch.allclose(low, high)
        assert not torch.allclose(codec.decode(high, state(2, 0.0)), codec.decode(high, state(2, 20.0)))


def test_a_few_steps_of_training_teach_it_and_shuffled_symbols_are_garbage():
    link = Link(made(size=32), Symbols(), Reconstruct(metrics=("psnr",), loss="log_mse")).train()
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
        payload = link.codec.encode(batch, state(16))
        received = link.transport(payload, state(16)).payload
        turned = received[..., torch.randperm(received.shape[2], generator=torch.Generator().manual_seed(0))]
        right, wrong = (psnr(link.codec.decode(one, state(16)), batch.x).mean() for one in (received, turned))
    assert right > 20 and wrong < right - 6


@pytest.mark.parametrize("channel", [AWGN(), Rayleigh(), Rayleigh(fading="symbol")], ids=["awgn", "block", "symbol"])
def test_gradients_reach_the_encoder_through_every_channel(channel):
    link = Link(made(size=16), Symbols(channel), Reconstruct(metrics=("psnr",)))
    batch = pictures(2, 16, 16)
    link.task.loss(link(batch, state(2)).prediction, batch).backward()
    assert link.codec.encoder.linear.weight.grad.abs().max() > 0


@pytest.mark.parametrize("options", [{"cbr": 0.2}, {"cbr": 1 / 400, "size": 16}, {"cbr": float("nan")}, {"cbr": -1.0},
                                     {"size": 7}, {"size": 1}, {"size": (4, 300)}, {"train_cbr": (0.5,)}], ids=str)
def test_what_it_can_not_send_is_refused(options):
    with pytest.raises(InputError, match="jscc"):
        Jscc(**options)


def test_more_memory_than_there_is_is_refused_before_it_is_tried(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 10_000_000)
    codec = made(size=512)
    with pytest.raises(InputError, match=r"512 x 512 px would take .* GB"):
        codec.encode(pictures(1, 512, 512), state(1))


def test_bytes_and_another_size_are_refused():
    codec = made(size=32)
    with pytest.raises(InputError, match="symbols"):
        codec.decode((b"a",), state(1))
    with pytest.raises(InputError, match="its size must be that of the pictures"):
        codec.decode(torch.zeros(1, 2, 4096), state(1))


def test_the_reference_code_keeps_its_ratio_and_size():
    codec = registry.create("codec", "deepjscc", cbr=1 / 12, size=30)
    link = Link(codec, Symbols(), Reconstruct(metrics=("psnr",)))
    with torch.no_grad():
        out = link(pictures(2, 30, 30), state(2))
    assert out.prediction.shape == (2, 3, 30, 30)
    assert out.delivery.cost.uses.tolist() == [8 * 8 * 8 / 2] * 2
    with pytest.raises(InputError, match="cbr"):
        registry.create("codec", "deepjscc", cbr=0.0)
