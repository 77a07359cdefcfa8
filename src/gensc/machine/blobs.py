"""What was computed once, on disk for later runs: bytes under bytes keys in one SQLite file."""

import hashlib
import sqlite3
import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

from gensc.errors import InputError

TIMEOUT_S = 60.0
MEMORY = ":memory:"
_Value = TypeVar("_Value")


class Blobs:
    """Values of bytes under keys of bytes in the SQLite file ``PATH-RECIPE.sqlite``, whose folder is made. Several
    processes may read and write it at once.

    ``recipe``: raise it when what is kept changes, so that nothing old is read.
    ``required`` True: a file that can't be read or written raises InputError. False: a damaged one is made anew, and
    where none can be kept, as on a full or read-only disk, this object keeps values in memory; it warns of both.

    Each value is kept with a digest of it and its key: one that has changed on the disk counts as missing.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     blobs = Blobs(Path(folder) / "squares", recipe=1)
    ...     blobs.put([(b"3", b"9")])
    ...     blobs.get([b"3", b"4"])
    ...     blobs.close()
    {b'3': b'9'}
    """

    def __init__(self, path: Path, recipe: int, required: bool = True) -> None:
        self.path = path.with_name(f"{path.name}-{recipe}.sqlite")
        self._what, self._required = path.name, required
        self._database: sqlite3.Connection | None = None
        self._place, self._renewed = str(self.path), False
        self._guarded(lambda database: None)

    def get(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """The values of those of ``keys`` that are there and sound. Raises InputError for a damaged file."""
        wanted = list(keys)
        return self._guarded(lambda database: _sound_values(database, wanted))

    def put(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep values under their keys, all or none; a key that is there keeps its value. Raises InputError where the
        disk is full or can't be written."""
        rows = [(key, value, _digest(key, value)) for key, value in pairs]
        self._guarded(lambda database: _changed(database, "INSERT OR IGNORE INTO blob VALUES (?, ?, ?)", rows))

    def close(self) -> None:
        """Release the file."""
        if self._database is not None:
            self._database.close()
            self._database = None

    def _guarded(self, work: Callable[[sqlite3.Connection], _Value]) -> _Value:
        """What ``work`` gives on the open file; where it fails, on what takes its place."""
        while True:
            try:
                if self._database is None:
                    self._database = _opened(self._place)
                return work(self._database)
            except (sqlite3.Error, OSError) as error:
                if self._required or self._place == MEMORY:
                    raise InputError(f"{self.path} can't be used ({error}): free disk space, delete the file, or set "
                                     "GENSC_CACHE to another folder that can be written") from error
                self._replace(error)

    def _replace(self, error: Exception) -> None:
        self.close()
        if not self._renewed and _damaged(self.path):
            self._renewed = True
            warnings.warn(f"{self.path}: the {self._what} kept there are damaged ({error}); all are made again",
                          stacklevel=4)
            with suppress(OSError):
                self.path.unlink(missing_ok=True)
            return
        warnings.warn(f"{self.path}: {self._what} cannot be kept ({error}), so the next run makes all of them again; "
                      "set GENSC_CACHE to a folder that can be written", stacklevel=4)
        self._place = MEMORY


def _opened(place: str) -> sqlite3.Connection:
    if place != MEMORY:
        Path(place).parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(place, timeout=TIMEOUT_S)
    try:
        _changed(database, "CREATE TABLE IF NOT EXISTS blob "
                           "(key BLOB PRIMARY KEY, value BLOB NOT NULL, digest BLOB NOT NULL)", [()])
    except sqlite3.Error:
        database.close()
        raise
    return database


def _sound_values(database: sqlite3.Connection, keys: list[bytes]) -> dict[bytes, bytes]:
    """The values whose digest fits; those whose does not are dropped."""
    values, broken = {}, []
    for key in keys:
        # Cast: damage may have changed the type as well.
        row = database.execute("SELECT CAST(value AS BLOB), CAST(digest AS BLOB) FROM blob WHERE key = ?",
                               (key,)).fetchone()
        if row is not None and row[1] == _digest(key, row[0] or b""):
            values[key] = row[0]
        elif row is not None:
            broken.append((key, *row))
    if broken:
        # With what was read: another process may have put a sound one in its place by now.
        _changed(database, "DELETE FROM blob WHERE key = ? AND CAST(value AS BLOB) IS ? AND CAST(digest AS BLOB) IS ?",
                 broken)
    return values


def _changed(database: sqlite3.Connection, statement: str, rows: Sequence[tuple[bytes, ...]]) -> None:
    with database:
        database.executemany(statement, rows)


def _damaged(path: Path) -> bool:
    """Whether a file is no sound database; one that another process has made anew meanwhile is sound."""
    try:
        with closing(sqlite3.connect(path, timeout=TIMEOUT_S)) as database:
            return bool(database.execute("PRAGMA quick_check").fetchone()[0] != "ok")
    except sqlite3.OperationalError:
        return False
    except sqlite3.DatabaseError:
        return True


def _digest(key: bytes, value: bytes) -> bytes:
    digest = hashlib.blake2b(key, digest_size=16)
    digest.update(value)
    return digest.digest()
