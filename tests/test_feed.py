"""Feeds: stored features and pictures give a link the same, in whatever order they are asked for."""

import numpy as np
import pytest
import torch

from gensc.batch import Batch
from gensc.data.augment import crops
from gensc.data.dataset import Dataset
from gensc.data.source import Item
from gensc.errors import InputError
from gensc.experiment.evaluate import evaluate, receive_ms
from gensc.experiment.feed import Feed, open_feed
from gensc.experiment.store import VIEWS, FeatureStore, fill
from gensc.rng import Rng
from gensc.signal import State
from helpers import Learning, Means, colours, toy_link
from mixed import Mixed, mixed

RNG = Rng.seeded(2, "feed")


@pytest.fixture
def store(tmp_path):
    one = FeatureStore(tmp_path)
    yield one
    one.close()


def stored_feed(store, link, dataset, views=1):
    for view in range(views):
        list(fill([link.codec.front], dataset, view, store))
    return open_feed(link, dataset, views, store)


def send(feed, link, positions, views=None):
    state = State.of(5.0, feed.ids(positions), RNG)
    with torch.no_grad():
        return feed.send(link.eval(), positions, state, views or [0] * len(positions))


def test_stored_features_give_what_the_pictures_give(store):
    dataset, link = colours(20), toy_link(Means())
    feed = stored_feed(store, link, dataset)
    positions = [3, 0, 17]
    (one, known), (other, batch) = send(feed, link, positions), send(Feed(dataset, dataset.items), link, positions)
    assert torch.equal(one.prediction, other.prediction)
    assert torch.equal(known.truth["label"], batch.truth["label"]) and torch.equal(known.item, batch.item)
    assert known.truth["label"].tolist() == [0, 0, 2]
    assert torch.equal(known.values, batch.values) and known.values.tolist() == [3 * 8 * 8] * 3
    assert torch.equal(one.delivery.cost.uses, other.delivery.cost.uses)


def test_each_item_is_sent_in_the_view_named_for_it(store):
    dataset, link = colours(12), toy_link(Means())
    feed = stored_feed(store, link, dataset, views=3)
    assert feed.stored.shape == (3, 12, 12)
    sent = []
    link.transport.register_forward_pre_hook(lambda module, given: sent.append(given[0]))
    send(feed, link, [5, 5, 1], [0, 2, 1])
    for row, (position, view) in zip(sent[0]["main"], [(5, 0), (5, 2), (1, 1)], strict=True):
        assert torch.equal(row, link.codec.front.compute(dataset.batch([position], view, VIEWS), {})[0])


def test_each_item_is_read_in_the_view_named_for_it_without_stored_features():
    dataset, link = colours(12), toy_link(Learning())
    batch = Feed(dataset, dataset.items).batch(link, [5, 5, 1], [0, 2, 1])
    for row, (position, view) in zip(batch.x, [(5, 0), (5, 2), (1, 1)], strict=True):
        assert torch.equal(row, dataset.batch([position], view, VIEWS).x[0])
    assert not torch.equal(batch.x[0], batch.x[1])
    assert batch.truth["label"].tolist() == [2, 2, 1] and batch.item.tolist() == [dataset.items[p] for p in (5, 5, 1)]


@pytest.mark.parametrize(("needs", "names"), [
    (("label",), {"label"}), (("caption",), {"caption"}), (("caption", "mask", "boxes"), {"caption", "mask", "boxes"}),
    ((), set())])
def test_truth_reaches_the_task_beside_stored_features(store, needs, names):
    """As far as it asks for it, and the same as beside the pictures."""
    dataset, link = mixed(9, (8, 8)), toy_link(Means())
    link.task.needs = needs
    feed = stored_feed(store, link, dataset)
    _, batch = send(feed, link, [4, 1, 8])
    assert set(batch.truth) == names
    known = dataset.batch([4, 1, 8]).truth
    for name in names:
        assert type(batch.truth[name]) is type(known[name])
        assert all(torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other
                   for one, other in zip(batch.truth[name], known[name], strict=True))
    if "boxes" in names:
        assert [len(one) for one in batch.truth["boxes"]] == [1, 1, 2]


