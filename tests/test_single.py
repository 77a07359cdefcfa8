"""One link at a time: train, then score it on any data of the same classes."""

import csv
import io

import numpy as np
import pytest
import torch
from PIL import Image

from gensc import config
from gensc.errors import InputError
from gensc.experiment import linkfile
from gensc.experiment.single import COLUMNS, score, train_one
from helpers import call, finished, picture, points, refused, save_pictures, tiny_toml


@pytest.fixture
def link(tmp_path_factory, one):
    """A link file of the finished run, trained with seed 0."""
    files = sorted((finished(tmp_path_factory) / "links").iterdir())
    return next(file for file in files if linkfile.load(file)[1].seed == 0)


def scored(link, data, snr_db, seed):
    return score(str(link), data, snr_db, seed).table


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def accuracy(text):
    return [float(row["value"]) for row in rows(text) if row["metric"] == "accuracy"]


def test_the_table_has_its_columns_and_a_row_for_every_snr_and_metric(link, one):
    text = scored(link, f"folder:{one.folder}", (0.0, 10.0, float("inf")), 0)
    table = rows(text)
    assert tuple(table[0]) == COLUMNS == ("link", "snr_db", "uses", "metric", "value", "low", "high", "items")
    metrics = {row["metric"] for row in table}
    assert metrics >= {"accuracy", "f1"}
    assert [(row["snr_db"], row["metric"]) for row in table] == [
        (snr_db, metric) for snr_db in ("0", "10", "inf") for metric in list(dict.fromkeys(r["metric"] for r in table))]
    for row in table:
        assert row["link"] == link.name and float(row["uses"]) == 640
        assert int(row["items"]) == 36 - len(linkfile.load(link)[1].seen) > 0
        assert 0 <= float(row["low"]) <= float(row["value"]) <= float(row["high"]) <= 1
    assert scored(link, f"folder:{one.folder}", (0.0, 10.0, float("inf")), 0) == text


def test_the_link_has_learnt_and_noise_hurts(link, one):
    clean, noisy = accuracy(scored(link, f"folder:{one.folder}", (30.0, -25.0), 0))
    assert clean > 0.8 and noisy < clean - 0.2


def test_classes_in_another_order_get_the_right_labels(link, tmp_path):
    """A Parquet file whose labels number the classes the other way round."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = save_pictures(tmp_path / "new", 8, first=50)
    names = ["red", "green", "blue"]
    found = [(names.index(file.parent.name), file) for file in sorted(folder.rglob("*.png"))]
    features = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
    import json

    table = pa.table({"image": [file.read_bytes() for _, file in found], "label": [label for label, _ in found]})
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps(features)}), tmp_path / "new.parquet")
    right = scored(link, f"folder:{folder}", (30.0,), 0)
    assert accuracy(right)[0] > 0.8
    assert scored(link, f"parquet:{tmp_path / 'new.parquet'}", (30.0,), 0) == right


def test_swapped_pictures_are_wrong(link, tmp_path):
    """What the test before relies on: labels decide."""
    folder = save_pictures(tmp_path / "swapped", 8, 50, {"blue": "red", "green": "blue", "red": "green"})
    assert accuracy(scored(link, f"folder:{folder}", (30.0,), 0))[0] < 0.2


@pytest.mark.parametrize(("classes", "words"), [
    ({"blue": "blue", "red": "red"}, "missing: green"),
    ({"blue": "blue", "green": "green", "red": "red", "grey": "red"}, "unknown: grey"),
])
def test_other_classes_are_refused_by_name(link, classes, words, tmp_path):
    folder = save_pictures(tmp_path / "other", 3, 70, classes)
    refused(call("eval", link, "--data", f"folder:{folder}"), words)


def test_one_picture_a_class_is_enough_to_be_scored(link, tmp_path):
    """Scoring splits nothing."""
    folder = save_pictures(tmp_path / "few", 1, 90)
    assert {row["items"] for row in rows(scored(link, f"folder:{folder}", (10.0,), 0))} == {"3"}


def test_eval_writes_what_it_prints(link, one, tmp_path):
    command = ("eval", link, "--data", f"folder:{one.folder}", "--snr-db", "-5,10")
    printed = call(*command)
    written = call(*command, "--out", tmp_path / "new" / "a.csv")
    assert printed.code == written.code == 0, written.err
    assert (tmp_path / "new" / "a.csv").read_text() == printed.out
    assert {row["snr_db"] for row in rows(printed.out)} == {"-5", "10"}


def test_a_link_scores_the_same_in_a_run_and_alone(link, one, tmp_path_factory):
    """The run's own test items, scored through the folder: the noise is the item's, not the batch's."""
    from gensc.data.dataset import Dataset
    from gensc.experiment.evaluate import evaluate
    from gensc.experiment.feed import Feed
    from gensc.experiment.run import load_splits
    from gensc.rng import Rng

    trained, card = linkfile.load(link)
    test = load_splits(card.experiment).test
    kept = next(p for p in points(finished(tmp_path_factory)) if p.job.startswith(link.stem) and p.snr_db == -20)
    stored = trained.codec.prepared(test.batch(range(len(test)))).x
    columns = evaluate(trained, Feed(test, test.items, stored[None], ("label",)), -20.0, "receiver",
                       Rng.seeded(0).child("test")).columns
    assert np.array_equal(columns["label"], kept.columns["label"])
    assert np.array_equal(columns["predicted"], kept.columns["predicted"])
    assert isinstance(test, Dataset)


