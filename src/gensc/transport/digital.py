"""The classical link: bytes in coded segments with CRC, LDPC and QAM, over any channel."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch

from gensc.channel import Channel
from gensc.errors import InputError
from gensc.phy.adaptation import Fading, choose
from gensc.phy.mcs import SCHEMES, CodeName
from gensc.phy.mcs import mcs as scheme_of
from gensc.registry import register
from gensc.signal import MAIN, Cost, Parts, State, bytes_of, one_part
from gensc.transport import modem
from gensc.transport.bytewise import MOST_BYTES, Bytewise, Packets, arrived, checked_uses, sendable, uses_of
from gensc.transport.equalize import Equalized, Reception
from gensc.transport.packing import Packing
from gensc.transport.radio import Arrival, Emission, Radio
from gensc.transport.segments import Segment, carrying, filling

HEADER = Segment("5g", mcs=0, data=5, crc=16, symbols=240)
"""Length (4 bytes) and MCS of an item whose length is free: 56 bits in 240 QPSK symbols of the 5G code."""
END = b"\x80"
"""What delimits an item of bytes in fixed uses, before the zeros that fill them."""
WHO = "transport digital"


@dataclass(frozen=True)
class _Item:
    """An item on the air: the size of its data in bytes, its segments, and the header before the data, if any."""

    size: int
    layout: modem.Layout
    header: bytes = b""


@register("transport", "digital")
class Digital(Bytewise, Radio):
    """Bytes -> segments with CRC -> scrambler -> LDPC -> Gray QAM -> channel -> and back.

    ``uses``: complex channel uses of an item, ``pilots`` included, whatever it holds: the codec fits its rate to the
    budget that is left; 128 unless given. 0: each item takes what it needs, and a header of 240 uses says what it is;
    ``State.price`` then tells the encoder what bytes cost (without pilots). ``cbr``, in place of ``uses``: so many
    channel uses for each source value of an item, pilots included.
    ``code``: the LDPC codes and the schemes (MCS) of 5G NR, or those of 802.11be.
    ``mcs``: "adaptive" takes, at each SNR, the scheme with the most bytes whose items are lost with
    probability ``target`` or less, by a measured table for AWGN, or averaged over Rayleigh block fading
    (``fading``); a number is that scheme at every SNR (0 to 27 in 5G NR, 0 to 13 in 802.11be).
    Features go as an entropy-coded stream by ``packing`` (see Packing), e.g. {values = 32, hidden = 512}. An item whose
    CRC fails is lost and never passed on: its codec conceals it, and for features the packing does.
    """

    role = "separate"

    def __init__(self, channel: Channel | None = None, uses: int | None = None, cbr: float = 0.0,
                 mcs: int | Literal["adaptive"] = "adaptive", target: float = 0.01, fading: Fading = "none",
                 code: CodeName = "5g", pilots: int = 0, iterations: int = 20, packing: dict | None = None,
                 bandwidth_hz: float = 20e6) -> None:
        super().__init__(channel, "zf", pilots, bandwidth_hz)
        if code not in get_args(CodeName):
            raise InputError(f"digital: code is {code!r}; expected one of {', '.join(get_args(CodeName))}")
        if not 0 < target < 1:
            raise InputError(f"digital: target is {target}; expected a share of lost items between 0 and 1")
        if iterations < 1:
            raise InputError(f"digital: iterations is {iterations}; the decoder needs at least 1")
        self.uses, self.cbr = checked_uses("digital", uses, cbr, 128), cbr
        self.free = not self.uses and not cbr
        self.mcs, self.target, self.fading, self.iterations = mcs, target, fading, iterations
        self.code: CodeName = code
        self.packing = Packing.of("digital", packing)
        self.schemes = tuple(range(len(SCHEMES[code]))) if mcs == "adaptive" else (scheme_of(mcs, code).index,)
        if self.uses:
            self._usable(self.uses)

    def planned(self, state: State) -> tuple[modem.Layout | None, ...]:
        """The segments of each item, None where they follow from its length."""
        if self.free:
            return (None,) * len(state)
        uses = uses_of("digital", self.uses, self.cbr, state)
        usable = {count: self._usable(count) for count in set(uses)}
        return tuple(filling(count - self.pilots, self._chosen(count - self.pilots, snr_db, usable[count]), self.code)
                     for count, snr_db in zip(uses, state.known_db.tolist(), strict=True))

    def space(self, state: State) -> tuple[int, ...] | None:
        if self.free:
            return None
        return tuple(_bytes(layout) - len(self._delimiter) for layout in _layouts(state))

    def spent(self, state: State) -> Cost:
        layouts = _layouts(state)
        return Cost.of_bytes([self.pilots + modem.length(layout) for layout in layouts],
                             [_bytes(layout) for layout in layouts], self.bandwidth_hz)

    def needed(self, sizes: Sequence[int], state: State) -> list[int]:
        return [modem.length(item.layout) for item in self._announcing(sizes, state)]

    def send(self, data: tuple[bytes, ...], state: State) -> Packets:
        delivery = self.transmitted({MAIN: data}, state)
        return Packets(bytes_of(delivery.main, WHO), delivery.cost)

    def emit(self, parts: Parts, state: State) -> Emission:
        name, part = one_part(parts, WHO)
        data = sendable(part, WHO)
        if self.free:
            items = self._announcing([len(one) for one in data], state)
            framed = [item.header + one for item, one in zip(items, data, strict=True)]
        else:
            items = [_Item(len(one), layout) for one, layout in zip(data, _layouts(state), strict=True)]
            framed = [_filled(one + self._delimiter, _bytes(item.layout))
                      for item, one in zip(items, data, strict=True)]
        symbols = modem.modulate(framed, [item.layout for item in items])
        uses = torch.tensor([float(modem.length(item.layout)) for item in items])
        return Emission(symbols, uses, (name, items))

    def absorb(self, heard: Reception, emission: Emission, state: State) -> Arrival:
        name, items = emission.notes
        out = heard.to(torch.device("cpu")).equalized("zf")
        data = self._announced(out) if self.free else self._delimited(out, items)
        bits = 8 * torch.tensor([item.size for item in items], dtype=torch.float32)
        return Arrival({name: data}, arrived(data), bits)

    @property
    def _delimiter(self) -> bytes:
        """A stream of features delimits itself."""
        return b"" if self.features or self.free else END

    def _delimited(self, out: Equalized, items: list[_Item]) -> tuple[bytes | None, ...]:
        """The items of fixed uses; what did not fit them is lost."""
        got = modem.demodulate(out.x, 1 / out.snr, [item.layout for item in items], self.iterations)
        whole = [one if item.size + len(self._delimiter) <= _bytes(item.layout) else None
                 for one, item in zip(got, items, strict=True)]
        return tuple(whole) if self.features else tuple(_undelimited(one) for one in whole)

    def _announced(self, out: Equalized) -> tuple[bytes | None, ...]:
        """The items of any length, each by its header."""
        start, count, noise = HEADER.symbols, len(out.x), 1 / out.snr
        headers = modem.demodulate(out.x[:, :start], noise[:, :start], [(HEADER,)] * count, self.iterations)
        bodies = [self._body(header, out.x.shape[1] - start) for header in headers]
        got = modem.demodulate(out.x[:, start:], noise[:, start:], [body or () for body in bodies], self.iterations)
        return tuple(None if body is None else one or None for body, one in zip(bodies, got, strict=True))

    def _announcing(self, sizes: Sequence[int], state: State) -> list[_Item]:
        """Items of so many bytes, each behind a header."""
        items = []
        for size, snr_db in zip(sizes, state.known_db.tolist(), strict=True):
            lengths = [modem.length(carrying(size, index, self.code)) for index in self.schemes]
            index = self._chosen(lengths, snr_db, self.schemes)
            header = size.to_bytes(4, "big") + bytes([index])
            items.append(_Item(size, (HEADER, *carrying(size, index, self.code)), header))
        return items

    def _body(self, header: bytes | None, symbols: int) -> modem.Layout | None:
        """The segments that a received header names, or None where there are none that fit what was received."""
        if header is None:
            return None
        size, index = int.from_bytes(header[:4], "big"), header[4]
        if size > MOST_BYTES or index >= len(SCHEMES[self.code]):
            return None
        layout = carrying(size, index, self.code)
        return layout if modem.length(layout) <= symbols else None

    def _chosen(self, symbols: int | list[int], snr_db: float, usable: tuple[int, ...]) -> int:
        if self.mcs != "adaptive":
            return self.mcs
        return choose(self.code, symbols, snr_db, self.target, self.fading, usable)

    def _usable(self, uses: int) -> tuple[int, ...]:
        """The MCSs that carry anything in so many uses. Raises InputError where there are none."""
        usable = tuple(index for index in self.schemes if filling(uses - self.pilots, index, self.code))
        if not usable:
            raise InputError(f"digital: an item has {uses} channel uses, {self.pilots} of them pilots: not even one "
                             f"byte and its CRC fit at {'any MCS' if self.mcs == 'adaptive' else f'MCS {self.mcs}'}; "
                             f"give more {'cbr' if self.cbr else 'uses'}")
        return usable


def _layouts(state: State) -> tuple[modem.Layout, ...]:
    assert state.plan is not None, "a transport informs its state before it sends"
    return state.plan


def _bytes(layout: modem.Layout) -> int:
    return sum(segment.data for segment in layout)


def _filled(data: bytes, space: int) -> bytes:
    return data[:space].ljust(space, b"\0")


def _undelimited(data: bytes | None) -> bytes | None:
    """What stands before the last END and its padding; None where that is nothing."""
    bare = None if data is None else data.rstrip(b"\0")
    return bare[:-1] or None if bare and bare.endswith(END) else None
