"""Items worked on in threads, a group at a time, so that memory does not grow with their number."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

GROUP = 64
_Made = TypeVar("_Made")


def in_order(work: Callable[[int], _Made], count: int) -> Iterator[_Made]:
    """``work(0)`` to ``work(count - 1)``, in order; at most ``GROUP`` results wait to be taken."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, count, GROUP):
            yield from pool.map(work, range(start, min(start + GROUP, count)))
