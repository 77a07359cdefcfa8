"""The results file: what was stored first stays, to the bit, and a damaged or foreign file is refused."""

import sqlite3

import numpy as np
import pytest
import torch

from gensc.errors import InputError
from gensc.experiment.evaluate import Scores
from gensc.experiment.results import LinkFacts, Point, Results
from gensc.signal import Cost
from helpers import same_points, small_disk

COLUMNS = {"label": np.arange(300), "predicted": np.arange(300)[::-1] % 7, "psnr": np.linspace(0, 1, 300, dtype="f4"),
           "hit": np.arange(300) % 2 == 0}


def point(job="a", snr_db=0.0, uses=640.0, columns=COLUMNS):
    return Point(job, snr_db, uses, 0.0, 3.2e-5, 3072.0, columns)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out" / "results.sqlite"


@pytest.fixture
def results(path):
    one = Results(path, "e1", {"command": "gensc run x"})
    yield one
    one.close()


def test_columns_and_cost_come_back_as_they_went(results, path):
    results.add_point(point())
    results.close()
    again = Results(path, "e1")
    kept = again.points()
    assert same_points(kept, [point()])
    assert {name: column.dtype for name, column in kept[0].columns.items()} == {
        name: column.dtype for name, column in COLUMNS.items()}
    assert again.provenance == {"command": "gensc run x"}
    again.close()


def test_the_first_point_stays(results):
    results.add_point(point())
    results.add_point(point(uses=1.0, columns={"label": np.zeros(3)}))
    assert same_points(results.points(), [point()])


def test_the_first_facts_of_a_link_stay(results):
    for epochs in (3, 5):
        results.add_link(LinkFacts("a", 1, 0, {"epochs": epochs}))
    assert results.links() == {"a": LinkFacts("a", 1, 0, {"epochs": 3})}


def test_two_writers_do_not_double_a_point(results, path):
    other = Results(path, "e1")
    for one in (results, other):
        one.add_point(point())
        one.add_point(point(snr_db=1.0))
    assert len(results.points()) == len(other.points()) == 2
    other.close()


@pytest.mark.parametrize("snr_db", [float("inf"), -30.0, 0.1, 1 / 3])
def test_every_snr_comes_back_exactly(results, snr_db):
    results.add_point(point(snr_db=snr_db))
    assert results.done() == {("a", snr_db)}
    assert results.points()[0].snr_db == snr_db


def test_points_come_in_order_of_job_and_snr(results):
    for job, snr_db in (("b", 0.0), ("a", float("inf")), ("a", -5.0), ("a", 10.0)):
        results.add_point(point(job, snr_db))
    assert [(one.job, one.snr_db) for one in results.points()] == [
        ("a", -5.0), ("a", 10.0), ("a", float("inf")), ("b", 0.0)]


def test_a_point_has_the_mean_cost_and_size_of_its_items():
    cost = Cost(torch.tensor([1.0, 2.0, 6.0]), torch.tensor([0.0, 8.0, 1.0]), torch.tensor([0.5, 0.5, 2.0]))
    scores = Scores({"hit": np.ones(3)}, cost, torch.tensor([100.0, 200.0, 60.0]))
    one = Point.of("a", 0.0, scores)
    assert (one.uses, one.bits, one.seconds, one.values) == (3.0, 3.0, 1.0, 120.0)
    assert set(one.columns) == {"hit", "uses"} and one.columns["uses"].tolist() == [1.0, 2.0, 6.0]


def test_another_experiments_file_is_refused_and_left_as_it_is(results, path):
    results.add_point(point())
    results.close()
    before = path.read_bytes()
    with pytest.raises(InputError, match=r"another experiment.*--out"):
        Results(path, "e2", {"command": "other"})
    assert path.read_bytes() == before


def test_a_killed_start_does_not_leave_a_file_that_nobody_can_use(path, monkeypatch):
    """Stopped before the facts of a new file are written, all of them in one transaction: the next run has its own
    provenance, and where nothing stopped it, the first run's stays."""
    def stops(self, *statements):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Results, "_write", stops)
        Results(path, "e1", {"command": "first"})
    for command in ("second", "third"):
        again = Results(path, "e1", {"command": command})
        assert again.provenance == {"command": "second"}
        again.close()


def test_the_facts_of_a_new_file_are_written_together(path):
    """Killed between two of them, it has none: the provenance is never that of no experiment."""
    broken = sqlite3.connect(path_of(path))
    broken.executescript("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL CHECK (key != 'provenance'))")
    broken.close()
    with pytest.raises(InputError, match=r"results\.sqlite"):
        Results(path, "e1", {"command": "first"})
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT * FROM meta").fetchall() == []


def path_of(path):
    """The path, with its folder made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def grown(path):
    results = Results(path, "e1", {})
    noise = np.random.default_rng(0)
    for snr_db in range(40):
        results.add_point(point(snr_db=float(snr_db), columns={"x": noise.random(300)}))
    results.close()
    return path.read_bytes()


def use(path):
    results = Results(path, "e1", {})
    try:
        results.done()
        results.links()
        results.points()
        results.add_point(point())
    finally:
        results.close()


@pytest.mark.parametrize("damage", [
    lambda data: b"this is no database" * 300,
    lambda data: data[: len(data) // 2],
    lambda data: data[:8192] + b"\xa5" * (len(data) - 8192),
    lambda data: data[:100] + b"\xff" * (len(data) - 100),
], ids=["garbage", "truncated", "pages", "schema"])
def test_a_damaged_file_is_named(path, damage):
    path.parent.mkdir()
    path.write_bytes(damage(grown(path)))
    with pytest.raises(InputError, match=r"results\.sqlite"):
        use(path)


def test_a_damaged_point_is_named(results, path):
    results.add_point(point())
    results.close()
    with sqlite3.connect(path) as database:
        database.execute("UPDATE point SET columns = ?", (b"no columns",))
    database.close()
    with pytest.raises(InputError, match=r"results\.sqlite"):
        use(path)


def test_a_database_of_something_else_is_named(path):
    path.parent.mkdir()
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE meta (name TEXT)")
    database.close()
    with pytest.raises(InputError, match=r"results\.sqlite"):
        use(path)


def test_a_full_disk_is_named_and_what_was_stored_stays(results, path):
    results.add_point(point())
    with small_disk(path.stat().st_size), pytest.raises(InputError, match=r"results\.sqlite.*disk"):
        for snr_db in range(1, 100):
            results.add_point(point(snr_db=float(snr_db)))
    assert same_points(results.points()[:1], [point()])
    results.add_point(point("b"))
    assert ("b", 0.0) in results.done()


def test_a_folder_in_the_place_of_the_file_is_named(path):
    path.mkdir(parents=True)
    with pytest.raises(InputError, match=r"results\.sqlite"):
        Results(path, "e1", {})
