"""Finished points of a sweep in one SQLite file: stored at once, never doubled, never of another experiment."""

import io
import json
import sqlite3
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gensc.errors import InputError
from gensc.experiment.evaluate import Scores

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS link (job TEXT PRIMARY KEY, scheme INTEGER NOT NULL, seed INTEGER NOT NULL,
                                 facts TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS point (job TEXT NOT NULL, snr_db REAL NOT NULL, cost TEXT NOT NULL,
                                  columns BLOB NOT NULL, PRIMARY KEY (job, snr_db));
"""


@dataclass(frozen=True)
class Point:
    """One trained link at one SNR: mean cost and source ``values`` an item, and the kept ``columns`` [N] of the test
    items, with the channel "uses" of each."""

    job: str
    snr_db: float
    uses: float
    bits: float
    seconds: float
    values: float
    columns: Mapping[str, np.ndarray]

    @staticmethod
    def of(job: str, snr_db: float, scores: Scores) -> "Point":
        """A point with the means of what was scored."""
        cost = scores.cost
        uses, bits, seconds, values = (float(one.double().mean()) for one in (
            cost.uses, cost.bits, cost.seconds, scores.values))
        return Point(job, snr_db, uses, bits, seconds, values, {**scores.columns, "uses": cost.uses.numpy()})


@dataclass(frozen=True)
class LinkFacts:
    """A trained link of a sweep: which scheme and seed, and ``facts`` (parameters, times, epochs)."""

    job: str
    scheme: int
    seed: int
    facts: dict[str, Any]


class Results:
    """The results file of one experiment. Raises InputError where it is damaged or another experiment's."""

    def __init__(self, path: Path, experiment: str, provenance: Mapping[str, Any] | None = None) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=60)
            self._db.executescript(_TABLES)
        except (sqlite3.Error, OSError) as error:
            raise InputError(f"{path} can't be used as a results file ({error}): free disk space, or name another "
                             "folder with --out") from error
        known = self.meta("experiment")
        if known is not None and known != experiment and self.done():
            raise InputError(f"{path} holds the results of another experiment ({known[:12]}, this one is "
                             f"{experiment[:12]}): name another folder with --out, or delete the file")
        if known != experiment:
            # New, or begun by another experiment that never finished a point: this one takes it over.
            facts = ("experiment", experiment), ("provenance", json.dumps(dict(provenance or {})))
            self._write(("DELETE FROM link", ()), *(("REPLACE INTO meta VALUES (?, ?)", fact) for fact in facts))

    @staticmethod
    def read(path: Path) -> "Results":
        """An existing results file, whatever its experiment, without the right to change it."""
        results = object.__new__(Results)
        results.path = path
        try:
            results._db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        except sqlite3.Error as error:
            raise InputError(f"{path} is no results file ({error}): name the folder of a run") from error
        if results.meta("experiment") is None:
            raise InputError(f"{path} is empty: start the run again")
        return results

    def meta(self, key: str) -> str | None:
        """A stored fact of the whole experiment."""
        rows = self._read("SELECT value FROM meta WHERE key = ?", key)
        return str(rows[0][0]) if rows else None

    @property
    def provenance(self) -> dict[str, Any]:
        """Command, seeds, versions and data digest of the run that began the file."""
        return json.loads(self.meta("provenance") or "{}")

    def add_link(self, link: LinkFacts) -> None:
        """Keep a trained link's facts (the first ones, where they are known already)."""
        self._write(("INSERT OR IGNORE INTO link VALUES (?, ?, ?, ?)",
                     (link.job, link.scheme, link.seed, json.dumps(link.facts))))

    def add_point(self, point: Point) -> None:
        """Keep a finished point, in a transaction of its own."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **point.columns)
        cost = json.dumps([point.uses, point.bits, point.seconds, point.values])
        self._write(("INSERT OR IGNORE INTO point VALUES (?, ?, ?, ?)",
                     (point.job, point.snr_db, cost, buffer.getvalue())))

    def done(self) -> set[tuple[str, float]]:
        """The (job, snr_db) of every finished point."""
        return {(job, snr_db) for job, snr_db in self._read("SELECT job, snr_db FROM point")}

    def links(self) -> dict[str, LinkFacts]:
        """Trained links by job."""
        rows = self._read("SELECT job, scheme, seed, facts FROM link ORDER BY scheme, seed")
        return {job: LinkFacts(job, scheme, seed, json.loads(facts)) for job, scheme, seed, facts in rows}

    def points(self) -> list[Point]:
        """Every finished point, ordered by job and SNR."""
        rows = self._read("SELECT job, snr_db, cost, columns FROM point ORDER BY job, snr_db")
        try:
            return [_point(*row) for row in rows]
        except (ValueError, OSError, KeyError, zipfile.BadZipFile) as error:
            raise self._damaged(error) from error

    def uses(self, job: str) -> dict[float, np.ndarray]:
        """The channel uses [N] of each test item, by the SNR of the finished points of a job."""
        rows = self._read("SELECT snr_db, columns FROM point WHERE job = ?", job)
        return {snr_db: _columns(blob)["uses"] for snr_db, blob in rows}

    def close(self) -> None:
        """Release the file."""
        self._db.close()

    def _read(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> InputError:
        return InputError(f"{self.path} is no results file, or damaged ({error}): run the experiment again into "
                          "another folder")

    def _write(self, *statements: tuple[str, tuple[Any, ...]]) -> None:
        """Run all statements in one transaction."""
        try:
            with self._db:
                for statement, values in statements:
                    self._db.execute(statement, values)
        except sqlite3.Error as error:
            raise InputError(f"{self.path} can't take a result ({error}): free disk space and run the same command "
                             "again; what was stored is kept") from error


def _point(job: str, snr_db: float, cost: str, blob: bytes) -> Point:
    uses, bits, seconds, values = json.loads(cost)
    return Point(job, snr_db, uses, bits, seconds, values, _columns(blob))


def _columns(blob: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(blob), allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}
