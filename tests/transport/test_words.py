"""A decision as a word over the channel."""

import pytest
import torch

from gensc.channel import AWGN, Rayleigh
from gensc.codec import Decision
from gensc.errors import InputError
from gensc.link import Link
from gensc.rng import Rng
from gensc.signal import MAIN, State
from gensc.task import Classify
from gensc.transport import Words


def ready(channel=None, uses=64, answers=15, pilots=0):
    transport = Words(channel, uses, pilots)
    transport.bind({MAIN: (answers,)})
    return transport.eval()


def heard(transport, snr_db, items=2000, answers=15, csi="receiver"):
    truth = torch.arange(items) % answers
    scores = torch.nn.functional.one_hot(truth, answers).float()
    out = transport({MAIN: scores}, State.of(snr_db, items, Rng.seeded(0, "words"), csi))
    return truth, out


def test_a_decision_arrives_where_features_do_not():
    """15 answers in 64 uses at -10 dB: by the union of 15 equidistant words some 4 % go wrong."""
    truth, out = heard(ready(), -10.0)
    wrong = (out.main.argmax(dim=1) != truth).float().mean().item()
    assert 0.02 < wrong < 0.07 and out.ok.all() and (out.cost.uses == 64).all()


@pytest.mark.parametrize(("channel", "csi", "pilots"), [
    (AWGN(), "receiver", 0), (Rayleigh(), "receiver", 0), (Rayleigh("symbol"), "receiver", 0), (Rayleigh(), "both", 0),
    (Rayleigh(), "pilots", 8)], ids=str)
def test_what_is_believed_is_as_often_true(channel, csi, pilots):
    """The receiver's probabilities are calibrated: over all items their mean is the share that is right. (The error of
    an estimated gain is one for all symbols, and is taken for noise.)"""
    truth, out = heard(ready(channel, 32, pilots=pilots), -3.0, 6000, csi=csi)
    sure = out.main.exp().amax(dim=1)
    right = (out.main.argmax(dim=1) == truth).float()
    assert torch.allclose(out.main.exp().sum(dim=1), torch.ones(len(truth)), atol=1e-5)
    assert sure.mean().item() == pytest.approx(right.mean().item(), abs=0.05 if pilots else 0.025)


@pytest.mark.parametrize("channel", [AWGN(), Rayleigh(), Rayleigh("symbol")], ids=["awgn", "block", "symbol"])
def test_without_noise_it_is_perfect_and_without_signal_chance(channel):
    truth, out = heard(ready(channel), float("inf"))
    assert torch.equal(out.main.argmax(dim=1), truth) and torch.isfinite(out.main.exp()).all()
    truth, out = heard(ready(channel), -70.0, 6000)
    assert (out.main.argmax(dim=1) == truth).float().mean().item() == pytest.approx(1 / 15, abs=0.014)


def test_pilots_are_paid():
    _, out = heard(ready(Rayleigh(), 40, pilots=8), 10.0, 100, csi="pilots")
    assert (out.cost.uses == 40).all()


def test_the_sender_decides_with_the_same_network_and_learns_without_the_channel():
    def link(snr_db):
        with Rng.seeded(0).torch_seeded():
            made = Link(Decision({"name": "backbone", "model": "mobilenetv3_small_050", "mode": "scratch"}, classes=3,
                                 size=32), Words(uses=8), Classify(3)).train()
        from gensc.batch import Batch
        batch = Batch(Rng.seeded(1).of(4).uniform(3 * 32 * 32).view(4, 3, 32, 32), torch.arange(4),
                      {"label": torch.tensor([0, 1, 2, 0])})
        with Rng.seeded(3).torch_seeded():
            loss = made.loss(made.codec.prepared(batch), State.of(snr_db, 4, Rng.seeded(2)))
        loss.backward()
        return made, loss

    here, loss = link(-20.0)
    assert torch.equal(loss, link(30.0)[1])
    assert all(value.grad is not None for value in here.codec.head.parameters())
    assert not list(here.task.parameters()), "the head is the sender's"


def test_errors_name_what_to_do():
    with pytest.raises(InputError, match="at least one more"):
        Words(uses=8, pilots=8)
    with pytest.raises(InputError, match="2 to 4096"):
        Words().bind({MAIN: (5000,)})
    with pytest.raises(InputError, match="use one that"):
        Decision({"name": "picture"})
    with pytest.raises(InputError, match="expected a codec by name"):
        Decision({"model": "resnet50"})
