"""Hybrid ARQ: a coded block in several transmissions, each with parity that the ones before did not have."""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from gensc.channel import AWGN, Channel
from gensc.errors import InputError
from gensc.phy import crc
from gensc.phy.ldpc.nr import MOST, NrFit
from gensc.phy.mcs import mcs as scheme_of
from gensc.phy.qam import Constellation
from gensc.phy.scramble import sequence
from gensc.registry import register
from gensc.signal import Cost, State
from gensc.transport.bytewise import Bytewise, Packets
from gensc.transport.equalize import Reception, carry
from gensc.transport.packing import Packing

CRC_BITS = 16


@dataclass(frozen=True)
class _Block:
    """How the block of an item lies on the air: its bytes, and the bits of each of its transmissions."""

    data: int
    fit: NrFit
    bits: int
    round_bits: int


@register("transport", "harq")
class Harq(Bytewise):
    """Bytes -> CRC -> one 5G NR codeword -> ``uses`` symbols of its circular buffer in each of up to ``rounds``
    transmissions, until the receiver answers that the CRC holds (incremental redundancy: 3GPP TS 38.212, 5.4.2.1; Caire
    and Tuninetti, IEEE Trans. Inf. Theory 47(5), 2001).

    The receiver adds up what it heard of each bit over all rounds. Each round meets a channel of its own: over block
    fading another gain. ``mcs``: modulation, and the rate of the first round (0 to 27 of 5G NR); after r rounds the
    rate is a r-th of it. ``feedback``: channel uses of the answer, one bit as repeated BPSK over the same channel back;
    it may be misheard: a block that is wrong and taken for right is lost, one that is right and taken for wrong is
    sent again. Both directions are paid for. A block holds at most 478 bytes.
    """

    role = "separate"

    def __init__(self, channel: Channel | None = None, uses: int = 128, rounds: int = 4, mcs: int = 8,
                 feedback: int = 8, iterations: int = 20, packing: dict | None = None,
                 bandwidth_hz: float = 20e6) -> None:
        super().__init__()
        if uses < 1 or rounds < 1 or feedback < 1 or iterations < 1:
            raise InputError(f"harq: uses is {uses}, rounds {rounds}, feedback {feedback} and iterations {iterations}; "
                             "expected 1 or more of each")
        self.channel = channel if channel is not None else AWGN()
        self.uses, self.rounds, self.feedback, self.iterations = uses, rounds, feedback, iterations
        self.bandwidth_hz = bandwidth_hz
        self.packing = Packing.of("harq", packing)
        self.block = _block(uses, rounds, mcs)

    def planned(self, state: State) -> tuple[object, ...]:
        return (self.block.data,) * len(state)

    def space(self, state: State) -> tuple[int, ...]:
        # Two bytes say how long the item is.
        return (8 * (self.block.data - 2),) * len(state)

    def spent(self, state: State) -> Cost:
        return Cost.of_bits([self._paid(self.uses + self.feedback)] * len(state), self.space(state), self.bandwidth_hz)

    def send(self, data: tuple[bytes, ...], state: State) -> Packets:
        codewords = self._codewords(data, state)
        soft = torch.zeros(codewords.shape)
        uses = [0.0] * len(data)
        kept: list[bytes | None] = [None] * len(data)
        open_items = list(range(len(data)))
        for number in range(self.rounds):
            if not open_items:
                break
            use = _round(state, number, open_items)
            part = slice(number * self.block.round_bits, (number + 1) * self.block.round_bits)
            soft[open_items, part] = self._heard(codewords[open_items, part], use)
            decoded = self._decoded(soft[open_items])
            right = torch.tensor([one is not None for one in decoded])
            again = self._answered(right, use) if number + 1 < self.rounds else ~right
            for place, item in enumerate(open_items):
                uses[item] += self._paid(self.uses + (self.feedback if number + 1 < self.rounds else 0))
                kept[item] = decoded[place]
            open_items = [item for item, wanted in zip(open_items, again.tolist(), strict=True) if wanted]
        whole = tuple(_unpadded(one) if sent and len(sent) <= self.block.data - 2 else None
                      for one, sent in zip(kept, data, strict=True))
        return Packets(whole, Cost.of_bits(uses, [8 * len(one) for one in data], self.bandwidth_hz))

    def _paid(self, symbols: int) -> float:
        """The channel uses of so many symbols."""
        return symbols * (1 + self.channel.overhead)

    def _codewords(self, data: tuple[bytes, ...], state: State) -> Tensor:
        """The bits uint8 [B, rounds * round_bits] of all transmissions of each item."""
        space = self.block.data
        blocks = [crc.append((len(one).to_bytes(2, "big") + one)[:space].ljust(space, b"\0"), CRC_BITS) for one in data]
        bits = np.unpackbits(np.frombuffer(b"".join(blocks), np.uint8)).reshape(len(blocks), -1)
        fit = self.block.fit
        return fit.coded(fit.code.encode(fit.words(torch.from_numpy(bits ^ sequence(bits.shape[1])))))

    def _heard(self, bits: Tensor, state: State) -> Tensor:
        """The LLRs [B, round_bits] of a transmission; its bits are interleaved over the symbols (5.4.2.2)."""
        qam = Constellation(self.block.bits, "3gpp")
        symbols = qam.map(bits.reshape(len(bits), self.block.bits, -1).mT.reshape(bits.shape))
        heard: Reception = carry(symbols, self.channel, state, 0)
        out = heard.to(torch.device("cpu")).equalized("zf")
        llr = qam.demap(out.x, 1 / out.snr)
        return llr.reshape(len(llr), -1, self.block.bits).mT.reshape(llr.shape)

    def _decoded(self, soft: Tensor) -> list[bytes | None]:
        """The block of each item, None where its CRC fails."""
        bits = self.block.fit.decode(soft, self.iterations).bits.numpy()
        packed = np.packbits(bits ^ sequence(bits.shape[1]), axis=1)
        return [crc.check(row.tobytes(), CRC_BITS) for row in packed]

    def _answered(self, right: Tensor, state: State) -> Tensor:
        """Which items the sender takes to be wrong, bool [B]: the receiver's answers over the channel back."""
        sent = torch.where(right, 1.0, -1.0)[:, None].expand(-1, self.feedback).to(torch.complex64)
        heard = carry(sent, self.channel, state.child("feedback"), 0).equalized("mmse")
        return heard.x.real.sum(dim=1).cpu() < 0


def _round(state: State, number: int, items: list[int]) -> State:
    """The use of the channel of a round, for the items that are still sent."""
    chosen = state.select(items)
    return chosen if number == 0 else replace(chosen.child("round", number), round=number)


def _block(uses: int, rounds: int, mcs: int) -> _Block:
    """The block that fills ``uses`` symbols at an MCS in its first round. Raises InputError where none does."""
    scheme = scheme_of(mcs, "5g")
    data = (math.floor(uses * scheme.efficiency) - CRC_BITS) // 8
    most = (MOST[2] - CRC_BITS) // 8
    if not 3 <= data <= most:
        raise InputError(f"harq: {uses} uses at MCS {mcs} hold {max(data, 0)} bytes beside the CRC; expected 3 to "
                         f"{most}: give {'more' if data < 3 else 'fewer'} uses, or another mcs")
    round_bits = uses * scheme.bits
    return _Block(data, NrFit(8 * data + CRC_BITS, rounds * round_bits), scheme.bits, round_bits)


def _unpadded(block: bytes | None) -> bytes | None:
    """The item in a block; None where there is none."""
    if block is None:
        return None
    size = int.from_bytes(block[:2], "big")
    return block[2:2 + size] or None
