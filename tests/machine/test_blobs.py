"""Values kept on disk: sound or missing, whoever writes at the same time, and whatever the disk does."""

import multiprocessing
import sqlite3
import warnings
from contextlib import closing
from pathlib import Path

import pytest

from gensc.errors import InputError
from gensc.machine.blobs import Blobs


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "below" / "things"


def opened(place: Path, required: bool = True):
    return closing(Blobs(place, 3, required))


def test_what_is_put_is_got_again(place):
    pairs = {b"a": b"", b"b": bytes(range(256)) * 40, b"\0\xff": b"x"}
    with opened(place) as blobs:
        assert blobs.get(pairs) == {}
        blobs.put(pairs.items())
        assert blobs.get([b"b", b"none"]) == {b"b": pairs[b"b"]}
    assert [file.name for file in place.parent.iterdir()] == ["things-3.sqlite"]
    with opened(place) as blobs:
        assert blobs.get(iter(pairs)) == pairs
    with closing(Blobs(place, 4)) as other:
        assert other.get(pairs) == {}


def test_a_key_keeps_its_first_value(place):
    with opened(place) as blobs:
        blobs.put([(b"a", b"1"), (b"a", b"2")])
        blobs.put([(b"a", b"3"), (b"b", b"4")])
        assert blobs.get([b"a", b"b"]) == {b"a": b"1", b"b": b"4"}


def test_all_of_a_put_or_nothing(place):
    def pairs():
        yield b"a", b"1"
        yield b"b", None

    with opened(place) as blobs:
        with pytest.raises(TypeError):
            blobs.put(pairs())
        assert blobs.get([b"a"]) == {}


@pytest.mark.parametrize("damage", [
    "value = X'00' || substr(value, 2)", "digest = zeroblob(16)", "value = CAST(value AS TEXT)", "value = 7",
    "value = zeroblob(0)"])
def test_a_value_that_has_changed_counts_as_missing_and_is_replaced(place, damage):
    with opened(place) as blobs:
        blobs.put([(b"a", b"\x91value"), (b"b", b"sound")])
    with closing(sqlite3.connect(f"{place}-3.sqlite")) as database, database:
        database.execute(f"UPDATE blob SET {damage} WHERE key = X'61'")
    with opened(place) as blobs:
        assert blobs.get([b"a", b"b"]) == ({b"a": b"\x91value"} if "TEXT" in damage else {}) | {b"b": b"sound"}
        blobs.put([(b"a", b"again")])
        assert blobs.get([b"a"]) == {b"a": b"\x91value" if "TEXT" in damage else b"again"}


def test_a_value_under_another_key_is_not_believed(place):
    with opened(place) as blobs:
        blobs.put([(b"a", b"value")])
    with closing(sqlite3.connect(f"{place}-3.sqlite")) as database, database:
        database.execute("UPDATE blob SET key = X'62'")
    with opened(place) as blobs:
        assert blobs.get([b"a", b"b"]) == {}


def test_any_flipped_byte_of_the_file_is_noticed(place):
    values = {bytes([n]): bytes([n]) * 300 for n in range(20)}
    with opened(place) as blobs:
        blobs.put(values.items())
    file = Path(f"{place}-3.sqlite")
    whole = file.read_bytes()
    for at in range(0, len(whole), 101):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1:])
        with warnings.catch_warnings(action="ignore"), opened(place, required=False) as blobs:
            assert blobs.get(values).items() <= values.items()
            blobs.put(values.items())
            assert blobs.get(values) == values


def ruined(place: Path, content: bytes) -> None:
    place.parent.mkdir()
    Path(f"{place}-3.sqlite").write_bytes(content)


@pytest.mark.parametrize("content", [b"no database" * 100, b"SQLite format 3\0" + b"\x07" * 3000])
def test_a_damaged_file_is_named_or_made_anew(place, content):
    ruined(place, content)
    with pytest.raises(InputError, match=r"things-3\.sqlite can't be used.*delete the file.*GENSC_CACHE"):
        Blobs(place, 3)
    with pytest.warns(UserWarning, match="things kept there are damaged"), opened(place, required=False) as blobs:
        blobs.put([(b"a", b"1")])
    with opened(place) as blobs:
        assert blobs.get([b"a"]) == {b"a": b"1"}


def test_a_file_that_breaks_while_it_is_open(place):
    with opened(place) as writer:
        writer.put([(bytes([n]), bytes(5000)) for n in range(20)])
    with opened(place) as strict, opened(place, required=False) as blobs:
        with Path(f"{place}-3.sqlite").open("r+b") as file:
            file.seek(4096)
            file.write(b"\x55" * 40000)
        with pytest.raises(InputError, match="can't be used"):
            strict.get([b"\1"])
        with pytest.warns(UserWarning, match="damaged"):
            assert blobs.get([b"\1"]) == {}
        blobs.put([(b"\1", b"new")])
    with opened(place) as strict:
        assert strict.get([b"\1"]) == {b"\1": b"new"}


def test_without_a_folder_it_is_named_or_goes_on_in_memory(tmp_path):
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "things"
    with pytest.raises(InputError, match=r"things-3\.sqlite can't be used.*set GENSC_CACHE"):
        Blobs(place, 3)
    with pytest.warns(UserWarning, match="things cannot be kept.*set GENSC_CACHE"):
        blobs = Blobs(place, 3, required=False)
    with closing(blobs):
        blobs.put([(b"a", b"1")])
        assert blobs.get([b"a"]) == {b"a": b"1"}


def test_a_file_that_can_be_read_alone_or_a_full_disk(place, monkeypatch):
    with opened(place) as blobs:
        blobs.put([(b"a", b"1")])
    real = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, **options: (
        real(path) if path == ":memory:" else real(f"file:{path}?mode=ro", uri=True)))
    with opened(place) as blobs:
        assert blobs.get([b"a"]) == {b"a": b"1"}
        with pytest.raises(InputError, match=r"readonly.*free disk space.*GENSC_CACHE"):
            blobs.put([(b"b", b"2")])
    with opened(place, required=False) as blobs:
        assert blobs.get([b"a"]) == {b"a": b"1"}
        with pytest.warns(UserWarning, match="things cannot be kept"):
            blobs.put([(b"b", b"2")])
        assert blobs.get([b"b"]) == {b"b": b"2"}
    monkeypatch.setattr(sqlite3, "connect", real)
    with opened(place) as blobs:
        assert blobs.get([b"a", b"b"]) == {b"a": b"1"}


def _write(place: Path, worker: int) -> None:
    with opened(place) as blobs:
        for n in range(40):
            blobs.put([(bytes([n, k]), bytes([n, k]) * 50) for k in range(10)])
            assert len(blobs.get([bytes([n, k]) for k in range(10)])) == 10


def test_several_processes_write_at_once(place):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_write, args=(place, worker)) for worker in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    with opened(place) as blobs:
        assert len(blobs.get([bytes([n, k]) for n in range(40) for k in range(10)])) == 400
