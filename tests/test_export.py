"""Exported data sets, read as others read them."""

import errno
import hashlib
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from gensc.codec.backbone import Backbone
from gensc.data.dataset import Dataset
from gensc.data.open import open_source
from gensc.data.source import Item, Source
from gensc.errors import InputError
from gensc.export import augmented, encode, threads
from gensc.export.augmented import export
from gensc.export.overview import digest, look
from gensc.export.rendered import make
from gensc.export.schema import noisy_column
from gensc.machine.files import whole_folder

SPEC, SIZE, ITEMS = "vehicles:24:3", 64, 24
MODEL = "efficientnet_lite0"
CLEAN = f"classification_{MODEL}_features"
LEVELS = (-10.0, 2.5, 10.0, 30.0)
NOISY = [f"classification_awgn{level}dB_{MODEL}_features" for level in ("-10", "2.5", "10", "30")]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("export") / "set"
    assert export(SPEC, [MODEL], LEVELS, out, SIZE) == ITEMS
    return out


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable]:
    """hub(folder): its shards as the datasets package loads them, without a network."""
    home = str(tmp_path_factory.mktemp("hub"))

    def refuse(*_: object) -> None:
        raise AssertionError("the test went to the network")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HOME", home)
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("HF_DATASETS_OFFLINE", "1")
        patch.setattr(socket.socket, "connect", refuse)
        import datasets

        yield lambda folder: datasets.load_dataset("parquet", data_files=str(folder / "*.parquet"), split="train",
                                                   cache_dir=home)


@pytest.fixture
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "GROUP", 8)
    monkeypatch.setattr(augmented, "GROUP", 8)


def columns(folder: Path, *names: str) -> list[np.ndarray]:
    """Vector columns of all shards, float32 [N,F]."""
    tables = [pq.read_table(file) for file in sorted(folder.glob("*.parquet"))]
    return [np.concatenate([np.stack(table[name].to_numpy()) for table in tables]) for name in names]


def test_the_datasets_package_opens_it_with_its_types(exported, hub):
    loaded = hub(exported)
    assert loaded.column_names == ["image", "image_path", "classification_class", CLEAN, *NOISY, "mask", "box",
                                   "caption"]
    kinds = {name: type(feature).__name__ for name, feature in loaded.features.items()}
    assert kinds["image"] == kinds["mask"] == "Image" and kinds["classification_class"] == "ClassLabel"
    for name in (CLEAN, *NOISY):
        assert loaded.features[name].length == 1000 and loaded.features[name].feature.dtype == "float32"
    source = open_source(SPEC, SIZE)
    assert tuple(loaded.features["classification_class"].names) == source.classes
    for index in (0, 17, 23):
        row, item = loaded[index], source.item(index)
        assert np.array_equal(np.asarray(row["image"]), item.image)
        assert np.array_equal(np.asarray(row["mask"]), item.truth["mask"].astype(np.uint8) * 255)
        assert row["classification_class"] == item.truth["label"] and row["image_path"] == source.where(index)
        assert row["box"] == item.truth["boxes"][0].tolist() and row["caption"] == item.truth["caption"]


def test_a_source_without_masks_has_no_such_columns(tmp_path, hub):
    make(32, tmp_path / "made", 32)
    export(f"folder:{tmp_path / 'made' / 'images'}", [MODEL], [10.0], tmp_path / "set", 32)
    assert hub(tmp_path / "set").column_names == ["image", "image_path", "classification_class", CLEAN, NOISY[2]]


def test_the_clean_column_is_what_the_codec_gives(exported):
    source = open_source(SPEC, SIZE)
    batch = Dataset(source, np.arange(ITEMS)).batch(range(ITEMS))
    codec = Backbone(MODEL, output="logits", size=SIZE)
    assert np.allclose(columns(exported, CLEAN)[0], codec.prepared(batch).pixels.numpy(), atol=1e-4)