def test_train_makes_the_link_of_the_run(link, one, tmp_path):
    """`gensc train` and `gensc run` give the same link for the same experiment and seed."""
    said = call("train", one.file, "--out", tmp_path / "a.safetensors")
    assert said.code == 0 and "validation loss" in said.out, said.err
    assert [file.name for file in tmp_path.iterdir()] == ["a.safetensors"]
    made, wanted = linkfile.load(tmp_path / "a.safetensors")[0], linkfile.load(link)[0]
    for name, value in wanted.state_dict().items():
        assert torch.equal(made.state_dict()[name], value), name


def test_a_training_that_was_stopped_goes_on_beside_its_file(one, tmp_path, monkeypatch):
    from gensc.experiment import single

    experiment = config.changed(one.experiment, {"train.epochs": 6, "seeds": [0]})
    train_one(experiment, tmp_path / "whole.safetensors")

    def stopped(steps, what, total):
        for done, step in enumerate(steps):
            if "training" in what and done == 3:
                raise KeyboardInterrupt
            yield step

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(single, "track", stopped)
        train_one(experiment, tmp_path / "a.safetensors")
    assert [file.suffix for file in tmp_path.glob("a*")] == [".ckpt"]
    train_one(experiment, tmp_path / "a.safetensors")
    assert [file.suffix for file in tmp_path.glob("a*")] == [".safetensors"]
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "whole.safetensors").read_bytes()


@pytest.fixture
def odd(tmp_path):
    """A folder of five pictures of two shapes that no block divides."""
    folder = tmp_path / "odd" / "photos"
    folder.mkdir(parents=True)
    for place, (height, width) in enumerate([(61, 83), (70, 45), (61, 83), (70, 45), (61, 83)]):
        pixels = picture(place, (200, 150, 90), 96)[:height, :width]
        Image.fromarray(pixels).save(folder / f"{place}.png")
    return folder.parent


