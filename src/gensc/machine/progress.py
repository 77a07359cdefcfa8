"""A progress bar for loops that turn out to be long."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

PATIENCE_S = 2.0
_One = TypeVar("_One")


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


def track(iterable: Iterable[_One], what: str, total: int) -> Iterator[_One]:
    """The items of ``iterable``, with a bar on stderr (``what``, how many of ``total``, time left).

    The bar appears only once the loop has taken ``PATIENCE_S`` seconds, so that short loops stay silent.
    """
    started = time.monotonic()
    bar = _bar()
    task = None
    try:
        for done, one in enumerate(iterable, start=1):
            yield one
            if task is not None:
                bar.update(task, completed=done)
            elif time.monotonic() - started > PATIENCE_S:
                bar.start()
                task = bar.add_task(what, total=total, completed=done)
    finally:
        if task is not None:
            bar.stop()
