"""Any int32 as a token of a small alphabet and a few raw bits.

Values near the centre (|d| < 64) are tokens of their own. Further out every octave of |d| has 16 tokens of equal width,
whose last bits are raw: a smooth density is as good as flat within a token (relative width 1/16).
"""

import numpy as np

DIRECT = 64
_SPLIT = 4
_FIRST = 6
LAST = DIRECT + (32 - _FIRST + 1) * 2**_SPLIT - 1


def tokenise(d: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """int64 [n], |d| up to 2^32 -> (tokens int64 [n] in -LAST to LAST, raw int64 [n], number of raw bits int64 [n])."""
    size = np.abs(d)
    # frexp is exact here: 2^32 is far below 2^53.
    octave = np.frexp(size.astype(np.float64))[1].astype(np.int64) - 1
    width = np.where(size < DIRECT, 0, octave - _SPLIT)
    token = np.where(size < DIRECT, size, DIRECT + (octave - _FIRST) * 2**_SPLIT + (size >> width) - 2**_SPLIT)
    return np.sign(d) * token, size & ((1 << width) - 1), width


def smallest(token: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tokens int64 [n] -> (the smallest |d| of each, number of raw bits), both int64 [n]."""
    size = np.abs(token)
    beyond = np.maximum(size - DIRECT, 0)
    width = np.where(size < DIRECT, 0, beyond // 2**_SPLIT + _FIRST - _SPLIT)
    return np.where(size < DIRECT, size, (2**_SPLIT + beyond % 2**_SPLIT) << width), width


def detokenise(token: np.ndarray, raw: np.ndarray) -> np.ndarray:
    """The values d int64 [n] of tokens and raw bits."""
    return np.sign(token) * (smallest(token)[0] + raw)


def edges(first: int, last: int) -> np.ndarray:
    """The borders float64 [A+1] between the values of the tokens ``first`` to ``last`` (A = last-first+1)."""
    token = np.arange(first, last + 1)
    start, width = smallest(token)
    inner = np.where(token > 0, start - 0.5, -(start + (1 << width) - 0.5))
    inner = np.where(token == 0, -0.5, inner)
    end, wide = smallest(np.array([last]))
    return np.append(inner, end + (1 << wide) - 0.5 if last >= 0 else 0.5 - end)