@pytest.mark.parametrize(("name", "level"), list(zip(NOISY, LEVELS, strict=True)))
def test_the_snr_of_a_noisy_column_is_the_one_in_its_name(exported, name, level):
    clean, noisy = columns(exported, CLEAN, name)
    ratios = ((noisy - clean) ** 2).mean(axis=1) / (clean**2).mean(axis=1)
    assert abs(-10 * np.log10(ratios.mean()) - level) < 0.1
    # Item by item: a common noise power for the whole batch would spread as the items' powers do.
    assert np.abs(-10 * np.log10(ratios) - level).max() < 0.8


def test_an_odd_number_of_features_keeps_the_snr():
    clean = torch.randn(40, 7, generator=torch.Generator().manual_seed(0)).repeat(200, 1)
    noise = encode.noisy(clean, 10.0, range(len(clean)), seed=0) - clean
    # A zero fills the fourth symbol: the noise on it, an eighth of all, is not among the 7 values.
    ratio = (noise.square().sum(dim=1) * 8 / 7 / clean.square().sum(dim=1)).mean()
    assert abs(-10 * ratio.log10() - 10) < 0.1


def test_noise_differs_by_item_seed_and_snr_and_repeats():
    clean = torch.ones(2, 100)
    one = encode.noisy(clean, 10.0, [5, 6], seed=0) - clean
    assert torch.equal(one, encode.noisy(clean, 10.0, [5, 6], seed=0) - clean)
    assert torch.equal(one[1:], encode.noisy(clean[1:], 10.0, [6], seed=0) - clean[1:])
    likeness = [torch.corrcoef(torch.stack([one[0], other]))[0, 1].abs() for other in (
        one[1], (encode.noisy(clean, 10.0, [5, 6], seed=1) - clean)[0],
        (encode.noisy(clean, 20.0, [5, 6], seed=0) - clean)[0])]
    assert max(likeness) < 0.35


def test_groups_and_shards_change_no_bit(exported, tmp_path, hub, monkeypatch, small_groups):
    monkeypatch.setattr(augmented, "SHARD_BYTES", 1)
    export(SPEC, [MODEL], LEVELS, tmp_path / "set", SIZE)
    names = sorted(file.name for file in tmp_path.joinpath("set").iterdir())
    assert names == ["README.md", *(f"data-0000{i}-of-00003.parquet" for i in range(3))]
    for ours, theirs in zip(columns(tmp_path / "set", CLEAN, *NOISY), columns(exported, CLEAN, *NOISY), strict=True):
        assert np.array_equal(ours, theirs)
    assert hub(tmp_path / "set")["image_path"][:] == hub(exported)["image_path"][:]


def test_row_groups_are_small(exported, tmp_path, small_groups):
    export(SPEC, [MODEL], [10.0], tmp_path / "set", SIZE)
    metadata = pq.ParquetFile(next((tmp_path / "set").glob("*.parquet"))).metadata
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)] == [8, 8, 8]


def test_it_opens_again_as_a_source(exported):
    source, again = open_source(SPEC, SIZE), open_source(f"parquet:{exported}", SIZE)
    assert again.classes == source.classes and np.array_equal(again.labels, source.labels)
    item, kept = source.item(5), again.item(5)
    assert np.array_equal(kept.image, item.image) and np.array_equal(kept.truth["mask"], item.truth["mask"])
    assert np.array_equal(kept.truth["boxes"], item.truth["boxes"])
    assert kept.truth["caption"] == item.truth["caption"]


def test_the_card_says_how_it_was_made(exported):
    card = (exported / "README.md").read_text()
    weights = Backbone(MODEL, output="logits", size=SIZE).weights
    for said in (f"gensc data export --data {SPEC} --backbones {MODEL} --snr-db -10,2.5,10,30 --size 64 --seed 0",
                 digest(open_source(SPEC, SIZE)), weights, "24 items of 16 classes", "Licence", *NOISY):
        assert said in card


def test_names_of_columns_never_meet():
    numbers = (10.0, -10.0, 0.0, -0.0, 1e-7, 2.5, 2.5000001)
    assert [noisy_column("m", one)[len("classification_awgn"):-len("dB_m_features")] for one in numbers] == [
        "10", "-10", "0", "0", "1e-07", "2.5", "2.5000001"]


