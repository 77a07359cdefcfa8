"""Files in segments: put together again, or said which are missing."""

import numpy as np
import pytest

from gensc.errors import InputError
from gensc.radio.segments import HEADER, LARGEST, MAGIC, MOST, Segment, cut, join, read_segment

CONTENT = np.random.default_rng(0).bytes(10_000)


def parts(content=CONTENT, name="photo.webp", size=1000):
    return [read_segment(one) for one in cut(content, name, size)]


@pytest.mark.parametrize(("content", "size"), [
    (CONTENT, 1000), (CONTENT, 25), (b"", 100), (b"x", 10**9), (CONTENT, 10_036)])
def test_a_file_comes_back_with_its_name(content, size):
    raw = list(cut(content, "Bär 1.webp", size))
    assert all(len(one) <= size for one in raw)
    (found,) = join(read_segment(one) for one in raw)
    assert (found.name, found.content, found.missing, found.count) == ("Bär 1.webp", content, (), len(raw))


def test_order_repeats_and_neighbours_do_not_matter():
    other = parts(CONTENT[::-1], "other")
    mixed = [one for pair in zip(reversed(parts()), other, strict=False) for one in pair] + other
    found = {one.name: one.content for one in join(mixed)}
    assert found == {"photo.webp": CONTENT, "other": CONTENT[::-1]}


def test_what_is_missing_is_said():
    kept = [one for number, one in enumerate(parts()) if number not in (0, 3, 10)]
    (found,) = join(kept)
    assert (found.content, found.name, found.missing, found.count) == (None, None, (0, 3, 10), 11)
    assert join([]) == []


def test_two_senders_under_one_id_are_no_file():
    first, *rest = parts()
    changed = Segment(first.stream, 0, first.count, first.total, first.data[::-1])
    (found,) = join([changed, *rest])
    assert found.content is None and found.missing == tuple(range(11))


@pytest.mark.parametrize("psdu", [
    b"", b"short", b"x" * 100, HEADER.pack(MAGIC, b"i" * 8, 0, 1, 5),
    HEADER.pack(MAGIC, b"i" * 8, 5, 5, 5) + b"x", HEADER.pack(MAGIC, b"i" * 8, 0, 9, 5) + b"x",
    HEADER.pack(MAGIC, b"i" * 8, 0, 2**32 - 1, 2**32 - 1) + b"x"])
def test_frames_of_others_and_impossible_counts_are_no_segment(psdu):
    assert read_segment(psdu) is None


def test_what_does_not_fit_a_stream_is_refused():
    for content, name, size, says in [(b"x", "a", HEADER.size, "no room"), (b"x", "n" * 256, 100, "256 bytes"),
                                      (b"x", "", 100, "0 bytes"), (bytes(LARGEST + 1), "a", 1500, "at most"),
                                      (bytes(2 * MOST), "a", HEADER.size + 1, "takes? segments of 27")]:
        with pytest.raises(InputError, match=says.replace("takes?", "take")):
            list(cut(content, name, size))
