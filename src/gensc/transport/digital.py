"""The classical link: bytes in coded segments with CRC, LDPC and QAM, over any channel."""

from typing import Literal, get_args

from gensc.channel import AWGN, Channel
from gensc.errors import InputError
from gensc.phy.adaptation import Fading, choose
from gensc.phy.mcs import SCHEMES, CodeName
from gensc.phy.mcs import mcs as scheme_of
from gensc.registry import register
from gensc.signal import Cost, State
from gensc.transport import modem
from gensc.transport.bytewise import MOST_BYTES, Bytewise, Packets
from gensc.transport.equalize import carry
from gensc.transport.packing import Packing
from gensc.transport.segments import Segment, carrying, filling

HEADER = Segment("5g", mcs=0, data=5, crc=16, symbols=240)
"""Length (4 bytes) and MCS of an item whose length is free: 56 bits in 240 QPSK symbols of the 5G code."""


@register("transport", "digital")
class Digital(Bytewise):
    """Bytes -> segments with CRC -> scrambler -> LDPC -> Gray QAM -> channel -> and back.

    ``uses``: complex channel uses of an item, ``pilots`` included, whatever it holds: the codec fits its
    rate to the room that is left. 0: each item takes what it needs, and a header of 240 uses says what it is.
    ``code``: the LDPC codes and the schemes (MCS) of 5G NR, or those of 802.11be.
    ``mcs``: "adaptive" takes, at each SNR, the scheme with the most room whose items are lost with
    probability ``target`` or less, by a measured table for AWGN, or averaged over Rayleigh block fading
    (``fading``); a number is that scheme at every SNR (0 to 27 in 5G NR, 0 to 13 in 802.11be).
    Features go as an entropy-coded stream of ``values`` learned values (see Packing). An item whose CRC fails
    is lost and never passed on: its codec conceals it, and for features the packing does.
    """

    def __init__(self, channel: Channel | None = None, uses: int = 128,
                 mcs: int | Literal["adaptive"] = "adaptive", target: float = 0.01, fading: Fading = "none",
                 code: CodeName = "5g", pilots: int = 0, iterations: int = 20, values: int = 32, hidden: int = 512,
                 bandwidth_hz: float = 20e6) -> None:
        super().__init__(Packing(values, hidden))
        if uses < 0 or pilots < 0:
            raise InputError(f"digital: uses is {uses} and pilots {pilots}; expected 0 or more of each")
        if code not in get_args(CodeName):
            raise InputError(f"digital: code is {code!r}; expected one of {', '.join(get_args(CodeName))}")
        if not 0 < target < 1:
            raise InputError(f"digital: target is {target}; expected a share of lost items between 0 and 1")
        if iterations < 1:
            raise InputError(f"digital: iterations is {iterations}; the decoder needs at least 1")
        tried = tuple(range(len(SCHEMES[code]))) if mcs == "adaptive" else (scheme_of(mcs, code).index,)
        self.usable = tuple(index for index in tried if filling(uses - pilots, index, code)) if uses else tried
        if not self.usable:
            raise InputError(f"digital: uses is {uses}, {pilots} of them pilots: not even one byte and its CRC fit "
                             f"at {'any MCS' if mcs == 'adaptive' else f'MCS {mcs}'}; give more uses")
        self.channel = channel if channel is not None else AWGN()
        self.uses, self.mcs, self.target, self.fading = uses, mcs, target, fading
        self.code: CodeName = code
        self.pilots, self.iterations, self.bandwidth_hz = pilots, iterations, bandwidth_hz

    def schemes(self, state: State, data: tuple[bytes, ...] = ()) -> list[int]:
        """The MCS of each item; items of free length are known by their ``data``."""
        if self.mcs != "adaptive":
            return [self.mcs] * len(state.snr_db)
        if self.uses:
            return [self._chosen(self.uses - self.pilots, snr_db) for snr_db in state.snr_db.tolist()]
        return [self._chosen([modem.length(carrying(len(one), index, self.code)) for index in self.usable], snr_db)
                for one, snr_db in zip(data, state.snr_db.tolist(), strict=True)]

    def _chosen(self, symbols: int | list[int], snr_db: float) -> int:
        return choose(self.code, symbols, snr_db, self.target, self.fading, self.usable)

    def space(self, state: State) -> tuple[int, ...] | None:
        if not self.uses:
            return None
        return tuple(_bytes(self._filled(index)) for index in self.schemes(state))

    def price(self, state: State) -> Cost:
        space = self.space(state)
        assert space is not None, "only asked where uses are fixed"
        return Cost.of_bytes([self.uses] * len(space), space, self.bandwidth_hz)

    def send(self, data: tuple[bytes, ...], state: State) -> Packets:
        schemes = self.schemes(state, data)
        if not self.uses:
            return self._send_free(data, schemes, state)
        layouts = [self._filled(index) for index in schemes]
        fits = [len(one) <= _bytes(layout) for one, layout in zip(data, layouts, strict=True)]
        padded = [one[:_bytes(layout)].ljust(_bytes(layout), b"\0") for one, layout in zip(data, layouts, strict=True)]
        out = carry(modem.modulate(padded, layouts), self.channel, state, "zf", self.pilots)
        got = modem.demodulate(out.x, 1 / out.snr, layouts, self.iterations)
        kept = tuple(one if fit else None for one, fit in zip(got, fits, strict=True))
        return Packets(kept, Cost.of_bytes([self.uses] * len(data), [len(one) for one in data], self.bandwidth_hz))

    def _send_free(self, data: tuple[bytes, ...], schemes: list[int], state: State) -> Packets:
        """Items of any length, each behind a header."""
        bodies = [carrying(len(one), index, self.code) for one, index in zip(data, schemes, strict=True)]
        layouts = [(HEADER, *body) for body in bodies]
        framed = [len(one).to_bytes(4, "big") + bytes([index]) + one for one, index in zip(data, schemes, strict=True)]
        out = carry(modem.modulate(framed, layouts), self.channel, state, "zf", self.pilots)
        noise, start = 1 / out.snr, HEADER.symbols
        headers = modem.demodulate(out.x[:, :start], noise[:, :start], [(HEADER,)] * len(data), self.iterations)
        found = [self._announced(header, out.x.shape[1] - start) for header in headers]
        got = modem.demodulate(out.x[:, start:], noise[:, start:], [one or () for one in found], self.iterations)
        kept = tuple(None if layout is None else one for layout, one in zip(found, got, strict=True))
        uses = [self.pilots + modem.length(layout) for layout in layouts]
        return Packets(kept, Cost.of_bytes(uses, [len(one) for one in data], self.bandwidth_hz))

    def _filled(self, index: int) -> modem.Layout:
        return filling(self.uses - self.pilots, index, self.code)

    def _announced(self, header: bytes | None, symbols: int) -> modem.Layout | None:
        """The layout that a received header names, or None where there is none that fits what was received."""
        if header is None:
            return None
        size, index = int.from_bytes(header[:4], "big"), header[4]
        if size > MOST_BYTES or index >= len(SCHEMES[self.code]):
            return None
        layout = carrying(size, index, self.code)
        return layout if modem.length(layout) <= symbols else None


def _bytes(layout: modem.Layout) -> int:
    return sum(segment.data for segment in layout)
