import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gensc.data.dataset import Dataset, load
from gensc.data.folder import Folder
from gensc.data.open import open_source
from gensc.errors import InputError
from gensc.rng import Rng


@pytest.fixture
def animals(class_folder) -> Path:
    return class_folder("animals", cat=10, dog=10)


def test_a_batch_of_a_folder(animals, photo):
    data = Dataset(Folder(str(animals), 48), np.array([12, 3, 7, 19]))
    assert len(data) == 4 and data.labels.tolist() == [1, 0, 0, 1]
    batch = data.batch([3, 0])
    assert batch.x.shape == (2, 3, 48, 48) and batch.x.dtype == torch.float32 and batch.x.is_contiguous()
    assert np.array_equal((batch.x[0].permute(1, 2, 0) * 255).round().numpy().astype(np.uint8), photo(19))
    assert batch.truth["label"].tolist() == [1, 1] and batch.truth["label"].dtype == torch.int64
    assert batch.item.tolist() == [int(data.fingerprints[p][:16], 16) >> 1 for p in (3, 0)]
    assert set(batch.truth) == {"label"}
    assert data.where(1) == str(animals / "cat" / "003.png")


def test_a_picture_keeps_its_identity_in_any_data_set(animals):
    source = Folder(str(animals), 48)
    one, other = Dataset(source, np.arange(20)), Dataset(source, np.array([5, 4]))
    assert one.batch([4]).item.tolist() == other.batch([1]).item.tolist()
    assert one.fingerprints[4] == other.fingerprints[1] == source.fingerprint(4)
    assert one.items[4] == other.items[1] == one.batch([4]).item.item()


def test_views_are_augmented_by_item_whatever_the_batch(animals):
    data, rng = Dataset(Folder(str(animals), 48), np.arange(20)), Rng.seeded(0, "train")
    plain, viewed = data.batch(range(6)), data.batch(range(6), view=1, rng=rng)
    assert not torch.equal(plain.x, viewed.x) and torch.equal(plain.item, viewed.item)
    assert torch.equal(viewed.x[4], data.batch([9, 4], view=1, rng=rng).x[1])
    assert not torch.equal(viewed.x, data.batch(range(6), view=2, rng=rng).x)
    assert viewed.x.min() >= 0 and viewed.x.max() <= 1
    with pytest.raises(ValueError, match="view 1 draws at random; give rng"):
        data.batch([0], view=1)


def test_rendered_vehicles_know_more_and_views_know_less():
    data = Dataset(open_source("vehicles:16", 32), np.arange(16))
    batch = data.batch([0, 5])
    assert batch.truth["mask"].shape == (2, 32, 32) and batch.truth["mask"].dtype == torch.int64
    assert [(one.shape, one.dtype) for one in batch.truth["boxes"]] == [((1, 4), torch.float32)] * 2
    assert len(batch.truth["caption"]) == 2 and all(isinstance(text, str) for text in batch.truth["caption"])
    view = data.batch([0, 5], view=1, rng=Rng.seeded(0))
    assert set(view.truth) == {"label", "caption"} and view.truth["caption"] == batch.truth["caption"]
    assert torch.equal(view.truth["label"], batch.truth["label"])


def test_load_splits_and_identifies(animals):
    first = load(f"folder:{animals}", size=48, validation=0.2, test_share=0.3)
    assert [len(first.train), len(first.validation), len(first.test)] == [12, 2, 6]
    assert first.classes == ("cat", "dog") and re.fullmatch("[0-9a-f]{64}", first.digest)
    everyone = first.train.fingerprints + first.validation.fingerprints + first.test.fingerprints
    assert len(set(everyone)) == 20
    assert load(f"folder:{animals}", size=48, validation=0.2, test_share=0.3).digest == first.digest
    assert load(f"folder:{animals}", size=48, seed=1, validation=0.2, test_share=0.3).digest != first.digest
    assert load(f"folder:{animals}", size=32, validation=0.2, test_share=0.3).digest != first.digest


def test_the_digest_sees_labels(animals):
    before = load(f"folder:{animals}", size=48).digest
    (animals / "cat").rename(animals / "rat")  # "rat" sorts after "dog": every label turns
    assert load(f"folder:{animals}", size=48).digest != before


