"""Worker processes, each with a queue of jobs and a pipe of its own: one that hangs or dies holds no lock that the
others wait for."""

import itertools
import math
import pickle
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, Literal

from gensc.errors import RunLost
from gensc.machine import children

Tell = Callable[[object], None]
Work = Callable[[Any, Tell], Any]
"""What a worker does with a job: it may tell messages on the way, and returns its answer."""
START_S = 300.0
"""A worker that has not imported its modules by then never will."""
END_S, SLICE_S = 2.0, 0.5
"""A Ctrl-C that comes just before a wait begins is seen at its end: waits are cut into slices."""


@dataclass(frozen=True)
class Reply:
    """What came from a worker: that it is ready for its first job; a message, the answer or the error of a job
    (``value``); or that its process has ended, and what it was given is lost. Answers and errors have the job's
    ``ticket``."""

    worker: int
    what: Literal["ready", "message", "answer", "error", "end"]
    ticket: int = 0
    value: Any = None


class ProcessPool:
    """A process with one torch thread for each ``work``, which is pickled, as jobs and replies are. Each does its
    jobs in the order in which it was given them.

    Nobody waits for a process to start. All end with ``close``, and when this process ends however that goes.
    """

    def __init__(self, work: Sequence[Work]) -> None:
        self._replies: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        self._tickets = itertools.count(1)
        self._jobs: list[Any] = []
        self.processes: list[SpawnProcess] = []
        try:
            with children.starting():
                for one in work:
                    self._start(one)
        except BaseException:
            self.close()
            raise

    @property
    def size(self) -> int:
        return len(self.processes)

    def exit_code(self, worker: int) -> int | None:
        """That of a worker that has ended."""
        self.processes[worker].join(END_S)
        return self.processes[worker].exitcode

    def submit(self, worker: int, job: object) -> int:
        """Give a job to a worker without waiting; its ticket."""
        ticket = next(self._tickets)
        self._jobs[worker].put((ticket, job))
        return ticket

    def collect(self, timeout_s: float = math.inf) -> Reply | None:
        """The next reply of any worker, or None where none came within so many seconds."""
        end = time.monotonic() + timeout_s
        while True:
            try:
                return self._replies.get(timeout=min(max(0.0, end - time.monotonic()), SLICE_S))
            except queue.Empty:
                if time.monotonic() >= end:
                    return None

    def wait_until_ready(self) -> None:
        """Wait until all workers have started; before the first job. Raises RunLost where one does not start."""
        end = time.monotonic() + START_S
        for _ in self.processes:
            reply = self.collect(end - time.monotonic())
            if reply is None:
                raise RunLost(f"a worker did not start within {START_S:.0f} s: run with fewer")
            if reply.what == "end":
                raise RunLost(f"a worker died at its start (exit code {self.exit_code(reply.worker)}): see what it "
                              "wrote above; a script that starts workers does so below if __name__ == \"__main__\"")

    def close(self) -> None:
        """End all workers, whatever they are doing."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.join(END_S)
            # A process that the system has stopped takes no gentler signal.
            process.kill()
            process.join()
        for jobs in self._jobs:
            jobs.close()

    def _start(self, work: Work) -> None:
        context = get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        jobs = context.Queue()
        # What a silent worker has not taken must not hold up the end of this process.
        jobs.cancel_join_thread()
        process = context.Process(target=_serve, args=(self.size, work, jobs, theirs), daemon=True)
        process.start()
        threading.Thread(target=_read, args=(self.size, ours, self._replies), daemon=True).start()
        self.processes.append(process)
        self._jobs.append(jobs)
        theirs.close()


def _read(worker: int, pipe: Connection, replies: "queue.SimpleQueue[Reply]") -> None:
    while True:
        try:
            replies.put(pipe.recv())
        except (EOFError, OSError):
            replies.put(Reply(worker, "end"))
            return
        except Exception as error:
            replies.put(Reply(worker, "error", value=RunLost(f"what a worker sent can't be read: {error}")))


def _serve(worker: int, work: Work, jobs: Any, pipe: Connection) -> None:
    children.settle()
    pipe.send(Reply(worker, "ready"))
    while True:
        ticket, job = jobs.get()
        try:
            answer = work(job, lambda message: pipe.send(Reply(worker, "message", value=message)))
            pipe.send(Reply(worker, "answer", ticket, answer))
        except Exception as error:
            pipe.send(Reply(worker, "error", ticket, _sendable(error)))


def _sendable(error: Exception) -> Exception:
    """The error itself where it survives the way to the parent, else its text."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RunLost(f"a job failed with {type(error).__name__}: {error}")
    return error
