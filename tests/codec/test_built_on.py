"""Codecs that build on a trained link: what stays the base's, what is stored, and what is refused."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gensc import registry
from gensc.batch import unlabelled
from gensc.channel import AWGN, Rayleigh
from gensc.codec.diffusion.denoiser import Denoiser, denoise, wiener
from gensc.codec.diffusion.restorer import SPREAD, restore
from gensc.config import Experiment, LinkSpec, Part, TrainSpec
from gensc.errors import InputError
from gensc.experiment import linkfile
from gensc.link import Link, build, learned
from gensc.rng import Rng
from gensc.schedule import Schedule
from gensc.signal import MAIN, Cost, Delivery, Soft, State
from gensc.task import Reconstruct
from gensc.transport.symbols import Symbols

SIDE = 32
X = torch.sigmoid(Rng.seeded(1, "pictures").of(4).normal(3, SIDE, SIDE))
BATCH = unlabelled(X)


def known(seed: int = 0, snr_db: float = 5.0) -> State:
    """What an end knows of a use of a link for the four pictures."""
    return replace(State.of(snr_db, 4, Rng.seeded(seed)), shape=(3, SIDE, SIDE))


STATE = known()


def spec(codec: Part) -> LinkSpec:
    return LinkSpec(codec, Part("symbols"), task=Part("reconstruct"))


def write(path, codec: Part, seed: int = 5):
    """A link file of fresh weights, and its link."""
    with Rng.seeded(seed).torch_seeded():
        link = build(spec(codec), 0, SIDE)
    linkfile.save(path, link, linkfile.Card(Experiment(link=spec(codec)), 0, (), "", {}))
    return link.eval()


def delivery(part) -> Delivery:
    """What a transport delivers of one part."""
    none = torch.zeros(len(part))
    return Delivery({MAIN: part}, torch.ones(len(part), dtype=torch.bool), Cost(none, none, none))


@pytest.fixture
def base(tmp_path):
    path = tmp_path / "base.safetensors"
    write(path, Part("jscc"))
    return str(path)


def made(name: str, base: str, **options):
    with Rng.seeded(9).torch_seeded():
        return registry.create("codec", name, base=base, **options).eval()


@pytest.mark.parametrize("name", ["gan", "diffusion"])
def test_what_goes_on_the_air_is_the_bases(name, base):
    with torch.no_grad():
        own = made(name, base, cbr=1 / 48).encode(BATCH, STATE)[MAIN]
        theirs = registry.create("codec", "jscc", cbr=1 / 48)
        theirs.load_state_dict(linkfile.load(Path(base))[0].codec.state_dict())
        assert torch.equal(own, theirs.eval().encode(BATCH, STATE)[MAIN])


def test_a_gan_starts_as_its_base_and_a_diffusion_without_its_ends_is_it(base):
    jscc = linkfile.load(Path(base), {"link.codec.cbr": 1 / 48})[0].codec
    delivered = delivery(Soft(0.5 * Rng.seeded(3).of(4).normal(2 * 4 * 16), torch.full((4, 128), 0.7)))
    with torch.no_grad():
        wanted = jscc.decode(delivered, STATE)[MAIN]
        assert torch.equal(made("gan", base, cbr=1 / 48).decode(delivered, STATE)[MAIN], wanted)
        plain = made("diffusion", base, cbr=1 / 48, steps=0)
        assert torch.equal(plain.decode(delivered, STATE)[MAIN], wanted)
        assert not torch.equal(made("diffusion", base, cbr=1 / 48).decode(delivered, STATE)[MAIN], wanted)


@pytest.mark.parametrize(("name", "share"), [("gan", 0.4), ("diffusion", 0.6)])
def test_a_link_file_holds_only_what_is_added_and_comes_back(name, share, base, tmp_path):
    path = tmp_path / "own.safetensors"
    link = write(path, Part(name, {"base": base, "cbr": 1 / 48}))
    assert path.stat().st_size < share * Path(base).stat().st_size
    assert not any("encoder" in one for one in learned(link))
    with torch.no_grad():
        again = linkfile.load(path)[0]
        assert torch.equal(again(BATCH, STATE).prediction, link(BATCH, STATE).prediction)


@pytest.mark.parametrize("name", ["gan", "diffusion"])
def test_another_base_of_the_same_name_is_refused(name, base, tmp_path):
    path = tmp_path / "own.safetensors"
    write(path, Part(name, {"base": base}))
    write(Path(base), Part("jscc"), seed=6)
    with pytest.raises(InputError, match="trained on other weights of its codec's base"):
        linkfile.load(path)


@pytest.mark.parametrize(("name", "options", "message"), [
    ("gan", {"base": "nobody"}, "there is no link 'nobody'"),
    ("diffusion", {"base": "nobody"}, "there is no link 'nobody'"),
    ("diffusion", {"steps": -1}, "steps is -1; expected 0"),
    ("diffusion", {"restorer": "their"}, "expected \"own\", \"none\" or \"diffusers:NAME\""),
    ("gan", {"cbr": 1.0}, "cbr is 1"),
    ("diffusion", {"cbr": float("nan")}, "cbr is nan"),
])
def test_wrong_options_are_named(name, options, message):
    with pytest.raises(InputError, match=message):
        registry.create("codec", name, **options)


def test_bases_that_do_not_fit_are_refused(tmp_path, base):
    write(tmp_path / "other.safetensors", Part("deepjscc", {"cbr": 1 / 12}))
    with pytest.raises(InputError, match="expected one of codec 'jscc'"):
        made("gan", str(tmp_path / "other.safetensors"))
    write(tmp_path / "gan.safetensors", Part("gan", {"base": base}))
    with pytest.raises(InputError, match="does not hold the whole codec"):
        made("diffusion", str(tmp_path / "gan.safetensors"))
    (tmp_path / "bad.safetensors").write_bytes(b"no link")
    with pytest.raises(InputError, match="is no link file of gensc"):
        made("gan", str(tmp_path / "bad.safetensors"))
    with pytest.raises(InputError, match="codec 'diffusion' needs features and gets bytes"):
        made("diffusion", base).decode(delivery((b"x",)), STATE)


@pytest.mark.parametrize("snr_db", [0.0, 5.0, 15.0])
@pytest.mark.parametrize("channel", [AWGN(), Rayleigh(), Rayleigh("symbol")], ids=["awgn", "block", "symbol"])
def test_either_equaliser_gives_the_denoiser_the_same_estimates(snr_db, channel):
    state = State.of(snr_db, 6, Rng.seeded(4))
    values = Rng.seeded(2).of(6).normal(512)
    mmse, zf = (Symbols(channel, equalizer)({MAIN: values}, state).main for equalizer in ("mmse", "zf"))
    assert not torch.allclose(mmse.value, zf.value, rtol=1e-3)
    for soft in (mmse, zf):
        torch.testing.assert_close(wiener(soft.value, soft.quality), mmse.value, rtol=1e-4, atol=1e-5)


class Wiener(torch.nn.Module):
    """The exact posterior mean of values that are N(0, spread^2), and the logarithm of its error's share."""

    def __init__(self, spread: float) -> None:
        super().__init__()
        self.spread = spread

    def forward(self, values, quality):
        q = quality.clamp(1e-6, 1 - 1e-6)
        noise, power = (1 - q) / q, self.spread**2
        return values / q * power / (power + noise), (power * noise / (power + noise) / (1 - q)).log()


