"""What is needed next is made while the present is worked on."""

import queue
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

_Item = TypeVar("_Item")


def ahead(make: Callable[[], Iterator[_Item]], most: int) -> Iterator[_Item]:
    """The items of an iterator, up to ``most`` of them made ahead in a thread of their own; 0: as they are asked for.

    An error in the thread is raised here. Leaving the loop ends the thread.
    """
    if not most:
        yield from make()
        return
    store: queue.Queue[tuple[bool, object]] = queue.Queue(most)
    over = threading.Event()

    def work() -> None:
        try:
            for item in make():
                while not over.is_set():
                    try:
                        store.put((True, item), timeout=0.1)
                        break
                    except queue.Full:
                        continue
                if over.is_set():
                    return
            store.put((False, None))
        except BaseException as error:
            store.put((False, error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            there, item = store.get()
            if there:
                yield item  # type: ignore[misc]
            elif isinstance(item, BaseException):
                raise item
            else:
                return
    finally:
        over.set()
