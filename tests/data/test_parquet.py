import json
import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gensc.data import parquet
from gensc.data.parquet import open_parquet
from gensc.data.picture import fingerprint
from gensc.errors import InputError


@pytest.fixture
def images(photo, encoded) -> list[bytes]:
    return [encoded(photo(seed, 32)) for seed in range(8)]


def write(path: Path, columns: dict, names: list[str] | None = None, rows: int = 3) -> str:
    table = pa.table(columns)
    if names:
        features = {"label": {"names": names, "_type": "ClassLabel"}}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, path, row_group_size=rows)
    return str(path)


def test_the_hub_layout(tmp_path, images, photo):
    cells = [{"bytes": data, "path": f"{i}.png"} for i, data in enumerate(images)]
    columns = {"image": cells, "label": [1, 0, 1, 0, 2, 2, 1, 0]}
    path = write(tmp_path / "a.parquet", columns, ["car", "bus", "van"])
    source = open_parquet(path, 32)
    assert source.classes == ("car", "bus", "van") and source.labels.tolist() == [1, 0, 1, 0, 2, 2, 1, 0]
    for index in (7, 0, 4, 3):
        assert np.array_equal(source.item(index).image, photo(index, 32))
        assert source.item(index).truth["label"] == source.labels[index]
        assert source.fingerprint(index) == fingerprint(images[index], 32)
    assert source.where(5) == f"{path} row 5"


def test_a_worker_process_gets_the_same_items(tmp_path, images):
    source = open_parquet(write(tmp_path / "a.parquet", {"image": images, "label": list("abababab")}), 32)
    first = source.item(3).image
    copy = pickle.loads(pickle.dumps(source))
    assert np.array_equal(copy.item(3).image, first) and copy.fingerprint(5) == source.fingerprint(5)
    assert copy.classes == source.classes and copy.where(7) == source.where(7)


def test_plain_bytes_and_relative_paths(tmp_path, images, photo):
    labels = list("abababab")
    plain = open_parquet(write(tmp_path / "bytes.parquet", {"image": images, "label": labels}), 32)
    (tmp_path / "pictures").mkdir()
    for index, data in enumerate(images):
        (tmp_path / "pictures" / f"{index}.png").write_bytes(data)
    paths = [f"pictures/{index}.png" for index in range(8)]
    by_path = open_parquet(write(tmp_path / "paths.parquet", {"image": paths, "label": labels}), 32)
    cells = [{"bytes": None, "path": path} for path in paths]
    by_cell = open_parquet(write(tmp_path / "cells.parquet", {"image": cells, "label": labels}), 32)
    for source in (plain, by_path, by_cell):
        assert np.array_equal(source.item(6).image, photo(6, 32))
        assert source.fingerprint(6) == plain.fingerprint(6)
    (tmp_path / "pictures" / "2.png").unlink()
    with pytest.raises(InputError, match=r"paths\.parquet row 2: its image .*pictures/2\.png cannot be read"):
        by_path.item(2)


def test_names_of_classes(tmp_path, images):
    text = {"image": images, "classification_class": ["van", "bus", *["car"] * 6]}
    assert open_parquet(write(tmp_path / "t.parquet", text), 32).classes == ("bus", "car", "van")
    named = {"image": images, "label": [5, 3, *[3] * 6], "label_name": ["five", "three", *["three"] * 6]}
    source = open_parquet(write(tmp_path / "n.parquet", named), 32)
    assert source.classes == ("three", "five") and source.labels.tolist() == [1] + [0] * 7
    bare = open_parquet(write(tmp_path / "b.parquet", {"image": images, "class": [5, 3, *[3] * 6]}), 32)
    assert bare.classes == ("3", "5") and bare.labels.tolist() == [1] + [0] * 7
    named["label_name"][2] = "drei"
    with pytest.raises(InputError, match="label_name gives a label two names"):
        open_parquet(write(tmp_path / "n.parquet", named), 32)


