"""Whole numbers of variable length in a stream's header (LEB128; zigzag for signed ones)."""

from gensc.errors import InputError

_LONGEST = 5


def put_unsigned(value: int) -> bytes:
    """Seven bits a byte, the least significant first; the top bit says that more follow."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def put_signed(value: int) -> bytes:
    """Zigzag: 0, -1, 1, -2, ... become 0, 1, 2, 3, ..."""
    return put_unsigned(2 * value if value >= 0 else -2 * value - 1)


class Fields:
    """Reads a header from ``data``; ``place`` is where the next field starts. Raises InputError at its end."""

    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0

    def byte(self) -> int:
        if self.place >= len(self.data):
            raise InputError(f"the entropy-coded stream ends within its header, after {len(self.data)} bytes")
        self.place += 1
        return self.data[self.place - 1]

    def unsigned(self) -> int:
        value = 0
        for place in range(_LONGEST):
            byte = self.byte()
            value |= (byte & 127) << 7 * place
            if byte < 128:
                return value
        raise InputError("the entropy-coded stream is damaged: a number in its header does not end")

    def signed(self) -> int:
        value = self.unsigned()
        return value // 2 if value % 2 == 0 else -(value + 1) // 2
