"""The range coder: bytes for symbols, with as few bytes at the end as the code allows.

Writer, Reader and Meter share one interface, so that a model is written down once and runs in either direction:
``code`` and ``uniform`` take the symbols and give them back (the Reader takes only their number). Symbols: int32 [m].
The arithmetic is constriction's ``queue`` range coder: 32-bit words, 64-bit state, 24-bit probabilities.
"""

from typing import Protocol

import numpy as np

from gensc.errors import InputError

PRECISION = 24
RAREST = 1e-7
_PAD = 16


class Coder(Protocol):
    """What a model codes with."""

    def code(self, symbols: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Symbols int32 [m] out of 0 to A-1, each with probability proportional to ``weights`` float64 [A]."""

    def uniform(self, symbols: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """Symbols int32 [m], equally likely out of 0 to sizes-1; ``sizes`` int32 [m], 2 to 2^24."""


class Writer:
    """Codes symbols into bytes."""

    def __init__(self) -> None:
        import constriction

        self._model = constriction.stream.model
        self.encoder = constriction.stream.queue.RangeEncoder()

    def code(self, symbols: np.ndarray, weights: np.ndarray) -> np.ndarray:
        self.encoder.encode(np.ascontiguousarray(symbols), self._model.Categorical(weights, perfect=False))
        return symbols

    def uniform(self, symbols: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        self.encoder.encode(symbols, self._model.Uniform(), sizes)
        return symbols

    def flags(self, flags: np.ndarray, chance: np.ndarray) -> np.ndarray:
        """Yes or no, bool [m], each with its own chance of yes, float64 [m]."""
        self.encoder.encode(flags.astype(np.int32), self._model.Bernoulli(perfect=False), _possible(chance))
        return flags

    def finish(self) -> bytes:
        """The shortest bytes that a Reader, which goes on with zeros behind their end, decodes alike.

        Any number of the final interval [low, low + range) will do: the one with the most zeros at its end.
        """
        words = self.encoder.get_compressed()
        if not len(words):
            return b""
        position, (lower, span) = self.encoder.pos()
        size = max(4 * (int(position) + 2), 4 * len(words))
        number = int.from_bytes(words.astype(">u4").tobytes().ljust(size, b"\0"), "big")
        # The coder's own choice lies in the interval; `lower` is the interval's start modulo 2^64.
        shift = 8 * (size - 4 * (int(position) + 2))
        start = number - ((number - (lower << shift)) & ((1 << (64 + shift)) - 1))
        end, zeros = start + (span << shift), 0
        while (point := -(-start >> (zeros + 8)) << (zeros + 8)) < end and zeros < 8 * size:
            number, zeros = point, zeros + 8
        return number.to_bytes(size, "big").rstrip(b"\0")


class Reader:
    """Decodes what a Writer wrote. Bytes that no Writer wrote give wrong symbols or InputError."""

    def __init__(self, data: bytes) -> None:
        import constriction

        self._model = constriction.stream.model
        padded = data + bytes(_PAD - len(data) % 4)
        self.decoder = constriction.stream.queue.RangeDecoder(np.frombuffer(padded, ">u4").astype(np.uint32))

    def code(self, symbols: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return self.decode(len(symbols), self._model.Categorical(weights, perfect=False))

    def uniform(self, symbols: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        return self.decode(sizes, self._model.Uniform())

    def flags(self, flags: np.ndarray, chance: np.ndarray) -> np.ndarray:
        return self.decode(_possible(chance), self._model.Bernoulli(perfect=False)) == 1

    def decode(self, what: int | np.ndarray | tuple[np.ndarray, ...], model: object) -> np.ndarray:
        """The next symbols of a constriction model; ``what`` is their number or the model's parameters."""
        try:
            parameters = what if isinstance(what, tuple) else (what,)
            return self.decoder.decode(model, *parameters)
        except AssertionError as error:
            raise InputError("the entropy-coded stream is damaged: its bytes fit no sequence of symbols; check it "
                             "with a CRC before it is decoded") from error


def _possible(chance: np.ndarray) -> np.ndarray:
    return np.clip(chance, RAREST, 1 - RAREST)


class Meter:
    """Counts the information content of what passes: ``bits`` = -sum log2 p, with exact probabilities."""

    def __init__(self) -> None:
        self.bits = 0.0

    def code(self, symbols: np.ndarray, weights: np.ndarray) -> np.ndarray:
        self.bits += len(symbols) * float(np.log2(weights.sum())) - float(np.log2(weights[symbols]).sum())
        return symbols

    def uniform(self, symbols: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        self.bits += float(np.log2(sizes).sum())
        return symbols
