"""Where jobs for QPU nodes go, and the pool of processes on this machine.

Each process has a queue and a pipe of its own: one that hangs or dies holds no lock and no collective that the others
wait for. (A collective of torch.distributed ends for all ranks where one is silent, and gives nothing of what the
others had.) Arrays travel as NumPy's, because tensors would be sent as handles that end with their sender.
"""

import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Any

from gensc.errors import InputError, RunLost
from gensc.machine import children
from gensc.quantum.nodes.node import Node

Job = Callable[[Node], Any]
"""What a node does and answers; it and its answer are pickled."""
START_S = 300.0
"""A worker that has not imported its modules by then never will."""
END_S, SLICE_S = 2.0, 0.5
"""A Ctrl-C that comes just before a wait begins is seen at its end: waits are cut into slices."""


@dataclass(frozen=True)
class Reply:
    """What came from a node: the ``value`` of the job with this ``ticket``, or the ``error`` that ended it. Without a
    ticket: the node is gone, and so is what it was given."""

    node: int
    ticket: int | None
    value: Any = None
    error: Exception | None = None


class ProcessPool:
    """Nodes 0 to ``size`` - 1 that do jobs, each in the order in which it was given them.

    A process with one torch thread for each node; they end with ``close``, with the block of a ``with`` statement,
    on Ctrl-C, and when this process ends however that goes.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        if not nodes:
            raise InputError("there are no QPU nodes: give at least one")
        self._replies: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        self._tickets = 0
        self._todo: list[Any] = []
        self._crew: list[SpawnProcess] = []
        try:
            pipes = [self._start(node) for node in nodes]
            self._await_start(pipes)
        except BaseException:
            self.close()
            raise
        for place, pipe in enumerate(pipes):
            threading.Thread(target=_read, args=(place, pipe, self._replies), daemon=True).start()

    @property
    def size(self) -> int:
        return len(self._crew)

    @property
    def pids(self) -> list[int]:
        """The processes' ids."""
        return [process.pid for process in self._crew if process.pid is not None]

    def submit(self, node: int, job: Job) -> int:
        """Give a job to a node without waiting; its ticket."""
        self._tickets += 1
        self._todo[node].put((self._tickets, job))
        return self._tickets

    def collect(self, timeout_s: float) -> Reply | None:
        """The next reply of any node, or None where none came within so many seconds."""
        end = time.monotonic() + timeout_s
        while True:
            try:
                return self._replies.get(timeout=min(max(0.0, end - time.monotonic()), SLICE_S))
            except queue.Empty:
                if time.monotonic() >= end:
                    return None

    def close(self) -> None:
        """End all nodes, whatever they are doing."""
        for process in self._crew:
            process.terminate()
        for process in self._crew:
            process.join(END_S)
            # A process that the system has stopped takes no gentler signal.
            process.kill()
            process.join()
        for todo in self._todo:
            todo.close()

    def __enter__(self) -> "ProcessPool":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def _start(self, node: Node) -> Connection:
        context = get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        todo = context.Queue()
        # What a silent node has not taken must not hold up the end of this process.
        todo.cancel_join_thread()
        process = context.Process(target=_serve, args=(node, todo, theirs), daemon=True)
        with children.starting():
            process.start()
            self._crew.append(process)
            self._todo.append(todo)
        theirs.close()
        return ours

    def _await_start(self, pipes: Sequence[Connection]) -> None:
        end = time.monotonic() + START_S
        for pipe, process in zip(pipes, self._crew, strict=True):
            try:
                if not pipe.poll(max(0.0, end - time.monotonic())):
                    raise RunLost(f"a QPU worker did not start within {START_S:.0f} s: run with fewer nodes")
                pipe.recv()
            except EOFError:
                process.join()
                raise RunLost(f"a QPU worker died at its start (exit code {process.exitcode}): see what it wrote "
                              "above; a script that makes a pool does so below if __name__ == \"__main__\"") from None


def _read(place: int, pipe: Connection, replies: "queue.SimpleQueue[Reply]") -> None:
    while True:
        try:
            ticket, value, error = pipe.recv()
        except (EOFError, OSError):
            replies.put(Reply(place, None))
            return
        replies.put(Reply(place, ticket, value, error))


def _serve(node: Node, todo: Any, answers: Connection) -> None:
    children.settle()
    answers.send("ready")
    done = 0
    while True:
        ticket, job = todo.get()
        if done == node.stops_after:
            threading.Event().wait()
        answer: tuple[int, Any, Exception | None]
        try:
            answer = ticket, job(node), None
        except InputError as error:
            answer = ticket, None, error
        except Exception as error:
            answer = ticket, None, RunLost(f"a job of a QPU node failed with {type(error).__name__}: {error}")
        answers.send(answer)
        done += 1
