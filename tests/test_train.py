"""Training: it learns, keeps its best epoch, stops early, goes on bit for bit, and refuses nan."""

import copy
import dataclasses

import pytest
import torch

from gensc.config import TrainSpec
from gensc.data.dataset import Dataset, Relabelled
from gensc.errors import InputError
from gensc.experiment.evaluate import evaluate
from gensc.experiment.feed import Feed, open_feed
from gensc.experiment.store import FeatureStore, fill
from gensc.experiment.train import Training, validation_loss
from gensc.link import Link
from gensc.rng import Rng
from gensc.task import Classify
from gensc.transport import Features
from helpers import Learning, Means, colours, same_weights, small_disk, toy_link, weights
from mixed import mixed

SPEC = TrainSpec(epochs=6, batch=16, rate=1e-2, patience=6, snr_db=(0.0, 20.0), views=2)
RNG = Rng.seeded(3, "tests")


@pytest.fixture(scope="module")
def feeds(tmp_path_factory):
    """Training (two views) and validation features of toy pictures."""
    store, link = FeatureStore(tmp_path_factory.mktemp("cache")), toy_link(Means())
    known, held = colours(60), colours(30, 90)
    for dataset, view in ((known, 0), (known, 1), (held, 0)):
        list(fill([link.codec.front], dataset, view, store))
    return open_feed(link, known, 2, store), open_feed(link, held, 1, store)


def training(feeds, spec=SPEC, checkpoint=None, link=None):
    return Training(link or toy_link(Means()), *feeds, spec, "receiver", RNG.child("train"), checkpoint)


def wrong(feed):
    """The same features with the classes named in another order: what is learnt makes this feed worse."""
    source = Relabelled(feed.dataset.source, ("green", "red", "blue"))
    return dataclasses.replace(feed, dataset=Dataset(source, feed.dataset.indices))


def test_the_loss_falls_and_the_link_learns_its_classes(feeds):
    run = training(feeds, dataclasses.replace(SPEC, epochs=12, patience=12))
    assert list(run) == list(range(1, 13))
    history = run.finish()
    assert history.epochs == len(history.losses) == 12
    assert history.losses[-1][0] < 0.7 * history.losses[0][0]
    columns = evaluate(run.link, feeds[1], 20.0, "receiver", RNG).columns
    assert (columns["label"] == columns["predicted"]).mean() > 0.9


def test_the_weights_of_the_best_validation_epoch_are_kept(feeds):
    run = training((feeds[0], wrong(feeds[1])), dataclasses.replace(SPEC, epochs=8, patience=8))
    after = [weights(run.link) for _ in run]
    held = [validation for _, validation in run.progress.losses]
    history = run.finish()
    assert history.best_epoch == held.index(min(held)) < 7
    assert history.best_loss == min(held) < held[-1]
    assert same_weights(weights(run.link), after[history.best_epoch])
    assert not same_weights(weights(run.link), after[-1])
    assert not run.link.training


def test_the_best_loss_is_that_of_the_kept_weights(feeds):
    run = training(feeds)
    list(run)
    history = run.finish()
    again = validation_loss(run.link, feeds[1], SPEC, "receiver", RNG.child("train").child("validation"))
    assert again == history.best_loss


@pytest.mark.parametrize("patience", [1, 3])
def test_training_stops_after_patience_epochs_without_a_better_one(feeds, patience):
    run = training((feeds[0], wrong(feeds[1])), dataclasses.replace(SPEC, epochs=40, patience=patience))
    list(run)
    history = run.finish()
    assert history.epochs == history.best_epoch + 1 + patience < 40


@pytest.mark.parametrize("stop", [1, 3, 5])
def test_a_training_that_was_stopped_goes_on_bit_for_bit(feeds, stop, tmp_path):
    whole = training(feeds)
    list(whole)
    stopped = training(feeds, checkpoint=tmp_path / "ckpt")
    for epoch in stopped:
        if epoch == stop:
            break
    del stopped
    torch.rand(7)
    # A link with other first weights: everything must come from the checkpoint.
    resumed = training(feeds, checkpoint=tmp_path / "ckpt", link=toy_link(Means(), seed=9))
    assert list(resumed) == list(range(stop + 1, 7))
    assert same_weights(weights(resumed.link), weights(whole.link))
    assert resumed.finish() == whole.finish()
    assert same_weights(weights(resumed.link), weights(whole.link))


