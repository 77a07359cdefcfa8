"""What a channel leaves of the information in coded bits, and the SNR over AWGN that leaves as much.

The mean mutual information of a frame's bits decides whether a long code gets through, whatever the channel did to
single symbols: K. Brueninghaus et al., "Link performance models for system level simulations of broadband radio access
systems", PIMRC 2005; L. Wan, S. Tsai and M. Almgren, "A fading-insensitive performance metric for a unified link
quality model", WCNC 2006.
"""

from functools import cache

import numpy as np
import torch
from torch import Tensor

from gensc import units
from gensc.phy.qam import Constellation

GRID_DB = np.arange(-40.0, 60.01, 0.25)
SCALES = (1.0, 0.7, 0.5, 0.35, 0.25, 0.18, 0.12, 0.08, 0.05, 0.03)
SOME = 50_000
"""LLRs that choose the scale."""
NODES, LEAST = 48, 1e-300


@cache
def curve(bits: int) -> np.ndarray:
    """Mutual information a bit, 0 to 1, of a Gray QAM of ``bits`` per symbol over AWGN with Es/N0 of ``GRID_DB``, each
    bit by itself as a demapper sees it (G. Caire, G. Taricco and E. Biglieri, "Bit-interleaved coded modulation", IEEE
    Trans. Inf. Theory 44(3), 1998): Gauss-Hermite quadrature over the noise of one dimension."""
    points = Constellation(bits, "802.11").points.numpy()
    level = np.unique(np.round(points.real.astype(float), 9))
    width = len(level).bit_length() - 1
    label = np.arange(len(level)) ^ (np.arange(len(level)) >> 1)
    one = ((label[:, None] >> np.arange(width)) & 1).astype(float)
    nodes, weights = np.polynomial.hermite.hermgauss(NODES)
    out = np.empty(len(GRID_DB))
    for place, spread in enumerate(units.noise_power(torch.from_numpy(GRID_DB)).double().sqrt().numpy()):
        apart = (level[:, None, None] - level) / spread + nodes[:, None]
        metric = -(apart**2)
        likelihood = np.exp(metric - metric.max(axis=-1, keepdims=True))
        llr = np.log(np.maximum(likelihood @ one, LEAST)) - np.log(np.maximum(likelihood @ (1 - one), LEAST))
        wrong = np.logaddexp(0.0, -llr * (2 * one - 1)[:, None]).mean(axis=(0, 2))
        out[place] = 1 - wrong @ weights / np.sqrt(np.pi) / np.log(2)
    return np.maximum.accumulate(np.clip(out, 0.0, 1.0))


def left(bits: int, snr_db: np.ndarray) -> np.ndarray:
    """Information a bit over AWGN with Es/N0 ``snr_db``."""
    return np.interp(snr_db, GRID_DB, curve(bits))


def effective_db(bits: int, information: np.ndarray) -> np.ndarray:
    """Es/N0 in dB over AWGN that leaves as much ``information`` a bit; where a modulation is full, the least that fills
    it."""
    known, first = np.unique(curve(bits), return_index=True)
    return np.interp(information, known, GRID_DB[first])


def measured(sent: Tensor, llr: Tensor) -> Tensor:
    """Information float32, a bit each, in ``llr`` = log p(1)/p(0) about the bits ``sent`` uint8 of the same shape. Its
    mean is the generalised mutual information (A. Ganti, A. Lapidoth and I. E. Telatar, "Mismatched decoding
    revisited", IEEE Trans. Inf. Theory 46(7), 2000) at the best common scale of the LLRs: a min-sum decoder knows
    none."""
    wrong = llr * (1 - 2 * sent.float())
    some = wrong.flatten()[::max(1, wrong.numel() // SOME)]
    scale = min(SCALES, key=lambda one: float(torch.nn.functional.softplus(one * some).mean()))
    return 1 - torch.nn.functional.softplus(scale * wrong) / float(np.log(2))
