"""The link always carries: what a codec learns follows the channel and the SNR of its own link."""

import pytest
import torch

from gensc import registry
from gensc.batch import Batch
from gensc.channel import AWGN
from gensc.codec import Codec
from gensc.codec.base import Rehearsal
from gensc.config import Experiment, LinkSpec, Part
from gensc.errors import InputError
from gensc.experiment import linkfile
from gensc.link import Link, build
from gensc.rng import Rng
from gensc.signal import ANY, MAIN, State, soft_of
from gensc.task import Classify, Reconstruct
from gensc.testing import check_training
from gensc.transport import Digital, Features, Split, Symbols

SIDE, ITEMS = 32, [4, 0, 9]


def pictures(side: int = SIDE, items=ITEMS) -> Batch:
    coarse = torch.sigmoid(2 * Rng.seeded(8, "pictures").of(items).normal(3, 6, 6))
    x = torch.nn.functional.interpolate(coarse, (side, side), mode="bicubic").clamp(0, 1)
    return Batch(x, torch.tensor(items), {"label": torch.tensor(items) % 3})


def learns(make, batch: Batch) -> None:
    """The law, for a link that does learn: a refusal is no way out here."""
    with Rng.seeded(0).torch_seeded():
        link = make(AWGN()).train()
    link.loss(link.codec.prepared(batch), State.of(7.0, ITEMS, Rng.seeded(0))).backward()
    check_training(make, batch)


def pictured(loss: str = "log_mse") -> Reconstruct:
    return Reconstruct(metrics=("psnr",), loss=loss)


def over_features(name: str, **options):
    return lambda channel: Link(registry.create("codec", name, size=SIDE, **options), Features(channel), Classify(3))


def over_symbols(name: str, loss: str = "log_mse", **options):
    return lambda channel: Link(registry.create("codec", name, **options), Symbols(channel), pictured(loss))


def over_bytes(name: str, uses: int = 4000, **options):
    """A scheme that is chosen for the channel: over fading another one than over AWGN."""
    def make(channel):
        transport = Digital(channel, uses=uses, target=0.2)
        return Link(registry.create("codec", name, **options), transport, pictured())

    return make


def over_split(name: str, **options):
    return lambda channel: Link(registry.create("codec", name, **options), Split(channel), pictured())


TAUGHT = {
    "backbone": [over_features("backbone", mode="finetune", frozen_stages=3),
                 over_features("backbone", mode="scratch", model="mobilenetv3_small_050")],
    "hybrid": [over_features("hybrid", qubits=3)],
    "jscc": [over_symbols("jscc"), over_symbols("jscc", train_cbr=(1 / 48, 1 / 12))],
    "deepjscc": [over_symbols("deepjscc", cbr=1 / 12)],
    "gan": [over_symbols("gan", train_cbr=(1 / 48,)), over_symbols("gan", "adversarial", train_cbr=(1 / 48,))],
    "vae": [over_bytes("vae")],
    "restored": [over_bytes("restored", 1500, format="webp")],
    "vae_symbols": [over_split("vae_symbols", train_cbr=(1 / 6,))],
}
"""Links for the codecs that learn on their own; what builds on a trained link, below."""


@pytest.mark.parametrize("make", [one for links in TAUGHT.values() for one in links], ids=[
    f"{name} {place}" for name, links in TAUGHT.items() for place in range(len(links))])
def test_what_a_codec_learns_follows_its_link(make):
    batch = pictures(64) if make in TAUGHT["vae_symbols"] + TAUGHT["restored"] + TAUGHT["vae"] else pictures()
    learns(make, batch)


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    """Link files of codecs jscc and deepjscc with fresh weights."""
    files = {}
    for codec in (Part("jscc", {"cbr": 1 / 12, "train_cbr": (1 / 12,)}), Part("deepjscc", {"cbr": 1 / 12})):
        spec = LinkSpec(codec, Part("symbols"), task=Part("reconstruct"))
        with Rng.seeded(5).torch_seeded():
            link = build(spec, 0, SIDE)
        files[codec.name] = tmp_path_factory.mktemp("bases") / f"{codec.name}.safetensors"
        linkfile.save(files[codec.name], link, linkfile.Card(Experiment(link=spec), 0, (), "", {}))
    return files


