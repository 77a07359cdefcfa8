"""What a channel does to coded frames: for draws of it, the SNR over AWGN that would leave as much information.

A frame of a modulation is lost about as often as one over AWGN at its effective Es/N0 (``gensc.phy.information``).
Where y = h x + n and the receiver knows h, that follows from the gains alone; else from LLRs that were measured on
random symbols through the channel, its pilots and the receiver's equaliser.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch

from gensc import units
from gensc.channel import Channel
from gensc.phy import information
from gensc.phy.adaptation import frame_errors
from gensc.phy.mcs import SCHEMES, CodeName, labelling
from gensc.phy.qam import Constellation
from gensc.rng import Rng
from gensc.signal import Csi, Signal, State
from gensc.transport import modem
from gensc.transport.equalize import carry

LENGTHS = (16, 64, 256, 1024)
"""Symbols of the frames that are looked at; a longer one fares as the longest."""
DRAWS, BLOCK_DRAWS = 600, 5000
"""Draws of a channel that is more than a gain an item, and of one that is no more."""
ITERATIONS = 20


@dataclass(frozen=True)
class Profile:
    """Effective Es/N0 in dB, float32 [draws, lengths, modulations], of frames of ``lengths`` symbols with
    ``modulations``, in bits per symbol; none where all have the same."""

    effective_db: np.ndarray
    lengths: tuple[int, ...] = (1,)
    modulations: tuple[int, ...] = ()

    def lost(self, code: CodeName, index: int, symbols: int) -> float:
        """Probability that a frame of ``symbols`` symbols at MCS ``index`` is lost, over the draws."""
        bits = SCHEMES[code][index].bits
        column = self.effective_db[:, :, self.modulations.index(bits) if self.modulations else 0]
        place = float(np.interp(np.log2(max(symbols, 1)), np.log2(self.lengths), range(len(self.lengths))))
        below, above = int(place), min(int(place) + 1, len(self.lengths) - 1)
        effective_db = column[:, below] + (place - below) * (column[:, above] - column[:, below])
        return float(frame_errors(code, index, symbols, effective_db).mean())

    def mixed(self, other: "Profile", share: float) -> "Profile":
        """``share`` of the way, in dB, from this profile to another of the same draws."""
        return replace(self, effective_db=(1 - share) * self.effective_db + share * other.effective_db)


def modulations(code: CodeName) -> tuple[int, ...]:
    """The bits per symbol that the schemes of a code use."""
    return tuple(sorted({scheme.bits for scheme in SCHEMES[code]}))


def flat(snr_db: float) -> Profile:
    """The profile of AWGN, or of one gain that is known."""
    return Profile(np.full((1, 1, 1), np.clip(snr_db, *information.GRID_DB[[0, -1]]), dtype=np.float32))


def by_gains(channel: Channel, state: State, code: CodeName, lengths: tuple[int, ...] = LENGTHS) -> Profile:
    """The profile of B items over y = h x + n where the receiver knows h, a draw an item: what the items of ``state``
    will meet."""
    probe = torch.ones(len(state), 1 if channel.block_fading else lengths[-1], dtype=torch.complex64)
    h = channel.distort(Signal(probe, state.n0, torch.ones_like(probe)), state.air()).h
    assert h is not None, "a channel returns h"
    snr_db = (units.ratio_to_db(h.abs().square().clamp_min(1e-9)) + state.snr_db[:, None]).numpy()
    if channel.block_fading:
        return Profile(snr_db[:, :, None])
    bits = modulations(code)
    columns = [information.effective_db(one, _means(information.left(one, snr_db), lengths)) for one in bits]
    return Profile(np.stack(columns, axis=-1).astype(np.float32), lengths, bits)


def by_symbols(channel: Channel, state: State, pilots: int, code: CodeName) -> Profile:
    """The profile of B items by the LLRs that a receiver makes of random symbols, over any channel and whatever is
    known of it. What the noise alone does to the mean over a frame is taken out: the table over AWGN has it already."""
    found = [[_heard(channel, state, pilots, bits, length, code) for bits in modulations(code)] for length in LENGTHS]
    return Profile(np.array(found, dtype=np.float32).transpose(2, 0, 1), LENGTHS, modulations(code))


def _heard(channel: Channel, state: State, pilots: int, bits: int, length: int, code: CodeName) -> np.ndarray:
    """Effective Es/N0 in dB [B] of frames of ``length`` symbols of one modulation."""
    points = Constellation(bits, labelling(code))
    sent = (state.child("bits", bits).rng.uniform(length * bits) < 0.5).to(torch.uint8)
    out = carry(points.map(sent), channel, state, pilots).equalized("zf")
    left = information.measured(sent, points.demap(out.x, 1 / out.snr)).unflatten(1, (-1, bits)).mean(dim=-1)
    means, within = left.mean(dim=1).double().numpy(), float(left.var(dim=1).mean())
    # Drawn together by as much as independent symbols scatter.
    kept = max(0.0, 1 - within / length / max(float(means.var()), 1e-12)) ** 0.5
    calmed = np.clip(means.mean() + kept * (means - means.mean()), 0, 1)
    effective_db: np.ndarray = information.effective_db(bits, calmed)
    return effective_db


@torch.no_grad()
def drawn(channel: Channel, snr_db: float, csi: Csi, pilots: int, code: CodeName) -> Profile:
    """The profile of a channel at an average Es/N0, by draws of its own, the same at every SNR."""
    gains = by_gain(channel, csi)
    draws = BLOCK_DRAWS if gains and channel.block_fading else DRAWS
    state = State.of(snr_db, draws, Rng.seeded(0, "adaptation"), csi)
    return by_gains(channel, state, code) if gains else by_symbols(channel, state, pilots, code)


def by_gain(channel: Channel, csi: Csi) -> bool:
    """Whether a channel's gains say all: it has nothing else, and the receiver knows them."""
    return channel.transparent and csi in ("receiver", "both")


@torch.no_grad()
def lost_frames(channel: Channel, state: State, pilots: int, layout: modem.Layout) -> int:
    """How many of B coded frames are lost."""
    data = [generator.bytes(sum(segment.data for segment in layout)) for generator in
            state.child("frames").rng.generators()]
    out = carry(modem.modulate(data, [layout] * len(data)), channel, state, pilots).equalized("zf")
    got = modem.demodulate(out.x, 1 / out.snr, [layout] * len(data), ITERATIONS)
    return sum(one != sent for one, sent in zip(got, data, strict=True))


def _means(values: np.ndarray, lengths: tuple[int, ...]) -> np.ndarray:
    """Means [N, lengths] over the first symbols of [N,k]."""
    return np.stack([values[:, :length].mean(axis=1) for length in lengths], axis=1)
