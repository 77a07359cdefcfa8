"""The coordinator's view of its nodes: who works on what, and who has stopped answering."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gensc.errors import InputError, RunLost
from gensc.machine.pool import ProcessPool
from gensc.quantum.nodes.pool import Job


@dataclass(frozen=True)
class Answer:
    """A node's answer to the job that it was given."""

    node: int
    value: Any


@dataclass(frozen=True)
class Lost:
    """A node that is given nothing any more, and why. A late answer of it is not used."""

    node: int
    why: str


@dataclass(frozen=True)
class _Work:
    ticket: int
    until: float


class Crew:
    """The nodes of a pool. One that has not answered a job after ``timeout_s`` counts as lost, for good: it must be
    longer than the slowest job. ``living``: the nodes that are not lost, in order."""

    def __init__(self, pool: ProcessPool, timeout_s: float) -> None:
        if not timeout_s > 0:
            raise InputError(f"timeout_s is {timeout_s}; expected more than 0 seconds, longer than the slowest job")
        self._pool, self._timeout_s = pool, timeout_s
        self._at_work: dict[int, _Work] = {}
        self.living = list(range(pool.size))

    @property
    def idle(self) -> list[int]:
        """The living nodes without a job, in order."""
        return [node for node in self.living if node not in self._at_work]

    def start(self, node: int, job: Job) -> None:
        """Give a job to an idle node."""
        self._at_work[node] = _Work(self._pool.submit(node, job), time.monotonic() + self._timeout_s)

    def next(self) -> Answer | Lost:
        """What happens next: an answer, or a node that is lost. Raises RunLost once none is left, and what an
        answer's job raised."""
        while True:
            first = min(self._at_work, key=lambda node: self._at_work[node].until)
            reply = self._pool.collect(self._at_work[first].until - time.monotonic())
            if reply is None:
                return self._lose(first, f"node {first} did not answer for {self._timeout_s:g} s")
            node = reply.worker
            if reply.what == "end" and node in self.living:
                return self._lose(node, f"node {node} is gone: its process ended")
            work = self._at_work.get(node)
            if work is None or reply.ticket != work.ticket:
                continue
            if reply.what == "error":
                raise reply.value
            del self._at_work[node]
            return Answer(node, reply.value)

    def gather(self, jobs: Sequence[Job]) -> tuple[list[Any], list[str]]:
        """The answers to all jobs, in their order, and what is to be said of nodes that were lost on the way; the job
        of one that was lost goes to the next node that is free."""
        left, had, notes = list(range(len(jobs)))[::-1], dict[int, int](), list[str]()
        answers: list[Any] = [None] * len(jobs)
        while left or had:
            for node in self.idle[: len(left)]:
                had[node] = left.pop()
                self.start(node, jobs[had[node]])
            event = self.next()
            place = had.pop(event.node, None)
            if isinstance(event, Answer):
                assert place is not None, "only what was given here is answered"
                answers[place] = event.value
            else:
                if place is not None:
                    left.append(place)
                notes.append(f"{event.why}; the others do its share")
        return answers, notes

    def _lose(self, node: int, why: str) -> Lost:
        self._at_work.pop(node, None)
        self.living.remove(node)
        if not self.living:
            raise RunLost(f"{why}, and it was the last: no QPU node is left; look at the nodes, or give them longer "
                          "to answer (timeout_s)")
        return Lost(node, why)