def test_truth_that_the_data_lacks_is_named(store):
    dataset, link = colours(6), toy_link(Means())
    link.task.needs = ("caption",)
    _, batch = send(stored_feed(store, link, dataset), link, [1, 2])
    with pytest.raises(InputError, match="the data has no caption"):
        batch.column("caption", "task x")


@pytest.mark.parametrize("name", ["mask", "boxes"])
@pytest.mark.parametrize(("views", "crop"), [(2, 0), (1, 8)])
def test_truth_that_lies_in_the_picture_needs_whole_pictures(store, name, views, crop):
    link = toy_link(Learning())
    link.task.needs = ("label", name)
    assert open_feed(link, mixed(4), 1, store).stored is None
    with pytest.raises(InputError, match=rf"{name} of whole pictures.*train\.views = 1 and train\.crop = 0"):
        open_feed(link, mixed(4), views, store, crop)


def test_a_codec_without_a_fixed_part_gets_pictures(store):
    link = toy_link(Learning())
    feed = open_feed(link, colours(6), 1, store)
    assert feed.stored is None
    outcome, batch = send(feed, link, [4, 2])
    assert outcome.prediction.shape == (2, 3) and batch.x.shape == (2, 3, 8, 8)


def test_stored_features_are_of_whole_pictures(store):
    link = toy_link(Means())
    with pytest.raises(InputError, match=r"features of whole pictures: leave train\.crop at 0"):
        open_feed(link, colours(6), 1, store, crop=8)


def test_groups_are_of_one_shape_and_hold_every_item_once():
    dataset = mixed(11)
    feed = Feed(dataset, dataset.items)
    for most, values, sizes in ((None, np.inf, [6, 5]), (4, np.inf, [4, 2, 4, 1]), (100, 3 * 240 * 3, [3, 3, 5]),
                                (100, 1, [1] * 11)):
        groups = list(feed.groups(most, values))
        assert [len(group) for group in groups] == sizes, (most, values)
        assert sorted(position for group in groups for position in group) == list(range(11))
        for group in groups:
            assert len({dataset.source.shape(position) for position in group}) == 1
    assert [len(group) for group in Feed(dataset, dataset.items, crop=8).groups(8, 3 * 8 * 8 * 5)] == [5, 5, 1]
    assert list(Feed(mixed(0), ()).groups(8)) == []


def test_parts_of_pictures_of_several_shapes_make_one_batch():
    """Each drawn by its item's own stream, whatever its neighbours are; without a stream the centre."""
    dataset, link = mixed(6), toy_link(Learning())
    feed, rng = Feed(dataset, dataset.items, crop=8), RNG.child("crop")
    batch = feed.batch(link, [0, 1, 4], [0, 0, 0], rng.of(feed.ids([0, 1, 4])))
    assert batch.x.shape == (3, 3, 8, 8) and set(batch.truth) == {"label", "caption"}
    assert batch.values.tolist() == [3 * 8 * 8] * 3
    for row, position in zip(batch.x, [0, 1, 4], strict=True):
        whole = dataset.batch([position]).x
        assert torch.equal(row, crops(whole, 8, rng.of(feed.ids([position])))[0])
        alone = feed.batch(link, [position], [0], rng.of(feed.ids([position])))
        assert torch.equal(row, alone.x[0])
    centre = feed.batch(link, [0], [0]).x
    assert torch.equal(centre, dataset.batch([0]).x[:, :, 2:10, 6:14])
    with pytest.raises(InputError, match=r"12 px.*9 px|20 x 12.*9 x 16"):
        Feed(dataset, dataset.items).batch(link, [0, 1], [0, 0])


