import sqlite3
import sys
from pathlib import Path

import numpy as np
import pytest

from gensc.data import thumbnails
from gensc.data.folder import Folder
from gensc.machine.cache import cache_dir


@pytest.fixture
def source(class_folder) -> Folder:
    return Folder(str(class_folder("animals", cat=3, dog=3)), 48)


def counted(source: Folder, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The list of items that are decoded from now on."""
    decoded, real = [], source.item
    monkeypatch.setattr(source, "item", lambda index: decoded.append(index) or real(index))
    return decoded


def test_the_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("GENSC_CACHE", str(tmp_path / "mine"))
    assert cache_dir() == tmp_path / "mine"
    monkeypatch.setenv("GENSC_CACHE", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_dir() == tmp_path / ".cache" / "gensc"


def test_a_thumbnail_is_the_mean_grey_of_areas():
    image = np.zeros((64, 64, 3), np.uint8)
    image[:2, :1] = 255
    grey, pixels = thumbnails.thumbnail(image)
    assert grey.shape == (32, 32) and grey[0, 0] == pytest.approx(127.5, abs=1) and grey.sum() == grey[0, 0]
    assert len(pixels) == 32


def test_pictures_of_one_colour_and_other_sides_differ():
    wide, high = (thumbnails.thumbnail(np.zeros(shape, np.uint8))[1] for shape in ((40, 56, 3), (56, 40, 3)))
    assert wide != high


def test_a_second_look_decodes_nothing(source, monkeypatch):
    decoded = counted(source, monkeypatch)
    first = thumbnails.read(source, [4, 0, 5])
    assert sorted(decoded) == [0, 4, 5]
    again = thumbnails.read(source, [5, 4, 3])
    assert sorted(decoded) == [0, 3, 4, 5]
    assert np.array_equal(again.grey[:2], first.grey[[2, 0]]) and again.pixels[1] == first.pixels[0]
    assert np.array_equal(first.grey, thumbnails.of([source.item(i).image for i in (4, 0, 5)]).grey)


def test_a_damaged_store_is_made_anew(source, monkeypatch, own_cache: Path):
    first = thumbnails.read(source, range(6))
    (store,) = own_cache.glob("thumbnails-*.sqlite")
    store.write_bytes(b"SQLite format 3\0" + b"\x07" * 3000)
    with pytest.warns(UserWarning, match="thumbnails kept there are damaged"):
        assert np.array_equal(thumbnails.read(source, range(6)).grey, first.grey)
    decoded = counted(source, monkeypatch)
    thumbnails.read(source, range(6))
    assert decoded == []


def test_without_a_place_for_the_store_it_goes_on(source, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GENSC_CACHE", str(tmp_path / "file" / "below"))
    with pytest.warns(UserWarning, match="thumbnails cannot be kept.*set GENSC_CACHE"):
        assert len(thumbnails.read(source, range(6))) == 6


def test_what_was_decoded_before_an_interrupt_is_kept(source, monkeypatch, own_cache: Path):
    monkeypatch.setattr(thumbnails, "_CHUNK", 2)
    real = source.item

    def interrupted(index: int):
        if index == 4:
            raise KeyboardInterrupt
        return real(index)

    monkeypatch.setattr(source, "item", interrupted)
    with pytest.raises(KeyboardInterrupt):
        thumbnails.read(source, range(6))
    (store,) = own_cache.glob("thumbnails-*.sqlite")
    with sqlite3.connect(store) as database:
        assert database.execute("SELECT count(*) FROM blob").fetchone() == (4,)


@pytest.mark.skipif(sys.platform == "win32", reason="fork and file locks differ")
def test_two_writers_at_once(source):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: thumbnails.read(source, range(6)).grey.tobytes(), range(8)))
    assert len(set(made)) == 1
