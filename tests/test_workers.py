"""Worker processes: jobs come back, errors too, a crash is one sentence, and nobody outlives the parent."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from gensc.errors import InputError, RunLost
from gensc.machine.workers import run_jobs

# helpers is imported in the functions that use it: workers import this module too, and that would be slow.


def squares(job, tell):
    tell((job, "threads", torch.get_num_threads()))
    tell((job, "square", job**2))


def crashes(job, tell):
    os._exit(7)


def wrong_input(job, tell):
    raise InputError(f"job {job} is wrong: give another")


class Stubborn(Exception):
    """An error that does not survive a pipe."""

    def __init__(self, one, two):
        super().__init__(f"{one} {two}")
        self.hook = lambda: one


def unpicklable_error(job, tell):
    raise Stubborn("no", "pickle")


def tells_a_function(job, tell):
    tell(lambda: job)


def leaves(job, tell):
    sys.exit(0)


def forever(job, tell):
    tell(os.getpid())
    time.sleep(600)


def test_every_job_comes_back_once_with_one_thread_each():
    told = list(run_jobs(squares, [1, 2, 3, 4, 5], 2))
    assert sorted(told) == sorted((job, *fact) for job in range(1, 6)
                                  for fact in (("threads", 1), ("square", job**2)))


def test_no_jobs_are_no_work():
    assert list(run_jobs(squares, [], 2)) == []


def test_wrong_input_in_a_worker_is_wrong_input_here():
    from helpers import family

    with pytest.raises(InputError, match="job 3 is wrong: give another"):
        list(run_jobs(wrong_input, [3], 1))
    assert not [pid for pid in family(os.getpid()) if spawned(pid)]


def test_a_crashed_worker_is_one_clear_sentence():
    with pytest.raises(RunLost, match=r"(?s)^[^\n]*worker[^\n]*exit code 7[^\n]*$"):
        list(run_jobs(crashes, [1], 1))


@pytest.mark.parametrize("work", [unpicklable_error], ids=["unpicklable"])
def test_an_error_that_cannot_be_sent_does_not_hang(work):
    code = ("from gensc.machine.workers import run_jobs; import test_workers as t; "
            f"list(run_jobs(t.{work.__name__}, [1], 1))")
    parent = started(code)
    try:
        _, err = parent.communicate(timeout=60)
        assert parent.returncode != 0 and "no pickle" in err
    finally:
        end(parent)


def test_a_message_that_cannot_be_sent_is_an_error_of_its_job():
    with pytest.raises(Exception, match="pickle"):
        list(run_jobs(tells_a_function, [1], 1))


def test_a_job_that_leaves_its_worker_does_not_hang():
    with pytest.raises(RunLost, match="exit code 0"):
        list(run_jobs(leaves, [1, 2], 1))


def test_leaving_the_loop_ends_the_workers():
    from helpers import alive

    jobs = run_jobs(forever, [1, 2], 2)
    pid = next(jobs)
    assert alive(pid)
    jobs.close()
    assert not alive(pid)


def started(code):
    from helpers import environment

    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen([sys.executable, "-c", code], env={**environment(Path("/nonexistent")), "PYTHONPATH": path},
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def end(process):
    """End a process and those below it."""
    from helpers import alive, family

    below = family(process.pid)
    process.kill()
    process.wait()
    for pid in below:
        if alive(pid):
            os.kill(pid, 9)


def spawned(pid):
    try:
        return b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False


def eventually(condition, seconds=30.0):
    stop = time.monotonic() + seconds
    while not condition() and time.monotonic() < stop:
        time.sleep(0.02)
    return condition()


@pytest.mark.parametrize("moment", ["starting", "working"])
def test_workers_end_when_their_parent_is_killed(moment, tmp_path):
    """Also while a worker is still importing torch, which takes seconds."""
    from helpers import alive, family

    parent = started(f"""
from gensc.machine.workers import run_jobs
import test_workers, pathlib
for pid in run_jobs(test_workers.forever, [1], 1):
    pathlib.Path({str(tmp_path / "pid")!r}).write_text(str(pid))
""")
    below = []
    try:
        if moment == "working":
            assert eventually((tmp_path / "pid").exists)
        assert eventually(lambda: any(spawned(pid) for pid in family(parent.pid)))
        if moment == "starting":
            time.sleep(0.3)
        below = family(parent.pid)
        parent.kill()
        parent.wait()
        assert eventually(lambda: not any(alive(pid) for pid in below), 15)
    finally:
        end(parent)
        for pid in below:
            if alive(pid):
                os.kill(pid, 9)
