"""The variational codecs: bits as the prior states, latents to the bit, budgets kept, symbols where the content is."""

import math
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
from gensc.codec.vae.symbols import EXPLORED, SPELT, _taken, _unpacked
from gensc.errors import InputError
from gensc.link import Link
from gensc.metric.image import psnr
from gensc.phy.entropy.coder import Reader, Writer
from gensc.phy.mcs import SCHEMES
from gensc.rng import Rng
from gensc.signal import MAIN, Cost, Delivery, Parts, State
from gensc.task import Reconstruct
from gensc.testing import check_codec
from gensc.transport import Digital, Split
from gensc.transport.adaptation import Option, chosen
from gensc.transport.digital import DEAREST, HEADER_SHARE, HEADERS
from gensc.transport.profile import flat

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


def known(pictures, snr_db=10.0, budget=None):
    """A use of a link for pictures, as a Link states it."""
    batch = unlabelled(pictures)
    state = State.of(snr_db, len(batch), Rng.seeded(0))
    return replace(state, shape=batch.shape, values=batch.values, budget=budget)


def delivery(parts: Parts) -> Delivery:
    items = len(next(iter(parts.values())))
    none = torch.zeros(items)
    return Delivery(parts, torch.ones(items, dtype=torch.bool), Cost(none, none, none))


def shown(codec, parts: Parts, like) -> torch.Tensor:
    """What a codec makes of parts that belong to pictures like these."""
    return codec.decode(delivery(parts), known(like))[MAIN]


@pytest.fixture(scope="module")
def vae():
    return made(Vae)


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
def test_latents_arrive_to_the_bit(vae, photographs, shape):
    picture = photographs[:1, :, :shape[0], :shape[1]]
    for step in (10, 90):
        data = vae.coded(picture, step)
        _, _, residue, _, mean = vae._numbers(picture, step, exact=True)
        sent = ((residue + mean) * torch.exp2(vae._log2(step))).float()
        assert torch.equal(vae.latents(data, *shape), sent)
        assert shown(vae, {MAIN: (data,)}, picture).shape == picture.shape


def test_the_quality_follows_the_budget_and_the_budget_is_kept(vae, photographs):
    picture, seen = photographs[:1], []
    for budget in (200, 1000, 5000):
        parts = vae.encode(unlabelled(picture), known(picture, budget=(budget,)))
        assert 0.9 * budget < len(parts[MAIN][0]) <= budget
        seen.append(float(psnr(shown(vae, parts, picture), picture)))
    assert seen == sorted(seen) and seen[-1] > seen[0] + 8


def test_training_prices_the_rate_and_learns(photographs):
    codec = made(Vae).train()
    link = Link(codec, Digital(AWGN(), uses=400), Reconstruct(loss="log_mse")).train()
    optimizer = torch.optim.Adam(codec.parameters(), 5e-4)
    batch, kept, usual = unlabelled(photographs[..., :64, :64]), [], codec.usual_rate.clone()
    for _ in range(5):
        state = State.of(10.0, 4, Rng.seeded(0))
        # Losses at the same steps of the quantiser, however fast the network's rates change.
        codec.usual_rate.copy_(usual)
        loss = link.loss(batch, state)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        kept.append(loss.item())
    assert kept[-1] < kept[0] - 0.01
    outcome = link(batch, State.of(10.0, 4, Rng.seeded(0)))
    assert outcome.delivery.penalty is not None and outcome.delivery.ok.all()


def test_the_loss_is_the_logarithm_of_error_and_rate_at_the_high_rate_slope():
    """White noise at a fine step has the error step^2/12, so that the penalty is log(1 + 2 ln 2 rate)."""
    codec = made(Vae).train()
    noise = (0.5 + 0.15 * Rng.seeded(3).of(12).normal(3, 32, 32)).clamp(0, 1)
    state = known(noise, budget=(335,) * 12)
    log2 = codec._drawn(state, noise[0].numel())
    assert (log2 > -5.5).all() and (log2 < -4).all()
    rehearsal = codec.rehearse(unlabelled(noise), state)
    codec.eval()
    for picture, step, penalty in zip(noise, log2.tolist(), rehearsal.penalty, strict=True):
        rate = codec.stated_bits(picture[None], round((step + 6) / 8 * 127)) / picture.numel()
        assert penalty.item() == pytest.approx(np.log1p(2 * np.log(2) * rate), rel=0.06)


