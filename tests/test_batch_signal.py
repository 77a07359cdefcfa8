import math

import pytest
import torch

from gensc.batch import Batch, unlabelled
from gensc.errors import InputError
from gensc.rng import Rng
from gensc.signal import Cost, State


def full(count: int = 3) -> Batch:
    return Batch(x=torch.rand(count, 3, 8, 8), item=torch.arange(count) + 10, label=torch.arange(count),
                 mask=torch.rand(count, 8, 8) > 0.5, box=torch.rand(count, 4),
                 caption=tuple(f"picture {i}" for i in range(count)))


def test_select_picks_every_kind_of_truth_in_the_order_given():
    batch = full()
    picked = batch.select(torch.tensor([2, 0]))
    assert picked.item.tolist() == [12, 10] and picked.label.tolist() == [2, 0]
    assert picked.caption == ("picture 2", "picture 0")
    for name in ("x", "mask", "box"):
        assert torch.equal(getattr(picked, name), getattr(batch, name)[[2, 0]])
    assert unlabelled(batch.x).select(torch.tensor([1])).label is None


def test_with_x_keeps_what_is_known():
    batch, other = full(), torch.zeros(3, 5)
    changed = batch.with_x(other)
    assert changed.x is other and changed.caption == batch.caption and torch.equal(changed.item, batch.item)
    assert len(changed) == 3


@pytest.mark.parametrize("name", ["item", "label", "mask", "box", "caption"])
def test_truth_for_another_number_of_items_is_refused(name):
    given = {"item": torch.arange(3), name: ("a", "b") if name == "caption" else torch.zeros(2)}
    with pytest.raises(ValueError, match=rf"Batch\.{name} has 2 entries for 3 items"):
        Batch(x=torch.zeros(3, 4), **given)


def test_unlabelled_items_are_numbered():
    assert unlabelled(torch.zeros(3, 1)).item.tolist() == [0, 1, 2]


def test_a_state_spreads_a_number_and_keeps_a_tensor():
    rng = Rng.seeded(0)
    assert State.of(10.0, 3, rng).snr_db.tolist() == [10.0] * 3
    assert State.of(10.0, [7, 9], rng).rng.items == (7, 9)
    mixed = State.of(torch.tensor([0.0, 20.0]), 2, rng)
    assert mixed.n0.tolist() == pytest.approx([1.0, 0.01])
    assert State.of(math.inf, 1, rng).n0.tolist() == [0.0]


def test_a_child_state_changes_the_streams_alone():
    state = State.of(5.0, 2, Rng.seeded(0), "none")
    child = state.child("noise")
    assert child.rng == state.rng.child("noise") != state.rng
    assert child.csi == "none" and torch.equal(child.snr_db, state.snr_db)


@pytest.mark.parametrize("bad", [math.nan, -math.inf])
def test_an_snr_without_meaning_is_refused_however_the_state_is_made(bad):
    with pytest.raises(InputError, match="snr_db"):
        State.of(bad, 2, Rng.seeded(0))
    with pytest.raises(InputError, match="snr_db"):
        State(torch.tensor([1.0, bad]), Rng.seeded(0).of(2))


def test_wrong_knowledge_and_wrong_counts_are_refused():
    with pytest.raises(InputError, match=r"csi is 'all'.*receiver, both, pilots, none"):
        State.of(5.0, 2, Rng.seeded(0), "all")
    with pytest.raises(ValueError, match="has 2 items"):
        State(torch.zeros(3), Rng.seeded(0).of(2))


def test_an_analog_cost_counts_uses_and_time_and_no_bits():
    cost = Cost.analog(128, 2, 20e6)
    assert cost.uses.tolist() == [128.0] * 2 and cost.bits.tolist() == [0.0] * 2
    assert cost.seconds.tolist() == pytest.approx([6.4e-6] * 2)