def test_an_interrupt_leaves_nothing(tmp_path, monkeypatch, small_groups):
    calls = iter(range(9))

    def stopped(codec: Backbone, images: torch.Tensor) -> torch.Tensor:
        if next(calls) == 2:
            assert [path.suffix for path in tmp_path.iterdir()] == [".part"]
            raise KeyboardInterrupt
        return encode.logits(codec, images)

    monkeypatch.setattr(augmented, "logits", stopped)
    with pytest.raises(KeyboardInterrupt):
        export(SPEC, [MODEL], [10.0], tmp_path / "set", SIZE)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_nothing_and_is_named(tmp_path, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    with pytest.raises(InputError, match=r"set can't be written \(No space left on device\), and nothing is left"):
        export(SPEC, [MODEL], [10.0], tmp_path / "set", SIZE)
    assert list(tmp_path.iterdir()) == []


def test_a_taken_folder_is_refused_before_any_work(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match="set is not empty"):
        export("no such source", [MODEL], [10.0], tmp_path / "set", SIZE)
    with pytest.raises(InputError, match=r"mine\.txt is a file"):
        make(4, tmp_path / "set" / "mine.txt", 32)
    assert (tmp_path / "set" / "mine.txt").read_text() == "keep"


def test_an_empty_folder_and_missing_parents_are_taken(tmp_path):
    (tmp_path / "empty").mkdir()
    for out in (tmp_path / "empty", tmp_path / "a" / "b"):
        with whole_folder(out) as folder:
            (folder / "file").write_text("in")
        assert (out / "file").read_text() == "in" and len(list(out.parent.glob(".*"))) == 0


@pytest.mark.parametrize(("backbones", "levels", "message"), [
    ([], [10.0], "--backbones is empty"),
    ([MODEL, MODEL], [10.0], f"--backbones names {MODEL} 2 times"),
    (["efficientnet_lite00"], [10.0], r"no backbone 'efficientnet_lite00' \(did you mean 'efficientnet_lite0'"),
    (["resnet50"], [10.0], "run `gensc zoo pull resnet50`"),
    ([MODEL], [], "--snr-db is empty"),
    ([MODEL], [0.0, -0.0], "--snr-db names 0.0 2 times"),
    ([MODEL], [float("nan")], "--snr-db holds nan"),
    ([MODEL], [float("inf")], "--snr-db holds inf"),
    ([MODEL], [-101], "--snr-db holds -101"),
])
def test_bad_options_are_named(tmp_path, monkeypatch, backbones, levels, message):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(InputError, match=message):
        export(SPEC, backbones, levels, tmp_path / "set", SIZE)
    assert not (tmp_path / "set").exists()


class Uneven(Source):
    """Two pictures, of which the second has no caption."""

    spec, classes, labels = "uneven", ("a",), np.zeros(2, dtype=np.int64)

    def item(self, index: int) -> Item:
        return Item(np.zeros((32, 32, 3), dtype=np.uint8), {"label": 0, **({} if index else {"caption": "black"})})

    def fingerprint(self, index: int) -> str:
        return hashlib.sha256(bytes([index])).hexdigest()

    def where(self, index: int) -> str:
        return f"uneven {index}"


def test_items_that_know_different_things_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(augmented, "open_source", lambda spec, size: Uneven())
    with pytest.raises(InputError, match="uneven 1: it has nothing besides its class, but the first item has caption"):
        export("uneven", [MODEL], [10.0], tmp_path / "set", 32)
    assert list(tmp_path.iterdir()) == []


class Crowded(Uneven):
    """Two pictures, of which the second has what one column of the format can't hold."""

    def __init__(self, truth: dict) -> None:
        self._second = truth

    def item(self, index: int) -> Item:
        good = {"label": 0, "mask": np.ones((32, 32), np.uint8), "boxes": np.array([[0, 0, 2, 2]], np.float32)}
        return Item(np.zeros((32, 32, 3), dtype=np.uint8), {**good, **(self._second if index else {})})


@pytest.mark.parametrize(("truth", "message"), [
    ({"boxes": np.zeros((2, 4), np.float32)}, "uneven 1: it has 2 boxes and a mask of numbers up to 1"),
    ({"boxes": np.zeros((0, 4), np.float32)}, "uneven 1: it has 0 boxes"),
    ({"mask": np.full((32, 32), 255, np.uint8)}, "uneven 1: it has 1 boxes and a mask of numbers up to 255"),
])
def test_truth_without_a_place_in_the_format_is_refused(tmp_path, monkeypatch, truth, message):
    monkeypatch.setattr(augmented, "open_source", lambda spec, size: Crowded(truth))
    with pytest.raises(InputError, match=message):
        export("uneven", [MODEL], [10.0], tmp_path / "set", 32)
    assert list(tmp_path.iterdir()) == []


def test_pictures_without_classes_are_refused(tmp_path):
    make(32, tmp_path / "made", 32)
    with pytest.raises(InputError, match=r"SUV has no classes, .*give pictures in class folders"):
        export(f"folder:{tmp_path / 'made' / 'images' / 'SUV'}", [MODEL], [10.0], tmp_path / "set", 32)


def test_a_made_folder_opens_with_the_same_pictures(tmp_path):
    make(32, tmp_path / "made", 32, seed=4)
    source, folder = open_source("vehicles:32:4", 32), open_source(f"folder:{tmp_path / 'made' / 'images'}", 32)
    assert sorted(source.classes) == list(folder.classes) and len(folder) == 32
    lines = (tmp_path / "made" / "items.csv").read_text().splitlines()
    assert lines[0] == "file,class,x0,y0,x1,y1,caption" and len(lines) == 33
    for index in range(32):
        file = Path(folder.where(index))
        item = source.item(int(file.stem))
        assert np.array_equal(folder.item(index).image, item.image)
        assert folder.classes[folder.labels[index]] == source.classes[item.truth["label"]]
        mask = np.asarray(Image.open(tmp_path / "made" / "masks" / file.parent.name / file.name))
        assert np.array_equal(mask, item.truth["mask"].astype(np.uint8) * 255)
        box = ",".join(f"{edge:g}" for edge in item.truth["boxes"][0])
        assert lines[1 + int(file.stem)].startswith(f"images/{file.parent.name}/{file.name},{file.parent.name},{box},")


def test_look_counts_what_is_unreadable_and_what_is_there_twice(tmp_path):
    make(32, tmp_path / "made", 64)
    images = tmp_path / "made" / "images"
    cars, tanks = images / "Sedan_Car", images / "Military_Tank"
    first, second = sorted(cars.iterdir())
    (cars / "copy.png").write_bytes(first.read_bytes())
    Image.open(second).save(cars / "again.jpg", quality=90)
    whole = look(open_source(f"folder:{images}", 64))
    assert whole.counts["Sedan_Car"] == 4 and whole.counts["Military_Tank"] == 2 and whole.unreadable == ()
    # Sorted by name, "again.jpg" comes before the picture that it was made of.
    assert {kind: set(pair) for *pair, kind in whole.copies} == {
        "exact": {str(first), str(cars / "copy.png")}, "near": {str(second), str(cars / "again.jpg")}}
    assert whole.digest == digest(open_source(f"folder:{images}", 64))
    for torn in (first, *tanks.iterdir()):
        torn.write_bytes(b"torn")
    broken = look(open_source(f"folder:{images}", 64))
    assert len(broken.unreadable) == 3 and any(str(first) in reason for reason in broken.unreadable)
    assert broken.digest is None and broken.samples["Military_Tank"] == [] and len(broken.samples["Sedan_Car"]) == 3


def test_the_metadata_is_what_the_hub_writes(exported):
    schema = pq.read_schema(next(exported.glob("*.parquet")))
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert list(features) == schema.names and features["image"] == {"_type": "Image"}