def test_shards_are_one_data_set(tmp_path, images, photo):
    for shard in range(2):
        part = slice(4 * shard, 4 * shard + 4)
        write(tmp_path / f"train-{shard}.parquet", {"image": images[part], "label": [shard] * 4})
    write(tmp_path / "test-0.parquet", {"image": images[:2], "label": [0, 1]})
    source = open_parquet(str(tmp_path / "train-*.parquet"), 32)
    assert len(source) == 8 and source.labels.tolist() == [0] * 4 + [1] * 4
    assert all(np.array_equal(source.item(i).image, photo(i, 32)) for i in range(8))
    assert source.where(7) == f"{tmp_path / 'train-1.parquet'} row 3"
    assert len(open_parquet(str(tmp_path), 32)) == 10
    write(tmp_path / "train-2.parquet", {"image": images[:2], "class": [0, 1]})
    with pytest.raises(InputError, match=r"train-2\.parquet: its columns differ from those of .*train-0"):
        open_parquet(str(tmp_path / "train-*.parquet"), 32)


def test_masks_boxes_and_captions(tmp_path, photo, encoded):
    mask = np.zeros((32, 64), np.uint8)
    mask[8:16, 24:40] = 1
    wide = np.concatenate([photo(0, 32)] * 2, axis=1)
    columns = {"image": [encoded(wide)] * 2, "label": [0, 1], "mask": [encoded(mask)] * 2,
               "box": [[24, 8, 40, 16]] * 2, "caption": ["a car", "a bus"]}
    item = open_parquet(write(tmp_path / "k.parquet", columns), 16).item(1)
    assert item.truth["boxes"].tolist() == [[4, 4, 12, 8]]
    assert item.truth["caption"] == "a bus" and item.truth["label"] == 1
    assert item.truth["mask"].sum() == 8 * 4 and item.truth["mask"][4:8, 4:12].all()


@pytest.mark.parametrize("column, cell, message", [
    ("box", [1, 2, 3], r"its box is \[1, 2, 3\], expected"), ("box", None, "its box is None"),
    ("box", [9, 4, 8, 8], "empty or leaves"), ("box", [0, 0, 33, 8], "empty or leaves its 32 x 32"),
    ("caption", None, "its caption is None"), ("mask", None, r"mask: no image in it \(null\)"),
    ("mask", b"torn", "mask: not an image"),
])
def test_bad_knowledge_names_its_row(tmp_path, images, encoded, column, cell, message):
    good = {"box": [0, 0, 8, 8], "caption": "a car", "mask": encoded(np.zeros((32, 32), np.uint8))}[column]
    columns = {"image": images[:2], "label": [0, 1], column: [good, cell]}
    source = open_parquet(write(tmp_path / "k.parquet", columns), 32)
    assert source.item(0).truth["label"] == 0
    with pytest.raises(InputError, match=r"k\.parquet row 1.*" + message):
        source.item(1)


def test_a_box_outside_the_kept_square_is_refused(tmp_path, encoded):
    wide = encoded(np.zeros((10, 40, 3), np.uint8))
    columns = {"image": [wide], "label": [0], "box": [[0, 0, 9, 9]]}
    source = open_parquet(write(tmp_path / "k.parquet", columns), 10)
    with pytest.raises(InputError, match="outside the central square"):
        source.item(0)


def test_a_box_without_width_is_one_pixel_wide(tmp_path, images):
    columns = {"image": images[:2], "label": [0, 1], "box": [[31, 4, 31, 9], [5, 0, 8, 0]]}
    source = open_parquet(write(tmp_path / "k.parquet", columns), 32)
    assert [source.item(i).truth["boxes"].tolist() for i in (0, 1)] == [[[31, 4, 32, 9]], [[5, 0, 8, 1]]]


@pytest.mark.parametrize("labels, message", [
    ([0, -1], "label of row 1 is -1"), ([0, None], "label of row 1 is None"), ([0.0, 1.5], "row 0 is 0.0"),
    ([True, False], "row 0 is True"), (["a", ""], "row 1 is ''"),
])
def test_bad_labels_are_refused(tmp_path, images, labels, message):
    with pytest.raises(InputError, match=r"bad\.parquet: .*" + message):
        open_parquet(write(tmp_path / "bad.parquet", {"image": images[:2], "label": labels}), 32)


