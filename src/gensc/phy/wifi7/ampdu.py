"""The A-MPDU around a payload: delimiters, frame check sequences and end-of-frame padding.

The physical layer rounds a frame up to whole symbols; the delimiter says where the payload ends (IEEE Std
802.11-2020, 9.7.1). The payload stands in for the MPDU itself: there is no MAC header.
"""

from __future__ import annotations

from gensc.phy import crc

MPDU_BYTES = 11454
"""The longest MPDU, check sequence included; a longer payload is spread over several."""
_FCS_BYTES = 4
_CHUNK = MPDU_BYTES - _FCS_BYTES
_SIGNATURE = 0x4E


def packed_bytes(payload_bytes: int) -> int:
    """Length of the A-MPDU of a payload, without padding at its end."""
    full, rest = divmod(payload_bytes, _CHUNK)
    subframe = 4 + MPDU_BYTES
    whole = full * (subframe + -subframe % 4)
    return whole + 4 + rest + _FCS_BYTES if rest else whole - (-subframe % 4)


def aggregate(payload: bytes, length: int) -> bytes:
    """The payload as an A-MPDU of exactly ``length`` bytes, end-of-frame padding included."""
    out = bytearray()
    for at in range(0, len(payload), _CHUNK):
        out += bytes(-len(out) % 4)
        mpdu = crc.append(payload[at : at + _CHUNK], 32)
        out += _delimiter(len(mpdu), end_of_frame=False) + mpdu
    out += bytes(min(-len(out) % 4, length - len(out)))
    out += _delimiter(0, end_of_frame=True) * ((length - len(out)) // 4)
    return bytes(out + bytes(length - len(out)))


def extract(psdu: bytes) -> tuple[bytes | None, str]:
    """The payload and "", or None and why it is lost: every MPDU must pass its check."""
    parts, at = [], 0
    while at + 4 <= len(psdu):
        length = _read_delimiter(psdu[at : at + 4])
        if length is None:
            return None, "an A-MPDU delimiter is damaged"
        if length == 0:
            break
        mpdu = psdu[at + 4 : at + 4 + length]
        part = crc.check(mpdu, 32) if len(mpdu) == length > _FCS_BYTES else None
        if part is None:
            return None, "the frame check sequence does not match"
        parts.append(part)
        at += 4 + length + -length % 4
    return (b"".join(parts), "") if parts else (None, "the frame holds no MPDU")


def _delimiter(length: int, end_of_frame: bool) -> bytes:
    """EOF bit, a reserved bit, 14 bits of length (its two high bits first, as in VHT and later), CRC-8, signature."""
    word = int(end_of_frame) | (length >> 12) << 2 | (length & 0xFFF) << 4
    head = word.to_bytes(2, "little")
    return head + bytes((_crc8(head), _SIGNATURE))


def _read_delimiter(four: bytes) -> int | None:
    if four[3] != _SIGNATURE or four[2] != _crc8(four[:2]):
        return None
    word = int.from_bytes(four[:2], "little")
    return (word >> 2 & 3) << 12 | word >> 4


def _crc8(data: bytes) -> int:
    """x^8 + x^2 + x + 1 from all ones, complemented; bits in the order of transmission (least significant first)."""
    register = 0xFF
    for byte in data:
        for place in range(8):
            carry = (register >> 7) ^ (byte >> place & 1)
            register = (register << 1 & 0xFF) ^ (0x07 if carry else 0)
    return int(f"{register ^ 0xFF:08b}"[::-1], 2)