@pytest.mark.parametrize("budget", [1000, 2500, 6000])
def test_training_takes_about_the_step_that_the_budget_asks_for(photographs, budget):
    codec = made(Vae).train()
    batch = unlabelled(photographs)
    for _ in range(60):
        codec.rehearse(batch, known(photographs, budget=(budget,) * 4))
    log2 = torch.stack([codec._drawn(replace(known(photographs, budget=(budget,) * 4), rng=Rng.seeded(seed).of(4)),
                                     photographs[0].numel()) for seed in range(8)])
    assert log2.std() > 0.2, "of every budget several steps"
    places = ((log2.mean(dim=0) + 6) / 8 * 127).round().int().tolist()
    rates = [codec.eval().stated_bits(one[None], place) / 8 for one, place in zip(photographs, places, strict=True)]
    assert budget / 1.5 < np.exp(np.log(rates).mean()) < 1.5 * budget


@pytest.mark.parametrize("make", [lambda: Vae(step=128), lambda: Vae(step=-1), lambda: VaeSymbols(cbr=0.5),
                                  lambda: VaeSymbols(cbr=0.0)])
def test_bad_options_are_refused(make):
    with pytest.raises(InputError):
        make()


def test_what_is_no_picture_and_what_does_not_fit_is_refused(vae, variable):
    small = torch.rand(1, 3, 7, 7)
    with pytest.raises(InputError, match=r"vae_symbols.*smaller than its patch"):
        variable.encode(unlabelled(small), Split(AWGN()).inform(known(small)))
    with pytest.raises(InputError, match="use a transport of bytes"):
        vae.received({MAIN: (8,)})
    with pytest.raises(InputError, match="use transport split"):
        variable.received({MAIN: (8,)})
    with pytest.raises(InputError, match=r"items of shape \[7\]"):
        vae.decode(delivery({MAIN: (b"a",)}), replace(known(small), shape=(7,)))


def test_without_a_budget_or_step_nothing_can_be_fitted(vae, photographs):
    one = photographs[:1]
    with pytest.raises(InputError, match="transport's uses or cbr, or the codec's step"):
        vae.encode(unlabelled(one), known(one))
    with pytest.raises(InputError, match="learns at the rates that its link leaves"):
        vae.rehearse(unlabelled(one), known(one))
    fixed = made(lambda: Vae(step=90))
    assert fixed.encode(unlabelled(one), known(one)) == {MAIN: (fixed.coded(one, 90),)}
    assert fixed.encode(unlabelled(one), known(one, budget=(20,))) == {MAIN: (b"",)}
    with pytest.raises(InputError, match="leave step out"):
        fixed.rehearse(unlabelled(one), known(one, budget=(1000,)))


def test_symbols_do_not_go_without_the_price_of_the_side_information(variable):
    with pytest.raises(InputError, match="use transport split"):
        variable.encode(unlabelled(half_flat()), known(half_flat()))


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


def test_symbols_go_where_they_save_most_within_the_budget():
    classes = made(Classes)
    gain = torch.tensor([1.0, 3.0] + [0.0] * (CLASSES - 2))
    level = torch.tensor(LEVELS, dtype=torch.float32)
    classes.error.copy_(gain[:, None] * torch.exp2(-level) + 1)
    classes.seen.fill_(1)
    order = classes.order()
    # Saved by a class's symbols: 3/2, 3/4, 3/8, ... and 1/2, 1/4, ...; those without a gain get none.
    assert order[:4].tolist() == [1, 1, 0, 1] and set(order.tolist()) == {0, 1}
    patches = torch.tensor([[10, 5] + [0] * (CLASSES - 2)])
    for budget, rank in ((4, 0), (5, 1), (19, 2), (20, 3), (25, 4)):
        assert highest_rank(order, patches, torch.tensor([budget])).item() == rank
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
    return made(lambda: VaeSymbols(cbr=1 / 16))


