"""Jobs over worker processes, each job to the first that is free.

One thread a worker makes the sums, and so the results, the same for every number of workers.
"""

from collections.abc import Generator, Sequence
from contextlib import closing

from gensc.errors import RunLost
from gensc.machine.pool import ProcessPool, Work


def run_jobs(work: Work, jobs: Sequence[object], workers: int) -> Generator[object, None, None]:
    """Run ``work(job, tell)`` for every job and yield what the jobs tell, as it comes.

    An exception in a job is raised here; leaving the loop ends the workers.
    """
    waiting, open_jobs = list(jobs)[::-1], len(jobs)
    with closing(ProcessPool([work] * min(max(1, workers), len(jobs)))) as pool:
        while open_jobs:
            reply = pool.collect()
            assert reply is not None, "it waits as long as it takes"
            if reply.what == "message":
                yield reply.value
            elif reply.what == "error":
                raise reply.value
            elif reply.what == "end":
                raise RunLost(f"a worker process died (exit code {pool.exit_code(reply.worker)}): out of memory? Run "
                              "the same command again, with fewer --workers")
            else:
                open_jobs -= reply.what == "answer"
                if waiting:
                    pool.submit(reply.worker, waiting.pop())
