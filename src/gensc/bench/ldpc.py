"""Our LDPC decoder beside Sionna's sum-product decoder, on the same codewords and the same LLRs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gensc.phy.ldpc import Code
from gensc.phy.qam import Constellation
from gensc.rng import Rng
from gensc.units import noise_power

ITERATIONS = 20
TARGET = 1e-2
OUR_BATCH, THEIR_BATCH = 1024, 64
Decoder = Callable[[Tensor], Tensor]


def frames(code: Code, snr_db: float, which: range, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Information bits uint8 [B, k] and exact LLRs float32 [B, n] of BPSK over AWGN at Es/N0 ``snr_db``.

    ``which`` names the frames: frame 7 has the same bits and the same noise whatever else is drawn.
    """
    rng = Rng.seeded(seed, "bench", "ldpc", code.name).of(which)
    bits = (rng.child("bits").uniform(code.k) < 0.5).to(torch.uint8)
    symbols = Constellation(1).map(code.encode(bits))
    n0 = noise_power(snr_db)
    return bits, Constellation(1).demap(symbols + rng.child("noise").complex_normal(code.n) * n0.sqrt(), n0)


def ours(code: Code) -> Decoder:
    """LLRs [B, n] to information bits [B, k] by the layered min-sum decoder."""
    return lambda llr: code.decode(llr, ITERATIONS).bits


def sum_product(code: Code) -> Decoder:
    """LLRs [B, n] to information bits [B, k] by Sionna's LDPCBPDecoder: flooding, exact ("boxplus") check nodes."""
    from sionna.phy.fec.ldpc import LDPCBPDecoder

    decoder = LDPCBPDecoder(code.parity_check(), cn_update="boxplus", num_iter=ITERATIONS, device="cpu")
    return lambda llr: decoder(llr)[:, :code.k].to(torch.uint8)


def wrong(decoded: Tensor, bits: Tensor) -> Tensor:
    """bool [B]: which frames have at least one wrong information bit."""
    return (decoded != bits).any(dim=1)


def waterfall_db(code: Code, trials: int = 1000) -> float:
    """The Es/N0 in dB, to 0.02 dB, where our decoder loses ``TARGET`` of ``trials`` fixed frames."""
    low, high = -4.0, 8.0
    while high - low > 0.02:
        middle = (low + high) / 2
        bits, llr = frames(code, middle, range(trials), seed=1)
        if wrong(code.decode(llr, ITERATIONS).bits, bits).sum() > TARGET * trials:
            low = middle
        else:
            high = middle
    return (low + high) / 2


@dataclass(frozen=True)
class Speed:
    """Information bits a second (wall clock) and block error rate of one decoder."""

    mbps: float
    bler: float


def race(code: Code, snr_db: float, seconds: float) -> tuple[Speed, Speed]:
    """Our decoder and Sionna's in turns until each has run for ``seconds``; ours comes first in the result.

    Each is timed on batches of the size that suits it; both error rates are over the frames that Sionna got through.
    """
    decoders = ours(code), sum_product(code)
    batches = [frames(code, snr_db, range(size))[1] for size in (OUR_BATCH, THEIR_BATCH)]
    for decoder, batch in zip(decoders, batches, strict=True):
        decoder(batch)
    took, decoded, lost, done = [0.0, 0.0], [0, 0], [0, 0], 0
    while took[1] < seconds:
        bits, llr = frames(code, snr_db, range(done, done + THEIR_BATCH))
        done += THEIR_BATCH
        started = time.perf_counter()
        found = decoders[1](llr)
        took[1] += time.perf_counter() - started
        decoded[1] += THEIR_BATCH
        lost[0] += int(wrong(decoders[0](llr), bits).sum())
        lost[1] += int(wrong(found, bits).sum())
        while took[0] < took[1]:
            started = time.perf_counter()
            decoders[0](batches[0])
            took[0] += time.perf_counter() - started
            decoded[0] += OUR_BATCH
    first, second = (Speed(count * code.k / spent / 1e6, bad / done)
                     for spent, count, bad in zip(took, decoded, lost, strict=True))
    return first, second
