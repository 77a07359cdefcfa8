"""gensc keys: both ends get the same key once, and what is refused."""

import os
import secrets

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


def key_of(said):
    """The bytes of key that a fill added."""
    shown = {line[:14].strip(): line[14:].split() for line in said.out.splitlines()}
    return int(shown["key"][0].replace(",", "")) // 8


def test_fill_gives_both_ends_the_same_key(stores, tmp_path):
    said = call("keys", "fill", *stores, "--km", 5, "--pulses", 1_000_000, "--seed", 1)
    assert said.code == 0, said.err
    shown = {line[:14].strip(): line[14:].split() for line in said.out.splitlines()}
    bits = 8 * key_of(said)
    assert bits > 0 and left(stores[0]) == left(stores[1]) == bits // 8
    assert 0.9 < float(shown["efficiency"][0]) < 1 and shown["frames lost"] == ["0", "of", "1"]
    assert "repeatable, not secret: it was drawn from seed 1" in said.out
    assert "Repeatable, not secret: it was filled from seed 1" in call("keys", "left", stores[1]).out
    key = KeyStore(stores[0]).take(bits // 8)
    assert KeyStore(stores[1]).fetch(0, bits // 8) == key.data and left(stores[0]) == 0
    others = tmp_path / "c.keys", tmp_path / "d.keys"
    call("keys", "create", *others)
    call("keys", "fill", *others, "--km", 5, "--pulses", 1_000_000, "--seed", 1)
    assert KeyStore(others[0]).take(bits // 8).data == key.data
    refused(call("keys", "fill", *others, "--km", 5, "--pulses", 1_000_000, "--seed", 1), "key of seed 1 already")


def test_without_a_seed_all_that_is_random_comes_from_the_operating_system(stores, monkeypatch):
    asked, drawn = [], secrets.randbits
    real = os.urandom

    def urandom(count):
        asked.append(count)
        return real(count)

    def randbits(count):
        asked.append(-count)
        return drawn(count)

    monkeypatch.setattr(secrets, "randbits", randbits)
    monkeypatch.setattr(os, "urandom", urandom)
    said = call("keys", "fill", *stores, "--km", 5, "--pulses", 1_000_000)
    assert said.code == 0 and "secret:" not in said.out and KeyStore(stores[0]).seeds == ()
    assert "epeatable" not in call("keys", "left", stores[0]).out
    # The pulses' 128 bits; Bob's word, its tag's seed and that of amplification, the longest, byte for byte.
    word, tag, amplification = [count for count in asked if count > 1000]
    assert -128 in asked and word == 500_000 // 8 and tag > 100_000 // 8
    assert amplification >= 100_000 // 8 + key_of(said) - 1


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