def test_a_test_source_of_its_own(animals, class_folder):
    other = class_folder("others", first_seed=100, cat=2, dog=3)
    splits = load(f"folder:{animals}", f"folder:{other}", size=48, validation=0.2)
    assert [len(splits.train), len(splits.validation), len(splits.test)] == [16, 4, 5]
    assert splits.test.labels.tolist() == [0, 0, 1, 1, 1]


def test_test_labels_follow_the_training_names(tmp_path, animals, photo, encoded):
    import json

    import pyarrow as pa
    import pyarrow.parquet as pq

    features = {"label": {"names": ["dog", "cat"], "_type": "ClassLabel"}}
    table = pa.table({"image": [encoded(photo(200 + i)) for i in range(3)], "label": [0, 1, 0]})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, tmp_path / "test.parquet")
    test = load(f"folder:{animals}", f"parquet:{tmp_path}/test.parquet", size=48).test
    assert test.source.classes == ("cat", "dog")
    assert test.labels.tolist() == test.batch([0, 1, 2]).truth["label"].tolist() == [1, 0, 1]
    assert test.where(2).endswith("test.parquet row 2")


def test_other_test_classes_are_refused(animals, class_folder):
    other = class_folder("others", first_seed=100, cat=2, cow=2)
    with pytest.raises(InputError, match=r"others: its classes .*unknown: cow; missing: dog"):
        load(f"folder:{animals}", f"folder:{other}", size=48)


def test_duplicates_are_refused_by_name_unless_allowed(animals, class_folder):
    other = class_folder("others", first_seed=100, cat=3, dog=3)
    shutil.copy(animals / "cat" / "004.png", other / "dog" / "001.png")
    Image.open(animals / "dog" / "007.png").save(other / "cat" / "002.png", "JPEG", quality=60)
    with pytest.raises(InputError) as refused:
        load(f"folder:{animals}", f"folder:{other}", size=48)
    message = str(refused.value)
    assert message.startswith("2 of 6 test pictures are also in the training or validation data")
    assert f"{animals}/cat/004.png = {other}/dog/001.png (exact)" in message
    assert f"{animals}/dog/007.png = {other}/cat/002.png (near)" in message
    assert "allow_duplicates = true" in message
    assert len(load(f"folder:{animals}", f"folder:{other}", size=48, allow_duplicates=True).test) == 6


def test_only_the_first_duplicates_are_listed(animals, class_folder):
    other = class_folder("others", first_seed=100, cat=2, dog=2)
    for index in range(8):
        shutil.copy(animals / "cat" / f"{index:03d}.png", other / "dog" / f"9{index}.png")
    with pytest.raises(InputError, match=r"^8 of 12 test pictures") as refused:
        load(f"folder:{animals}", f"folder:{other}", size=48)
    assert str(refused.value).count(" = /") == 5 and "and 3 more" in str(refused.value)


def test_twins_of_split_off_test_pictures_are_left_out_of_training(animals):
    for index in range(8):
        shutil.copy(animals / "cat" / f"{index:03d}.png", animals / "dog" / f"9{index}.png")
    splits = load(f"folder:{animals}", size=48, test_share=0.4)
    kept = splits.train.fingerprints + splits.validation.fingerprints
    assert splits.left_out > 0 and set(kept).isdisjoint(splits.test.fingerprints)
    everyone = load(f"folder:{animals}", size=48, test_share=0.4, allow_duplicates=True)
    assert everyone.left_out == 0 and everyone.test.fingerprints == splits.test.fingerprints
    assert len(everyone.train) + len(everyone.validation) == len(kept) + splits.left_out
    assert everyone.digest != splits.digest


def test_a_class_is_not_emptied_by_leaving_out(class_folder):
    root = class_folder("animals", cat=3, dog=3)
    for index in (1, 2):
        shutil.copy(root / "cat" / "000.png", root / "cat" / f"{index:03d}.png")
    with pytest.raises(InputError, match=r"^1 of 2 test pictures are also in the training"):
        load(f"folder:{root}", size=48)


def test_real_photographs_in_two_classes(real_data, tmp_path):
    for name in ("car", "ketch"):
        shutil.copytree(real_data / "vehicles224" / "train" / name, tmp_path / name)
    splits = load(f"folder:{tmp_path}", size=64)
    batch = splits.train.batch(range(32))
    assert batch.x.shape == (32, 3, 64, 64) and 0.05 < batch.x.std() < 0.5
    shares = [np.mean(part.labels) for part in (splits.train, splits.validation, splits.test)]
    assert max(shares) - min(shares) < 0.03
