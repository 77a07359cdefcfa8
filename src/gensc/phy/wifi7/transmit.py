"""Payload in, samples out."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gensc.phy import crc
from gensc.phy.wifi7 import ampdu, mapper, preamble
from gensc.phy.wifi7.layout import EHT_SIG_SYMBOLS, SERVICE_BITS, Layout, layout_for
from gensc.phy.wifi7.ofdm import to_samples
from gensc.phy.wifi7.phy import Phy
from gensc.phy.wifi7.scramble import scramble, sequence
from gensc.phy.wifi7.sequences import data_pilots

FIRST_PILOT = 4 + EHT_SIG_SYMBOLS
"""The data field's place in the pilot polarities: L-SIG, RL-SIG, U-SIG and EHT-SIG come before it."""


def transmit(payload: bytes, phy: Phy, frame_bytes: int = 0) -> Tensor:
    """A whole frame, complex64 [N] samples at ``phy.sample_rate_hz``, that carries ``payload`` and its FCS.

    The samples have mean power 1, so noise CN(0, N0) a sample is Es/N0 = 1/N0 a sample (``phy.tone_snr_db``: a tone).
    ``frame_bytes``: a shorter payload fills the frame of one of so many bytes, end-of-frame padding behind it.
    The same payload always gives the same samples: the scrambler's seed follows from it.
    Raises InputError for 0 bytes and for more than the frame's 5.484 ms hold (``longest_payload``).
    """
    layout = layout_for(len(payload) and max(len(payload), frame_bytes), phy)
    data = data_symbols(coded_bits(payload, layout), phy)
    return torch.from_numpy(np.concatenate([preamble.build(layout), data]))


def coded_bits(payload: bytes, layout: Layout) -> np.ndarray:
    """The coded bits of the data field, uint8 [T, N_CBPS]; pseudo-random bits behind the codewords' end."""
    psdu = ampdu.aggregate(payload, layout.psdu_bytes)
    plain = np.zeros(layout.fit.payload_bits, dtype=np.uint8)
    plain[SERVICE_BITS : SERVICE_BITS + 8 * len(psdu)] = np.unpackbits(np.frombuffer(psdu, np.uint8), bitorder="little")
    scrambled = scramble(plain, 1 + crc.crc32(payload) % 2047)
    sent = layout.fit.encode(torch.from_numpy(scrambled)[None])[0].numpy()
    filler = sequence(np.ones(11), layout.symbols * layout.phy.coded_bits - len(sent))
    return np.concatenate([sent, filler]).reshape(layout.symbols, -1)


def data_symbols(bits: np.ndarray, phy: Phy) -> np.ndarray:
    """The data field's samples, complex64 [T * symbol_samples], of coded bits [T, N_CBPS]."""
    tones = phy.tones
    values = np.empty((len(bits), len(tones.occupied)), dtype=np.complex64)
    values[:, tones.data_at] = mapper.to_tones(bits, phy)
    values[:, tones.pilots_at] = data_pilots(phy.bandwidth_mhz, len(bits), FIRST_PILOT)
    guard = phy.symbol_samples - phy.fft
    return to_samples(np.sqrt(phy.tone_power) * values, tones.occupied, phy.fft, guard).astype(np.complex64).reshape(-1)
