"""Picture files on disk: the best file for a room is searched once, whatever the SNR, the seed or the run."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from gensc.errors import InputError
from gensc.machine.cache import cache_dir

# Part of the file's name: raise it when the search or the payload changes, so that no old file is read.
RECIPE = 1


class KeptFiles:
    """Payloads under 32-byte keys in one SQLite file; every put is one transaction."""

    def __init__(self, folder: Path | None = None) -> None:
        self.path = (folder or cache_dir()) / f"picture-files-{RECIPE}.sqlite"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, timeout=60)
            self._db.execute("CREATE TABLE IF NOT EXISTS file (key BLOB PRIMARY KEY, payload BLOB NOT NULL)")
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error

    def get(self, keys: Iterable[bytes]) -> dict[bytes, bytes]:
        """The kept payloads among ``keys``."""
        found = {}
        try:
            for key in keys:
                row = self._db.execute("SELECT payload FROM file WHERE key = ?", (key,)).fetchone()
                if row is not None:
                    found[key] = row[0]
        except sqlite3.Error as error:
            raise self._unusable(error) from error
        return found

    def put(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep payloads under their keys, all or none."""
        try:
            with self._db:
                self._db.executemany("INSERT OR IGNORE INTO file VALUES (?, ?)", list(pairs))
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    def _unusable(self, error: Exception) -> InputError:
        return InputError(f"the store of picture files {self.path} can't be used ({error}): free disk space, delete "
                          "the file, or set GENSC_CACHE to another folder")
