"""Files that are whole or not there, and the progress bar that keeps out of the way."""

import pytest

from gensc.errors import InputError
from gensc.machine import files
from helpers import small_disk


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "new" / "a.txt"
    files.write_text(path, "old")
    files.write_text(path, "näw")
    assert path.read_text(encoding="utf-8") == "näw"
    assert [file.name for file in path.parent.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, InputError])
def test_an_error_while_writing_leaves_the_old_file(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def stops(temporary):
        temporary.write_text("half of the n")
        raise error("stop")

    with pytest.raises(error):
        files.write_with(path, stops)
    assert path.read_text() == "old" and len(list(tmp_path.iterdir())) == 1


def test_a_full_disk_is_named_and_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with small_disk(1000), pytest.raises(InputError, match=r"a\.txt can't be written"):
        files.write_text(path, "x" * 100_000)
    assert path.read_text() == "old" and len(list(tmp_path.iterdir())) == 1


def test_a_file_where_a_folder_should_be_is_named(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(InputError, match="can't be written"):
        files.write_text(tmp_path / "out" / "a.txt", "x")


def test_a_folder_where_the_file_should_be_is_named(tmp_path):
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(InputError, match=r"a\.txt can't be written"):
        files.write_text(tmp_path / "a.txt", "x")
    assert len(list(tmp_path.iterdir())) == 1
