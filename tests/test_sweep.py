"""Sweeps: what a job is, that nothing is done twice, and the same bits for every number of workers."""

import dataclasses
import subprocess
import sys

import pytest
import torch

from gensc import config
from gensc.errors import InputError
from gensc.experiment import sweep
from gensc.experiment.linkfile import load
from gensc.experiment.results import LinkFacts, Results
from gensc.experiment.run import load_splits, run
from gensc.experiment.sweep import Job, jobs_of, locked, run_job
from helpers import finished, points, same_points, save_pictures, serial, tiny_toml


@pytest.fixture
def alone(monkeypatch):
    """Jobs run in this process."""
    monkeypatch.setattr(sweep, "run_jobs", serial)


def quick(one, **more):
    """The tiny experiment with 2 epochs and one seed."""
    experiment = one.experiment
    return dataclasses.replace(experiment, seeds=(0,), train=dataclasses.replace(experiment.train, epochs=2), **more)


def test_everything_that_decides_a_result_decides_the_key(one):
    experiment = quick(one)
    key = jobs_of((experiment,), "d1")[0].key
    assert jobs_of((experiment,), "d1")[0].key == key
    others = [jobs_of((config.changed(experiment, change),), "d1")[0].key for change in (
        {"train.epochs": 3}, {"seeds": [1]}, {"link.channel.name": "rayleigh"}, {"evaluate.snr_db": [1.0]},
        {"data.size": 64}, {"link.task.head": "3xfc"}, {"train.codec_rate": 0.1}, {"device": "cpu"})]
    others.append(jobs_of((experiment,), "d2")[0].key)
    assert len({key, *others}) == 10


def test_grid_and_schemes_make_every_combination(one, alone, tmp_path):
    experiment = quick(one, schemes=({"link.transport.name": "features"},
                                     {"link.transport.name": "analog", "link.transport.uses": 8}),
                       grid={"link.channel.name": ["awgn", "rayleigh"]})
    run(experiment, tmp_path, 1, "test")
    results = Results.read(tmp_path / "results.sqlite")
    made = {(p.uses, results.links()[p.job].scheme, p.snr_db) for p in results.points()}
    results.close()
    assert made == {(uses, scheme, snr_db) for scheme, uses in enumerate((640.0, 640.0, 8.0, 8.0))
                    for snr_db in (-20.0, 10.0)}
    assert len(list((tmp_path / "links").iterdir())) == 4
    assert not list((tmp_path / "checkpoints").iterdir())


def test_the_same_link_named_twice_is_refused(one, alone, tmp_path):
    experiment = quick(one, schemes=({}, {"link.channel.name": "awgn"}))
    with pytest.raises(InputError, match=r"links 1 and 2 of tiny are the same: leave one out"):
        run(experiment, tmp_path, 1, "test")
    assert not tmp_path.joinpath("results.sqlite").exists()


FIRST_WEIGHTS = """
from gensc.config import LinkSpec
from gensc.link import build
from gensc.rng import Rng
import torch
made = []
for _ in range(2):
    with Rng.seeded(0).child("layers").torch_seeded():
        made.append(build(LinkSpec(), 3, 32).state_dict())
assert all(torch.equal(value, made[1][name]) for name, value in made[0].items()), "the second link is another"
"""