def test_labels_beyond_the_class_names_are_refused(tmp_path, images):
    path = write(tmp_path / "bad.parquet", {"image": images[:2], "label": [0, 2]}, ["car", "bus"])
    with pytest.raises(InputError, match=r"label 2 \(item 1\) but its metadata names 2 classes, 0 to 1"):
        open_parquet(path, 32)


def test_missing_columns_are_named(tmp_path, images):
    with pytest.raises(InputError, match=r"no image column.*its columns are photo, label"):
        open_parquet(write(tmp_path / "a.parquet", {"photo": images, "label": [0] * 8}), 32)
    with pytest.raises(InputError, match=r"no label column.*its columns are image, kind"):
        open_parquet(write(tmp_path / "a.parquet", {"image": images, "kind": [0] * 8}), 32)


def test_null_and_torn_images_name_their_row(tmp_path, images):
    columns = {"image": [images[0], None, b"torn"], "label": [0, 1, 1]}
    source = open_parquet(write(tmp_path / "a.parquet", columns), 32)
    for read in (source.item, source.fingerprint):
        with pytest.raises(InputError, match=r"a\.parquet row 1: no image in it \(null\); drop the row"):
            read(1)
    with pytest.raises(InputError, match=r"a\.parquet row 2: not an image"):
        source.item(2)


def test_files_that_are_no_parquet_are_refused(tmp_path, images):
    with pytest.raises(InputError, match="parquet needs a path"):
        open_parquet("", 32)
    for missing in ("gone.parquet", "gone-*.parquet"):
        with pytest.raises(InputError, match="there is no such file"):
            open_parquet(str(tmp_path / missing), 32)
    with pytest.raises(InputError, match=r"no \*\.parquet in this folder"):
        open_parquet(str(tmp_path), 32)
    whole = Path(write(tmp_path / "whole.parquet", {"image": images, "label": [0] * 8}))
    data = whole.read_bytes()
    for content in (b"", b"no parquet at all", data[:len(data) // 2]):
        (tmp_path / "torn.parquet").write_bytes(content)
        with pytest.raises(InputError, match=r"torn\.parquet: not a Parquet file, or a damaged"):
            open_parquet(str(tmp_path / "torn.parquet"), 32)
    with pytest.raises(InputError, match="it has no rows"):
        open_parquet(write(tmp_path / "none.parquet", {"image": pa.array([], pa.binary()), "label": []}), 32)


def test_damage_inside_is_found_when_it_is_read(tmp_path, images):
    path = Path(write(tmp_path / "a.parquet", {"image": images, "label": [0, 1] * 4}, rows=4))
    data = bytearray(path.read_bytes())
    start = pq.ParquetFile(path).metadata.row_group(1).column(0).dictionary_page_offset
    data[start:start + 40] = b"\xff" * 40
    path.write_bytes(data)
    source = open_parquet(str(path), 32)
    assert source.item(3).truth["label"] == 1
    with pytest.raises(InputError, match=r"a\.parquet: row group 1 is damaged"):
        source.item(4)


def test_memory_stays_below_the_cache_limit(tmp_path, images, monkeypatch):
    source = open_parquet(write(tmp_path / "a.parquet", {"image": images, "label": [0] * 8}, rows=1), 32)
    limit = 3 * max(map(len, images)) + 100
    monkeypatch.setattr(parquet, "CACHE_BYTES", limit)
    read, real = [], source._files[0].read_row_group
    monkeypatch.setattr(source._files[0], "read_row_group",
                        lambda group, columns: read.append(group) or real(group, columns))
    for index in (0, 1, 0, 1, *range(8), 7):
        source.item(index)
        assert sum(table.nbytes for table in source._cache.values()) <= limit
    assert read == list(range(8))


def test_real_parquet(real_data: Path):
    source = open_parquet(str(real_data / "vehicles64" / "train.parquet"), 64)
    assert len(source) == 8000 and len(source.classes) == 16 and source.labels.max() == 15
    for index in (0, 999, 7999):
        item = source.item(index)
        (x0, y0, x1, y1), = item.truth["boxes"]
        assert item.image.shape == (64, 64, 3) and 0 <= x0 < x1 <= 64 and 0 <= y0 < y1 <= 64