def test_scores_of_pictures_of_several_shapes_come_in_their_order():
    from gensc import channel, codec, task, transport
    from gensc.link import Link

    with torch.random.fork_rng():
        torch.manual_seed(0)
        link = Link(codec.Jscc(cbr=1 / 6), transport.Symbols(channel.Rayleigh()), task.Reconstruct(("psnr",)))
    dataset = mixed(9, (16, 24), (32, 16), (17, 31))
    feed = Feed(dataset, dataset.items)
    scores = evaluate(link, feed, 8.0, "receiver", RNG)
    sides = [dataset.source.shape(place) for place in range(9)]
    assert scores.values.tolist() == [float(np.prod(one)) for one in sides]
    for place in range(9):
        alone = evaluate(link, Feed(Dataset(dataset.source, np.array([place])), feed.items[place:place + 1]), 8.0,
                         "receiver", RNG)
        assert alone.columns["psnr"][0] == pytest.approx(scores.columns["psnr"][place], abs=1e-4)
        assert alone.cost.uses[0] == scores.cost.uses[place] > 0
    assert len(set(scores.cost.uses.tolist())) == 3


def test_a_transport_of_whole_batches_is_given_all_items_at_once(store):
    from gensc.link import Link
    from gensc.task import Classify
    from gensc.transport import Features

    link = Link(Means(), Features(convention="gensc6g"), Classify(3, "2xfc"))
    feed = stored_feed(store, link, colours(300))
    sizes = []
    link.transport.register_forward_pre_hook(lambda module, given: sizes.append(len(given[0]["main"])))
    evaluate(link, feed, 10.0, "receiver", RNG)
    assert sizes == [300]


def test_a_score_does_not_depend_on_the_order_of_the_items(store):
    dataset, link = colours(300), toy_link(Means())
    feed = stored_feed(store, link, dataset)
    scores = evaluate(link, feed, 0.0, "receiver", RNG)
    assert len(scores.columns["label"]) == len(scores.cost.uses) == len(scores.values) == 300
    order = np.random.default_rng(0).permutation(300)
    turned = Feed(Dataset(dataset.source, order), tuple(dataset.items[i] for i in order), feed.stored[:, order],
                  feed.needs)
    other = evaluate(link, turned, 0.0, "receiver", RNG)
    for name, column in scores.columns.items():
        assert np.array_equal(other.columns[name], column[order])


def test_scoring_changes_nothing_and_repeats(store):
    link = toy_link(Means()).train()
    feed = stored_feed(store, link, colours(40))
    before = {name: value.clone() for name, value in link.state_dict().items()}
    one, two = (evaluate(link, feed, 3.0, "receiver", RNG).columns for _ in range(2))
    assert np.array_equal(one["predicted"], two["predicted"])
    assert all(torch.equal(value, before[name]) for name, value in link.state_dict().items())
    noisy, clean = (evaluate(link, feed, snr_db, "receiver", RNG).columns for snr_db in (-10.0, 30.0))
    assert not np.array_equal(noisy["predicted"], clean["predicted"])


def test_what_does_not_fit_the_memory_is_one_sentence(store):
    link = toy_link(Means())
    link.task.register_forward_pre_hook(lambda module, given: torch.empty(10**13) and None)
    with pytest.raises(InputError, match=r"^a batch of 7 items does not fit the memory of cpu .*--size, data\.size"):
        evaluate(link, stored_feed(store, link, colours(7)), 3.0, "receiver", RNG)


def test_the_receiver_has_a_time(store):
    link = toy_link(Means()).eval()
    assert receive_ms(link, stored_feed(store, link, colours(5)), "receiver") > 0


def test_texts_reach_a_link_as_they_are():
    class Texts(Mixed):
        columns = ("label",)

        def item(self, index: int) -> Item:
            return Item("word " * (index + 1), {"label": int(self.labels[index])})

        def shape(self, index: int) -> tuple[int, ...]:
            return ()

    dataset = Dataset(Texts(5, ((1, 1),)), np.arange(5))
    feed = Feed(dataset, dataset.items)
    batch = feed.batch(toy_link(Learning()), [3, 0], [0, 0])
    assert isinstance(batch, Batch) and batch.x == ("word " * 4, "word ") and batch.values.tolist() == [20.0, 5.0]
