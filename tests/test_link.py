"""A codec, a transport and a task, joined."""

import pytest
import torch

from gensc import channel, task, transport
from gensc.batch import unlabelled
from gensc.codec import Backbone, Codec
from gensc.config import LinkSpec, Part
from gensc.errors import InputError
from gensc.link import Link, build, make
from gensc.rng import Rng
from gensc.signal import State


class Flat(Codec):
    """The pixels themselves, shrunk at the receiver so that a decoder shows."""

    shape = (3, 4, 4)

    def rest(self, front, state=None):
        return front

    def decode(self, payload, state):
        return payload * 0.5


class Echo(task.Task):
    """Hands on what it received."""

    headline = "none"

    def bind(self, shape):
        self.bound = shape

    def forward(self, received, state):
        return received

    def loss(self, prediction, batch):
        return prediction.mean()

    def score(self, prediction, batch):
        return {"mean": prediction.flatten(1).mean(dim=1)}

    def summarise(self, runs):
        return {}


def pictures(count: int) -> torch.Tensor:
    return Rng.seeded(0, "pictures").of(count).uniform(3, 4, 4)


def test_a_link_encodes_carries_decodes_and_performs_the_task():
    link = Link(Flat(), transport.Features(), Echo())
    assert link.task.bound == (3, 4, 4)
    x = pictures(5)
    outcome = link(unlabelled(x), State.of(float("inf"), 5, Rng.seeded(0)))
    unit = x / x.flatten(1).square().mean(dim=1).sqrt().view(-1, 1, 1, 1)
    assert torch.allclose(outcome.prediction, 0.5 * unit, atol=1e-6)
    assert outcome.delivery.cost.uses.tolist() == [24.0] * 5


def test_an_item_fares_the_same_in_any_batch():
    with Rng.seeded(0, "layers").torch_seeded():
        link = Link(Flat(), transport.Analog(channel.Rayleigh(), uses=8, hidden=16), Echo()).eval()
    x, rng = pictures(6), Rng.seeded(3)
    whole = link(unlabelled(x), State.of(5.0, 6, rng)).prediction
    for item in range(6):
        alone = link(unlabelled(x[item : item + 1]), State.of(5.0, [item], rng)).prediction
        assert torch.allclose(alone[0], whole[item], atol=1e-5)


def test_carry_goes_on_from_the_fixed_part():
    link = Link(Backbone(size=64), transport.Features(), task.Classify(3)).eval()
    batch = unlabelled(torch.rand(2, 3, 64, 64))
    state = State.of(10.0, 2, Rng.seeded(0))
    carried = link.carry(link.codec.front(batch), state).prediction
    assert torch.equal(carried, link(batch, state).prediction)
    assert carried.shape == (2, 3)


def test_a_link_is_built_from_its_spec():
    spec = LinkSpec(Part("backbone", {"output": "map"}), Part("analog", {"uses": 16, "hidden": 8}),
                    Part("rician", {"k_db": 3.0}), Part("classify", {"head": "2xfc"}))
    with Rng.seeded(0, "layers").torch_seeded():
        link = build(spec, classes=5, size=64)
    with Rng.seeded(0, "layers").torch_seeded():
        again = build(spec, classes=5, size=64)
    assert link.codec.shape == (1280, 2, 2) and link.task.classes == 5
    assert isinstance(link.transport.channel, channel.Rician) and link.transport.channel.k_db == 3.0
    assert all(torch.equal(a, b) for a, b in zip(link.state_dict().values(), again.state_dict().values(), strict=True))


def test_the_default_link_is_built():
    link = build(LinkSpec(), classes=4, size=64)
    assert isinstance(link.transport, transport.Features) and isinstance(link.transport.channel, channel.AWGN)


def test_a_channel_that_the_transport_does_not_use_is_refused():
    small = Part("qubit", {"shots": 4})
    assert isinstance(build(LinkSpec(transport=small), classes=4, size=64).transport, transport.Qubit)
    with pytest.raises(InputError, match=r"link\.channel is 'rayleigh' and transport 'qubit' has no channel"):
        build(LinkSpec(transport=small, channel=Part("rayleigh")), classes=4, size=64)


@pytest.mark.parametrize(("kind", "part", "known", "message"), [
    ("codec", Part("backbone", {"size": 32}), {"size": 64}, "size follows from the data"),
    ("task", Part("classify", {"classes": 3}), {"classes": 4}, "classes follows from the data"),
    ("transport", Part("analog", {"use": 3}), {}, "no option 'use'.*did you mean 'uses'"),
    ("channel", Part("rayleih"), {}, "did you mean 'rayleigh'"),
])
def test_a_wrong_part_is_named(kind, part, known, message):
    with pytest.raises(InputError, match=message):
        make(kind, part, **known)
