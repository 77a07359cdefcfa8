"""Coded bits to data tones and back: segment parser, constellation, LDPC tone mapper."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch

from gensc.phy.qam import Constellation
from gensc.phy.wifi7.phy import Phy
from gensc.phy.wifi7.tones import Plan, plan


@cache
def _order(bandwidth_mhz: int) -> np.ndarray:
    """int64 [data tones]: the data tone of the symbol with number k, segment by segment (27.3.12.11, 36.3.13.9)."""
    tones: Plan = plan(bandwidth_mhz)
    block = len(tones.data_at) // tones.segments
    k = np.arange(block)
    mapped = tones.distance * (k % (block // tones.distance)) + k * tones.distance // block
    return (block * np.arange(tones.segments)[:, None] + mapped).reshape(-1)


@cache
def _constellation(bits: int) -> Constellation:
    return Constellation(bits, "802.11")


def to_tones(bits: np.ndarray, phy: Phy) -> np.ndarray:
    """Data tones complex64 [T, N_SD] of coded bits uint8 [T, N_CBPS].

    Segments of 80 MHz take turns with half a symbol's bits each (a whole BPSK bit): 36.3.13.6.
    """
    segments, piece = phy.tones.segments, max(1, phy.scheme.bits // 2)
    parted = bits.reshape(len(bits), -1, segments, piece).swapaxes(1, 2).reshape(len(bits), -1)
    symbols = _constellation(phy.scheme.bits).map(torch.from_numpy(np.ascontiguousarray(parted))).numpy()
    out = np.empty_like(symbols)
    out[:, _order(phy.bandwidth_mhz)] = symbols
    return out


def to_llrs(values: np.ndarray, noise: np.ndarray, phy: Phy) -> np.ndarray:
    """LLRs float32 [T, N_CBPS] in the order of the coded bits, of equalised data tones complex64 [T, N_SD] with
    noise power ``noise`` float32 [N_SD]."""
    order = _order(phy.bandwidth_mhz)
    llr = _constellation(phy.scheme.bits).demap(torch.from_numpy(values[:, order]),
                                                torch.from_numpy(noise[order].astype(np.float32))).numpy()
    segments, piece = phy.tones.segments, max(1, phy.scheme.bits // 2)
    return llr.reshape(len(llr), segments, -1, piece).swapaxes(1, 2).reshape(len(llr), -1)
