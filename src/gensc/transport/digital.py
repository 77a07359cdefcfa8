"""The classical link: bytes in coded segments with CRC, LDPC and QAM, over any channel."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from gensc.channel import Channel
from gensc.errors import InputError
from gensc.phy.mcs import SCHEMES, CodeName
from gensc.phy.mcs import mcs as scheme_of
from gensc.registry import register
from gensc.signal import MAIN, Cost, Parts, State, bytes_of, one_part
from gensc.transport import modem
from gensc.transport.adaptation import Adaptation, Option
from gensc.transport.bytewise import MOST_BYTES, Bytewise, Packets, arrived, checked_uses, sendable, uses_of
from gensc.transport.equalize import Equalized, Reception
from gensc.transport.packing import Packing
from gensc.transport.radio import Arrival, Emission, Radio, symbols_in
from gensc.transport.segments import Segment, carrying, filling, smallest

HEADER = 5
"""Length (4 bytes) and MCS of an item whose length is free."""
HEADERS = tuple(Option(index, smallest(HEADER, index, "5g").symbols, HEADER) for index in (0, *range(28, 34)))
"""How a header goes: 56 bits with its CRC in 240 QPSK symbols of the 5G code, or in more. What both ends know of the
channel says which: as seldom lost as ``HEADER_SHARE`` of the target."""
HEADER_SHARE = 0.1
DEAREST = 4.0
"""What an item that takes what it needs pays at most to be lost less: so many times the uses that deliver most."""
TARGETS = (0.3, 0.1, 0.03, 0.01, 0.001)
"""The shares of lost items that "best" chooses among."""
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
    budget that is left; 128 unless given. 0: each item takes what it needs, and a header of 240 uses, or more where
    that would be lost, says what it is;
    ``State.price`` then tells the encoder what bytes cost (without pilots). ``cbr``, in place of ``uses``: so many
    channel uses for each source value of an item, pilots included.
    ``code``: the LDPC codes and the schemes (MCS) of 5G NR, or those of 802.11be.
    ``mcs``: "adaptive" takes, at each SNR, the scheme with the most bytes whose items are lost with probability
    ``target`` or less, over draws of the very channel, pilots included (see Adaptation; with csi "both" for the gains
    that each item will meet). ``target`` "best": validation items choose it at each SNR by what the task makes of it
    (0.01 where there are none, as in training). A number is that scheme at every SNR (0 to 37 in 5G NR, 0 to 13 in
    802.11be). Features go as an entropy-coded stream by ``packing`` (see Packing), e.g. {values = 32, hidden = 512}.
    An item whose CRC fails is lost and never passed on: its codec conceals it, and for features the packing does.
    """

    role = "separate"
    tells_gain = True

    def __init__(self, channel: Channel | None = None, uses: int | None = None, cbr: float = 0.0,
                 mcs: int | Literal["adaptive"] = "adaptive", target: float | Literal["best"] = 0.01,
                 code: CodeName = "5g", pilots: int = 0, iterations: int = 20, packing: dict | None = None,
                 bandwidth_hz: float = 20e6) -> None:
        super().__init__(channel, "zf", pilots, bandwidth_hz)
        if code not in get_args(CodeName):
            raise InputError(f"digital: code is {code!r}; expected one of {', '.join(get_args(CodeName))}")
        if target == "best":
            self.choices, target = TARGETS, 0.01
        if isinstance(target, str) or not 0 < target < 1:
            raise InputError(f"digital: target is {target!r}; expected a share of lost items between 0 and 1, or "
                             "'best'")
        if iterations < 1:
            raise InputError(f"digital: iterations is {iterations}; the decoder needs at least 1")
        self.uses, self.cbr = checked_uses("digital", uses, cbr, 128), cbr
        self.free = not self.uses and not cbr
        self.mcs, self.target, self.iterations = mcs, target, iterations
        self.code: CodeName = code
        self.meets(self.channel, pilots)
        self.packing = Packing.of("digital", packing)
        self.schemes = tuple(range(len(SCHEMES[code]))) if mcs == "adaptive" else (scheme_of(mcs, code).index,)
        if self.uses:
            self.usable(self.uses)

    def choose(self, choice: float) -> None:
        self.target = choice

    def meets(self, channel: Channel, pilots: int) -> None:
        super().meets(channel, pilots)
        self.adaptation, self._headers = (Adaptation(channel, code, pilots) for code in (self.code, "5g"))

    def gain_db(self, state: State) -> Tensor | None:
        """None where an item meets several gains: schemes are then chosen by all of them."""
        return super().gain_db(state) if self.channel.block_fading or not self.channel.transparent else None

    def planned(self, state: State) -> tuple[modem.Layout | None, ...]:
        """The segments of each item, None where they follow from its length."""
        if self.free:
            return (None,) * len(state)
        uses = uses_of("digital", self.uses, self.cbr, state)
        options = {count: self.usable(count) for count in set(uses)}
        chosen = self._chosen([options[count] for count in uses], state)
        return tuple(filling(one.symbols, one.index, self.code) for one in chosen)

    def space(self, state: State) -> tuple[int, ...] | None:
        if self.free:
            return None
        return tuple(8 * (_bytes(layout) - len(self._delimiter)) for layout in _layouts(state))

    def spent(self, state: State) -> Cost:
        layouts = _layouts(state)
        return Cost.of_bits([self._paid(self.pilots + modem.length(layout)) for layout in layouts],
                            [8 * _bytes(layout) for layout in layouts], self.bandwidth_hz)

    def needed(self, sizes: Sequence[int], state: State) -> list[float]:
        return [self._paid(modem.length(item.layout)) for item in self._announcing(sizes, state)]

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
        data = self._announced(out, state) if self.free else self._delimited(out, items)
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

    def _announced(self, out: Equalized, state: State) -> tuple[bytes | None, ...]:
        """The items of any length, each by its header."""
        noise, heads = 1 / out.snr, self._heads(state)
        headers = modem.demodulate(out.x, noise, [(head,) for head in heads], self.iterations)
        layouts = [self._body(header, head, out.x.shape[1]) for header, head in zip(headers, heads, strict=True)]
        got = modem.demodulate(out.x, noise, [layout or () for layout in layouts], self.iterations)
        return tuple(None if layout is None or one is None else one[HEADER:] or None
                     for layout, one in zip(layouts, got, strict=True))

    def _heads(self, state: State) -> list[Segment]:
        """The header of each item."""
        chosen = self._headers.choose([HEADERS] * len(state), state, HEADER_SHARE * self.target, DEAREST)
        return [smallest(HEADER, one.index, "5g") for one in chosen]

    def _announcing(self, sizes: Sequence[int], state: State) -> list[_Item]:
        """Items of so many bytes, each behind a header."""
        layouts = {size: {index: carrying(size, index, self.code) for index in self.schemes} for size in set(sizes)}
        options = {size: tuple(Option(index, max(1, modem.length(layout)), size) for index, layout in table.items())
                   for size, table in layouts.items()}
        chosen = self._chosen([options[size] for size in sizes], state)
        return [_Item(size, (head, *layouts[size][one.index]), size.to_bytes(4, "big") + bytes([one.index]))
                for size, one, head in zip(sizes, chosen, self._heads(state), strict=True)]

    def _body(self, header: bytes | None, head: Segment, symbols: int) -> modem.Layout | None:
        """The segments of an item by its received header, that among them, or None where there are none that fit what
        was received."""
        if header is None:
            return None
        size, index = int.from_bytes(header[:4], "big"), header[4]
        if size > MOST_BYTES or index >= len(SCHEMES[self.code]):
            return None
        layout = (head, *carrying(size, index, self.code))
        return layout if modem.length(layout) <= symbols else None

    def _paid(self, symbols: int) -> float:
        """The channel uses of so many symbols."""
        return symbols * (1 + self.overhead)

    def _chosen(self, options: Sequence[tuple[Option, ...]], state: State) -> list[Option]:
        if self.mcs != "adaptive":
            return [one[0] for one in options]
        return self.adaptation.choose(options, state, self.target, DEAREST if self.free else math.inf)

    def usable(self, uses: int) -> tuple[Option, ...]:
        """The schemes that carry anything in so many uses, with the bytes that they leave to an item. Raises
        InputError where there are none."""
        symbols = symbols_in(uses, self.overhead) - self.pilots
        layouts = {index: filling(symbols, index, self.code) for index in self.schemes}
        usable = tuple(Option(index, symbols, _bytes(layout) - len(self._delimiter))
                       for index, layout in layouts.items() if layout)
        if not usable:
            raise InputError(f"digital: an item has {uses} channel uses, {self.pilots} of them pilots: not even one "
                             f"byte and its CRC fit at {'any MCS' if self.mcs == 'adaptive' else f'MCS {self.mcs}'}; "
                             f"give more {'cbr' if self.cbr else 'uses'}")
        return tuple(option for option in usable if option.data) or usable


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
