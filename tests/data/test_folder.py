import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gensc.data.folder import Folder
from gensc.errors import InputError


def test_items_come_class_by_class_in_sorted_order(class_folder, photo):
    root = class_folder("animals", dog=2, cat=3)
    (root / "cat" / "notes.txt").write_text("no image")
    (root / "cat" / ".hidden.png").write_bytes(b"")
    (root / ".git").mkdir()
    (root / "papers").mkdir()
    source = Folder(str(root), 48)
    assert source.classes == ("cat", "dog") and source.labels.tolist() == [0, 0, 0, 1, 1]
    assert source.labels.dtype == np.int64 and len(source) == 5
    assert source.where(3) == str(root / "dog" / "000.png")
    item = source.item(3)
    assert np.array_equal(item.image, photo(0)) and item.label == 1
    assert (item.mask, item.box, item.caption) == (None, None, None)


def test_a_fingerprint_is_of_the_bytes_and_the_size(class_folder):
    root = class_folder("animals", cat=2)
    shutil.copytree(root, root.parent / "copy")
    source, copy = Folder(str(root), 48), Folder(str(root.parent / "copy"), 48)
    assert source.fingerprint(0) == copy.fingerprint(0) != source.fingerprint(1)
    assert len(source.fingerprint(0)) == 64 and int(source.fingerprint(0), 16) > 0
    assert Folder(str(root), 32).fingerprint(0) != source.fingerprint(0)
    Image.new("RGB", (48, 48)).save(root / "cat" / "000.png")
    assert Folder(str(root), 48).fingerprint(0) != copy.fingerprint(0)


def test_an_unreadable_image_is_named_when_it_is_read(class_folder):
    root = class_folder("animals", cat=2)
    (root / "cat" / "001.png").write_bytes(b"torn")
    source = Folder(str(root), 48)
    assert source.item(0).image.shape == (48, 48, 3)
    with pytest.raises(InputError, match=r"001\.png: not an image"):
        source.item(1)
    (root / "cat" / "001.png").unlink()
    with pytest.raises(InputError, match=r"001\.png: cannot be read .*restore or remove"):
        source.fingerprint(1)


def test_paths_that_hold_no_data_set_are_refused(tmp_path: Path, class_folder):
    with pytest.raises(InputError, match="folder needs a path"):
        Folder("")
    with pytest.raises(InputError, match=r"nowhere: there is no such path"):
        Folder(str(tmp_path / "nowhere"))
    file = tmp_path / "file.png"
    file.write_bytes(b"")
    with pytest.raises(InputError, match="a file, not a folder"):
        Folder(str(file))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="empty; put one folder a class"):
        Folder(str(tmp_path / "empty"))
    with pytest.raises(InputError, match=r"no class folders with images.*CLASS/\*\.jpg"):
        Folder(str(class_folder("animals", cat=2) / "cat"))


def test_real_photographs(real_data: Path):
    source = Folder(str(real_data / "vehicles224" / "train"), 96)
    assert len(source) == 2508 and len(source.classes) == 15
    item = source.item(1000)
    assert item.image.shape == (96, 96, 3) and item.image.std() > 5
    assert Path(source.where(1000)).parent.name == source.classes[item.label]
