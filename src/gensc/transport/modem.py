"""Coded segments as symbols and back, whole batches at once.

Segments of one kind share their array operations; codewords of all segments that use the same code go
through one call of the decoder, so that items of ragged lengths still fill its batches.
"""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from gensc.phy import crc
from gensc.phy.ldpc.quasicyclic import QuasiCyclic
from gensc.phy.mcs import labelling, mcs
from gensc.phy.qam import Constellation
from gensc.phy.scramble import sequence
from gensc.transport.segments import Segment

Layout = tuple[Segment, ...]


def length(layout: Layout) -> int:
    """The symbols of a layout."""
    return sum(segment.symbols for segment in layout)


def modulate(data: Sequence[bytes], layouts: Sequence[Layout]) -> Tensor:
    """Symbols complex64 [B,k], k the longest layout; shorter items end in zeros, which are not sent.

    ``data`` holds as many bytes as the segments of its item carry.
    """
    x = torch.zeros(len(data), max(map(length, layouts)), dtype=torch.complex64)
    for segment, places in _groups(layouts).items():
        pieces = [_sealed(data[place.item][place.byte:place.byte + segment.data], segment) for place in places]
        bits = np.unpackbits(np.frombuffer(b"".join(pieces), np.uint8)).reshape(len(pieces), -1)
        coded = segment.coded.encode(torch.from_numpy(bits ^ sequence(bits.shape[1])))
        symbols = _constellation(segment).map(coded)
        x[_rows(places), _columns(places, segment)] = symbols
    return x


def demodulate(x: Tensor, noise: Tensor, layouts: Sequence[Layout], iterations: int) -> list[bytes | None]:
    """The bytes of each item, or None where a CRC fails.

    ``x`` complex64 [B,k]: equalised symbols; ``noise`` float32 [B,k]: the noise power on each.
    """
    groups = _groups(layouts)
    codes: dict[str, QuasiCyclic] = {}
    words: dict[str, list[Tensor]] = defaultdict(list)
    for segment, places in groups.items():
        rows, columns = _rows(places), _columns(places, segment)
        llr = _constellation(segment).demap(x[rows, columns], noise[rows, columns])
        fit = segment.coded
        words[fit.code.name].append(fit.llrs(llr))
        codes[fit.code.name] = fit.code
    decoded = {name: codes[name].decode(torch.cat(parts), iterations).bits for name, parts in words.items()}
    return _joined(groups, decoded, layouts)


def _joined(groups: dict[Segment, list["_Place"]], decoded: dict[str, Tensor],
            layouts: Sequence[Layout]) -> list[bytes | None]:
    pieces: list[list[bytes | None]] = [[None] * len(layout) for layout in layouts]
    taken: dict[str, int] = defaultdict(int)
    for segment, places in groups.items():
        fit = segment.coded
        key = fit.code.name
        count = len(places) * fit.count
        bits = fit.payload(decoded[key][taken[key]:taken[key] + count]).numpy()
        taken[key] += count
        packed = np.packbits(bits ^ sequence(bits.shape[1]), axis=1)
        for place, row in zip(places, packed, strict=True):
            pieces[place.item][place.number] = crc.check(row.tobytes(), segment.crc)
    return [None if any(piece is None for piece in item) else b"".join(item)  # type: ignore[arg-type]
            for item in pieces]


class _Place:
    """Where a segment stands: its item, its number in the item, its first symbol and its first byte."""

    __slots__ = ("byte", "item", "number", "symbol")

    def __init__(self, item: int, number: int, symbol: int, byte: int) -> None:
        self.item, self.number, self.symbol, self.byte = item, number, symbol, byte


def _groups(layouts: Sequence[Layout]) -> dict[Segment, list[_Place]]:
    groups: dict[Segment, list[_Place]] = defaultdict(list)
    for item, layout in enumerate(layouts):
        symbol = byte = 0
        for number, segment in enumerate(layout):
            groups[segment].append(_Place(item, number, symbol, byte))
            symbol, byte = symbol + segment.symbols, byte + segment.data
    return groups


def _rows(places: list[_Place]) -> Tensor:
    return torch.tensor([place.item for place in places])[:, None]


def _columns(places: list[_Place], segment: Segment) -> Tensor:
    return torch.tensor([place.symbol for place in places])[:, None] + torch.arange(segment.symbols)


def _sealed(piece: bytes, segment: Segment) -> bytes:
    return crc.append(piece, segment.crc)


def _constellation(segment: Segment) -> Constellation:
    return Constellation(mcs(segment.mcs, segment.code).bits, labelling(segment.code))
