"""Adaptive coding in blocks, with a model that both ends learn from what has passed: no side information.

A vector is coded in blocks that grow with what is known. A map [C,L] goes position by position, all C channels
at once; a channel's table is chosen by its values next to the position (left, above) and by its mean so far.
All of it is whole-number arithmetic, so that two machines never disagree.
"""

import numpy as np

from gensc.phy.entropy.coder import Coder
from gensc.phy.entropy.families import UNIT, Model

_BLOCK = 16
_TRUST = 30.0
_NEAR = ((1, 0, 2), (0, 1, 2), (1, 1, 1), (-1, 1, 1))
# Borders between the contexts, in sixteenths of a token, about evenly spaced in the logarithm.
_ACTIVITY = np.array([1, 3, 8, 20, 50, 120, 300, 700])
_CONTEXTS = 3 * (len(_ACTIVITY) + 1)


def code_vector(coder: Coder, symbols: np.ndarray, model: Model) -> np.ndarray:
    """Symbols int32 [n] in 0 to A-1 through ``coder`` (a Reader uses only n); gives the symbols, and learns."""
    return _code_blocks(coder, symbols, model, model.weights())


def _code_blocks(coder: Coder, symbols: np.ndarray, model: Model, weights: np.ndarray) -> np.ndarray:
    """As ``code_vector``, leaving what was learnt in ``weights`` int64 [A]."""
    done, out = 0, np.empty_like(symbols)
    while done < len(symbols):
        size = len(symbols) if model.static else max(_BLOCK, done // 8)
        block = coder.code(symbols[done:done + size], weights.astype(np.float64))
        out[done:done + size] = block
        weights += np.bincount(block, minlength=len(weights)) * UNIT
        done += size
    return out


def code_map(coder: Coder, symbols: np.ndarray, model: Model, width: int) -> np.ndarray:
    """Symbols int32 [C,L], L positions in rows of ``width``, through ``coder``; gives the symbols."""
    out = np.zeros_like(symbols)
    every = model.weights()
    out[:, 0] = _code_blocks(coder, symbols[:, 0], model, every)
    centre = int(np.bincount(out[:, 0]).argmax())
    tables = np.zeros((_CONTEXTS, len(every)), dtype=np.int64)
    apart = np.zeros(out.shape, dtype=np.int64)
    apart[:, 0] = 16 * (out[:, 0] - centre)
    total = np.abs(apart[:, 0])
    for position in range(1, symbols.shape[1]):
        context = _contexts(apart, total // position, position, width)
        order = np.argsort(context, kind="stable")
        start = np.searchsorted(context[order], np.arange(_CONTEXTS + 1))
        shared = every * (_TRUST * UNIT / int(every.sum()))
        for index in np.flatnonzero(np.diff(start)):
            channels = order[start[index]:start[index + 1]]
            block = coder.code(symbols[channels, position], tables[index] + shared)
            out[channels, position] = block
            tables[index] += np.bincount(block, minlength=len(every)) * UNIT
        every += np.bincount(out[:, position], minlength=len(every)) * UNIT
        apart[:, position] = 16 * (out[:, position] - centre)
        total += np.abs(apart[:, position])
    return out


def _contexts(apart: np.ndarray, mean: np.ndarray, position: int, width: int) -> np.ndarray:
    """The table of each channel at ``position``, int64 [C], from what came before.

    ``apart`` int64 [C,L]: distances from the most frequent symbol, in sixteenths; ``mean`` [C]: of their sizes.
    """
    row, column = divmod(position, width)
    near = [(weight, apart[:, position - left - up * width]) for left, up, weight in _NEAR
            if up <= row and 0 <= column - left < width]
    weights = sum(weight for weight, _ in near)
    size = sum(weight * np.abs(value) for weight, value in near) // weights
    lean = sum(weight * value for weight, value in near) // weights
    activity = np.searchsorted(_ACTIVITY, (3 * size + mean) // 4, side="right")
    sign = np.where(2 * np.abs(lean) > size, np.sign(lean), 0) + 1
    return activity * 3 + sign
