"""A file cut into segments that fit a frame each, and put together again from those that arrived.

A segment: magic (4 bytes), stream id (8), number, count and length of the whole (4 each, big-endian), then its
bytes. The whole is the file's name (2 bytes of length, UTF-8) and its content; the stream id is its hash. Frames
check their own bytes, so a segment is whole or not there.
"""

import hashlib
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gensc.errors import InputError

MAGIC = b"gsf1"
HEADER = struct.Struct(">4s8sIII")
NAME = struct.Struct(">H")
LONGEST_NAME = 255
LARGEST = 100_000_000
MOST = 1 << 17
DEFAULT_BYTES = 1500


@dataclass(frozen=True)
class Segment:
    """Segment ``number`` of the ``count`` of a stream of ``total`` bytes."""

    stream: bytes
    number: int
    count: int
    total: int
    data: bytes


@dataclass(frozen=True)
class Stream:
    """What arrived of a stream: ``missing`` segment numbers; ``name`` and ``content`` None unless none is."""

    stream: bytes
    count: int
    missing: tuple[int, ...]
    name: str | None
    content: bytes | None


def cut(content: bytes, name: str, segment_bytes: int = DEFAULT_BYTES) -> Iterator[bytes]:
    """The segments of a file, each at most ``segment_bytes`` long, header included.

    Raises InputError on segments without room, a file over LARGEST bytes or MOST segments, and a name too long.
    """
    room = segment_bytes - HEADER.size
    if room < 1:
        raise InputError(f"segments of {segment_bytes} bytes have no room beside their header of {HEADER.size}: give "
                         f"{HEADER.size + 1} or more, e.g. {DEFAULT_BYTES}")
    if len(content) > LARGEST:
        raise InputError(f"{name} has {len(content)} bytes: one stream carries at most {LARGEST}; cut it into parts")
    written = name.encode()
    if not 0 < len(written) <= LONGEST_NAME:
        raise InputError(f"the name {name!r} has {len(written)} bytes: expected 1 to {LONGEST_NAME}; rename the file")
    whole = NAME.pack(len(written)) + written + content
    count = -(-len(whole) // room)
    if count > MOST:
        raise InputError(f"{name} makes {count} segments of {segment_bytes} bytes: a stream has at most {MOST}; take "
                         f"segments of {HEADER.size - (-len(whole) // MOST)} bytes or more")
    for number in range(count):
        head = HEADER.pack(MAGIC, _hash(whole), number, count, len(whole))
        yield head + whole[number * room:(number + 1) * room]


def read_segment(psdu: bytes) -> Segment | None:
    """The segment in a frame's bytes; None where it is none of ours or contradicts itself."""
    if len(psdu) <= HEADER.size:
        return None
    magic, stream, number, count, total = HEADER.unpack_from(psdu)
    if magic != MAGIC or not number < count <= min(total, MOST):
        return None
    return Segment(stream, number, count, total, psdu[HEADER.size:])


def join(segments: Iterable[Segment]) -> list[Stream]:
    """The streams of all segments, in order of first arrival; a repeated segment counts once."""
    kept: dict[tuple[bytes, int, int], dict[int, bytes]] = {}
    for one in segments:
        kept.setdefault((one.stream, one.count, one.total), {}).setdefault(one.number, one.data)
    return [_joined(stream, count, total, parts) for (stream, count, total), parts in kept.items()]


def _joined(stream: bytes, count: int, total: int, parts: dict[int, bytes]) -> Stream:
    if len(parts) < count:
        return Stream(stream, count, tuple(sorted(set(range(count)) - parts.keys())), None, None)
    whole = b"".join(parts[number] for number in range(count))
    if len(whole) != total or _hash(whole) != stream or len(whole) < NAME.size:
        # Segments of two senders under one id: nothing says which is right.
        return Stream(stream, count, tuple(range(count)), None, None)
    end = NAME.size + NAME.unpack_from(whole)[0]
    return Stream(stream, count, (), whole[NAME.size:end].decode(errors="replace"), whole[end:])


def _hash(whole: bytes) -> bytes:
    return hashlib.blake2b(whole, digest_size=8).digest()
