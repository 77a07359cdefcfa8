"""Whole runs from the command line: killed, interrupted, crashed, out of disk, two at once."""

import os
import random
import signal
import subprocess
import time

import pytest

from gensc.experiment import sweep
from gensc.experiment.sweep import locked
from helpers import (
    GENSC,
    alive,
    call,
    environment,
    family,
    finished,
    gensc,
    points,
    refused,
    same_points,
    serial,
    tiny_toml,
)


@pytest.fixture
def reference(tmp_path_factory):
    return finished(tmp_path_factory)


def start(one, out, *more):
    """`gensc run` as a process group of its own, deaf to nothing: a shell's background jobs inherit a deaf SIGINT."""
    return subprocess.Popen([GENSC, "run", one.file, "--out", out, "--workers", "2", *more], env=one.env,
                            start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))


def until(condition, process, seconds=60.0):
    """Wait for a condition while a process runs."""
    stop = time.monotonic() + seconds
    while not condition() and process.poll() is None and time.monotonic() < stop:
        time.sleep(0.01)


def gone(pids, seconds=12.0):
    stop = time.monotonic() + seconds
    while any(alive(pid) for pid in pids) and time.monotonic() < stop:
        time.sleep(0.05)
    return [pid for pid in pids if alive(pid)]


def kill(process):
    """kill -9 of the parent alone; what is left of its family after a few seconds is told, and ended."""
    below = family(process.pid)
    process.kill()
    process.communicate()
    orphans = gone(below)
    for pid in orphans:
        os.kill(pid, signal.SIGKILL)
    return orphans


def finish(one, out, monkeypatch):
    """The same command again, its jobs in this process."""
    monkeypatch.setattr(sweep, "run_jobs", serial)
    done = call("run", one.file, "--out", out)
    assert done.code == 0, done.err


def whole(out, reference):
    """Whether a results folder is that of an uninterrupted run."""
    assert same_points(points(out), points(reference))
    assert (out / "tiny.csv").read_bytes() == (reference / "tiny.csv").read_bytes()
    assert not [file for file in out.rglob("*.part")] and not list((out / "checkpoints").iterdir())


def test_a_run_leaves_what_it_says(reference):
    assert {file.name for file in reference.iterdir()} >= {
        "experiment.toml", "results.sqlite", "links", "tiny.csv", "report.html"}
    assert len(list((reference / "links").iterdir())) == 2


def test_killed_twice_and_run_again_it_is_the_same(one, reference, tmp_path, monkeypatch):
    """Once in the middle of training, once with a link trained; then the same command, to its end."""
    out, jitter = tmp_path / "out", random.Random(1)
    for pattern in ("checkpoints/*.ckpt", "links/*.safetensors"):
        process = start(one, out)
        until(lambda pattern=pattern: any(out.glob(pattern)), process)
        time.sleep(jitter.uniform(0, 0.2))
        assert kill(process) == []
    finish(one, out, monkeypatch)
    whole(out, reference)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_killed_at_random_moments_it_is_the_same(one, reference, tmp_path, seed):
    out, moments = tmp_path / "out", random.Random(seed)
    for _ in range(5):
        process = start(one, out)
        time.sleep(moments.uniform(1, 12))
        assert kill(process) == []
    done = gensc("run", one.file, "--out", out, "--workers", 1, env=one.env)
    assert done.code == 0, done.err
    whole(out, reference)


