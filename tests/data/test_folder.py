import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gensc.data.folder import Folder
from gensc.data.split import split
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
    assert np.array_equal(item.image, photo(0)) and item.truth == {"label": 1}


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
    (tmp_path / "empty" / "notes.txt").write_text("no image")
    (tmp_path / "empty" / "below").mkdir()
    with pytest.raises(InputError, match=r"no images and no class folders with images.*CLASS/\*\.jpg"):
        Folder(str(tmp_path / "empty"))


def test_pictures_without_class_folders_are_of_one_class(class_folder):
    root = class_folder("animals", cat=4)
    source = Folder(str(root / "cat"), 48)
    assert source.classes == ("picture",) and source.labels.tolist() == [0, 0, 0, 0]
    # One class to split them by, but no label that a task could learn.
    assert source.columns == () and source.item(0).truth == {} == source.truth(0, ("label",))
    assert Folder(str(root), 48).columns == ("label",)
    assert source.where(3) == str(root / "cat" / "003.png")
    assert source.fingerprint(3) == Folder(str(root), 48).fingerprint(3)
    parts = split(source.labels, source.classes, 0.25, 0.25, seed=0)
    assert [len(part) for part in (parts.train, parts.validation, parts.test)] == [2, 1, 1]
    # Beside class folders, loose images are no items.
    shutil.copy(root / "cat" / "000.png", root / "loose.png")
    assert Folder(str(root), 48).classes == ("cat",)


def test_real_photographs_without_classes(real_data: Path):
    source = Folder(str(real_data / "bsds" / "train"), 320)
    assert len(source) == 200 and source.classes == ("picture",)
    # 481 x 321 and 321 x 481: the central square, then its side of 321 px to 320.
    assert source.item(0).image.shape == (320, 320, 3)


def test_real_photographs(real_data: Path):
    source = Folder(str(real_data / "vehicles224" / "train"), 96)
    assert len(source) == 2508 and len(source.classes) == 15
    item = source.item(1000)
    assert item.image.shape == (96, 96, 3) and item.image.std() > 5
    assert Path(source.where(1000)).parent.name == source.classes[item.truth["label"]]