def split(codec):
    transport = Split(AWGN()).eval()
    transport.bind(codec.form)
    return transport


def sent(codec, pictures, snr_db=10.0):
    """The parts of pictures, and the state that transport split has informed."""
    state = split(codec).inform(known(pictures, snr_db))
    return codec.encode(unlabelled(pictures), state.sender()), state


def symbols_of(row):
    """How many symbols of each row are sent."""
    return (row.view(len(row), -1, 2) != 0).any(dim=2).sum(dim=1)


def test_training_measures_what_a_symbol_is_worth(photographs):
    codec = made(lambda: VaeSymbols(train_cbr=(1 / 12,))).train()
    batch = unlabelled(photographs[..., :64, :64].repeat(6, 1, 1, 1))
    parts, state = sent(codec, batch.x)
    assert parts[MAIN].requires_grad
    spelt = torch.tensor([int.from_bytes(one[:2], "big") == SPELT for one in parts["side"]])
    assert 1 <= spelt.sum() <= 12
    total = symbols_of(parts[MAIN]) + state.price("side", [len(one) for one in parts["side"]])
    assert (total[~spelt] <= 64 * 64 / 4).all(), "what is spelt out is as it comes"
    before, scale = codec.prior.seen.clone(), codec.prior.scale.clone()
    link = Link(codec, Split(AWGN()), Reconstruct(loss="log_mse")).train()
    link.loss(batch, known(batch.x)).backward()
    measured = codec.prior.seen - before * (1 - FORGET)
    assert measured.sum() == pytest.approx(16 * int(spelt.sum()), abs=0.01) and (measured > -1e-3).all()
    assert not torch.equal(codec.prior.scale, scale), "the classes learn from all items"
    assert codec.encoder.linear.weight.grad.abs().max() > 0


def test_what_does_not_arrive_and_what_only_validates_is_not_measured(photographs):
    codec = made(lambda: VaeSymbols(train_cbr=(1 / 12,))).train()
    batch = unlabelled(photographs[..., :64, :64].repeat(6, 1, 1, 1))
    before = {name: value.clone() for name, value in codec.prior.state_dict().items()}
    link = Link(codec, Split(AWGN()), Reconstruct(loss="log_mse")).train()
    link.loss(batch, known(batch.x, -30.0))
    assert torch.equal(codec.prior.seen, before["seen"])
    after = {name: value.clone() for name, value in codec.prior.state_dict().items()}
    link.eval().loss(batch, known(batch.x))
    assert all(torch.equal(value, after[name]) for name, value in codec.prior.state_dict().items())


def test_training_decodes_by_the_prior_that_the_map_was_coded_by(photographs):
    """Whatever the prior learns of a batch, it does so when the receiver has made its pictures."""
    seen = []

    class Watching(Reconstruct):
        def loss(self, prediction, batch):
            seen.append(prediction.detach())
            return super().loss(prediction, batch)

    link = Link(made(lambda: VaeSymbols(train_cbr=(1 / 12,))), Split(AWGN()), Watching()).train()
    batch = unlabelled(photographs[..., :64, :64])
    for _ in range(30):
        with torch.no_grad():
            link.loss(batch, known(batch.x, 20.0))
    before = link(batch, known(batch.x, 20.0)).prediction
    link.loss(batch, known(batch.x, 20.0))
    assert torch.equal(seen[-1], before)
    assert float(psnr(before.detach(), batch.x).min()) > 10


def test_a_share_of_the_items_is_explored_at_every_level():
    codec = made(VaeSymbols)
    state = State.of(10.0, 2000, Rng.seeded(2))
    levels = codec._explored(torch.zeros(2000, 3, 2), state)
    assert abs(len(levels) - 2000 * EXPLORED) < 4.5 * math.sqrt(2000 * EXPLORED * (1 - EXPLORED))
    drawn = torch.stack(list(levels.values())).flatten().bincount(minlength=len(LEVELS))
    share = drawn / drawn.sum()
    assert len(drawn) == len(LEVELS) and (share - 1 / len(LEVELS)).abs().max() < 0.04


