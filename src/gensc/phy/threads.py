"""Compiled kernels that leave the GIL alone, run over slices of a batch by as many threads as torch uses."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import torch


def in_threads(work: Callable[[slice], None], rows: int, at_least: int) -> None:
    """Call ``work`` on slices that make up ``rows`` rows, in threads of ``at_least`` rows each or more.

    The number of threads follows torch.get_num_threads(), so OMP_NUM_THREADS and torch.set_num_threads hold.
    """
    parts = max(1, min(torch.get_num_threads(), rows // at_least))
    bounds = [rows * part // parts for part in range(parts + 1)]
    slices = [slice(*pair) for pair in pairwise(bounds)]
    if parts == 1:
        work(slices[0])
        return
    with ThreadPoolExecutor(parts) as pool:
        list(pool.map(work, slices))
