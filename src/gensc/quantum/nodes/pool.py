"""QPU nodes in processes of this machine.

A collective of torch.distributed would end for all ranks where one is silent, and give nothing of what the others had.
Arrays travel as NumPy's, because tensors would be sent as handles that end with their sender.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from gensc.errors import InputError
from gensc.machine.pool import ProcessPool, Tell
from gensc.quantum.nodes.node import Node

Job = Callable[[Node], Any]
"""What a node does and answers; it and its answer are pickled."""


@contextmanager
def node_pool(nodes: Sequence[Node]) -> Iterator[ProcessPool]:
    """A process for each node, all of them ready for a ``Job``; they end with the block."""
    if not nodes:
        raise InputError("there are no QPU nodes: give at least one")
    with closing(ProcessPool([_Station(node) for node in nodes])) as pool:
        pool.wait_until_ready()
        yield pool


class _Station:
    """A node at work in its process."""

    def __init__(self, node: Node) -> None:
        self._node, self._done = node, 0

    def __call__(self, job: Job, tell: Tell) -> Any:
        if self._done == self._node.stops_after:
            threading.Event().wait()
        self._done += 1
        return job(self._node)
