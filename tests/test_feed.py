"""Feeds: stored features and pictures give a link the same, in whatever order they are asked for."""

import numpy as np
import pytest
import torch

from gensc.experiment.evaluate import evaluate, receive_ms
from gensc.experiment.feed import Feed, open_feed
from gensc.experiment.store import VIEWS, FeatureStore, fill
from gensc.rng import Rng
from gensc.signal import State
from helpers import Learning, Means, colours, toy_link

RNG = Rng.seeded(2, "feed")


@pytest.fixture
def store(tmp_path):
    one = FeatureStore(tmp_path)
    yield one
    one.close()


def stored_feed(store, codec, dataset, views=1):
    for view in range(views):
        list(fill([codec], dataset, view, store))
    return open_feed(codec, dataset, views, store)


def send(feed, link, positions, views=None):
    state = State.of(5.0, feed.ids(positions), RNG)
    with torch.no_grad():
        return feed.send(link.eval(), positions, state, views or [0] * len(positions))


def test_stored_features_give_what_the_pictures_give(store):
    codec, dataset = Means(), colours(20)
    link = toy_link(codec)
    feed = stored_feed(store, codec, dataset)
    positions = [3, 0, 17]
    (one, known), (other, batch) = send(feed, link, positions), send(Feed(dataset, dataset.items), link, positions)
    assert torch.equal(one.prediction, other.prediction)
    assert torch.equal(known.label, batch.label) and torch.equal(known.item, batch.item)
    assert known.label.tolist() == [0, 0, 2]


def test_each_item_is_sent_in_the_view_named_for_it(store):
    codec, dataset = Means(), colours(12)
    feed = stored_feed(store, codec, dataset, views=3)
    assert feed.stored.shape == (3, 12, 12)
    seen = []
    link = toy_link(codec)
    link.transport.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    send(feed, link, [5, 5, 1], [0, 2, 1])
    for row, (position, view) in zip(seen[0], [(5, 0), (5, 2), (1, 1)], strict=True):
        assert torch.equal(row, codec.front(dataset.batch([position], view, VIEWS))[0])


def test_a_codec_without_a_fixed_part_gets_pictures(store):
    feed = open_feed(Learning(), colours(6), 1, store)
    assert feed.stored is None
    outcome, batch = send(feed, toy_link(Learning()), [4, 2])
    assert outcome.prediction.shape == (2, 3) and batch.x.shape == (2, 3, 8, 8)


def test_a_score_does_not_depend_on_the_order_of_the_items(store):
    codec, dataset = Means(), colours(300)
    link, feed = toy_link(codec), stored_feed(store, codec, dataset)
    columns, cost = evaluate(link, feed, 0.0, "receiver", RNG)
    assert len(columns["label"]) == len(cost.uses) == 300
    order = np.random.default_rng(0).permutation(300)
    turned = Feed(type(dataset)(dataset.source, order), tuple(dataset.items[i] for i in order), feed.stored[:, order])
    other, _ = evaluate(link, turned, 0.0, "receiver", RNG)
    for name in columns:
        assert np.array_equal(other[name], columns[name][order])


def test_scoring_changes_nothing_and_repeats(store):
    codec = Means()
    link, feed = toy_link(codec).train(), stored_feed(store, codec, colours(40))
    before = {name: value.clone() for name, value in link.state_dict().items()}
    one, two = (evaluate(link, feed, 3.0, "receiver", RNG)[0] for _ in range(2))
    assert np.array_equal(one["predicted"], two["predicted"])
    assert all(torch.equal(value, before[name]) for name, value in link.state_dict().items())
    noisy, _ = evaluate(link, feed, -10.0, "receiver", RNG)
    assert not np.array_equal(noisy["predicted"], evaluate(link, feed, 30.0, "receiver", RNG)[0]["predicted"])


def test_the_receiver_has_a_time(store):
    codec = Means()
    assert receive_ms(toy_link(codec).eval(), stored_feed(store, codec, colours(5)), "receiver") > 0
