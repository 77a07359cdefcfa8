from pathlib import Path

import huggingface_hub
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub.errors import LocalEntryNotFoundError

from gensc.data.open import open_source
from gensc.errors import InputError


@pytest.fixture
def hub(tmp_path: Path, photo, encoded, monkeypatch) -> Path:
    """The folder that the hub would give: the paper's columns, two training shards and a test file."""
    (tmp_path / "data").mkdir()
    first = 0
    for name, count in (("train-00000-of-00002", 4), ("train-00001-of-00002", 3), ("test-00000-of-00001", 2)):
        pq.write_table(pa.table({
            "image": [{"bytes": encoded(photo(first + i, 32)), "path": None} for i in range(count)],
            "image_path": [f"{name}/{i}.jpg" for i in range(count)],
            "classification_class": [("Bulldozer", "Microcar")[i % 2] for i in range(count)],
            "classification_vgg16_features": [[0.5] * 1000] * count,
        }), tmp_path / "data" / f"{name}.parquet")
        first += count

    def download(repo_id: str, repo_type: str, allow_patterns: str) -> str:
        assert (repo_id, repo_type, allow_patterns) == ("CQILAB/GenSC-6G", "dataset", "*.parquet")
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    return tmp_path / "data"


def test_its_splits(hub, photo):
    train, test, both = (open_source(spec, 32) for spec in ("gensc6g:train", "gensc6g:test", "gensc6g"))
    assert (len(train), len(test), len(both)) == (7, 2, 9)
    assert train.classes == test.classes == ("Bulldozer", "Microcar")
    assert train.spec == "gensc6g:train" and both.spec == "gensc6g"
    assert np.array_equal(train.item(5).image, photo(5, 32)) and train.item(5).truth["label"] == 1
    assert np.array_equal(test.item(1).image, photo(8, 32)) and test.item(1).truth["label"] == 1
    assert "train-00001-of-00002.parquet row 1" in train.where(5)


def test_an_interrupted_download_is_refused(hub):
    (hub / "train-00001-of-00002.parquet").unlink()
    assert len(open_source("gensc6g:test", 32)) == 2
    with pytest.raises(InputError, match=r"train-00001-of-00002\.parquet is missing.*hf download CQILAB"):
        open_source("gensc6g:train", 32)
    (hub / "test-00000-of-00001.parquet").unlink()
    with pytest.raises(InputError, match=r"there is no test\.parquet.*hf download"):
        open_source("gensc6g:test", 32)


def test_an_unknown_split_is_refused(hub):
    with pytest.raises(InputError, match="expected gensc6g, gensc6g:train or gensc6g:test"):
        open_source("gensc6g:validation")


def test_offline_the_command_is_named(monkeypatch):
    def unreachable(*_: object, **__: object) -> str:
        raise LocalEntryNotFoundError("no connection\nlong story")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    with pytest.raises(InputError, match=r"\(no connection\); "
                                         r"get them with: hf download CQILAB/GenSC-6G --repo-type dataset$"):
        open_source("gensc6g")
