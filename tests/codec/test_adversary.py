"""Codecs that cheat fail the laws by name, and gain nothing in a link."""

import pytest
import torch
from torch import Tensor

from gensc.batch import Batch
from gensc.channel import AWGN, Rayleigh
from gensc.codec import Codec
from gensc.codec.base import Front
from gensc.errors import InputError
from gensc.link import Link
from gensc.phy.power import unit_power
from gensc.rng import Rng
from gensc.signal import ANY, MAIN, State, part_of, soft_of
from gensc.task import Reconstruct
from gensc.testing import check_codec
from gensc.testing.spies import Streams
from gensc.transport import Symbols

SIDES = 8, 8


class Pixels(Codec):
    """An honest codec: the pixels less mid-grey as a row of symbols, and what arrives as a picture."""

    form = {MAIN: (ANY,)}

    def received(self, form):
        return {MAIN: (3, ANY, ANY)}

    def encode(self, batch, state):
        return {MAIN: (batch.pixels - 0.5).flatten(1)}

    def decode(self, delivery, state):
        row = soft_of(part_of(delivery.parts, MAIN, "codec pixels"), state, "codec pixels").value
        return {MAIN: self.cleaned(row, state).view(len(row), *state.shape)}

    def cleaned(self, row: Tensor, state: State) -> Tensor:
        return row


