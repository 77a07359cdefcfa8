"""The key store: what both ends hold, what is never handed out twice, and what it refuses."""

import itertools
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from gensc.errors import InputError
from gensc.quantum.key.keystore import KeyStore

TAKER = """
import os, sys
from pathlib import Path
from gensc.quantum.key.keystore import KeyStore
sender, receiver = (KeyStore(Path(one)) if one else None for one in sys.argv[1:3])
os.write(1, b"ready\\n")
for _ in range(int(sys.argv[4])):
    key = sender.take(int(sys.argv[3]))
    os.write(1, f"{key.position} {key.data.hex()}\\n".encode())
    if receiver:
        assert receiver.fetch(key.position, len(key.data)) == key.data
        os.write(1, f"fetched {key.position}\\n".encode())
"""


def made(folder: Path, size: int, *names: str) -> tuple[bytes, list[KeyStore]]:
    """A key sequence and the stores that hold it: the sender's, then the receiver's."""
    data = np.random.default_rng(3).bytes(size)
    stores = [KeyStore.create(folder / name, role) for name, role in zip(names, ("sender", "receiver"), strict=False)]
    for store in stores:
        store.add(data)
    return data, stores


def taker(sender: Path, receiver: Path | str, size: int, rounds: int) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", TAKER, str(sender), str(receiver), str(size), str(rounds)],
                            stdout=subprocess.PIPE)


def test_both_ends_hold_the_same_key(tmp_path):
    data, (sender, receiver) = made(tmp_path, 5000, "a", "b")
    first, second = sender.take(700), sender.take(2500)
    assert (first.position, first.data) == (0, data[:700])
    assert (second.position, second.data) == (700, data[700:3200])
    assert receiver.fetch(700, 2500) == data[700:3200] and receiver.fetch(0, 700) == data[:700]
    assert sender.left == receiver.left == 1800
    assert "data" not in repr(first)


def test_more_key_goes_behind_what_there_is(tmp_path):
    data, (store,) = made(tmp_path, 100, "a")
    store.take(90)
    assert store.add(b"x" * 50) == 100
    assert store.take(60).data == data[90:] + b"x" * 50
    assert store.add(b"y") == 150 and store.take(1).position == 150


def test_any_order_of_ranges_gives_each_byte_once_and_leaves_no_trace_in_the_file(tmp_path):
    data, (_, store) = made(tmp_path, 20_000, "b", "a")
    (tmp_path / "b").unlink()
    draw, spent = np.random.default_rng(0), np.zeros(20_000, bool)
    for _ in range(60):
        start, size = int(draw.integers(0, 20_000)), int(draw.integers(1, 900))
        got = store.fetch(start, size)
        free = start + size <= 20_000 and not spent[start:start + size].any()
        assert got == (data[start:start + size] if free else None)
        if free:
            spent[start:start + size] = True
    assert store.left == 20_000 - spent.sum() and 3000 < spent.sum() < 19_000
    raw = store.path.read_bytes()
    windows = [(data[at:at + 8] in raw, spent[at:at + 8].mean()) for at in range(0, 19_993)]
    assert not any(seen for seen, gone in windows if gone == 1)
    # Eight bytes across two pages of the file stand apart there.
    assert sum(seen for seen, gone in windows if gone == 0) > 0.95 * sum(gone == 0 for _, gone in windows)
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize(("position", "size"), [(0, 10), (5, 10), (9, 1), (95, 10), (200, 1), (-1, 5), (50, 0),
                                                (2**64 - 1, 4), (2**63 - 2, 4)])
def test_a_range_that_is_spent_or_unknown_is_not_fetched(position, size, tmp_path):
    _, (_, store) = made(tmp_path, 100, "a", "b")
    store.fetch(0, 10)
    assert store.fetch(position, size) is None and store.left == 90