def test_a_training_that_ended_early_does_not_go_on_from_its_checkpoint(feeds, tmp_path):
    bad = feeds[0], wrong(feeds[1])
    spec = dataclasses.replace(SPEC, epochs=40, patience=2)
    first = training(bad, spec, tmp_path / "ckpt")
    list(first)
    again = training(bad, spec, tmp_path / "ckpt")
    assert list(again) == []
    assert again.finish() == first.finish()
    assert same_weights(weights(again.link), weights(first.link))


def test_the_seed_decides_everything_and_torchs_own_generator_nothing(feeds):
    torch.manual_seed(1)
    one = training(feeds)
    list(one)
    torch.manual_seed(2)
    before = torch.get_rng_state()
    two = training(feeds)
    list(two)
    assert same_weights(weights(one.link), weights(two.link))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"\x80\x02garbage", b"PK\x03\x04 broken"], ids=str)
def test_a_damaged_checkpoint_is_named(feeds, content, tmp_path):
    (tmp_path / "a.ckpt").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.ckpt.*delete"):
        training(feeds, checkpoint=tmp_path / "a.ckpt")


def test_a_truncated_checkpoint_is_named(feeds, tmp_path):
    next(iter(training(feeds, checkpoint=tmp_path / "a.ckpt")))
    data = (tmp_path / "a.ckpt").read_bytes()
    (tmp_path / "a.ckpt").write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match=r"a\.ckpt.*delete"):
        training(feeds, checkpoint=tmp_path / "a.ckpt")


def test_a_checkpoint_that_does_not_fit_on_the_disk_leaves_the_last_one(feeds, tmp_path):
    run = iter(training(feeds, checkpoint=tmp_path / "a.ckpt"))
    next(run)
    before = (tmp_path / "a.ckpt").read_bytes()
    with small_disk(1000), pytest.raises(InputError, match=r"a\.ckpt can't be written"):
        next(run)
    assert (tmp_path / "a.ckpt").read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.ckpt"]


