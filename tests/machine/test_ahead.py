"""What is made ahead: all of it, in order, errors too, and no thread that goes on."""

import threading
import time

import pytest

from gensc.machine.ahead import ahead


def threads():
    return {one for one in threading.enumerate() if one is not threading.main_thread()}


def eventually(condition, seconds=10.0):
    stop = time.monotonic() + seconds
    while not condition() and time.monotonic() < stop:
        time.sleep(0.01)
    return condition()


@pytest.mark.parametrize("most", [0, 1, 3, 100])
def test_every_item_comes_once_and_in_order(most):
    assert list(ahead(lambda: iter(range(50)), most)) == list(range(50))
    assert list(ahead(lambda: iter(()), most)) == []


@pytest.mark.parametrize("most", [1, 3])
def test_so_many_are_made_ahead_and_no_more(most):
    made = []

    def make():
        for item in range(20):
            made.append(item)
            yield item

    items = ahead(make, most)
    assert next(items) == 0
    assert eventually(lambda: len(made) >= most + 1)
    time.sleep(0.05)
    # One is in the hand of the thread, which waits for room.
    assert len(made) <= most + 2
    assert list(items) == list(range(1, 20))


def test_without_a_thread_each_is_made_when_it_is_asked_for():
    made, before = [], threads()
    items = ahead(lambda: (made.append(item) or item for item in range(5)), 0)
    assert next(items) == 0 and made == [0] and threads() == before


@pytest.mark.parametrize("most", [0, 1, 3])
@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()])
def test_an_error_is_raised_here_after_what_came_before_it(most, error):
    def make():
        yield from (1, 2)
        raise error

    items, got = ahead(make, most), []
    with pytest.raises(type(error)):
        for item in items:
            got.append(item)
    assert got == [1, 2]


def test_leaving_the_loop_ends_the_thread():
    before = threads()
    items = ahead(lambda: iter(int, 1), 2)
    assert next(items) == 0 and threads() - before
    items.close()
    assert eventually(lambda: threads() <= before)