@pytest.mark.parametrize("steps", [1, 100])
def test_one_step_of_the_exact_model_is_the_least_error_and_sampling_keeps_the_spread(steps):
    """Gaussian values of known spread, a different SNR each symbol: the posterior mean's error is P N/(P + N) (Kay,
    Estimation Theory, 12.5). Many deterministic steps go to a sample: its power is that of what was sent."""
    spread, count = 0.4, 40_000
    rng = Rng.seeded(8)
    sent = spread * rng.child("x").normal(1, 1, count).transpose(0, 1)
    quality = rng.child("q").uniform(1, 1, count, low=0.2, high=0.9).transpose(0, 1)
    noise = (1 - quality) / quality
    received = quality * (sent + noise.sqrt() * rng.child("n").normal(1, 1, count).transpose(0, 1))
    found, told = denoise(Wiener(spread), Schedule.cosine(), received, quality, steps)
    error = spread**2 * noise / (spread**2 + noise)
    if steps == 1:
        assert (found - sent).square().mean().item() == pytest.approx(error.mean().item(), rel=0.03)
    else:
        assert found.square().mean().item() == pytest.approx(spread**2, rel=0.04)
    torch.testing.assert_close(1 - told, error, rtol=0.01, atol=1e-4)


def test_what_was_not_sent_stays_out():
    quality = torch.tensor([0.9, 0.0]).repeat(8)[None, None, None]
    with Rng.seeded(1).torch_seeded():
        found, told = denoise(Denoiser(1), Schedule.cosine(), torch.ones(1, 1, 1, 16) * (quality > 0), quality, 3)
    assert not found[quality == 0].any() and not told[quality == 0].any() and (told[quality > 0] >= 0.9).all()


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_a_restorer_that_knows_the_residual_gives_the_picture_back(steps):
    shown = X + SPREAD * 0.5
    exact = torch.nn.Module()
    exact.forward = lambda shown, x_t, facts: torch.full_like(shown, -0.5)
    found = restore(exact, Schedule.cosine(), shown[..., :30, :27], torch.zeros(4, 2), Rng.seeded(3).of(4), steps)
    torch.testing.assert_close(found, X[..., :30, :27], rtol=1e-3, atol=1e-4)