@pytest.mark.parametrize("place", [0, 1], ids=["training", "validation"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_nan_in_the_features_is_refused(feeds, place, value):
    broken = list(feeds)
    stored = feeds[place].stored.clone()
    stored[:, 4, 2] = value
    broken[place] = dataclasses.replace(feeds[place], stored=stored)
    with pytest.raises(InputError, match="nan"):
        list(training(tuple(broken)))


def test_a_rate_that_breaks_the_weights_is_refused(feeds):
    spec = dataclasses.replace(SPEC, epochs=4, batch=60, rate=1e30, weight_decay=0.0)
    with pytest.raises(InputError, match=r"train\.rate"):
        list(training(feeds, spec))


@pytest.mark.parametrize("batch", [2, 4])
def test_an_odd_item_is_no_batch_of_its_own(feeds, batch):
    few = Feed(Dataset(feeds[0].dataset.source, feeds[0].dataset.indices[:5]), feeds[0].items[:5],
               feeds[0].stored[:, :5], feeds[0].needs)
    run = training((few, feeds[1]), dataclasses.replace(SPEC, epochs=2, batch=batch))
    assert list(run) == [1, 2]


def pictures_training(spec):
    with torch.random.fork_rng():
        torch.manual_seed(4)
        codec = Learning()
    data = colours(24), colours(12, 50)
    return training(tuple(Feed(one, one.items) for one in data), spec, link=toy_link(codec))


def test_frozen_parameters_do_not_move_and_the_rest_does():
    run = pictures_training(SPEC)
    before = weights(run.link)
    list(run)
    after = weights(run.link)
    stayed = {name for name in before if torch.equal(before[name], after[name])}
    assert stayed == {name for name in before if name.startswith("codec.fixed.")}


def test_a_codec_moves_at_its_own_rate():
    """The first step of Adam moves each weight by the learning rate, whatever the size of its gradient."""
    spec = TrainSpec(epochs=2, batch=24, rate=1e-2, weight_decay=0.0, snr_db=(20.0, 20.0))
    step = {}
    for rate in (0.1, 1.0):
        run = pictures_training(dataclasses.replace(spec, codec_rate=rate))
        before = weights(run.link)
        assert next(iter(run)) == 1
        after = weights(run.link)
        moved = {name: float((after[name] - before[name]).abs().max()) for name in before}
        step[rate] = {"codec": moved["codec.free.weight"], "task": max(
            value for name, value in moved.items() if name.startswith("task.") and name.endswith("weight"))}
    assert step[0.1]["codec"] == pytest.approx(0.1 * step[1.0]["codec"], rel=0.05)
    assert step[0.1]["task"] == pytest.approx(step[1.0]["task"], rel=0.05)
    assert step[1.0]["codec"] == pytest.approx(step[1.0]["task"], rel=0.05)


def test_a_codec_without_store_gets_each_epochs_pictures():
    run = pictures_training(dataclasses.replace(SPEC, epochs=2))
    source = run.feed.dataset.source
    list(run)
    assert len(source.reads) >= 2 * 24 and set(source.reads) == set(range(24))


def test_training_does_not_change_what_it_is_given(feeds):
    stored = copy.deepcopy([feed.stored for feed in feeds])
    list(training(feeds))
    assert all(torch.equal(feed.stored, one) for feed, one in zip(feeds, stored, strict=True))


def mixed_training(spec, checkpoint=None):
    """A joint code on pictures of two shapes, in parts of 16 px."""
    from gensc import channel, codec, task, transport

    with torch.random.fork_rng():
        torch.manual_seed(4)
        link = Link(codec.Jscc(cbr=1 / 6), transport.Symbols(channel.AWGN()), task.Reconstruct(("psnr",)))
    known, held = (mixed(count, (40, 25), (21, 33)) for count in (12, 6))
    return training(tuple(Feed(one, one.items, crop=spec.crop) for one in (known, held)), spec, checkpoint, link)


def test_pictures_of_several_shapes_train_by_their_parts_bit_for_bit(tmp_path):
    spec = TrainSpec(epochs=3, batch=4, rate=1e-3, snr_db=(5.0, 15.0), crop=16)
    whole = mixed_training(spec)
    list(whole)
    assert whole.finish().losses[-1][0] < whole.finish().losses[0][0]
    stopped = mixed_training(spec, tmp_path / "ckpt")
    next(iter(stopped))
    resumed = mixed_training(spec, tmp_path / "ckpt")
    assert list(resumed) == [2, 3]
    assert same_weights(weights(resumed.link), weights(whole.link))


def test_pictures_of_several_shapes_need_a_part(tmp_path):
    with pytest.raises(InputError, match=r"train\.crop"):
        list(mixed_training(TrainSpec(epochs=1, batch=4)))


def test_a_transport_of_whole_batches_is_validated_with_all_items_at_once(feeds):
    """As it is scored: its noise follows the power of the whole batch."""
    many = colours(300, 500)
    link = Link(Means(), Features(convention="gensc6g"), Classify(3, "2xfc"))
    sizes = []
    link.transport.register_forward_pre_hook(lambda module, given: sizes.append(len(given[0]["main"])))
    validation_loss(link, Feed(many, many.items), dataclasses.replace(SPEC, snr_db=(1.0, 20.0)), "receiver", RNG)
    assert sizes == [300] * 3


def test_the_truth_that_a_task_needs_is_there_while_it_learns(feeds, tmp_path):
    """A caption, beside stored features: the loss of each item follows its own."""
    class Spelling(Classify):
        needs = ("caption",)

        def loss(self, prediction, batch):
            seen.append(batch.column("caption", "spelling"))
            return prediction.square().mean()

    seen, store = [], FeatureStore(tmp_path)
    link = Link(Means(), Features(), Spelling(3, "2xfc"))
    known, held = (mixed(count, (8, 8)) for count in (8, 4))
    for one in (known, held):
        list(fill([link.codec.front], one, 0, store))
    run = training(tuple(open_feed(link, one, 1, store) for one in (known, held)),
                   dataclasses.replace(SPEC, epochs=1, batch=4), link=link)
    assert list(run) == [1]
    assert sorted(seen[0] + seen[1]) == [f"item {place}" for place in range(8)]
    assert seen[2:] == [tuple(f"item {place}" for place in range(4))] * 3


@pytest.mark.parametrize(("training_too", "what"), [(True, "a training batch of 20 items"),
                                                    (False, "a validation batch of 30 items")])
def test_what_does_not_fit_the_memory_is_one_sentence(feeds, training_too, what):
    link = toy_link(Means())

    def full(module, given):
        if training_too or not module.training:
            torch.empty(10**13)

    link.task.register_forward_pre_hook(full)
    with pytest.raises(InputError, match=rf"^{what} does not fit the memory of cpu \(4\d+ bytes.*train\.batch"):
        list(training(feeds, link=link))
