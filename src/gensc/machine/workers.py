"""Jobs over worker processes that end with their parent, one torch thread each.

One thread a worker makes the sums, and so the results, the same for every number of workers.
"""

import pickle
import queue
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from gensc.errors import RunLost
from gensc.machine import children

Tell = Callable[[object], None]


@dataclass(frozen=True)
class _Ended:
    """A job's last message; ``error`` is what stopped it."""

    error: Exception | None


def run_jobs(work: Callable[[Any, Tell], None], jobs: Sequence[object], workers: int) -> Generator[object, None, None]:
    """Run ``work(job, tell)`` for every job and yield what the jobs tell, as it comes.

    ``work`` and the jobs are pickled. An exception in a job is raised here; leaving the loop ends the workers.
    """
    context = get_context("spawn")
    todo, told = context.Queue(), context.Queue()
    for job in jobs:
        todo.put(job)
    crew = [context.Process(target=_serve, args=(work, todo, told), daemon=True)
            for _ in range(max(1, min(workers, len(jobs))))]
    with children.starting():
        for process in crew:
            process.start()
    try:
        ended = 0
        while ended < len(jobs):
            try:
                message = told.get(timeout=1)
            except queue.Empty:
                lost = [process.exitcode for process in crew if process.exitcode]
                if lost:
                    raise RunLost(f"a worker process died (exit code {lost[0]}): out of memory? Run the same "
                                       "command again, with fewer --workers") from None
                continue
            if not isinstance(message, _Ended):
                yield message
                continue
            if message.error is not None:
                raise message.error
            ended += 1
    finally:
        for process in crew:
            process.terminate()
            process.join()


def _serve(work: Callable[[Any, Tell], None], todo: Any, told: Any) -> None:
    children.settle()
    while True:
        job = todo.get()
        try:
            work(job, told.put)
        except Exception as error:
            told.put(_Ended(_sendable(error)))
        else:
            told.put(_Ended(None))


def _sendable(error: Exception) -> Exception:
    """The error itself where it survives the way to the parent, else its text."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RunLost(f"a job failed with {type(error).__name__}: {error}")
    return error