@pytest.mark.parametrize(("name", "base", "options"), [
    ("gan", "jscc", {"cbr": 1 / 48, "train_cbr": (1 / 48,)}),
    ("diffusion", "jscc", {"denoise": True, "restorer": "none"}),
    ("diffusion", "jscc", {}),
    ("diffusion", "jscc", {"denoise": True}),
    ("diffusion", "deepjscc", {"denoise": True, "restorer": "none"}),
], ids=str)
def test_what_is_built_on_a_trained_link_learns_from_its_own(name, base, options, bases):
    learns(over_symbols(name, base=str(bases[base]), **options), pictures())


def test_every_codec_that_learns_is_here():
    # What a classical codec learns, a decision, knows no channel.
    learning = {name for name in registry.names("codec") if not registry.lookup("codec", name).classical
                if any(value.requires_grad for value in registry.create("codec", name).parameters())}
    assert learning <= {*TAUGHT, "diffusion"}


@pytest.mark.parametrize(("name", "options", "few", "many"), [
    ("vae", {}, 3000, 4000), ("restored", {"format": "webp"}, 1000, 4000)])
def test_a_codec_of_bytes_learns_at_the_budget_of_its_link(name, options, few, many):
    """More channel uses are more bytes an item, and another lesson."""
    batch, lessons = pictures(64), []
    for uses in (few, many, many):
        with Rng.seeded(0).torch_seeded():
            link = over_bytes(name, uses, **options)(AWGN()).train()
        link.loss(link.codec.prepared(batch), State.of(9.0, ITEMS, Rng.seeded(0))).backward()
        lessons.append(torch.cat([value.grad.flatten() for value in link.parameters() if value.grad is not None]))
    assert torch.equal(lessons[1], lessons[2])
    assert not torch.allclose(lessons[0], lessons[1], rtol=1e-2)


class Deaf(Codec):
    """Learns by an objective of its own that its link has no part in."""

    form = {MAIN: (ANY,)}

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(0.7))

    def received(self, form):
        return {MAIN: (3, ANY, ANY)}

    def encode(self, batch, state):
        return {MAIN: (batch.pixels * self.scale).flatten(1)}

    def decode(self, delivery, state):
        return {MAIN: soft_of(delivery.main, state, "codec deaf").value.view(-1, *state.shape)}

    def objective(self, batch, sent, delivery, state):
        return (sent[MAIN] - 0.5).square().mean()


class Pretending(Deaf):
    """Makes noise of its own in training, at an SNR of its own."""

    def rehearse(self, batch, state):
        noise = 0.1 * state.child("pretended").rng.normal(*batch.shape)
        return Rehearsal({MAIN: batch.pixels * self.scale + noise}, torch.zeros(len(batch)))

    objective = Codec.objective


class Half(Pretending):
    """Follows the SNR that it is told, and no channel."""

    def rehearse(self, batch, state):
        noise = state.n0.sqrt().view(-1, 1, 1, 1) * state.child("pretended").rng.normal(*batch.shape)
        return Rehearsal({MAIN: batch.pixels * self.scale + noise}, torch.zeros(len(batch)))


class Unsteady(Deaf):
    """Draws from torch's generator what its streams should give."""

    draws = 0

    def objective(self, batch, sent, delivery, state):
        Unsteady.draws += 1
        return (sent[MAIN] - delivery.main.value).square().mean() * Unsteady.draws


class Untaught(Deaf):
    """Its objective does not reach what learns."""

    def objective(self, batch, sent, delivery, state):
        return (sent[MAIN] * 0).sum()


class Honest(Deaf):
    def objective(self, batch, sent, delivery, state):
        return (sent[MAIN] - delivery.main.value).square().mean()


def toy(codec):
    return lambda channel: Link(codec(), Symbols(channel), pictured())


@pytest.mark.parametrize(("codec", "law"), [
    (Deaf, "another SNR changes what a link learns"),
    (Pretending, "another SNR changes what a link learns"),
    (Half, "another channel changes what a link learns"),
    (Unsteady, "the same seed, channel and SNR give the same gradients"),
    (Untaught, "what learns gets a gradient in training"),
])
def test_a_codec_that_learns_without_its_link_breaks_the_law(codec, law):
    with pytest.raises(AssertionError, match=law):
        check_training(toy(codec), pictures(8))


def test_a_codec_that_learns_from_its_link_keeps_the_law():
    learns(toy(Honest), pictures(8))


def test_one_that_refuses_to_learn_keeps_the_law():
    class Refusing(Deaf):
        def objective(self, batch, sent, delivery, state):
            raise InputError("nothing to learn")

    check_training(toy(Refusing), pictures(8))
