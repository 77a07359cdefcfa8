"""Sessions: what a second round gains and costs, who may ask, and memory as a value."""

from dataclasses import replace

import pytest
import torch

from gensc.batch import Batch
from gensc.channel import AWGN, Rayleigh
from gensc.codec import Modules
from gensc.errors import InputError
from gensc.link import Link
from gensc.rng import Rng
from gensc.session import Session
from gensc.signal import State
from gensc.task import Classify, Reconstruct
from gensc.transport import Digital, Symbols

CLASSES, SIDE = 4, 8


class Nearest(torch.nn.Module):
    """Logits of a class by the distance to its picture, under the noise of 0 dB."""

    def __init__(self, pictures: torch.Tensor) -> None:
        super().__init__()
        flat = pictures.flatten(1)
        self.register_buffer("unit", flat / flat.square().mean(dim=1, keepdim=True).sqrt() / 2**0.5)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return -2 * (values[:, None] - self.unit).square().sum(dim=2)


def items(count: int) -> tuple[Batch, torch.Tensor]:
    # Classes that differ by little: at 0 dB a receiver is in doubt of some items.
    common = Rng.seeded(1, "common").of(1).normal(1, SIDE, SIDE)
    pictures = common + 0.2 * Rng.seeded(1, "classes").of(CLASSES).normal(1, SIDE, SIDE)
    label = torch.arange(count) % CLASSES
    return Batch(pictures[label], torch.arange(count), {"label": label}), pictures


def link_of(pictures: torch.Tensor, channel) -> Link:
    codec = Modules(torch.nn.Flatten(), torch.nn.Identity(), (1, SIDE, SIDE))
    link = Link(codec, Symbols(channel, equalizer="zf"), Classify(CLASSES, "2xfc")).eval()
    link.task.head = Nearest(pictures)
    return link


def right(outcome, batch: Batch) -> float:
    return float((outcome.prediction.argmax(dim=1) == batch.truth["label"]).float().mean())


def test_a_second_round_helps_those_in_doubt_and_is_paid_for():
    batch, pictures = items(400)
    session = Session(link_of(pictures, AWGN()), 2, 0.9, Digital(AWGN(), uses=160, mcs=0))
    state = State.of(0.0, len(batch), Rng.seeded(3))
    first, second = session.run(batch, state)
    doubtful = session.link.task.confidence(first.prediction) < 0.9
    assert 0.1 < doubtful.float().mean() < 0.9
    assert right(second, batch) > right(first, batch) + 0.02
    once = SIDE * SIDE / 2
    assert torch.equal(first.delivery.cost.uses, torch.full((400,), once))
    heard = second.delivery.cost.uses - once - 160
    assert set(heard.tolist()) == {0.0, once} and torch.equal(heard > 0, doubtful)
    assert torch.equal(first.prediction[~doubtful].argmax(dim=1), second.prediction[~doubtful].argmax(dim=1))


def test_a_request_that_is_lost_is_not_answered():
    batch, pictures = items(40)
    session = Session(link_of(pictures, AWGN()), 2, 1.0, Digital(AWGN(), uses=160, mcs=20))
    first, second = session.run(batch, State.of(-20.0, len(batch), Rng.seeded(3)))
    assert torch.equal(second.delivery.cost.uses, first.delivery.cost.uses + 160)
    assert torch.equal(second.prediction, first.prediction.log_softmax(dim=1))


def test_a_round_meets_another_noise_and_comes_out_again():
    batch, pictures = items(20)
    session = Session(link_of(pictures, Rayleigh()), 2, 1.0, Digital(AWGN(), uses=160, mcs=0))
    state = State.of(10.0, len(batch), Rng.seeded(3))
    runs = [session.run(batch, state) for _ in range(2)]
    assert torch.equal(runs[0][1].prediction, runs[1][1].prediction)
    assert not torch.equal(runs[0][0].prediction.log_softmax(dim=1) * 2, runs[0][1].prediction)


def test_who_is_sure_asks_for_nothing():
    batch, pictures = items(20)
    session = Session(link_of(pictures, AWGN()), 3, 0.0, Digital(AWGN(), uses=160, mcs=0))
    assert len(session.run(batch, State.of(10.0, len(batch), Rng.seeded(3)))) == 1


def test_memory_goes_in_and_comes_out():
    class Counting(Modules):
        def remember(self, parts, memory, state):
            return (0 if memory is None else memory) + 1

    batch, _ = items(4)
    codec = Counting(torch.nn.Flatten(), torch.nn.Identity(), (1, SIDE, SIDE))
    session = Session(Link(codec, Symbols(), Classify(CLASSES, "2xfc")).eval())
    state = State.of(10.0, len(batch), Rng.seeded(3))
    for number in (1, 2, 3):
        outcome = session.run(batch, state)[-1]
        assert outcome.memory.sender == outcome.memory.receiver == number
        state = replace(state, memory=outcome.memory)


@pytest.mark.parametrize(("options", "message"), [
    ({"rounds": 0}, "rounds is 0"), ({"confident": 1.5}, "confident 1.5"), ({"rounds": 2}, "need feedback")])
def test_bad_sessions_are_refused(options, message):
    _, pictures = items(4)
    with pytest.raises(InputError, match=message):
        Session(link_of(pictures, AWGN()), **options)


def test_a_task_that_can_not_say_how_sure_it_is_has_no_second_round():
    codec = Modules(torch.nn.Flatten(), torch.nn.Unflatten(1, (3, 8, 8)), (3, 8, 8))
    link = Link(codec, Symbols(), Reconstruct(metrics=("psnr",))).eval()
    session = Session(link, 2, 0.9, Digital(AWGN(), uses=160, mcs=0))
    with pytest.raises(InputError, match="can't say how sure"):
        session.run(Batch(torch.rand(2, 3, 8, 8), torch.arange(2)), State.of(10.0, 2, Rng.seeded(0)))