@pytest.mark.parametrize("name", ["jscc-photographs", "restored-photographs"])
def test_a_packaged_link_scores_pictures_as_they_are(odd, name):
    """Of several shapes in one folder: nothing is cropped, and each costs its share of its own size."""
    said = call("eval", name, "--data", f"folder:{odd}", "--cbr", "1/12", "--snr-db", "5,15")
    assert said.code == 0, said.err
    table = rows(said.out)
    psnr = [float(row["value"]) for row in table if row["metric"] == "psnr"]
    assert psnr[1] > psnr[0] > 20 and {row["items"] for row in table} == {"5"}
    uses = [int(h * w / 4) for h, w in ((61, 83), (70, 45))]
    mean = (3 * uses[0] + 2 * uses[1]) / 5
    assert all(float(row["uses"]) == pytest.approx(mean, abs=1.0) for row in table)
    square = call("eval", name, "--data", f"folder:{odd}", "--cbr", "1/12", "--snr-db", "5", "--size", "40")
    assert {float(row["uses"]) for row in rows(square.out)} == {3 * 40 * 40 / 12}


def test_pictures_that_a_link_has_seen_are_known_at_any_size(odd, tmp_path):
    """Trained on parts of them, as they are: their marks do not depend on the size."""
    (tmp_path / "a.toml").write_text(JSCC.format(folder=odd))
    said = call("train", tmp_path / "a.toml", "--out", tmp_path / "a.safetensors")
    assert said.code == 0 and "validation loss" in said.out, said.err
    seen = linkfile.load(tmp_path / "a.safetensors")[1].seen
    assert len(seen) == 4
    for more in ((), ("--size", "32")):
        said = call("eval", tmp_path / "a.safetensors", "--data", f"folder:{odd}", "--snr-db", "10", *more)
        assert said.code == 0 and "left out 4 pictures" in said.err, said.err
        assert rows(said.out)[0]["items"] == "1"


JSCC = """
seeds = [0]
[data]
source = "folder:{folder}"
size = 0
test_share = 0.2
validation = 0.25
[link]
codec = {{name = "jscc", cbr = 0.0833}}
transport = {{name = "symbols"}}
task = {{name = "reconstruct", metrics = ["psnr"]}}
[train]
epochs = 1
batch = 3
crop = 32
"""


def test_the_device_of_a_training_is_in_its_link_file(one, tmp_path):
    experiment = config.changed(one.experiment, {"train.epochs": 1, "seeds": [0], "device": "cpu"})
    assert train_one(experiment, tmp_path / "a.safetensors")["device"] == "cpu"
    assert linkfile.load(tmp_path / "a.safetensors")[1].experiment.device == "cpu"


def test_a_device_that_is_not_here_is_refused(link, one, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for command in (("eval", link, "--data", f"folder:{one.folder}"), ("run", one.file), ("train", one.file, "--out",
                                                                                          "x.safetensors")):
        refused(call(*command, "--device", "cuda"), "'cuda'", "cpu", "auto")
        refused(call(*command, "--device", "gpu"), "'gpu'", "auto", "cuda")


def test_several_links_are_no_single_one(one, tmp_path):
    experiment = config.changed(one.experiment, {"grid": {"link.channel.name": ["awgn", "rayleigh"]}})
    with pytest.raises(InputError, match=r"2 links.*gensc run"):
        train_one(experiment, tmp_path / "a.safetensors")


@pytest.mark.slow
def test_a_folder_from_scratch_through_the_whole_pipeline(tmp_path, monkeypatch):
    monkeypatch.setenv("GENSC_CACHE", str(tmp_path / "cache"))
    folder = save_pictures(tmp_path / "pictures", 20)
    text = tiny_toml(folder, epochs=4).replace('"efficientnet_lite0"', '"mobilenetv3_small_050", mode = "scratch"')
    (tmp_path / "a.toml").write_text(text)
    assert call("train", tmp_path / "a.toml", "--out", tmp_path / "a.safetensors").code == 0
    said = call("eval", tmp_path / "a.safetensors", "--data", f"folder:{folder}", "--snr-db", "10")
    assert said.code == 0 and rows(said.out)[0]["items"] == "15" and "left out 45 pictures" in said.err
