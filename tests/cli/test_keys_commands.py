"""gensc keys: both ends get the same key once, and what is refused."""

import pytest

from gensc.quantum.key.keystore import KeyStore
from helpers import call, refused


@pytest.fixture
def stores(tmp_path):
    """Two new stores."""
    files = tmp_path / "alice.keys", tmp_path / "bob.keys"
    assert call("keys", "create", *files).code == 0
    return files


def left(file):
    said = call("keys", "left", file)
    assert said.code == 0
    return int(said.out.split()[0].replace(",", ""))


def test_fill_gives_both_ends_the_same_key(stores, tmp_path):
    said = call("keys", "fill", *stores, "--km", 5, "--pulses", 1_000_000, "--seed", 1)
    assert said.code == 0, said.err
    shown = {line[:14].strip(): line[14:].split() for line in said.out.splitlines()}
    bits = int(shown["key"][0].replace(",", ""))
    assert bits > 0 and left(stores[0]) == left(stores[1]) == bits // 8
    assert 0.9 < float(shown["efficiency"][0]) < 1 and shown["frames lost"] == ["0", "of", "1"]
    keys = [KeyStore(file).take(bits // 8) for file in stores]
    assert keys[0] == keys[1] and left(stores[0]) == 0
    others = tmp_path / "c.keys", tmp_path / "d.keys"
    call("keys", "create", *others)
    call("keys", "fill", *others, "--km", 5, "--pulses", 1_000_000, "--seed", 1)
    assert KeyStore(others[0]).take(bits // 8).data == keys[0].data


def test_without_a_key_it_says_why_and_adds_nothing(stores):
    said = call("keys", "fill", *stores, "--km", 60, "--pulses", 1_000_000, "--seed", 1)
    assert said.code == 1 and "there is no key" in said.err and "Traceback" not in said.err
    assert left(stores[0]) == left(stores[1]) == 0


def test_what_two_ends_hold_must_be_the_same(stores):
    KeyStore(stores[0]).add(b"key of one end alone")
    refused(call("keys", "fill", *stores, "--km", 5, "--pulses", 1_000_000), "not filled with the same key", "create")


@pytest.mark.parametrize(("line", "words"), [
    (("create", "a.keys", "a.keys"), "named twice"),
    (("create", "new.keys", "alice.keys"), "is there already"),
    (("fill", "alice.keys", "alice.keys", "--km", 5, "--pulses", 10), "named twice"),
    (("fill", "alice.keys", "none.keys", "--km", 5, "--pulses", 10), "no key store none.keys"),
    (("fill", "alice.keys", "bob.keys", "--km", 5, "--pulses", 10), "a frame takes"),
    (("left", "none.keys"), "none.keys")])
def test_wrong_files_and_numbers_are_refused(line, words, stores, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(call("keys", *line), words)
    assert not (tmp_path / "new.keys").exists()
