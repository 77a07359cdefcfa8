"""Words for a choice among a few: the best short binary codes, each word decided as a whole.

A choice of b bits in n symbols at a low SNR is lost least with words that are as far apart as can be: the simplex code
(all parities of the b bits) where there is room for it, the first-order Reed-Muller code below, which adds each word's
opposite, then the best of some random linear codes (F. J. MacWilliams and N. J. A. Sloane, The Theory of
Error-Correcting Codes, 1.9 and 13.3). Where there are more bits than two a symbol, they are spread over a QAM.
"""

import numpy as np
import torch
from torch import Tensor

from gensc.errors import InputError
from gensc.phy.qam import Constellation

MOST = 4096
"""The most words that are told apart."""
TRIALS = 200
QAM_BITS = (2, 4, 6, 8, 10, 12)


def codebook(words: int, symbols: int) -> Tensor:
    """``words`` words complex64 [words, symbols] of unit mean power. Raises InputError for fewer than 2 or more than
    4,096 words, and for too few symbols."""
    if not 2 <= words <= MOST:
        raise InputError(f"words: there are {words} possible answers; 2 to {MOST} are told apart as words")
    bits = (words - 1).bit_length()
    if symbols < 1 or bits > QAM_BITS[-1] * symbols:
        raise InputError(f"words: {bits} bits do not fit {symbols} channel uses; give {-(-bits // QAM_BITS[-1])} or "
                         "more")
    if 2 * symbols >= bits:
        signs = 1.0 - 2.0 * _coded(bits, 2 * symbols)[:words]
        points = signs.reshape(words, symbols, 2) / np.sqrt(2)
        return torch.complex(*(torch.from_numpy(points[..., part].astype(np.float32)) for part in (0, 1)))
    width = next(one for one in QAM_BITS if one * symbols >= bits)
    spelt = _bits(bits)[:words][:, np.arange(width * symbols) % bits]
    points = Constellation(width, "802.11").map(torch.from_numpy(spelt.astype(np.uint8)))
    return points / points.abs().square().mean().sqrt()


def _coded(bits: int, length: int) -> np.ndarray:
    """A linear code int [2^bits, length], columns repeated in turn where there are more than parities."""
    simplex, biorthogonal = 2**bits - 1, 2 ** (bits - 1)
    if length >= simplex:
        columns = np.arange(1, simplex + 1)
    elif length >= biorthogonal:
        columns = np.arange(biorthogonal) + biorthogonal
    else:
        return max((_random(bits, length, trial) for trial in range(TRIALS)),
                   key=lambda code: code[1:].sum(axis=1).min())
    return _parities(bits, columns[np.arange(length) % len(columns)])


def _random(bits: int, length: int, trial: int) -> np.ndarray:
    drawn = np.random.Generator(np.random.PCG64(trial)).integers(1, 2**bits, length)
    # The bits themselves first, so that no two words are alike.
    drawn[:bits] = 2 ** np.arange(bits)
    return _parities(bits, drawn)


def _parities(bits: int, columns: np.ndarray) -> np.ndarray:
    """For every word of ``bits`` bits the parity of those that each column names."""
    of_word, of_column = _bits(bits), (columns[:, None] >> np.arange(bits - 1, -1, -1)) & 1
    parities: np.ndarray = of_word @ of_column.T % 2
    return parities


def _bits(bits: int) -> np.ndarray:
    return (np.arange(2**bits)[:, None] >> np.arange(bits - 1, -1, -1)) & 1
