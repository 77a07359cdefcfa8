"""Batches and their truth; what the two ends and the air know of a use of a link; costs, parts and symbols."""

import math
from dataclasses import fields, replace

import pytest
import torch

from gensc.batch import Batch, joined_batches, unlabelled
from gensc.errors import InputError
from gensc.rng import Rng
from gensc.signal import MAIN, Cost, Delivery, Memory, Soft, State, bytes_of, one_part, part_of, soft_of, tensor_of

RAGGED = (2, 0, 1)


def full(count: int = 3) -> Batch:
    truth = {"label": torch.arange(count), "mask": torch.randint(0, 2, (count, 8, 8)),
             "boxes": tuple(torch.full((RAGGED[i % 3], 4), float(i)) for i in range(count)),
             "caption": tuple(f"picture {i}" for i in range(count))}
    return Batch(x=torch.rand(count, 3, 8, 8), item=torch.arange(count) + 10, truth=truth)


def test_select_picks_every_kind_of_truth_in_the_order_given():
    batch = full()
    picked = batch.select(torch.tensor([2, 0]))
    assert picked.item.tolist() == [12, 10] and picked.truth["label"].tolist() == [2, 0]
    assert picked.truth["caption"] == ("picture 2", "picture 0")
    assert torch.equal(picked.x, batch.x[[2, 0]]) and torch.equal(picked.truth["mask"], batch.truth["mask"][[2, 0]])
    assert [tuple(boxes.shape) for boxes in picked.truth["boxes"]] == [(1, 4), (2, 4)]
    assert picked.truth["boxes"][0] is batch.truth["boxes"][2]
    assert unlabelled(batch.x).select(torch.tensor([1])).truth == {}


def test_select_picks_texts_lengths_and_values():
    text = Batch(("one", "zwölf", ""), torch.arange(3)).select(torch.tensor([1, 2]))
    assert text.x == ("zwölf", "") and text.values.tolist() == [6.0, 0.0] and text.length is None
    sound = Batch(torch.zeros(3, 8), torch.arange(3), length=torch.tensor([8, 2, 5])).select(torch.tensor([2, 0]))
    assert sound.length.tolist() == [5, 8] and sound.values.tolist() == [5.0, 8.0]


def test_with_x_keeps_what_is_known():
    batch, other = full(), torch.zeros(3, 5)
    changed = batch.with_x(other)
    assert changed.x is other and changed.truth is batch.truth and torch.equal(changed.item, batch.item)
    # The bandwidth ratio still divides by the pictures, not by their features.
    assert len(changed) == 3 and changed.values.tolist() == [192.0] * 3


@pytest.mark.parametrize("name", ["item", "label", "mask", "boxes", "caption", "length", "values"])
def test_truth_for_another_number_of_items_is_refused(name):
    wrong = {"caption": ("a", "b"), "boxes": (torch.zeros(1, 4), torch.zeros(3, 4))}.get(name, torch.zeros(2))
    own = {"item": torch.arange(3), **({name: wrong} if name in ("item", "length", "values") else {})}
    with pytest.raises(InputError, match=rf"Batch: {name} has 2 entries for 3 items"):
        Batch(x=torch.zeros(3, 4), truth={} if name in own else {name: wrong}, **own)


def test_a_batch_is_of_one_modality():
    with pytest.raises(InputError, match="strings and something else"):
        Batch(("a text", torch.zeros(3)), torch.arange(2))


def test_unlabelled_items_are_numbered():
    assert unlabelled(torch.zeros(3, 1)).item.tolist() == [0, 1, 2]
    assert unlabelled(("a", "b")).item.tolist() == [0, 1]


def test_source_values_are_counted_in_every_modality():
    assert unlabelled(torch.zeros(2, 3, 8, 6)).values.tolist() == [144.0] * 2
    assert unlabelled(torch.zeros(2, 5, 3, 8, 6)).values.tolist() == [720.0] * 2
    assert unlabelled(("a", "zwölf")).values.tolist() == [1.0, 6.0]
    assert Batch(torch.zeros(2, 9), torch.arange(2), length=torch.tensor([9, 4])).values.tolist() == [9.0, 4.0]
    # Frames of padded clips: those that are valid.
    clips = Batch(torch.zeros(2, 5, 3, 4, 4), torch.arange(2), length=torch.tensor([5, 2]))
    assert clips.values.tolist() == [240.0, 96.0]
    assert Batch(torch.zeros(2, 7), torch.arange(2), values=torch.tensor([3.0, 4.0])).values.tolist() == [3.0, 4.0]
    assert unlabelled(torch.zeros(0, 3, 4, 4)).values.tolist() == []


def test_the_shape_and_the_pixels_of_items():
    assert full().shape == (3, 8, 8) and full().pixels.shape == (3, 3, 8, 8)
    text = unlabelled(("a", "b"))
    assert text.shape == () and len(text) == 2
    with pytest.raises(InputError, match="is given text: use a codec for text"):
        _ = text.pixels