def test_randomness_of_decoding_is_the_items_own(base):
    codec = made("diffusion", base, cbr=1 / 48)
    with torch.no_grad():
        row = codec.encode(BATCH, STATE)[MAIN]
        whole = codec.decode(delivery(row), STATE)[MAIN]
        assert torch.equal(whole, codec.decode(delivery(row), STATE)[MAIN])
        assert not torch.equal(whole, codec.decode(delivery(row), known(1))[MAIN])
        part = codec.decode(delivery(row[2:]), STATE.select(slice(2, 4)))[MAIN]
    torch.testing.assert_close(part, whole[2:], rtol=1e-3, atol=1e-4)


def trained(codec, steps: int) -> list[float]:
    """Losses of that many training steps on four pictures, the noise drawn anew each time."""
    link = Link(codec.train(), Symbols(), Reconstruct())
    optimizer = torch.optim.Adam([p for p in link.parameters() if p.requires_grad], lr=2e-3)
    losses = []
    for step in range(steps):
        loss = link.loss(link.codec.prepared(BATCH), State.of(5.0, 4, Rng.seeded(step)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_the_denoiser_learns_and_then_gains_on_a_decoder_that_knows_no_noise(tmp_path):
    write(tmp_path / "base.safetensors", Part("deepjscc", {"cbr": 1 / 12}))
    codec = made("diffusion", str(tmp_path / "base.safetensors"), denoise=True, restorer="none")
    losses = trained(codec, 90)
    assert losses[0] == pytest.approx(1.0, abs=0.15) and sum(losses[-5:]) / 5 < 0.8
    codec.eval()
    with torch.no_grad():
        sent = codec.encode(BATCH, STATE)
        delivered = Symbols()(sent, known(999)).main
        unit = Symbols()(sent, known(snr_db=float("inf"))).main.value
        before = (delivered.value - unit).square().mean()
        assert (codec.denoised(delivered, STATE).value - unit).square().mean() < 0.9 * before


@pytest.mark.slow
def test_the_restorer_learns(base):
    losses = trained(made("diffusion", base, cbr=1 / 48), 40)
    assert sum(losses[-5:]) < sum(losses[:5]) - 1


def test_nothing_is_learned_without_a_denoiser_or_a_restorer(base):
    link = Link(made("diffusion", base, restorer="none"), Symbols(), Reconstruct())
    with pytest.raises(InputError, match="nothing to learn: set denoise"):
        link.loss(link.codec.prepared(BATCH), STATE)


def test_nothing_is_learned_without_a_base():
    with pytest.raises(InputError, match="set base to a packaged link"):
        trained(registry.create("codec", "diffusion"), 1)


def test_the_critic_is_no_part_of_a_link_file(tmp_path, base):
    made_of = LinkSpec(Part("gan", {"base": base}), Part("symbols"), task=Part("reconstruct", {"loss": "adversarial"}))
    link = build(made_of, 0, SIDE)
    assert not any("critic" in name for name in learned(link)) and any("critic" in n for n in link.state_dict())
    path = tmp_path / "a.safetensors"
    linkfile.save(path, link, linkfile.Card(Experiment(link=made_of, train=TrainSpec()), 0, (), "", {}))
    assert linkfile.load(path)[1].experiment.link == made_of
