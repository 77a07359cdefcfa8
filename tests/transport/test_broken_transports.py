"""The contract checks catch the mistakes that transports, codecs and tasks are known for."""

from dataclasses import replace

import pytest
import torch

from gensc.codec import Codec
from gensc.metric import Estimate
from gensc.signal import Signal
from gensc.task import Classify
from gensc.testing import check_codec, check_task, check_transport
from gensc.transport import Analog, Features


class BatchPower(Features):
    """Unit power over the batch, not over the item."""

    def _true(self, flat, state):
        symbols = torch.view_as_complex(torch.nn.functional.pad(flat, (0, flat.shape[1] % 2)).view(len(flat), -1, 2))
        symbols = symbols / symbols.abs().square().mean().sqrt()
        out = self.channel(Signal(symbols, state.n0), state)
        return torch.view_as_real(out.x).flatten(1)[:, : flat.shape[1]]


class HalfTheUses(Features):
    def forward(self, payload, state):
        out = super().forward(payload, state)
        return replace(out, cost=replace(out.cost, uses=out.cost.uses / 2))


class TakesNan(Features):
    def forward(self, payload, state):
        return super().forward(payload.nan_to_num(), state)


class Skips(Features):
    """Never sends anything over its channel."""

    def _true(self, flat, state):
        return flat + state.rng.normal(flat.shape[1])


class Untrained(Analog):
    def bind(self, shape):
        super().bind(shape)
        self.extra = torch.nn.Linear(2, 2)
        return shape


class Detached(Features):
    def _true(self, flat, state):
        return super()._true(flat.detach(), state)


@pytest.mark.parametrize(("broken", "law"), [
    (BatchPower, "alone and in a batch|unit mean power"), (HalfTheUses, "cost.uses counts"),
    (TakesNan, "nan is refused"),
    (Skips, "over its channel"), (Untrained, "parameter extra"), (Detached, "gradient can flow"),
])
def test_a_broken_transport_is_named(broken, law):
    with pytest.raises(AssertionError, match=law):
        check_transport(broken)


class Mean(Codec):
    """A small codec that keeps every law; each subclass breaks one."""

    shape = (3,)

    def __init__(self):
        super().__init__()
        self.gain = torch.nn.Parameter(torch.ones(3))

    def rest(self, front, state=None):
        return front.mean(dim=(2, 3)) * self.gain


class WrongShape(Mean):
    shape = (3, 1)


class Centred(Mean):
    def rest(self, front, state=None):
        payload = super().rest(front)
        return payload - payload.mean(dim=0) if len(front) > 1 else payload


class Drops(Mean):
    def rest(self, front, state=None):
        return super().rest(front) * torch.rand(3)


class CalledFrozen(Mean):
    frozen = stored = True
    front_shape = (3,)

    def fingerprint(self):
        return "0" * 64

    def front(self, batch):
        return super().rest(batch.x)

    def rest(self, front, state=None):
        return front


class RandomName(CalledFrozen):
    def fingerprint(self):
        return f"{id(self):064x}"


@pytest.mark.parametrize(("broken", "law"), [
    (WrongShape, r"codec\.shape"), (Centred, "alone and in a batch"), (Drops, "same bits"),
    (CalledFrozen, "carries no gradient"), (RandomName, "one fingerprint"),
])
def test_a_broken_codec_is_named(broken, law):
    with pytest.raises(AssertionError, match=law):
        check_codec(broken, size=32)


class SummedLoss(Classify):
    def loss(self, prediction, batch):
        return torch.nn.functional.cross_entropy(prediction, batch.label, reduction="none")


class OutsideItsInterval(Classify):
    def summarise(self, runs):
        return {"accuracy": Estimate(0.5, 0.6, 0.7, len(runs[0]["label"]), len(runs))}


class RanksInBatch(Classify):
    def score(self, prediction, batch):
        return {**super().score(prediction, batch), "rank": prediction[:, 0].argsort().argsort()}


@pytest.mark.parametrize(("broken", "law"), [
    (SummedLoss, "loss is one number"), (OutsideItsInterval, "lies in its interval"), (RanksInBatch, "is its own")])
def test_a_broken_task_is_named(broken, law):
    with pytest.raises(AssertionError, match=law):
        check_task(broken)


def test_the_parts_without_a_mistake_pass():
    check_codec(Mean, size=32)
    check_task(Classify)
    check_transport(Features)
