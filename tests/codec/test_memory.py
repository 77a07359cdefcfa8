"""What an end remembers: a value that goes in and comes out, item by item."""

from dataclasses import replace

import pytest
import torch

from gensc import registry
from gensc.batch import Batch
from gensc.channel import Rayleigh
from gensc.codec import Codec
from gensc.link import Link
from gensc.rng import Rng
from gensc.signal import ANY, MAIN, Memory, State, part_of, soft_of
from gensc.task import Reconstruct
from gensc.testing import check_codec
from gensc.transport import Symbols

SIDE, ITEMS, ROUNDS = 8, [3, 1, 8], 4


class Changes(Codec):
    """Sends what has changed since the last use (DPCM without a receiver's feedback): a sender that keeps what it has
    sent, and a receiver that adds up what it got. ``leak``: how much of the past stays."""

    form = {MAIN: (ANY,)}
    leak = 0.9

    def received(self, form):
        return {MAIN: (3, ANY, ANY)}

    def past(self, memory, like):
        return torch.zeros_like(like) if memory is None else memory

    def encode(self, batch, state):
        row = (batch.pixels - 0.5).flatten(1)
        return {MAIN: row - self.leak * self.past(state.memory.sender, row)}

    def decode(self, delivery, state):
        row = soft_of(part_of(delivery.parts, MAIN, "codec changes"), state, "codec changes").value
        whole = row + self.leak * self.past(state.memory.receiver, row)
        return {MAIN: whole.view(len(row), *state.shape)}

    def remember(self, parts, memory, state):
        row = soft_of(part_of(parts, MAIN, "codec changes"), state, "codec changes").value
        return row + self.leak * self.past(memory, row)


class Mingling(Changes):
    """Its past is that of the whole batch."""

    def remember(self, parts, memory, state):
        return super().remember(parts, memory, state).mean(dim=0, keepdim=True)


class Drifting(Changes):
    """Has a memory that no value holds."""

    def __init__(self):
        super().__init__()
        self.uses = 0

    def encode(self, batch, state):
        self.uses += state.memory.sender is not None
        return {MAIN: super().encode(batch, state)[MAIN] + self.uses}


def clips() -> list[torch.Tensor]:
    """A few pictures of each of three items, one after the other, float32 [3,3,8,8] each."""
    return [torch.sigmoid(Rng.seeded(4, "clips", step).of(ITEMS).normal(3, SIDE, SIDE)) for step in range(ROUNDS)]


def rounds(link: Link, items: list[int], memory: Memory | None = None, first: int = 0):
    """The outcomes of uses one after the other; each goes on from what the ends kept of the one before."""
    places = [ITEMS.index(item) for item in items]
    memory, outcomes = memory or Memory(), []
    for step, x in list(enumerate(clips()))[first:]:
        state = State.of(7.0, items, Rng.seeded(5).child("round", step))
        batch = Batch(x[places], torch.tensor(items))
        outcomes.append(link(batch, replace(state, memory=memory, round=step)))
        memory = outcomes[-1].memory
    return outcomes


@pytest.fixture
def link():
    return Link(Changes(), Symbols(Rayleigh()), Reconstruct()).eval()


def test_a_codec_with_a_memory_keeps_the_laws():
    check_codec(Changes, (SIDE, SIDE))


@pytest.mark.parametrize(("codec", "law"), [(Mingling, "the pasts of two items do not mix"),
                                            (Drifting, "equal pasts give equal bits")])
def test_one_whose_memory_is_none_breaks_a_law(codec, law):
    with pytest.raises(AssertionError, match=law):
        check_codec(codec, (SIDE, SIDE))


def test_equal_pasts_give_equal_bits_whatever_lies_between(link):
    first = rounds(link, ITEMS)
    rounds(link, ITEMS[:2])
    again = rounds(link, ITEMS)
    resumed = rounds(link, ITEMS, first[1].memory, first=2)
    for one, other in zip([*first, *first[2:]], [*again, *resumed], strict=True):
        assert torch.equal(one.prediction, other.prediction)
        assert torch.equal(one.memory.sender, other.memory.sender)
        assert torch.equal(one.memory.receiver, other.memory.receiver)


def test_another_past_gives_other_bits(link):
    first = rounds(link, ITEMS)
    other = rounds(link, ITEMS, Memory(first[3].memory.sender, first[3].memory.receiver), first=3)
    assert not torch.allclose(other[0].prediction, first[3].prediction)


def test_the_pasts_of_two_items_do_not_mix(link):
    whole = rounds(link, ITEMS)
    for items in ([1], [8, 3]):
        places = [ITEMS.index(item) for item in items]
        for one, all_of_them in zip(rounds(link, items), whole, strict=True):
            torch.testing.assert_close(one.prediction, all_of_them.prediction[places])
            torch.testing.assert_close(one.memory.receiver, all_of_them.memory.receiver[places])


def test_an_end_sees_its_own_memory_alone(link):
    seen = {}

    class Watched(Changes):
        def encode(self, batch, state):
            seen["sender"] = state.memory
            return super().encode(batch, state)

        def decode(self, delivery, state):
            seen["receiver"] = state.memory
            return super().decode(delivery, state)

    outcomes = rounds(Link(Watched(), Symbols(), Reconstruct()).eval(), ITEMS)
    assert seen["sender"].receiver is None and torch.equal(seen["sender"].sender, outcomes[-2].memory.sender)
    assert seen["receiver"].sender is None and torch.equal(seen["receiver"].receiver, outcomes[-2].memory.receiver)


@pytest.mark.parametrize("name", registry.names("codec"))
def test_a_codec_without_a_memory_hands_on_what_it_is_given(name):
    codec, memory = registry.create("codec", name), object()
    state = State.of(7.0, 1, Rng.seeded(0))
    assert codec.remember({}, memory, state) is memory and codec.remember({}, None, state) is None
