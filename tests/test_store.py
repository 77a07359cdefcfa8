"""The feature store: computed once, the same bits however it was filled, and clear about a bad disk."""

import os

import numpy as np
import pytest
import torch

from gensc.codec import Backbone
from gensc.codec.base import Front
from gensc.data.dataset import Dataset
from gensc.data.folder import Folder
from gensc.errors import InputError
from gensc.experiment.store import FeatureStore, fill, read
from helpers import Colours, Means, colours, small_disk


@pytest.fixture
def store(tmp_path):
    with_files = FeatureStore(tmp_path / "cache")
    yield with_files
    with_files.close()


def filled(codec, dataset, folder, view=0):
    one = FeatureStore(folder)
    assert sum(fill([codec.front], dataset, view, one)) == len(dataset)
    values = read(codec.front, dataset, view, one)
    one.close()
    return values


def test_a_second_fill_does_no_forward_pass_and_reads_no_picture(tmp_path):
    codec, dataset = Means(), colours(70)
    first = filled(codec, dataset, tmp_path)
    passes, reads = codec.passes, len(dataset.source.reads)
    assert passes > 0 and reads >= 70
    again = filled(codec, dataset, tmp_path)
    assert (codec.passes, len(dataset.source.reads)) == (passes, reads)
    assert torch.equal(first, again) and first.shape == (70, 12)


def test_what_is_stored_is_what_the_codec_makes_in_the_order_of_the_data(store):
    codec, dataset = Means(), colours(45)
    list(fill([codec.front], dataset, 0, store))
    computed = codec.prepared(dataset.batch(range(45))).x
    assert torch.equal(read(codec.front, dataset, 0, store), computed)
    turned = Dataset(dataset.source, np.arange(45)[::-1])
    assert torch.equal(read(codec.front, turned, 0, store), computed.flip(0))


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    from helpers import save_pictures

    return Folder(str(save_pictures(tmp_path_factory.mktemp("photographs"), 15)), 32)


@pytest.mark.parametrize("parts", [[45], [1, 44], [20, 5, 20]], ids=str)
def test_the_bits_of_an_item_do_not_depend_on_its_neighbours(photographs, parts, tmp_path):
    codec = Backbone("efficientnet_lite0", size=32)
    whole = filled(codec, Dataset(photographs, np.arange(45)), tmp_path / "whole")
    order = np.random.default_rng(1).permutation(45)
    for chosen in np.split(order, np.cumsum(parts)[:-1]):
        assert torch.equal(filled(codec, Dataset(photographs, chosen), tmp_path / "parts"), whole[chosen])


def test_the_bits_do_not_depend_on_the_number_of_threads(photographs, tmp_path):
    codec, dataset = Backbone("efficientnet_lite0", size=32), Dataset(photographs, np.arange(33))
    one = filled(codec, dataset, tmp_path / "one")
    torch.set_num_threads(3)
    try:
        assert torch.equal(filled(codec, dataset, tmp_path / "three"), one)
    finally:
        torch.set_num_threads(1)


def test_views_are_different_pictures_and_the_same_each_time(tmp_path):
    codec, dataset = Means(), colours(20)
    views = [filled(codec, dataset, tmp_path / "a", view) for view in range(3)]
    assert not torch.equal(views[0], views[1]) and not torch.equal(views[1], views[2])
    alone = filled(codec, Dataset(dataset.source, np.array([7])), tmp_path / "b", 2)
    assert torch.equal(alone[0], views[2][7])


def test_an_interrupted_fill_goes_on_and_gives_the_same_bits(tmp_path):
    codec, dataset = Means(), colours(100)
    whole = filled(Means(), dataset, tmp_path / "whole")
    stopped = FeatureStore(tmp_path / "stopped")
    steps = fill([codec.front], dataset, 0, stopped)
    assert next(steps) == 0 and next(steps) > 0
    steps.close()
    stopped.close()
    before = codec.passes
    assert torch.equal(filled(codec, dataset, tmp_path / "stopped"), whole)
    whole_passes = Means()
    filled(whole_passes, dataset, tmp_path / "other")
    assert codec.passes - before < whole_passes.passes


def test_two_codecs_share_one_reading_of_the_pictures(store):
    source = Colours(64)
    one, two = Means("one"), Means("two")
    list(fill([one.front, two.front], Dataset(source, np.arange(64)), 0, store))
    assert sorted(source.reads) == list(range(64))
    assert one.passes == two.passes > 0


def test_a_codec_that_joins_later_is_filled_alone(store):
    one, two, dataset = Means("one"), Means("two"), colours(40)
    list(fill([one.front], dataset, 0, store))
    passes = one.passes
    list(fill([one.front, two.front], dataset, 0, store))
    assert one.passes == passes and two.passes > 0


def test_a_front_of_more_work_is_given_what_those_of_less_have_made(store):
    """Whatever order they are named in; and computes alone where they are stored already."""
    seen = []

    def first(batch, others):
        return batch.pixels.mean(dim=(2, 3))

    def second(batch, others):
        seen.append(set(others))
        return others["first"] * 2 if others else 2 * first(batch, {})

    short, long = Front(first, (3,), "first", work=1), Front(second, (3,), "second", work=2)
    dataset = colours(40)
    list(fill([long, short], dataset, 0, store))
    assert seen == [{"first"}] * 2
    assert torch.equal(read(long, dataset, 0, store), 2 * read(short, dataset, 0, store))
    later = Front(second, (3,), "another", work=2)
    list(fill([short, later], dataset, 0, store))
    assert seen[2:] == [set()] * 2 and torch.equal(read(later, dataset, 0, store), read(long, dataset, 0, store))


def test_an_empty_data_set_is_no_work(store):
    assert sum(fill([Means().front], colours(0), 0, store)) == 0


def damage(path, kind):
    data = path.read_bytes()
    if kind == "garbage":
        path.write_bytes(b"no database at all" * 500)
    elif kind == "truncated":
        path.write_bytes(data[: len(data) // 2])
    else:
        path.write_bytes(data[:4096] + bytes(range(256)) * ((len(data) - 4096) // 256))


@pytest.mark.parametrize("kind", ["garbage", "truncated", "overwritten"])
def test_a_damaged_store_is_named_with_the_way_out(tmp_path, kind):
    filled(Means(), colours(200), tmp_path)
    damage(tmp_path / "features-1.sqlite", kind)
    with pytest.raises(InputError, match=r"features-1\.sqlite.*GENSC_CACHE"):
        filled(Means(), colours(200), tmp_path)


def test_a_store_that_cannot_be_made_names_the_variable(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GENSC_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(InputError, match="GENSC_CACHE"):
        FeatureStore()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_store_names_the_variable(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="GENSC_CACHE"):
        FeatureStore(tmp_path / "cache")


def test_a_full_disk_names_the_variable_and_keeps_what_was_stored(tmp_path):
    codec, dataset = Means(), colours(40)
    first = filled(codec, dataset, tmp_path)
    with small_disk(16384), pytest.raises(InputError, match=r"features-1\.sqlite.*GENSC_CACHE"):
        filled(Means("other"), colours(400), tmp_path)
    assert torch.equal(filled(Means(), dataset, tmp_path), first)