def test_an_end_that_receives_never_sends_with_the_key(tmp_path):
    """What was lost on the way is unspent at the receiver: the sender has used it."""
    _, (sender, receiver) = made(tmp_path, 100, "a", "b")
    sender.take(10)
    assert (sender.role, receiver.role) == ("sender", "receiver")
    with pytest.raises(InputError, match=r"receiver's and is used as the sender's.*a pair of its own"):
        receiver.take(10)
    with pytest.raises(InputError, match="sender's and is used as the receiver's"):
        sender.fetch(20, 10)
    assert (sender.left, receiver.left) == (90, 100)


def test_key_from_a_seed_is_remembered_as_such_and_added_once(tmp_path):
    _, (store,) = made(tmp_path, 100, "a")
    assert store.seeds == ()
    store.add(b"x" * 50, seed=7)
    store.add(b"y" * 50, seed=0)
    store.take(200)
    assert KeyStore(store.path).seeds == (7, 0)
    for data in (b"x" * 50, b""):
        with pytest.raises(InputError, match="holds the key of seed 7 already"):
            store.add(data, seed=7)
    store.add(b"", seed=8)
    assert store.left == 0 and store.seeds == (7, 0)


def test_a_shortage_says_how_much_there_is_and_spends_nothing(tmp_path):
    _, (store,) = made(tmp_path, 100, "a")
    with pytest.raises(InputError, match=r"has 100 bytes of key left and 101 are needed.*CV-QKD"):
        store.take(101)
    assert store.take(100).position == 0
    with pytest.raises(InputError, match="has 0 bytes"):
        store.take(1)
    with pytest.raises(InputError, match="1 or more"):
        store.take(0)


def test_only_its_owner_may_open_it(tmp_path):
    _, (store,) = made(tmp_path, 10, "a")
    assert store.path.stat().st_mode & 0o777 == 0o600
    store.path.chmod(0o640)
    with pytest.raises(InputError, match="chmod 600"):
        KeyStore(store.path)


def test_a_missing_store_and_one_that_is_there_are_named(tmp_path):
    with pytest.raises(InputError, match=r"no key store .*KeyStore\.create"):
        KeyStore(tmp_path / "none")
    made(tmp_path, 10, "a")
    with pytest.raises(InputError, match="there already"):
        KeyStore.create(tmp_path / "a", "sender")
    with pytest.raises(InputError, match="is no file"):
        KeyStore(tmp_path)


def test_a_lock_is_waited_for_and_then_named(tmp_path):
    data, (store,) = made(tmp_path, 100, "a")
    with sqlite3.connect(store.path, check_same_thread=False) as other:
        other.execute("BEGIN EXCLUSIVE")
        object.__setattr__(store, "wait_s", 0.05)
        with pytest.raises(InputError, match=r"locked by another process for 0\.05 s"):
            store.take(10)
        object.__setattr__(store, "wait_s", 10.0)
        threading.Timer(0.3, other.rollback).start()
        assert store.take(10).data == data[:10]


@pytest.mark.parametrize("content", [b"", b"my notes\n", b"SQLite format 3\0" + bytes(4096)],
                         ids=["empty", "text", "zeros"])
def test_another_file_is_no_key_store(content, tmp_path):
    file = tmp_path / "a"
    file.touch(0o600)
    file.write_bytes(content)
    with pytest.raises(InputError, match="key store"):
        KeyStore(file)
    assert file.read_bytes() == content


def test_a_foreign_database_is_no_key_store(tmp_path):
    file = tmp_path / "a"
    file.touch(0o600)
    with sqlite3.connect(file) as db:
        db.execute("CREATE TABLE key (position INTEGER PRIMARY KEY, data BLOB, digest BLOB)")
    with pytest.raises(InputError, match="it is no key store"):
        KeyStore(file)


