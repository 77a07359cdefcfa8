"""Bad pictures through the whole command line: exit code 2 and one sentence that names the file."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from gensc.experiment import sweep
from helpers import call, environment, gensc, picture, refused, save_pictures, serial, tiny_toml


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GENSC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sweep, "run_jobs", serial)


@pytest.fixture
def folder(tmp_path):
    return save_pictures(tmp_path / "pictures", 4)


def run(tmp_path, data, call=call, **how):
    (tmp_path / "a.toml").write_text(tiny_toml(tmp_path / "pictures"))
    return call("run", tmp_path / "a.toml", "--data", data, "--out", tmp_path / "out", **how)


def truncated(file):
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])


@pytest.mark.parametrize("damage", [
    truncated,
    lambda file: file.write_bytes(b""),
    lambda file: file.write_bytes(b"no picture"),
    lambda file: Image.fromarray(np.zeros((2, 2), dtype=np.float32)).save(file, "TIFF"),
], ids=["truncated", "empty", "text", "real-valued"])
@pytest.mark.parametrize("place", [0, 3])
def test_a_damaged_picture_is_named(folder, tmp_path, damage, place):
    file = sorted((folder / "green").iterdir())[place]
    damage(file)
    refused(run(tmp_path, f"folder:{folder}"), file)


def test_a_damaged_picture_is_named_by_the_installed_command(folder, tmp_path):
    truncated(folder / "green" / "002.png")
    said = run(tmp_path, f"folder:{folder}", gensc, env=environment(tmp_path / "cache"))
    refused(said, folder / "green" / "002.png")


def test_a_truncated_jpeg_is_named(folder, tmp_path):
    file = folder / "green" / "big.jpg"
    Image.fromarray(picture(7, (200, 10, 10), 200)).save(file)
    truncated(file)
    refused(run(tmp_path, f"folder:{folder}"), file)


@pytest.mark.parametrize("count", [1, 2])
def test_a_class_of_too_few_pictures_is_named(folder, tmp_path, count):
    for file in sorted((folder / "green").iterdir())[count:]:
        file.unlink()
    refused(run(tmp_path, f"folder:{folder}"), "'green'", f"{count} item")


def test_an_empty_folder_is_named(tmp_path):
    (tmp_path / "empty").mkdir()
    refused(run(tmp_path, f"folder:{tmp_path / 'empty'}"), tmp_path / "empty", "empty")


def test_a_folder_of_no_pictures_is_named(tmp_path):
    (tmp_path / "texts" / "green").mkdir(parents=True)
    (tmp_path / "texts" / "green" / "a.txt").write_text("no picture")
    refused(run(tmp_path, f"folder:{tmp_path / 'texts'}"), tmp_path / "texts")


def test_a_folder_that_is_not_there_is_named(tmp_path):
    refused(run(tmp_path, "folder:nowhere"), "nowhere")


def test_a_folder_of_one_class_is_refused(tmp_path):
    folder = save_pictures(tmp_path / "one", 8, 0, {"green": "green"})
    refused(run(tmp_path, f"folder:{folder}"), "class")


def test_a_folder_whose_picture_vanished_on_the_way_is_named(folder, tmp_path, monkeypatch):
    from gensc.experiment import run as runner

    load = runner.load_splits

    def then_gone(experiment):
        splits = load(experiment)
        (folder / "green" / "001.png").unlink()
        return splits

    monkeypatch.setattr(runner, "load_splits", then_gone)
    refused(run(tmp_path, f"folder:{folder}"), folder / "green" / "001.png")


def table(path, rows=12, damage=lambda images: images):
    images = []
    for seed in range(rows):
        buffer = io.BytesIO()
        Image.fromarray(picture(seed, (40, 200, 60))).save(buffer, "PNG")
        images.append(buffer.getvalue())
    pq.write_table(pa.table({"image": damage(images), "label": [seed % 3 for seed in range(rows)]}), path)
    return path


@pytest.mark.parametrize("share", [0.0, 0.5, 0.98])
def test_a_truncated_parquet_file_is_named(tmp_path, share):
    file = table(tmp_path / "a.parquet")
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    refused(run(tmp_path, f"parquet:{file}"), file)


def test_a_parquet_file_with_damaged_pages_is_named(tmp_path):
    file = table(tmp_path / "a.parquet")
    data = bytearray(file.read_bytes())
    data[20 : len(data) // 2] = b"\xa5" * (len(data) // 2 - 20)
    file.write_bytes(data)
    refused(run(tmp_path, f"parquet:{file}"), file)


@pytest.mark.parametrize("bad", [b"no picture", None, b""], ids=str)
def test_a_damaged_picture_in_a_parquet_file_is_named_by_its_row(tmp_path, bad):
    file = table(tmp_path / "a.parquet", damage=lambda images: [*images[:5], bad, *images[6:]])
    refused(run(tmp_path, f"parquet:{file}"), f"{file} row 5")


def test_a_test_set_with_training_pictures_is_refused(folder, tmp_path):
    (tmp_path / "a.toml").write_text(tiny_toml(folder))
    said = call("run", tmp_path / "a.toml", "--test", f"folder:{folder}", "--out", tmp_path / "out")
    assert said.code == 2 and "Traceback" not in said.err
    assert "test pictures are also in the training" in said.err and str(folder) in said.err