def test_a_column_that_is_missing_says_who_needs_it():
    assert full().column("caption", "task caption")[1] == "picture 1"
    with pytest.raises(InputError, match=r"task segment: the data has no depth; .*label, mask, boxes, caption"):
        full().column("depth", "task segment")
    with pytest.raises(InputError, match=r"task classify: the data has no label; .*no truth at all"):
        full().bare().column("label", "task classify")


def test_a_bare_batch_has_no_truth_and_all_the_rest():
    batch = full()
    bare = batch.bare()
    assert bare.truth == {} and bare.x is batch.x and bare.item is batch.item and bare.values is batch.values
    assert batch.truth.keys() == {"label", "mask", "boxes", "caption"}


def test_batches_are_joined_column_by_column():
    first, second = full(), full(2)
    whole = joined_batches([first, second])
    assert len(whole) == 5 and torch.equal(whole.x, torch.cat([first.x, second.x]))
    assert whole.item.tolist() == [10, 11, 12, 10, 11] and whole.truth["label"].tolist() == [0, 1, 2, 0, 1]
    assert [len(boxes) for boxes in whole.truth["boxes"]] == [2, 0, 1, 2, 0]
    assert whole.truth["caption"][3] == "picture 0" and whole.values.tolist() == [192.0] * 5
    assert joined_batches([unlabelled(("a",)), unlabelled(("b", "c"))]).x == ("a", "b", "c")
    with pytest.raises(InputError, match=r"shapes \[\(3, 8, 8\), \(3, 8, 9\)\] in one batch.*Dataset\.groups"):
        joined_batches([unlabelled(torch.zeros(1, 3, 8, 9)), unlabelled(torch.zeros(1, 3, 8, 8))])


def test_a_batch_moves_with_all_its_columns():
    batch = full().to("meta")
    assert batch.x.device.type == batch.truth["mask"].device.type == "meta"
    assert {boxes.device.type for boxes in batch.truth["boxes"]} == {"meta"}
    assert batch.truth["caption"] == full().truth["caption"] and batch.item.tolist() == [10, 11, 12]
    assert unlabelled(("a", "b")).to("meta").x == ("a", "b")


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


def informed() -> State:
    """A state in which everything is set."""
    return replace(State.of(torch.tensor([5.0, 6.0, 7.0]), [3, 1, 2], Rng.seeded(0), "both"), shape=(3, 8, 8),
                   values=torch.tensor([192.0, 192.0, 192.0]), round=1, memory=Memory("the sender's", "the receiver's"),
                   budget=(10, 20, 30), price=lambda part, lengths: torch.tensor(lengths),
                   gain_db=torch.tensor([0.0, 1.0, -1.0]), plan=("a", "b", "c"))


def test_each_end_is_given_what_it_knows():
    state = informed()
    sender, receiver, air = state.sender(), state.receiver(), state.air()
    assert sender.budget == (10, 20, 30) and sender.price is state.price and sender.memory == Memory("the sender's")
    assert (receiver.budget, receiver.price, receiver.memory) == (None, None, Memory(receiver="the receiver's"))
    assert (sender.plan, receiver.plan) == (None, None)
    for end in (sender, receiver):
        assert end.shape == (3, 8, 8) and torch.equal(end.values, state.values) and end.round == 1
        assert torch.equal(end.gain_db, state.gain_db) and torch.equal(end.snr_db, state.snr_db) and end.csi == "both"
    blank = State(state.snr_db, state.rng, "both")
    assert all(getattr(air, field.name) is getattr(blank, field.name) or getattr(air, field.name) == getattr(
        blank, field.name) for field in fields(State) if field.name not in ("snr_db", "rng"))
    assert air.rng == state.rng and torch.equal(air.snr_db, state.snr_db)


def test_no_view_can_be_turned_into_another():
    """Whatever an end calls on its view, it does not come by the streams of the air or of the other end."""
    state = informed()
    sender, receiver, air = state.sender(), state.receiver(), state.air()
    names = ("noise", "fading", "channel", "pilots")
    for own, others in ((sender, (receiver, air)), (receiver, (sender, air))):
        keys = {other.rng.key for other in others} | {other.rng.child(name).key for other in others for name in names}
        keys |= {other.rng.child("transport", name).key for other in others for name in names}
        reached, front = {own.rng.key}, [own]
        for _ in range(3):
            front = [view for one in front for view in (one.sender(), one.receiver(), one.air(),
                                                        *(one.child(name) for name in names))]
            reached |= {view.rng.key for view in front}
        assert not reached & keys
        # Equal draws would give a key away too.
        assert not any(torch.equal(own.rng.normal(4), other.rng.normal(4)) for other in others)
    assert not torch.equal(sender.rng.normal(4), receiver.rng.normal(4))
    # Twice the same view is another one again, never back.
    assert len({view.rng.key for view in (state, sender, sender.sender(), receiver.sender(), sender.receiver())}) == 5


