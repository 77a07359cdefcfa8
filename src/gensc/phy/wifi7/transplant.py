"""What became of one frame's data tones, put on frames of other schemes: which of them would be lost.

Finding, synchronising and equalising a frame takes most of a receiver's time, and is the same for every scheme. Here it
is done once: y = g s + e on each data tone, with the gain g of each OFDM symbol and the errors e, of noise, echoes,
interference or a wrong estimate alike. The symbols s' of another scheme then arrive as g s' + e, are demapped with the
noise power that the receiver had estimated, and are decoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch

from gensc.phy import information
from gensc.phy.adaptation import GRID_DB, frame_errors
from gensc.phy.wifi7.data import Equalised
from gensc.phy.wifi7.layout import Layout
from gensc.phy.wifi7.mapper import to_tones
from gensc.rng import Rng

HOPELESS_DB = 2.0
"""A frame whose tones are worth so much less than the Es/N0 at which half are lost over AWGN is not decoded."""


@dataclass(frozen=True)
class Reception:
    """``gain`` complex64 [T, 1] of each OFDM symbol, ``error`` complex64 [T, N_SD] of each data tone, and the ``noise``
    power float32 [N_SD] that the receiver estimates."""

    gain: np.ndarray
    error: np.ndarray
    noise: np.ndarray

    @staticmethod
    def of(received: Equalised, sent: np.ndarray) -> Reception:
        """What became of the data tones ``sent`` complex64 [T, N_SD]."""
        power = np.sum(np.abs(sent) ** 2, axis=1, keepdims=True)
        gain = np.sum(received.values * sent.conj(), axis=1, keepdims=True) / power
        return Reception(gain, received.values - gain * sent, received.noise)

    def effective_db(self, bits: int) -> float:
        """Es/N0 over AWGN that leaves a modulation of ``bits`` per symbol as much information as the errors do where
        their power on each tone is known."""
        power = np.maximum(np.mean(np.abs(self.error) ** 2, axis=0), 1e-12)
        return float(information.effective_db(bits, np.array(information.left(bits, -10 * np.log10(power)).mean())))


def lost(receptions: Sequence[Reception], layouts: Sequence[Layout], rng: Rng, iterations: int) -> np.ndarray:
    """Which frames of each of L ``layouts`` would be lost, bool [L,B], their payloads drawn from ``rng``.

    A frame that a scheme carries is carried by every scheme of as few bits a symbol at most and as low a rate.
    """
    out = np.ones((len(layouts), len(receptions)), dtype=bool)
    for place in reversed(range(len(layouts))):
        layout, bits = layouts[place], layouts[place].phy.scheme.bits
        kept = ~out[[_harder(other, layout) for other in layouts]].all(axis=0)
        hopeless = np.array([one.effective_db(bits) for one in receptions]) < _half_db(layout) - HOPELESS_DB
        out[place, kept] = False
        open_ = np.flatnonzero(~kept & ~hopeless).tolist()
        if open_:
            payload = np.stack([generator.integers(0, 2, layout.fit.payload_bits, dtype=np.uint8) for generator
                                in rng.child(layout.phy.mcs).of([rng.items[i] for i in open_]).generators()])
            out[place, open_] = _garbled([receptions[i] for i in open_], layout, payload, iterations)
    return out


def _harder(one: Layout, other: Layout) -> bool:
    """Whether a layout's frames need more than another's in each respect."""
    a, b = one.phy.scheme, other.phy.scheme
    return a.index > b.index and a.bits >= b.bits and Fraction(a.rate) >= Fraction(b.rate)


def _half_db(layout: Layout) -> float:
    """Es/N0 at which half the frames are lost over AWGN."""
    curve = frame_errors("802.11", layout.phy.mcs, layout.symbols * layout.phy.data_tones, GRID_DB)
    return float(GRID_DB[np.argmax(curve < 0.5)])


def _garbled(receptions: Sequence[Reception], layout: Layout, payload: np.ndarray, iterations: int) -> np.ndarray:
    """Which of the payloads uint8 [B, payload_bits] would not be decoded, bool [B]."""
    phy, fit, count = layout.phy, layout.fit, layout.symbols
    coded = np.zeros((len(payload), count * phy.coded_bits), dtype=np.uint8)
    coded[:, : fit.available_bits] = fit.encode(torch.from_numpy(payload)).numpy()
    sent = to_tones(coded.reshape(-1, phy.coded_bits), phy).reshape(len(payload), count, -1)
    llr = [Equalised(one.gain[:count] * row + one.error[:count], one.noise).llrs(layout)
           for one, row in zip(receptions, sent, strict=True)]
    got = fit.decode(torch.from_numpy(np.stack(llr)), iterations).bits.numpy()
    wrong: np.ndarray = (got != payload).any(axis=1)
    return wrong
