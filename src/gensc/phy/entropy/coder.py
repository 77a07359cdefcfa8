"""The range coder: bytes for symbols, with as few bytes at the end as the code allows.

Writer and Reader share ``code``, so that a model is written down once and runs in either direction: it takes symbols
int32 [m] out of 0 to A-1, each with probability proportional to ``weights`` float64 [A], and gives them back (the
Reader takes only their number).
The arithmetic is constriction's ``queue`` range coder: 32-bit words, 64-bit state, 24-bit probabilities.
"""

import numpy as np

from gensc.errors import InputError

PRECISION = 24
_PAD = 16


class Writer:
    """Codes symbols into bytes."""

    def __init__(self) -> None:
        import constriction

        self._model = constriction.stream.model
        self.encoder = constriction.stream.queue.RangeEncoder()

    def code(self, symbols: np.ndarray, weights: np.ndarray) -> np.ndarray:
        self.encoder.encode(np.ascontiguousarray(symbols), self._model.Categorical(weights, perfect=False))
        return symbols

    def finish(self) -> bytes:
        """The shortest bits, filled up to bytes by zeros, that a Reader, which goes on with zeros, decodes alike.

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
        while (point := -(-start >> (zeros + 1)) << (zeros + 1)) < end and zeros < 8 * size:
            number, zeros = point, zeros + 1
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

    def decode(self, what: int | tuple[np.ndarray, ...], model: object) -> np.ndarray:
        """The next symbols of a constriction model; ``what`` is their number or the model's parameters."""
        try:
            parameters = what if isinstance(what, tuple) else (what,)
            return self.decoder.decode(model, *parameters)
        except AssertionError as error:
            raise InputError("the entropy-coded stream is damaged: its bytes fit no sequence of symbols; check it "
                             "with a CRC before it is decoded") from error


Coder = Writer | Reader


def bits_of(data: bytes) -> int:
    """The bits of what a Writer wrote, without the zeros that fill its last byte."""
    return 8 * len(data) - ((data[-1] & -data[-1]).bit_length() - 1 if data and data[-1] else 0)
