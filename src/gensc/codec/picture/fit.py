"""The best file of a picture that fits a number of bytes."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from gensc.codec.picture.coder import Coder, Pixels, Size
from gensc.codec.picture.formats import resized

ENOUGH = 0.9
"""The share of a budget that a payload uses at least where the search is to be quick."""
SHRINKING = 0.7


@dataclass(frozen=True)
class Tried:
    """What has been tried of one picture by one coder: the length of each body and the squared error that it leads to,
    by (size, place in the coder's qualities). Searches for other budgets go on from it."""

    lengths: dict[tuple[Size, int], float] = field(default_factory=dict)
    errors: dict[tuple[Size, int], int] = field(default_factory=dict)


class Trials:
    """What has been tried of the last ``most`` pictures, by a digest of each."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._pictures: dict[bytes, Tried] = {}

    def of(self, digest: bytes) -> Tried:
        """What has been tried of a picture so far; it counts as the last one now."""
        tried = self._pictures.pop(digest, None) or Tried()
        self._pictures[digest] = tried
        if len(self._pictures) > self._most:
            del self._pictures[next(iter(self._pictures))]
        return tried


def fit(pixels: Pixels, coder: Coder, sizes: Sequence[Size], budget: int, tried: Tried) -> bytes:
    """The payload of at most ``budget`` bytes with the least squared error; b"" where none fits.

    A payload is one byte, the place in ``sizes`` (largest first) of the size that the file has, and the
    file's body. At each size the best quality that fits is searched; what it becomes at the receiver, back at
    the full size, decides between the sizes. Smaller sizes are tried until two in a row are worse.
    """
    best, least, worse = b"", math.inf, 0
    for place, size in enumerate(sizes):
        search = _Search(pixels, size, coder, tried)
        # Where not even a perfect file of this size would be better, smaller ones lose more still.
        if worse == 2 or search.floor() >= least:
            break
        rung = last_fitting(search.length, len(coder.qualities), budget - 1)
        if rung < 0:
            continue
        error = search.error(rung)
        if error < least:
            best, least, worse = bytes([place]) + search.body(rung), error, 0
        else:
            worse += 1
    return best


def fit_quickly(pixels: Pixels, coder: Coder, sizes: Sequence[Size], budget: int) -> bytes:
    """A payload of at most ``budget`` bytes much as ``fit`` makes it, by a quarter of the encodes: at the size that
    ``fit`` takes for most pictures, and of any quality that uses 9 of 10 bytes."""
    for place in range(_usual_place(coder, pixels.shape[:2], sizes, budget), len(sizes)):
        search = _Search(pixels, sizes[place], coder, Tried())
        rung = last_fitting(search.length, len(coder.qualities), budget - 1, ENOUGH * (budget - 1))
        if rung >= 0:
            return bytes([place]) + search.body(rung)
    return b""


def _usual_place(coder: Coder, full: Size, sizes: Sequence[Size], budget: int) -> int:
    """The place of the size whose share of the longer side is nearest to (bits a pixel / coder.ample)^0.7."""
    bits = 8 * max(budget, 1) / math.prod(full)
    if bits >= coder.ample:
        return 0
    share = SHRINKING * math.log(bits / coder.ample)
    return min(range(len(sizes)), key=lambda place: abs(math.log(max(sizes[place]) / max(full)) - share))


class _Search:
    """One picture at one size: lengths, errors and bodies by place in the coder's qualities."""

    def __init__(self, pixels: Pixels, size: Size, coder: Coder, tried: Tried) -> None:
        self._pixels, self._size, self._coder, self._tried = pixels, size, coder, tried
        self._small = resized(pixels, size)
        self._bodies: dict[int, bytes] = {}

    def length(self, rung: int) -> float:
        """Length of a body, bytes; infinite where the coder cannot make it."""
        key = self._size, rung
        if key not in self._tried.lengths:
            body = self._coder.encode(self._small, self._coder.qualities[rung])
            if body is not None:
                self._bodies[rung] = body
            self._tried.lengths[key] = math.inf if body is None else len(body)
        return self._tried.lengths[key]

    def floor(self) -> int:
        """Squared error of this size alone, without any compression."""
        return self._seen(self._small)

    def error(self, rung: int) -> int:
        """Squared error of a body at the receiver."""
        key = self._size, rung
        if key not in self._tried.errors:
            self._tried.errors[key] = self._seen(self._coder.decode(self.body(rung), self._size))
        return self._tried.errors[key]

    def body(self, rung: int) -> bytes:
        """A body whose length is known and finite."""
        if rung not in self._bodies:
            body = self._coder.encode(self._small, self._coder.qualities[rung])
            assert body is not None
            self._bodies[rung] = body
        return self._bodies[rung]

    def _seen(self, small: Pixels) -> int:
        """Squared error of what a receiver makes of a picture of this size."""
        return squared_error(self._pixels, resized(small, self._pixels.shape[:2]))


def squared_error(a: Pixels, b: Pixels) -> int:
    """Sum of squared differences of two pictures in 8-bit steps."""
    difference = a.astype(np.int32) - b
    return int((difference * difference).sum())


def last_fitting(length: Callable[[int], float], rungs: int, budget: int, enough: float = math.inf) -> int:
    """A rung whose length is at most ``budget`` while the next one's is not (lengths rise but for small
    ripples), or any whose length is at least ``enough``; -1 where the first is too long.

    Bisection, which gives way to interpolation of log(length) once both ends are known: an encode costs
    milliseconds, and a good guess needs two more.
    """
    if length(0) > budget:
        return -1
    low, high, ends, step = 0, rungs, {0: length(0)}, 0
    while high - low > 1 and ends[low] < enough:
        middle, step = (low + high) // 2, step + 1
        bracketed = high in ends and 0 < ends[low] < ends[high] < math.inf
        if bracketed and step % 3:  # every third step bisects, whatever the curve looks like
            share = math.log(budget / ends[low]) / math.log(ends[high] / ends[low])
            middle = min(max(low + math.floor(share * (high - low)), low + 1), high - 1)
        ends[middle] = length(middle)
        low, high = (middle, high) if ends[middle] <= budget else (low, middle)
    return low
