"""Cyclic redundancy checks of 16 and 32 bits over bytes."""

import binascii
import zlib

from gensc.errors import InputError


def crc32(data: bytes) -> int:
    """The CRC-32 of IEEE 802.3, which is the frame check sequence of 802.11."""
    return zlib.crc32(data)


def crc16(data: bytes) -> int:
    """The CRC of ITU-T V.41 (CCITT): x^16 + x^12 + x^5 + 1, from all ones, most significant bit first."""
    return binascii.crc_hqx(data, 0xFFFF)


def append(data: bytes, width: int) -> bytes:
    """``data`` and behind it its CRC of ``width`` 16 (big-endian) or 32 bits (little-endian, as on the air)."""
    return data + _of(data, width)


def check(data: bytes, width: int) -> bytes | None:
    """The payload before the CRC of ``width`` bits, or None where the CRC does not fit it."""
    length = len(data) - width // 8
    if length < 0 or _of(data[:length], width) != data[length:]:
        return None
    return data[:length]


def _of(data: bytes, width: int) -> bytes:
    if width == 16:
        return crc16(data).to_bytes(2, "big")
    if width == 32:
        return crc32(data).to_bytes(4, "little")
    raise InputError(f"a CRC of {width!r} bits is not known: choose 16 or 32")
