"""Secret key in one file: every byte is handed out once, whatever happens in between."""

import contextlib
import hashlib
import os
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from gensc.errors import InputError

APPLICATION = 0x67534B5A
"""SQLite's application_id of a key store."""
ROW_BYTES = 16384
_PAGE = 4096
_TABLES = f"""
PRAGMA page_size = {_PAGE};
PRAGMA application_id = {APPLICATION};
CREATE TABLE key (start INTEGER PRIMARY KEY, filler BLOB NOT NULL, data BLOB NOT NULL);
CREATE TABLE unspent (start INTEGER PRIMARY KEY, stop INTEGER NOT NULL, digest BLOB NOT NULL);
CREATE TABLE sequence (length INTEGER NOT NULL, role TEXT NOT NULL, digest BLOB NOT NULL);
CREATE TABLE repeatable (start INTEGER PRIMARY KEY, seed INTEGER NOT NULL, digest BLOB NOT NULL);
"""
_DIGEST = 16
_FILL = "fill the stores of both ends with the same new key (KeyStore.add), e.g. that of a CV-QKD run"

End = Literal["sender", "receiver"]


@dataclass(frozen=True)
class Key:
    """``data`` stands at byte ``position`` of the key sequence that both ends hold."""

    position: int
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class KeyStore:
    """The unspent part of a sequence of key bytes, in an SQLite file that its owner alone may read.

    The two ends of a link add the same bytes in the same order to a file each. The sender's takes key (``take``), the
    receiver's fetches the range that a message names (``fetch``), and neither does the other: key whose message was
    lost on the way is unspent at the receiver, and would be met twice if that end sent with it. A link in both
    directions needs a sequence for each. What was drawn from a seed is remembered as such (``seeds``).
    A range is deleted in a transaction that is on the disk (synchronous = EXTRA, rollback journal) before its bytes
    are handed out, so that a crash may lose key but never hands it out again, nor do two processes at once.
    Spent bytes are overwritten in the file: they lie behind a filler as long as a page, in overflow pages, which
    SQLite overwrites or clears (secure_delete) where it may leave copies of what a B-tree page held. What the file
    system, an SSD or a process's memory keep of them is beyond this, and so is a copy of the file: one that is put
    back brings spent key back.

    ``wait_s``: how long to wait for another process. Raises InputError for a file that is missing, damaged, locked,
    no key store, or open to others.
    """

    path: Path
    wait_s: float = 10.0

    def __post_init__(self) -> None:
        try:
            mode = self.path.stat().st_mode
        except OSError as error:
            raise InputError(f"there is no key store {self.path} ({error.strerror}): make one with KeyStore.create, "
                             f"then {_FILL}") from None
        if not stat.S_ISREG(mode):
            raise InputError(f"{self.path} is no file: name a key store")
        if mode & 0o077:
            raise InputError(f"other users may open the key store {self.path} (mode {mode & 0o777:o}): if nobody has "
                             f"read it, `chmod 600 {self.path}`; else delete it and distribute new key")
        self._verify()

    @staticmethod
    def create(path: Path, role: End) -> "KeyStore":
        """A new, empty store of the end that sends or the one that receives. Raises InputError where the file is there
        already."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            with contextlib.closing(sqlite3.connect(path)) as db:
                db.executescript(_TABLES)
                with db:
                    db.execute("INSERT INTO sequence VALUES (0, ?, ?)", (role, _digest(0, role.encode())))
        except FileExistsError:
            raise InputError(f"{path} is there already: add to it, or name another file") from None
        except (OSError, sqlite3.Error) as error:
            raise InputError(f"the key store {path} can't be made ({error}): name another place") from error
        return KeyStore(path)

    @property
    def left(self) -> int:
        """The bytes that are not spent."""
        with self._transaction() as db:
            return _left(db)

    @property
    def role(self) -> str:
        """The end that it belongs to: "sender" or "receiver"."""
        with self._transaction() as db:
            return self._sequence(db)[1]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that key was drawn from, spent or not: who knows them knows that key."""
        with self._transaction() as db:
            return self._seeds(db)

    def add(self, data: bytes, seed: int | None = None) -> int:
        """Append key; returns the position of its first byte. ``seed``: what it was drawn from, where it is repeatable
        and so not secret. Raises InputError for a seed that is there already: its key would be met twice."""
        with self._transaction() as db:
            start, role = self._sequence(db)
            if seed in self._seeds(db):
                raise InputError(f"{self.path} holds the key of seed {seed} already, and the same key twice would be a "
                                 "pad that is used twice: give another seed, or none for secret key")
            stop = start + len(data)
            last = self._range(db, "WHERE stop = ?", start)
            if last:
                db.execute("DELETE FROM unspent WHERE start = ?", (last[0],))
            _unspent(db, last[0] if last else start, stop)
            db.execute("UPDATE sequence SET length = ?, digest = ?", (stop, _digest(stop, role.encode())))
            if data and seed is not None:
                db.execute("INSERT INTO repeatable VALUES (?, ?, ?)", (start, seed, _digest(start, b"%d" % seed)))
            rows = ((start + at, data[at:at + ROW_BYTES]) for at in range(0, len(data), ROW_BYTES))
            db.executemany("INSERT INTO key VALUES (?, zeroblob(?), ?)",
                           ((at, _PAGE, row + _digest(at, row)) for at, row in rows))
        return start

    def take(self, size: int) -> Key:
        """The first ``size`` bytes that are unspent and stand together; they are spent with this.

        Raises InputError where there are fewer, and at the receiver.
        """
        if size < 1:
            raise InputError(f"{size} bytes of key are asked for: expected 1 or more")
        with self._transaction() as db:
            self._expect(db, "sender")
            found = self._range(db, "WHERE stop - start >= ? ORDER BY start LIMIT 1", size)
            if found is None:
                raise InputError(f"the key store {self.path} has {_left(db)} bytes of key left and {size} are needed "
                                 f"(together): {_FILL}; none is used twice")
            data = self._spend(db, found[0], size, found)
        return Key(found[0], data)

    def fetch(self, position: int, size: int) -> bytes | None:
        """The bytes at ``position``, spent with this; None, and nothing is spent, where one of them was spent before
        or never was in the store. Raises InputError at the sender."""
        if position < 0 or size < 1 or position + size >= 2**63:
            return None
        with self._transaction() as db:
            self._expect(db, "receiver")
            found = self._range(db, "WHERE start <= ? AND stop >= ?", position, position + size)
            return self._spend(db, position, size, found) if found else None

    def _spend(self, db: sqlite3.Connection, position: int, size: int, within: tuple[int, int]) -> bytes:
        """Remove a range from the unspent range that it lies in, and overwrite its bytes; returns them."""
        stop, parts = position + size, []
        db.execute("DELETE FROM unspent WHERE start = ?", (within[0],))
        _unspent(db, within[0], position)
        _unspent(db, stop, within[1])
        rows = db.execute("SELECT start, data FROM key WHERE start > ? AND start < ? ORDER BY start",
                          (position - ROW_BYTES, stop)).fetchall()
        for start, stored in rows:
            data = bytearray(self._intact(start, stored))
            cut = slice(max(0, position - start), max(0, stop - start))
            parts.append(bytes(data[cut]))
            data[cut] = bytes(len(parts[-1]))
            if db.execute("SELECT 1 FROM unspent WHERE start < ? AND stop > ?", (start + len(data), start)).fetchone():
                db.execute("UPDATE key SET data = ? WHERE start = ?", (bytes(data) + _digest(start, data), start))
            else:
                db.execute("DELETE FROM key WHERE start = ?", (start,))
        whole = b"".join(parts)
        self._require(len(whole) == size, f"key is missing between the bytes {position} and {stop}")
        return whole

    def _verify(self) -> None:
        with self._transaction() as db:
            self._require(db.execute("PRAGMA application_id").fetchone()[0] == APPLICATION, "it is no key store")
            seen = db.execute("PRAGMA integrity_check").fetchone()[0]
            self._require(seen == "ok", seen)
            self._sequence(db)
            self._seeds(db)
            for start, stored in db.execute("SELECT start, data FROM key"):
                self._intact(start, stored)
            for (start,) in db.execute("SELECT start FROM unspent"):
                self._range(db, "WHERE start = ?", start)

    def _sequence(self, db: sqlite3.Connection) -> tuple[int, str]:
        """How many bytes were ever added, and the end that the store belongs to."""
        length, role, digest = db.execute("SELECT length, role, digest FROM sequence").fetchone() or (0, "", b"")
        self._require(digest == _digest(length, str(role).encode()), "its length or its end has changed")
        return int(length), role

    def _seeds(self, db: sqlite3.Connection) -> tuple[int, ...]:
        rows = db.execute("SELECT start, seed, digest FROM repeatable ORDER BY start").fetchall()
        whole = all(digest == _digest(start, str(seed).encode()) for start, seed, digest in rows)
        self._require(whole, "the seed of some key has changed")
        return tuple(seed for _, seed, _ in rows)

    def _expect(self, db: sqlite3.Connection, role: End) -> None:
        _, seen = self._sequence(db)
        if seen != role:
            raise InputError(f"the key store {self.path} is the {seen}'s and is used as the {role}'s: the other end "
                             "may have used its key already; for a link in the other direction make a pair of its own "
                             "with `gensc keys create`")

    def _range(self, db: sqlite3.Connection, which: str, *values: int) -> tuple[int, int] | None:
        """An unspent range, start and stop."""
        row = db.execute(f"SELECT start, stop, digest FROM unspent {which}", values).fetchone()
        if row is None:
            return None
        start, stop, digest = row
        whole = digest == _digest(start, repr(stop).encode())
        self._require(whole, f"the unspent range from byte {start} on has changed")
        return start, stop

    def _intact(self, start: int, stored: bytes) -> bytes:
        """The bytes of a row, checked against its digest: SQLite itself checks its structure only."""
        whole = isinstance(stored, bytes) and _digest(start, stored[:-_DIGEST]) == stored[-_DIGEST:]
        self._require(whole, f"the key from byte {start} on has changed")
        return stored[:-_DIGEST]

    def _require(self, kept: bool, what: str) -> None:
        if not kept:
            raise InputError(f"{self.path} is no key store, or damaged ({what}): delete it, and the one of the other "
                             f"end; make new ones and {_FILL}")

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """A connection that holds the store alone; what was done is on the disk when the block has ended, or undone
        where it raised. A connection a transaction: none is shared by processes."""
        try:
            with contextlib.closing(sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=rw", uri=True,
                                                    timeout=self.wait_s, isolation_level=None)) as db:
                db.execute("PRAGMA synchronous = EXTRA")
                db.execute("PRAGMA secure_delete = ON")
                db.execute("BEGIN IMMEDIATE")
                yield db
                db.execute("COMMIT")
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise self._refusal(error) from error

    def _refusal(self, error: Exception) -> InputError:
        if getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
            return InputError(f"the key store {self.path} has been locked by another process for {self.wait_s:g} s: "
                              "end that process, or wait and try again")
        return InputError(f"the key store {self.path} can't be used ({error}): it is damaged, no key store, read-only "
                          f"or the disk is full; if it is damaged, delete it and the one of the other end and {_FILL}")


def _left(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT coalesce(sum(stop - start), 0) FROM unspent").fetchone()[0])


def _unspent(db: sqlite3.Connection, start: int, stop: int) -> None:
    if stop > start:
        db.execute("INSERT INTO unspent VALUES (?, ?, ?)", (start, stop, _digest(start, repr(stop).encode())))


def _digest(start: int, data: bytes | bytearray) -> bytes:
    """What finds a change of a row, whatever types a damaged file gives its numbers."""
    return hashlib.blake2b(f"{start!r}:".encode() + data, digest_size=_DIGEST).digest()