def test_a_damaged_file_never_yields_wrong_key(tmp_path):
    data, (store,) = made(tmp_path, 8000, "a")
    whole, draw, refused = store.path.read_bytes(), np.random.default_rng(1), 0
    for place in draw.integers(0, len(whole), 40):
        store.path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << int(draw.integers(8))]) + whole[place + 1:])
        try:
            assert KeyStore(store.path).take(8000).data == data
        except InputError as error:
            assert str(store.path) in str(error)
            refused += 1
    assert refused > 10
    store.path.write_bytes(whole[:len(whole) // 2])
    with pytest.raises(InputError, match="damaged"):
        KeyStore(store.path)


def test_key_that_is_damaged_after_opening_is_found(tmp_path):
    data, (store,) = made(tmp_path, 3000, "a")
    raw = store.path.read_bytes()
    place = raw.index(data[100:116])
    store.path.write_bytes(raw[:place] + bytes([raw[place] ^ 4]) + raw[place + 1:])
    with pytest.raises(InputError, match="the key from byte 0 on has changed"):
        store.take(10)


@pytest.mark.parametrize("change", ["UPDATE unspent SET start = 0", "UPDATE unspent SET stop = 4000",
                                    "UPDATE unspent SET start = -4", "UPDATE unspent SET stop = 'many'",
                                    "UPDATE sequence SET length = 0", "DELETE FROM sequence",
                                    "UPDATE sequence SET role = 'receiver'", "UPDATE repeatable SET seed = 2",
                                    "DELETE FROM key", "UPDATE key SET data = 5",
                                    "UPDATE key SET start = -1 WHERE start = 0"])
def test_books_that_were_changed_never_bring_spent_key_back(change, tmp_path):
    _, (store,) = made(tmp_path, 3000, "a")
    store.add(b"z", seed=1)
    store.take(10)
    with sqlite3.connect(store.path) as db:
        db.execute(change)
    with pytest.raises(InputError, match="damaged"):
        KeyStore(store.path).take(2990)


def test_processes_at_once_never_get_the_same_key(tmp_path):
    data, (store,) = made(tmp_path, 60 * 40, "a")
    crew = [taker(store.path, "", 40, 20) for _ in range(3)]
    lines = [line.split() for one in crew for line in one.communicate()[0].decode().splitlines() if line != "ready"]
    positions = [int(position) for position, _ in lines]
    assert sorted(positions) == list(range(0, 60 * 40, 40)) and store.left == 0
    assert all(bytes.fromhex(key) == data[int(position):int(position) + 40] for position, key in lines)


def crashed(folder: Path, times: int) -> int:
    """Kill a process ``times`` times while it takes key and fetches it at the other end; how often that was within a
    transaction. Fails where key comes twice."""
    size, within = 48, 0
    data, (sender, receiver) = made(folder, 200_000, "a", "b")
    draw, taken, fetched = np.random.default_rng(7), [], []
    for _ in range(times):
        child = taker(sender.path, receiver.path, size, 10**6)
        assert child.stdout is not None and child.stdout.readline() == b"ready\n"
        time.sleep(float(draw.uniform(0, 0.08)))
        os.kill(child.pid, signal.SIGKILL)
        lines = [line.split() for line in child.communicate()[0].decode().splitlines()]
        within += any(one.name.endswith("-journal") for one in folder.iterdir())
        fetched += [int(value) for kind, value in lines if kind == "fetched"]
        for position, key in lines:
            if position != "fetched":
                taken.append(int(position))
                assert bytes.fromhex(key) == data[taken[-1]:taken[-1] + size]
    assert taken and len(set(taken)) == len(taken), "a range was handed out twice"
    assert all(after - before >= size for before, after in itertools.pairwise(taken))
    # At most the range in hand is lost by a crash.
    last = sender.take(size).position
    assert last == 200_000 - sender.left - size and last <= size * (len(taken) + times)
    assert all(receiver.fetch(position, size) is None for position in fetched), "a range was fetched twice"
    return within


def test_a_crash_never_brings_key_twice(tmp_path):
    crashed(tmp_path, 12)


@pytest.mark.slow
def test_two_hundred_crashes_never_bring_key_twice(tmp_path):
    within = crashed(tmp_path, 200)
    print(f"{within} of 200 crashes within a transaction")
    assert within > 20