def test_the_first_weights_do_not_depend_on_what_the_process_made_before(tmp_path):
    """A frozen backbone is loaded once a process: that must not move the draws of the layers behind it."""
    done = subprocess.run([sys.executable, "-c", FIRST_WEIGHTS], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def test_the_number_of_workers_changes_no_bit(one, tmp_path_factory, tmp_path):
    reference = points(finished(tmp_path_factory))
    assert len(reference) == 4
    run(one.experiment, tmp_path, 2, "test")
    assert same_points(points(tmp_path), reference)
    assert {file.name: file.read_bytes() for file in (tmp_path / "links").iterdir()} == {
        file.name: file.read_bytes() for file in (finished(tmp_path_factory) / "links").iterdir()}


@pytest.mark.slow
@pytest.mark.parametrize("codec", ['model = "mobilenetv3_small_050", mode = "scratch"',
                                   'model = "efficientnet_lite0", mode = "finetune", frozen_stages = 4'])
def test_the_number_of_workers_changes_no_bit_of_trained_encoders(codec, tmp_path, monkeypatch):
    monkeypatch.setenv("GENSC_CACHE", str(tmp_path / "cache"))
    text = tiny_toml(tmp_path).replace('model = "efficientnet_lite0"', codec)
    text = text.replace(f"folder:{tmp_path}", "vehicles:64")
    (tmp_path / "a.toml").write_text(text)
    kept = []
    for workers in (1, 2):
        run(config.load(tmp_path / "a.toml"), tmp_path / str(workers), workers, "test")
        kept.append(points(tmp_path / str(workers)))
    assert same_points(*kept) and len(kept[0]) == 4


def test_a_second_run_does_nothing(one, alone, tmp_path, monkeypatch):
    run(quick(one), tmp_path, 1, "first")
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    monkeypatch.setattr(sweep, "run_jobs", None)
    monkeypatch.setattr(sweep, "encode_all", None)
    run(quick(one), tmp_path, 1, "second")
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


def test_a_trained_link_is_not_trained_again_and_gives_the_same_points(one, alone, tmp_path, monkeypatch):
    experiment = quick(one)
    run(experiment, tmp_path, 1, "test")
    splits = load_splits(experiment)
    job = jobs_of(config.expand(experiment), splits.digest)[0]
    monkeypatch.setattr(sweep, "Training", None)
    told = []
    facts, *again = run_job(job, splits, tmp_path, told.append)
    assert isinstance(facts, LinkFacts) and (tmp_path / facts.facts["file"]).exists()
    assert same_points(again, points(tmp_path))
    assert job.work == sum(told) + 1 + len(again), "the progress bar ends full"


def test_missing_points_alone_are_filled_in(one, alone, tmp_path, monkeypatch):
    import sqlite3

    run(quick(one), tmp_path, 1, "test")
    whole = points(tmp_path)
    with sqlite3.connect(tmp_path / "results.sqlite") as database:
        database.execute("DELETE FROM point WHERE snr_db = 10")
    database.close()
    monkeypatch.setattr(sweep, "Training", None)
    run(quick(one), tmp_path, 1, "test")
    assert same_points(points(tmp_path), whole)


def test_progress_adds_up_to_the_work_of_a_job(one, tmp_path):
    """Also where training stops early."""
    experiment = config.changed(quick(one), {"train.epochs": 30, "train.patience": 1})
    splits = load_splits(experiment)
    sweep.encode_all((experiment,), splits)
    job, told = jobs_of((experiment,), splits.digest)[0], []
    rest = list(run_job(job, splits, tmp_path, told.append))
    assert sum(told) + len(rest) == job.work == 33
    assert rest[0].facts["epochs"] < 30


def test_seeds_and_points_differ(one, tmp_path_factory):
    kept = points(finished(tmp_path_factory))
    predicted = {tuple(point.columns["predicted"]) for point in kept}
    assert len(kept) == 4 and len(predicted) > 1
    assert len({tuple(point.columns["label"]) for point in kept}) == 1


def test_other_data_makes_another_result(one, alone, tmp_path):
    """The same experiment file over a folder that has changed is not the same experiment."""
    (tmp_path / "a.toml").write_text(tiny_toml(save_pictures(tmp_path / "pictures", 8)))
    experiment = config.load(tmp_path / "a.toml")
    run(experiment, tmp_path / "out", 1, "test")
    next((tmp_path / "pictures" / "red").iterdir()).unlink()
    with pytest.raises(InputError, match=r"another experiment.*--out"):
        run(experiment, tmp_path / "out", 1, "test")


def test_a_folder_is_held_by_one_run_and_let_go(tmp_path):
    with locked(tmp_path / "out"):
        with pytest.raises(InputError, match=r"another run is writing.*--out"), locked(tmp_path / "out"):
            pass
        with locked(tmp_path / "other"):
            pass
    with locked(tmp_path / "out"):
        pass


@pytest.mark.parametrize("place", ["file/out", "file"])
def test_a_folder_that_cannot_be_made_is_named(tmp_path, place):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="--out"), locked(tmp_path / place):
        pass


def test_jobs_travel_to_workers(one):
    import pickle

    job = jobs_of((quick(one),), "d1")[0]
    assert isinstance(job, Job) and pickle.loads(pickle.dumps(job)) == job


def test_the_device_is_in_the_results(one, alone, tmp_path):
    """In the provenance, with every link's facts and in its file."""
    experiment = config.changed(quick(one), {"device": "cpu"})
    run(experiment, tmp_path, 1, "test")
    results = Results.read(tmp_path / "results.sqlite")
    facts = [link.facts for link in results.links().values()]
    assert results.provenance["machine"]["device"] == "cpu"
    results.close()
    assert [fact["device"] for fact in facts] == ["cpu"]
    assert load(tmp_path / facts[0]["file"])[1].trained["device"] == "cpu"
    assert config.load(tmp_path / "experiment.toml").device == "cpu"


def test_links_on_a_device_take_turns(one, tmp_path, monkeypatch):
    """A GPU is one process's; the CPU has as many workers as it is told."""
    crews = []
    monkeypatch.setattr(sweep, "run_jobs", lambda work, jobs, workers: serial(work, crews.append(workers) or [], 1))
    monkeypatch.setattr(sweep, "encode_all", lambda experiments, splits: None)
    for place, kind in enumerate(("cpu", "meta")):
        monkeypatch.setattr(sweep, "device_named", lambda name, kind=kind: torch.device(kind))
        run(quick(one), tmp_path / str(place), 3, "test")
    assert crews == [3, 1]


def test_points_know_how_large_the_items_are(one, tmp_path_factory):
    assert {point.values for point in points(finished(tmp_path_factory))} == {3 * 32 * 32.0}
