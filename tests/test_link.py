"""A codec, a transport and a task, joined."""

import pytest
import torch

from gensc import channel, task, transport
from gensc.batch import Batch, unlabelled
from gensc.codec import Backbone, Codec
from gensc.codec.base import Rehearsal
from gensc.config import LinkSpec, Part
from gensc.errors import InputError
from gensc.link import Link, build, make
from gensc.metric.figures import PSNR
from gensc.rng import Rng
from gensc.signal import MAIN, Memory, State, tensor_of


class Flat(Codec):
    """The pixels themselves, shrunk at the receiver so that a decoder shows; ``seen``: what each end was given."""

    form = {MAIN: (3, 4, 4)}

    def __init__(self):
        super().__init__()
        self.seen = {}

    def encode(self, batch, state):
        self.seen["sender"] = batch, state
        return {MAIN: batch.pixels}

    def decode(self, delivery, state):
        self.seen["receiver"] = delivery, state
        return {MAIN: 0.5 * tensor_of(delivery.main, "codec flat").reshape(-1, 3, 4, 4)}

    def remember(self, parts, memory, state):
        return (*(memory or ()), parts[MAIN])


class Echo(task.Task):
    """Hands on what it received."""

    measures = (PSNR,)

    def bind(self, form):
        self.bound = form

    def forward(self, received, state):
        self.state = state
        return received[MAIN]

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
    assert link.task.bound == {MAIN: (3, 4, 4)}
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


def test_each_end_is_given_what_it_may_know():
    link = Link(Flat(), transport.Symbols(channel.Rayleigh()), Echo())
    batch = Batch(pictures(3), torch.arange(3), {"label": torch.arange(3)})
    root = State(torch.full((3,), 5.0), Rng.seeded(1).of(3), "both", memory=Memory("sent", "heard"), round=4)
    link(batch, root)
    (given, sender), (_, receiver) = link.codec.seen["sender"], link.codec.seen["receiver"]
    assert not given.truth and torch.equal(given.x, batch.x) and torch.equal(given.item, batch.item)
    assert len({root.rng.key, sender.rng.key, receiver.rng.key}) == 3
    for end in (sender, receiver, link.task.state):
        assert end.rng.items == root.rng.items and torch.equal(end.snr_db, root.snr_db) and end.round == 4
        assert end.shape == (3, 4, 4) and end.values.tolist() == [48.0] * 3 and end.plan is None
        assert torch.equal(end.gain_db, sender.gain_db), "csi is both: both ends know the gain"
    assert sender.memory == Memory(sender="sent") and receiver.memory == Memory(receiver="heard")
    assert link.task.state.rng.key == receiver.rng.key


def test_what_an_end_remembers_comes_out_and_goes_in_again():
    link = Link(Flat(), transport.Features(), Echo()).eval()
    first = link(unlabelled(pictures(2)), State.of(5.0, 2, Rng.seeded(0)))
    sent, heard = first.memory.sender, first.memory.receiver
    assert torch.equal(sent[0], pictures(2)) and torch.equal(heard[0], first.delivery.main)
    assert not torch.allclose(sent[0], heard[0]), "the receiver remembers what it got"
    state = State(torch.full((2,), 5.0), Rng.seeded(0).of(2), memory=first.memory, round=1)
    second = link(unlabelled(pictures(2)), state).memory
    assert len(second.sender) == len(second.receiver) == 2 and torch.equal(second.receiver[0], heard[0])


class Rehearsing(Flat):
    """Rehearses in training: what is received is the pictures, at a price an item."""

    def rehearse(self, batch, state):
        self.seen["rehearsal"] = batch, state
        return Rehearsal({MAIN: batch.pixels}, torch.arange(float(len(batch))))


def test_a_rehearsal_stands_for_the_air_in_training_alone():
    link = Link(Rehearsing(), transport.Features(), Echo())
    batch = Batch(pictures(3), torch.arange(3), {"label": torch.arange(3)})
    state = State.of(5.0, 3, Rng.seeded(0))
    out = link.train()(batch, state)
    given, sender = link.codec.seen["rehearsal"]
    assert not given.truth and sender.rng.key == state.sender().rng.key and "sender" not in link.codec.seen
    assert torch.equal(out.prediction, batch.x) and out.delivery.ok.all()
    assert link.loss(batch, state).item() == pytest.approx(batch.x.mean().item() + 1.0)
    link.eval()(batch, state)
    assert "sender" in link.codec.seen


class SelfTaught(Flat):
    """Learns by what its link did to what it sent."""

    def objective(self, batch, sent, delivery, state):
        assert batch.truth, "a loss may look at the truth"
        return (sent[MAIN].flatten(1) - delivery.main.value).square().mean()


def test_a_codecs_own_objective_is_what_training_lowers():
    link = Link(SelfTaught(), transport.Symbols(), Echo())
    batch = Batch(pictures(3), torch.arange(3), {"label": torch.arange(3)})
    # Symbols are at unit power an item: two values each, whose mean square is 1/2.
    unit = batch.x.flatten(1) * (2 * batch.x.flatten(1).square().mean(dim=1, keepdim=True)).rsqrt()
    wanted = (batch.x.flatten(1) - unit).square().mean().item()
    assert link.loss(batch, State.of(float("inf"), 3, Rng.seeded(0))).item() == pytest.approx(wanted, rel=1e-4)


def test_carry_goes_on_from_the_fixed_part():
    link = Link(Backbone(size=64), transport.Features(), task.Classify(3)).eval()
    batch = unlabelled(torch.rand(2, 3, 64, 64))
    state = State.of(10.0, 2, Rng.seeded(0))
    carried = link.carry(link.codec.front(batch), state).prediction
    assert torch.equal(carried, link.carry(link.codec.prepared(batch), state).prediction)
    assert torch.equal(carried, link(batch, state).prediction)
    assert carried.shape == (2, 3)


def test_a_link_is_built_from_its_spec():
    spec = LinkSpec(Part("backbone", {"output": "map"}), Part("analog", {"uses": 16, "hidden": 8}),
                    Part("rician", {"k_db": 3.0}), Part("classify", {"head": "2xfc"}))
    with Rng.seeded(0, "layers").torch_seeded():
        link = build(spec, classes=5, size=64)
    with Rng.seeded(0, "layers").torch_seeded():
        again = build(spec, classes=5, size=64)
    assert link.codec.form == {MAIN: (1280, 2, 2)} and link.task.classes == 5
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