def test_ctrl_c_is_no_crash_and_the_run_goes_on_from_there(one, reference, tmp_path, monkeypatch):
    out = tmp_path / "out"
    process = start(one, out)
    until(lambda: any(out.glob("checkpoints/*.ckpt")), process)
    below = family(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert gone(below) == []
    finish(one, out, monkeypatch)
    whole(out, reference)
    assert "gensc: stopped" in err


@pytest.mark.slow
@pytest.mark.parametrize("moment", [0.5, 2.0, 4.0, 5.0, 6.0])
def test_ctrl_c_at_any_moment_is_no_crash(one, tmp_path, moment):
    """A terminal sends it to the workers too, which may still be starting."""
    process = start(one, tmp_path / "out")
    time.sleep(moment)
    below = family(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode in (130, -signal.SIGINT, 0) and "Traceback" not in err, err
    assert gone(below) == []


def test_a_second_run_on_one_folder_is_refused(one, tmp_path):
    with locked(tmp_path / "out"):
        refused(call("run", one.file, "--out", tmp_path / "out"), "another run", "--out")


def test_a_results_folder_of_another_experiment_is_refused(one, reference, tmp_path):
    before = (reference / "results.sqlite").read_bytes()
    refused(call("run", one.file, "--out", reference, "--set", "train.rate=0.5"), "another experiment", "--out")
    assert (reference / "results.sqlite").read_bytes() == before
    assert "rate = 0.5" not in (reference / "experiment.toml").read_text()


def test_wrong_input_found_by_a_worker_is_exit_code_2(one, tmp_path, monkeypatch):
    """And the corrected command may use the same folder: nothing was finished in it."""
    out = tmp_path / "out"
    refused(call("run", one.file, "--out", out, "--workers", 1, "--set", "link.transport.name=analog",
                 "--set", "link.transport.uses=-1"), "uses is -1", "at least 1")
    monkeypatch.setattr(sweep, "run_jobs", serial)
    done = call("run", one.file, "--out", out, "--set", "link.transport.name=analog",
                "--set", "link.transport.uses=4")
    assert done.code == 0, done.err


CRASH = '''
import os
from gensc.channel import AWGN
from gensc.registry import register


@register("channel", "crash")
class Crash(AWGN):
    """y = nothing."""

    def forward(self, signal, state):
        os._exit(9)
'''


def test_a_crashed_worker_is_one_sentence(one, tmp_path):
    (tmp_path / "crash_channel.py").write_text(CRASH)
    info = tmp_path / "crash_channel-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: crash-channel\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[gensc]\ncrash = crash_channel\n")
    done = gensc("run", one.file, "--out", tmp_path / "out", "--workers", 1, "--set", "link.channel.name=crash",
                 env=environment(one.cache, PYTHONPATH=str(tmp_path)))
    assert done.code != 0 and "Traceback" not in done.err, done.err
    assert [line for line in done.err.splitlines() if line.startswith("gensc: ") and "exit code 9" in line], done.err


@pytest.mark.parametrize("limit", [2_000, 200_000], ids=["results", "links"])
def test_a_full_disk_is_one_sentence(one, tmp_path, limit):
    """No file may grow beyond ``limit``: too little for the results file, or for a trained link."""
    out = tmp_path / "out"
    refused(gensc("run", one.file, "--out", out, "--workers", 1, env=one.env, limit=limit), str(out), "disk")
    assert not [file for file in out.rglob("*") if file.suffix in (".part", ".safetensors")]


@pytest.mark.parametrize("name", ["a b", "größe", "ein'quote", 'a"quote', "back\\slash", "emoji😀"])
def test_paths_of_any_name_come_back_from_the_results_folder(one, tmp_path, name, monkeypatch):
    from gensc import config
    from gensc.experiment.run import run
    from helpers import save_pictures

    monkeypatch.setattr(sweep, "run_jobs", lambda work, jobs, workers: serial(work, [], workers))
    monkeypatch.setattr(sweep, "encode_all", lambda experiments, splits: None)
    save_pictures(tmp_path / name, 4)
    (tmp_path / "a.toml").write_text(tiny_toml("x"))
    experiment = config.changed(config.load(tmp_path / "a.toml"), {"data.source": f"folder:{tmp_path / name}"})
    run(experiment, tmp_path / "out", 1, "test")
    assert config.load(tmp_path / "out" / "experiment.toml") == experiment
