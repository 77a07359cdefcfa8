"""The variational codecs: bits as the prior states, latents to the bit, room kept, symbols where the content is."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from gensc.batch import unlabelled
from gensc.channel import AWGN
from gensc.codec.vae import Vae, VaeSymbols, prior
from gensc.codec.vae.allocation import CLASSES, FORGET, LEVELS, Classes, highest_rank, symbols
from gensc.codec.vae.symbols import side_uses
from gensc.errors import InputError
from gensc.link import Link
from gensc.metric.image import psnr
from gensc.phy.entropy.coder import Reader, Writer
from gensc.rng import Rng
from gensc.signal import Mixed, Rehearsal, State
from gensc.task import Reconstruct
from gensc.testing import check_codec
from gensc.transport import Digital, Symbols

SIDE = 112


@pytest.fixture(scope="module")
def photographs():
    """Parts of four photographs, float32 [4,3,112,112]."""
    beside = Path(__file__).parents[3] / "shared" / "data"
    folder = Path(os.environ.get("GENSC_TEST_DATA", beside)) / "bsds" / "train"
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder}; set GENSC_TEST_DATA")
    files = sorted(folder.glob("*.jpg"))[:4]
    pixels = np.stack([np.asarray(Image.open(file).convert("RGB"))[100:100 + SIDE, 100:100 + SIDE] for file in files])
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255


def half_flat(items=2, side=128):
    """Noise on the left, a smooth slope on the right, float32 [B,3,S,S]."""
    x = torch.linspace(0.3, 0.7, side).expand(items, 3, side, side).clone()
    noise = Rng.seeded(1).of(items).normal(3, side // 2, side // 4)
    x[..., :side // 2] += 0.2 * F.interpolate(noise, size=(side, side // 2))
    return x.clamp(0, 1)


def made(codec):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return codec().eval()


def state(items, snr_db=10.0, room=None):
    return replace(State.of(snr_db, items, Rng.seeded(0)), room=room)


@pytest.fixture(scope="module")
def vae():
    return made(lambda: Vae(size=SIDE))


@pytest.mark.parametrize("step", [20, 80, 110])
def test_the_coded_bits_are_those_that_the_prior_states(vae, photographs, step):
    stated = sum(vae.stated_bits(one[None], step) for one in photographs)
    coded = sum(8 * len(vae.coded(one[None], step)) for one in photographs)
    assert 0.98 < coded / stated < 1.02


def test_the_stated_bits_are_laplace_masses():
    values = torch.tensor([0.0, 0.3, -0.5, 1.0, -3.0, 40.0])
    for scale in (0.05, 0.7, 30.0):
        law = torch.distributions.Laplace(torch.zeros((), dtype=torch.float64), scale)
        mass = law.cdf(values.double() + 0.5) - law.cdf(values.double() - 0.5)
        seen = prior.bits(values, torch.full((6,), scale).log2())
        near = mass > 1e-12
        torch.testing.assert_close(seen[near].double(), -mass[near].log2(), rtol=1e-3, atol=1e-5)
        assert torch.isfinite(seen).all()


@pytest.mark.parametrize("shape", [(SIDE, SIDE), (1, 1), (17, 50)])
def test_latents_arrive_to_the_bit(photographs, shape):
    codec = made(lambda: Vae(size=shape))
    picture = photographs[:1, :, :shape[0], :shape[1]]
    for step in (10, 90):
        payload = codec.coded(picture, step)
        _, _, residue, _, mean = codec._numbers(picture, step, exact=True)
        sent = ((residue + mean) * torch.exp2(codec._log2(step))).float()
        assert torch.equal(codec.latents(payload), sent)
        assert codec.decode((payload,), state(1)).shape == picture.shape


def test_the_quality_follows_the_room_and_the_room_is_kept(vae, photographs):
    picture, seen = photographs[:1], []
    for room in (200, 1000, 5000):
        (payload,) = vae.encode(unlabelled(picture), state(1, room=(room,)))
        assert 0.9 * room < len(payload) <= room
        seen.append(float(psnr(vae.decode((payload,), state(1)), picture)))
    assert seen == sorted(seen) and seen[-1] > seen[0] + 8


def test_training_prices_the_rate_and_learns(photographs):
    codec = made(lambda: Vae(size=64)).train()
    link = Link(codec, Digital(AWGN(), uses=400), Reconstruct(loss="log_mse")).train()
    optimizer = torch.optim.Adam(codec.parameters(), 5e-4)
    batch, kept = unlabelled(photographs[..., :64, :64]), []
    for _ in range(5):
        outcome = link(batch, state(4))
        assert outcome.delivery.penalty is not None and outcome.delivery.ok.all()
        loss = link.task.loss(outcome.prediction, batch) + outcome.delivery.penalty.mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        kept.append(loss.item())
    assert kept[-1] < kept[0] - 0.01


def test_the_loss_is_the_logarithm_of_error_and_rate_at_the_high_rate_slope():
    """White noise at a fine step has the error step^2/12, so that the penalty is log(1 + 2 ln 2 rate)."""
    codec = made(lambda: Vae(size=32)).train()
    noise = (0.5 + 0.15 * Rng.seeded(3).of(12).normal(3, 32, 32)).clamp(0, 1)
    payload = codec.encode(unlabelled(noise), state(12))
    assert isinstance(payload, Rehearsal)
    log2 = state(12).child("vae").rng.child("step").uniform(low=-6.0, high=2.0)
    finest = int(log2.argmin())
    assert log2[finest] < -5
    rate = codec.eval().stated_bits(noise[finest][None], round((float(log2[finest]) + 6) / 8 * 127)) / noise[0].numel()
    assert payload.penalty[finest].item() == pytest.approx(np.log1p(2 * np.log(2) * rate), rel=0.06)


@pytest.mark.parametrize("make", [lambda: Vae(step=128), lambda: Vae(size=0), lambda: VaeSymbols(cbr=0.5),
                                  lambda: VaeSymbols(cbr=0.0), lambda: VaeSymbols(size=7)])
def test_bad_options_are_refused(make):
    with pytest.raises(InputError):
        make()


def test_without_room_or_step_nothing_can_be_fitted(vae, photographs):
    with pytest.raises(InputError, match="room"):
        vae.encode(unlabelled(photographs[:1]), state(1))
    with pytest.raises(InputError, match="size"):
        vae.encode(unlabelled(photographs[:1, :, :40]), state(1, room=(100,)))


def test_a_class_map_is_coded_to_the_bits_of_its_prior():
    classes = made(Classes)
    generator = np.random.default_rng(0)
    field = np.cumsum(generator.integers(-1, 2, (20, 30)), axis=1).clip(0, CLASSES - 1)
    sizes = classes.scale[torch.from_numpy(field)].permute(2, 0, 1)[None]
    assert np.array_equal(classes.of(sizes)[0].numpy(), field)
    for _ in range(60):
        classes.learn(sizes)
    writer = Writer()
    found = classes.of(sizes)[0].numpy()
    classes.code(writer, found)
    data = writer.finish()
    assert np.array_equal(classes.code(Reader(data), np.zeros_like(found)), found)
    assert 8 * len(data) < 0.75 * np.log2(CLASSES) * found.size


def test_the_classes_learn_the_scales_of_what_they_see():
    classes = made(Classes)
    true = 0.02 * torch.tensor([1.0, 8.0])
    sizes = torch.where(torch.rand(1, 1, 40, 40, generator=torch.Generator().manual_seed(0)) < 0.25, *true)
    sizes = sizes.expand(1, 64, 40, 40)
    for _ in range(600):
        classes.learn(sizes)
    used = classes.count > 0.1
    assert torch.isclose(classes.count.sum(), torch.tensor(1.0), atol=1e-3)
    found = (classes.scale[used].mean(dim=1)[:, None] / true).log().abs().amin(dim=0)
    assert (found < 0.1).all()


def test_symbols_go_where_they_save_most_within_the_room():
    classes = made(Classes)
    gain = torch.tensor([1.0, 3.0] + [0.0] * (CLASSES - 2))
    level = torch.tensor(LEVELS, dtype=torch.float32)
    classes.error.copy_(gain[:, None] * torch.exp2(-level) + 1)
    classes.seen.fill_(1)
    order = classes.order()
    # Saved by a class's symbols: 3/2, 3/4, 3/8, ... and 1/2, 1/4, ...; those without a gain get none.
    assert order[:4].tolist() == [1, 1, 0, 1] and set(order.tolist()) == {0, 1}
    patches = torch.tensor([[10, 5] + [0] * (CLASSES - 2)])
    for room, rank in ((4, 0), (5, 1), (19, 2), (20, 3), (25, 4)):
        assert highest_rank(order, patches, torch.tensor([room])).item() == rank
    assert symbols(order, torch.tensor([4]), torch.tensor([[[0, 1, 2]]])).tolist() == [[[1, 3, 0]]]


def test_a_class_whose_errors_wobble_is_sent_along_the_hull():
    classes = made(Classes)
    classes.seen.fill_(1)
    classes.error.fill_(1)
    classes.error[3] = torch.tensor([10.0, 9.9, 6.0, 6.1, 5.9, 5.0, 5.0, 5.0, 5.0, 5.2, 4.9])
    classes.error[5] = torch.tensor([2.0, 1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9])
    assert classes.order().tolist() == [3, 3, 5, 3, 3, 3, 3, 5, *[3] * 26]


@pytest.fixture(scope="module")
def variable():
    return made(lambda: VaeSymbols(cbr=1 / 16, size=128))


def test_training_measures_what_a_symbol_is_worth(photographs):
    codec = made(lambda: VaeSymbols(train_cbr=(1 / 12,), size=64)).train()
    before = codec.prior.seen.clone()
    payload = codec.rest(photographs[..., :64, :64].repeat(6, 1, 1, 1), state(24))
    assert isinstance(payload, torch.Tensor) and payload.requires_grad
    assert ((payload.view(24, -1, 2) != 0).any(dim=2).sum(dim=1) <= 64 * 64 / 4).all()
    measured = codec.prior.seen - before * (1 - FORGET)
    assert 16 <= measured.sum() <= 16 * 12 and (measured > -1e-3).all()


def test_busy_parts_get_more_symbols_and_the_receiver_knows_where(variable):
    payload = variable.encode(unlabelled(half_flat()), state(2))
    assert isinstance(payload, Mixed)
    counts = variable.allocation(payload.side[0])
    sent = (variable.lay(payload.values[:1, 8:])[0] != 0).any(dim=0)
    assert counts is not None and torch.equal(counts > 0, sent)
    assert counts[:, :8].float().mean() > 1.5 * counts[:, 8:].float().mean()


@pytest.mark.parametrize("snr_db", [0.0, 10.0, 20.0])
def test_uses_count_the_side_information_and_keep_to_the_ratio(variable, snr_db):
    transport = Symbols(AWGN()).eval()
    transport.bind(variable.shape)
    payload = variable.encode(unlabelled(half_flat()), state(2, snr_db))
    delivery = transport(payload, state(2, snr_db))
    symbols_sent = (payload.values.view(2, -1, 2) != 0).any(dim=2).sum(dim=1)
    side = torch.tensor([side_uses(len(one), snr_db) for one in payload.side])
    assert delivery.ok.all() and torch.equal(delivery.cost.uses, (symbols_sent + side).float())
    assert torch.equal(delivery.cost.bits, torch.tensor([8.0 * len(one) for one in payload.side]))
    limit = 3 * 128 * 128 / 16
    assert ((delivery.cost.uses <= limit) & (delivery.cost.uses > 0.85 * limit)).all()


def test_an_item_without_its_side_information_is_concealed(variable):
    transport = Symbols(AWGN()).eval()
    transport.bind(variable.shape)
    payload = variable.encode(unlabelled(half_flat()), state(2))
    delivery = transport(payload, state(2))
    assert isinstance(delivery.payload, Mixed)
    whole = variable.decode(delivery.payload, state(2))
    one = variable.decode(replace(delivery.payload, side=(None, delivery.payload.side[1])), state(2))
    assert (one[0] == 0.5).all() and torch.equal(one[1], whole[1])
    for broken in (b"", b"\0", b"\xff" * 40, delivery.payload.side[0][:4]):
        assert torch.isfinite(variable.decode(replace(delivery.payload, side=(broken,) * 2), state(2))).all()
    deaf = transport(payload, state(2, -30.0))
    assert not deaf.ok.any() and (variable.decode(deaf.payload, state(2, -30.0)) == 0.5).all()


@pytest.mark.parametrize("make", [lambda: Vae(size=40), lambda: VaeSymbols(cbr=1 / 6, size=56)])
def test_both_keep_the_laws_of_codecs(make):
    check_codec(make, size=make().height)
