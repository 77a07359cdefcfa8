"""The best file of a picture that fits a number of bytes."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from gensc.codec.picture.coder import Coder, Pixels
from gensc.codec.picture.formats import resized


@dataclass(frozen=True)
class Tried:
    """What is known of one picture by one coder: the length of each body tried and the squared error that it
    leads to, by (side, place in the coder's qualities). Searches for other rooms go on from it."""

    lengths: dict[tuple[int, int], float] = field(default_factory=dict)
    errors: dict[tuple[int, int], int] = field(default_factory=dict)


def fit(pixels: Pixels, coder: Coder, sides: Sequence[int], room: int, tried: Tried) -> bytes:
    """The payload of at most ``room`` bytes with the least squared error; b"" where none fits.

    A payload is one byte, the place in ``sides`` (largest first) of the side that the file has, and the
    file's body. At each side the best quality that fits is searched; what it becomes at the receiver, back at
    the full side, decides between the sides. Smaller sides are tried until two in a row are worse.
    """
    best, least, worse = b"", math.inf, 0
    for place, side in enumerate(sides):
        search = _Search(pixels, resized(pixels, side), coder, tried)
        # Where not even a perfect file of this side would be better, smaller ones lose more still.
        if worse == 2 or search.floor() >= least:
            break
        rung = last_fitting(search.length, len(coder.qualities), room - 1)
        if rung < 0:
            continue
        error = search.error(rung)
        if error < least:
            best, least, worse = bytes([place]) + search.body(rung), error, 0
        else:
            worse += 1
    return best


class _Search:
    """One picture at one side: lengths, errors and bodies by place in the coder's qualities."""

    def __init__(self, pixels: Pixels, small: Pixels, coder: Coder, tried: Tried) -> None:
        self._pixels, self._small, self._coder, self._tried = pixels, small, coder, tried
        self._side = len(small)
        self._bodies: dict[int, bytes] = {}

    def length(self, rung: int) -> float:
        """Length of a body, bytes; infinite where the coder cannot make it."""
        key = self._side, rung
        if key not in self._tried.lengths:
            body = self._coder.encode(self._small, self._coder.qualities[rung])
            if body is not None:
                self._bodies[rung] = body
            self._tried.lengths[key] = math.inf if body is None else len(body)
        return self._tried.lengths[key]

    def floor(self) -> int:
        """Squared error of this side alone, without any compression."""
        return squared_error(self._pixels, resized(self._small, len(self._pixels)))

    def error(self, rung: int) -> int:
        """Squared error of a body at the receiver."""
        key = self._side, rung
        if key not in self._tried.errors:
            decoded = self._coder.decode(self.body(rung), self._side)
            self._tried.errors[key] = squared_error(self._pixels, resized(decoded, len(self._pixels)))
        return self._tried.errors[key]

    def body(self, rung: int) -> bytes:
        """A body whose length is known and finite."""
        if rung not in self._bodies:
            body = self._coder.encode(self._small, self._coder.qualities[rung])
            assert body is not None
            self._bodies[rung] = body
        return self._bodies[rung]


def squared_error(a: Pixels, b: Pixels) -> int:
    """Sum of squared differences of two pictures in 8-bit steps."""
    difference = a.astype(np.int32) - b
    return int((difference * difference).sum())


def last_fitting(length: Callable[[int], float], rungs: int, room: int) -> int:
    """A rung whose length is at most ``room`` while the next one's is not (lengths rise but for small
    ripples); -1 where the first is too long.

    Bisection, which gives way to interpolation of log(length) once both ends are known: an encode costs
    milliseconds, and a good guess needs two more.
    """
    if length(0) > room:
        return -1
    low, high, ends, step = 0, rungs, {0: length(0)}, 0
    while high - low > 1:
        middle, step = (low + high) // 2, step + 1
        known = high in ends and 0 < ends[low] < ends[high] < math.inf
        if known and step % 3:  # every third step bisects, whatever the curve looks like
            share = math.log(room / ends[low]) / math.log(ends[high] / ends[low])
            middle = min(max(low + math.floor(share * (high - low)), low + 1), high - 1)
        ends[middle] = length(middle)
        low, high = (middle, high) if ends[middle] <= room else (low, middle)
    return low
