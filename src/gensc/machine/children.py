"""Worker processes. They end when their parent ends, and Ctrl-C reaches the parent alone."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import parent_process

import torch

from gensc.machine.memory import keep_freed


@contextmanager
def starting() -> Iterator[None]:
    """The block in which workers are started. A terminal sends Ctrl-C to workers too: they inherit that it is held
    back, and never see it while they import; the parent sees it after the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def settle() -> None:
    """What a worker does first: leave Ctrl-C to its parent, end with it, and compute with one thread."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    keep_freed()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None, "a worker has a parent"
    parent.join()
    os._exit(1)