def test_what_one_end_remembers_the_other_never_gets():
    state = informed()
    assert state.sender().receiver().memory == state.receiver().sender().memory == Memory()
    assert state.receiver().sender().budget is None and state.air().sender().memory == Memory()


def test_a_part_of_a_state_takes_all_that_is_of_its_items():
    state = informed()
    for part, items in ((slice(1, 3), [1, 2]), ([2, 0], [2, 3])):
        cut = state.select(part)
        places = [state.rng.items.index(item) for item in items]
        assert cut.rng == state.rng.of(items) and len(cut) == 2
        assert cut.snr_db.tolist() == [float(state.snr_db[place]) for place in places]
        assert cut.budget == tuple(state.budget[place] for place in places)
        assert cut.plan == tuple(state.plan[place] for place in places)
        assert torch.equal(cut.gain_db, state.gain_db[places]) and torch.equal(cut.values, state.values[places])
        assert cut.shape == state.shape and cut.memory == state.memory and cut.round == 1
        assert torch.equal(cut.rng.normal(3), state.rng.normal(3)[places])
    bare = State.of(5.0, 3, Rng.seeded(0)).select([1])
    assert (bare.budget, bare.plan, bare.gain_db, bare.values) == (None,) * 4


def test_both_ends_know_the_gain_where_it_is_told():
    assert informed().known_db.tolist() == [5.0, 7.0, 6.0]
    assert State.of(5.0, 2, Rng.seeded(0)).known_db.tolist() == [5.0, 5.0]


def test_an_analog_cost_counts_uses_and_time_and_no_bits():
    cost = Cost.analog(128, 2, 20e6)
    assert cost.uses.tolist() == [128.0] * 2 and cost.bits.tolist() == [0.0] * 2
    assert cost.seconds.tolist() == pytest.approx([6.4e-6] * 2)
    assert Cost.analog(torch.tensor([1, 2]), 2, 20e6).uses.tolist() == [1.0, 2.0]


def test_costs_of_the_same_items_add_up_and_those_of_others_are_joined():
    first, second = Cost.analog(128, 2, 20e6), Cost.of_bits([10, 20], [24, 0], 20e6)
    total = first + second
    assert total.uses.tolist() == [138.0, 148.0] and total.bits.tolist() == [24.0, 0.0]
    assert total.seconds.tolist() == pytest.approx([6.9e-6, 7.4e-6])
    assert (second + first).uses.tolist() == total.uses.tolist()
    assert sum([second, second], start=first).uses.tolist() == [148.0, 168.0]
    joined = Cost.joined([first, second])
    assert joined.uses.tolist() == [128.0, 128.0, 10.0, 20.0] and len(joined.seconds) == 4
    assert first.to("meta").uses.device.type == "meta"


def test_a_part_is_found_by_name_or_because_it_is_alone():
    assert one_part({"image": 1}, "it") == ("image", 1) and part_of({"a": 1, "b": 2}, "b", "it") == 2
    with pytest.raises(InputError, match=r"analog carries one part, and this codec sends 2 \(a, b\): use .* split"):
        one_part({"a": 1, "b": 2}, "analog")
    with pytest.raises(InputError, match="task needs the part 'c' and gets a, b"):
        part_of({"a": 1, "b": 2}, "c", "task")
    with pytest.raises(InputError, match="gets none"):
        part_of({}, "c", "task")
    delivery = Delivery({MAIN: torch.ones(2, 3)}, torch.ones(2, dtype=torch.bool), Cost.analog(1, 2, 1.0))
    assert torch.equal(delivery.main, torch.ones(2, 3))


def test_what_is_no_bytes_or_no_features_is_refused():
    data, features, soft = (b"a", None), torch.ones(2, 3), Soft(torch.ones(2, 3), torch.full((2, 3), 0.5))
    assert bytes_of(data, "it") == data
    assert tensor_of(features, "it") is features and tensor_of(soft, "it") is soft.value
    for part, kind in ((features, "features"), (soft, "symbols")):
        with pytest.raises(InputError, match=f"it needs bytes and gets {kind}"):
            bytes_of(part, "it")
    with pytest.raises(InputError, match="it needs features and gets bytes"):
        tensor_of(data, "it")


def test_features_count_as_symbols_of_the_quality_that_the_snr_promises():
    soft = Soft(torch.ones(2, 3), torch.full((2, 3), 0.5))
    state = State.of(torch.tensor([0.0, 10.0]), 2, Rng.seeded(0))
    assert soft_of(soft, state, "it") is soft and len(soft) == 2
    made = soft_of(torch.ones(2, 3, 4), state, "it")
    assert made.value.shape == made.quality.shape == (2, 12)
    # snr / (1 + snr): 1/2 at 0 dB, 10/11 at 10 dB.
    assert made.quality[:, 0].tolist() == pytest.approx([0.5, 10 / 11]) and made.quality.std(dim=1).max() == 0
    with pytest.raises(InputError, match="it needs features and gets bytes"):
        soft_of((b"a", b"b"), state, "it")
