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
    """Information bits a second and block error rate of one decoder over ``frames`` frames."""

    mbps: float
    bler: float
    frames: int


def race(code: Code, snr_db: float, seconds: float) -> tuple[Speed, Speed]:
    """Our decoder and Sionna's in turns until each has run for ``seconds`` (wall clock), ours first in the result.

    Both decode the same frames; ours repeats each part of them until it has taken as long as Sionna.
    """
    part = 64
    decoders = ours(code), sum_product(code)
    _, llr = frames(code, snr_db, range(part))
    for decoder in decoders:
        decoder(llr)
    spent, decoded, errors, done = [0.0, 0.0], [0, 0], [0, 0], 0
    while spent[1] < seconds:
        bits, llr = frames(code, snr_db, range(done, done + 16 * part))
        for start in range(0, len(bits), part):
            if spent[1] >= seconds:
                break
            _turn(decoders[1], llr[start:start + part], bits[start:start + part], 1, spent, decoded, errors)
            done += part
        while spent[0] < spent[1]:
            _turn(decoders[0], llr, bits, 0, spent, decoded, errors)
    first, second = (Speed(count * code.k / took / 1e6, bad / count, count)
                     for took, count, bad in zip(spent, decoded, errors, strict=True))
    return first, second


def _turn(decoder: Decoder, llr: Tensor, bits: Tensor, which: int, spent: list[float], decoded: list[int],
          errors: list[int]) -> None:
    started = time.perf_counter()
    found = decoder(llr)
    spent[which] += time.perf_counter() - started
    decoded[which] += len(bits)
    errors[which] += int(wrong(found, bits).sum())