def noise_of(row: Tensor, state: State) -> Tensor:
    """The noise that a channel would add to a row of symbols if it drew from this state."""
    noise = state.child("noise").rng.complex_normal(row.shape[1] // 2) * state.n0.sqrt()[:, None]
    return torch.view_as_real(noise).flatten(1)


class Clairvoyant(Pixels):
    """Takes the channel's own noise away at the receiver."""

    def cleaned(self, row, state):
        return row - noise_of(row, state)


class Prescient(Pixels):
    """Takes the channel's own noise away before it is there."""

    def encode(self, batch, state):
        row = super().encode(batch, state)[MAIN]
        return {MAIN: row - noise_of(row, state)}


class Fader(Pixels):
    """Looks up the gain that is to come."""

    def encode(self, batch, state):
        gain = state.child("fading").rng.complex_normal(1).abs()
        return {MAIN: super().encode(batch, state)[MAIN] / gain}


class Peeking(Pixels):
    """Sends the label along."""

    def encode(self, batch, state):
        row = super().encode(batch, state)[MAIN].clone()
        row[:, 0] = 1.0 + self.label(batch)
        return {MAIN: row}

    def label(self, batch):
        return batch.truth["label"].float()


class Asking(Peeking):
    def label(self, batch):
        return batch.column("label", "codec asking").float()


class Trying(Peeking):
    def label(self, batch):
        return batch.truth.get("label", torch.zeros(len(batch))).float()


class Listing(Peeking):
    def label(self, batch):
        return next((value.float() for value in batch.truth.values() if isinstance(value, Tensor)), 0.0)


class PeekingFront(Pixels):
    """Has the label in what is kept of an item."""

    @property
    def front(self):
        return Front(lambda batch, others: batch.pixels + batch.truth["label"].view(-1, 1, 1, 1), (3, *SIDES), "0" * 64)


class Gaps(Pixels):
    """Hides a bit of the item's identity in each of ten symbols that are zero, or not."""

    def encode(self, batch, state):
        row = super().encode(batch, state)[MAIN].clone()
        for place, item in enumerate(batch.item.tolist()):
            for bit in range(10):
                if item >> bit & 1:
                    row[place, 2 * bit:2 * bit + 2] = 0
        return {MAIN: row}


class Lengths(Pixels):
    """Hides the item's identity in how many symbols there are."""

    def encode(self, batch, state):
        row = super().encode(batch, state)[MAIN]
        return {MAIN: row * (torch.arange(row.shape[1]) < 2 * (20 + batch.item)[:, None])}


def test_an_honest_codec_keeps_the_laws():
    check_codec(Pixels, SIDES)


@pytest.mark.parametrize(("codec", "law"), [
    (Clairvoyant, r"no end asks for a random stream of the channel \(seen: noise\)"),
    (Prescient, r"no end asks for a random stream of the channel \(seen: noise\)"),
    (Fader, r"no end asks for a random stream of the channel \(seen: fading\)"),
    (Peeking, r"the encoder reads no truth \(seen: label\)"),
    (Asking, r"the encoder reads no truth \(seen: label\)"),
    (Trying, r"the encoder reads no truth \(seen: label"),
    (PeekingFront, r"the encoder reads no truth \(seen: label\)"),
    (Listing, "what is sent of an item does not depend on its truth"),
    (Gaps, "any other pattern of zeros is information that must be sent"),
    (Lengths, "a length that follows the content is information that must be sent"),
], ids=lambda one: getattr(one, "__name__", ""))
def test_one_that_cheats_breaks_a_law_that_is_named(codec, law):
    with pytest.raises(AssertionError, match=law):
        check_codec(codec, SIDES)


@pytest.mark.parametrize(("codec", "power"), [(Pixels, 1.0), (Clairvoyant, 2.0)])
def test_the_noise_on_the_air_can_not_be_worked_out_by_an_end(codec, power):
    """At 0 dB the error of a symbol is N0 = 1, and twice that for who subtracts noise of another stream: only from the
    root's own state, which no end is given, could it be taken away."""
    batch = Batch(Rng.seeded(1).of(8).uniform(3, 32, 32), torch.arange(8))
    root = State.of(0.0, 8, Rng.seeded(3))
    link = Link(codec(), Symbols(AWGN(), "zf"), Reconstruct()).eval()
    outcome = link(batch, root)
    unit = torch.view_as_real(unit_power((batch.pixels - 0.5).flatten(1))[0]).flatten(1)
    error = 2 * (outcome.prediction.flatten(1) - unit).square().mean()
    # Standard deviation of the mean over 12,288 symbols: 0.009 of it.
    assert abs(float(error) / power - 1) < 0.04
    if codec is Clairvoyant:
        cleaned = link.codec.cleaned(outcome.delivery.main.value, root)
        assert (cleaned - unit).square().mean() < 1e-10, "the attack is a real one"


def test_no_end_of_a_fading_link_can_work_out_the_gain():
    batch = Batch(Rng.seeded(1).of(400).uniform(3, 4, 4), torch.arange(400))
    root = State.of(10.0, 400, Rng.seeded(3))
    met = Rayleigh()
    views = root.sender(), root.receiver(), root.air()
    sent = Symbols(met)({MAIN: (batch.pixels - 0.5).flatten(1)}, root).main.quality[:, 0]
    gain = sent / (1 - sent) / 10
    for view, knows in zip(views, (False, False, True), strict=True):
        guess = view.child("fading").rng.complex_normal(1)[:, 0].abs().square()
        seen = float(torch.corrcoef(torch.stack([guess, gain]))[0, 1])
        assert (seen > 0.999) if knows else abs(seen) < 4.5 / 400**0.5


class Noting(Pixels):
    """Writes down the truth that its encoder is given."""

    def __init__(self):
        super().__init__()
        self.truth = []

    def encode(self, batch, state):
        self.truth.append(dict(batch.truth))
        return super().encode(batch, state)


@pytest.mark.parametrize("training", [False, True])
def test_the_encoder_of_a_link_finds_no_truth_in_its_batch(training):
    batch = Batch(torch.rand(2, 3, 4, 4), torch.arange(2), {"label": torch.arange(2), "caption": ("a", "b")})
    state = State.of(0.0, 2, Rng.seeded(3))
    link = Link(Noting(), Symbols(), Reconstruct()).train(training)
    link(batch, state)
    link.loss(batch, state)
    assert link.codec.truth == [{}, {}]
    with pytest.raises(InputError, match="the data has no label"):
        Link(Asking(), Symbols(), Reconstruct())(batch, state)


def test_the_streams_of_channels_are_found_by_watching_channels():
    streams = Streams()
    state = streams.spied(State.of(0.0, 1, Rng.seeded(0)))
    for name in ("noise", "fading", "line of sight", "part", "phase"):
        state.child(name)
    state.child("mine").rng.child("interference")
    assert streams.of_channels() == ["fading", "line of sight", "noise", "part", "phase"]
    plain = State.of(0.0, 1, Rng.seeded(0))
    assert torch.equal(state.child("a", "b").rng.normal(3), plain.child("a", "b").rng.normal(3))