def test_busy_parts_get_more_symbols_and_the_receiver_knows_where(variable):
    pictures = half_flat()
    parts, state = sent(variable, pictures)
    counts = variable.allocation(parts["side"][0], 16, 16)
    assert counts is not None and symbols_of(parts[MAIN])[0] == 4 + counts.sum()
    assert counts[:, :8].float().mean() > 1.5 * counts[:, 8:].float().mean()
    latents = variable.latents(pictures, state.sender())[:1]
    taken = _taken(counts[None])
    row = _unpacked(parts[MAIN][:1], taken)
    assert torch.equal((variable.lay(row[:, 8:], 128, 128) != 0).any(dim=1)[0], counts > 0)
    wanted = variable.unlay(latents, latents.numel()) * taken
    level = (2 * wanted.square().sum() / taken.sum()).sqrt()
    assert torch.allclose(row[:, 8:] * level, wanted, rtol=1e-4, atol=1e-6)


def side_uses(data: int, snr_db: float) -> int:
    """Channel uses of so many bytes of free length by transport digital over AWGN: a header of 56 bits and the bytes
    with their CRC, each at its 5G NR scheme for the SNR."""
    crc = 16 if data + 2 <= 64 else 32

    def uses(bits: int, schemes: list[int], target: float) -> int:
        options = [Option(index, math.ceil(bits / SCHEMES["5g"][index].efficiency), 1) for index in schemes]
        return chosen(options, flat(snr_db), "5g", target, DEAREST).symbols

    return (uses(56, [option.index for option in HEADERS], HEADER_SHARE * 1e-4)
            + uses(8 * data + crc, list(range(len(SCHEMES["5g"]))), 1e-4))


@pytest.mark.parametrize("snr_db", [0.0, 10.0, 20.0])
def test_uses_count_the_side_information_and_keep_to_the_ratio(variable, snr_db):
    parts, state = sent(variable, half_flat(), snr_db)
    delivered = split(variable)(parts, state)
    side = torch.tensor([side_uses(len(one), snr_db) for one in parts["side"]])
    assert delivered.ok.all() and torch.equal(delivered.cost.uses, (symbols_of(parts[MAIN]) + side).float())
    assert torch.equal(delivered.cost.bits, torch.tensor([8.0 * len(one) for one in parts["side"]]))
    limit = 3 * 128 * 128 / 16
    assert ((delivered.cost.uses <= limit) & (delivered.cost.uses > 0.85 * limit)).all()


def test_an_item_without_its_side_information_is_concealed(variable):
    pictures = half_flat()
    parts, state = sent(variable, pictures)
    delivered = split(variable)(parts, state).parts
    whole = shown(variable, delivered, pictures)
    one = shown(variable, {**delivered, "side": (None, delivered["side"][1])}, pictures)
    assert (one[0] == 0.5).all() and torch.equal(one[1], whole[1])
    for broken in (b"", b"\0", b"\xff" * 40, delivered["side"][0][:4], SPELT.to_bytes(2, "big") + b"\0" * 63,
                   SPELT.to_bytes(2, "big") + bytes([len(LEVELS)]) * 64):
        assert torch.isfinite(shown(variable, {**delivered, "side": (broken,) * 2}, pictures)).all()
    deaf = split(variable)(parts, split(variable).inform(known(pictures, -30.0)))
    assert not deaf.ok.any()
    assert (variable.decode(deaf, known(pictures, -30.0))[MAIN] == 0.5).all()


@pytest.mark.parametrize(("make", "sides"), [(Vae, (40, 40)), (lambda: VaeSymbols(cbr=1 / 6), (56, 40))])
def test_both_keep_the_laws_of_codecs(make, sides):
    check_codec(make, sides)
