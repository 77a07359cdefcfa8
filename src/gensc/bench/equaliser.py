"""Blind equalisers beside one that knows pilots: symbol errors over multipath."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from gensc import units
from gensc.machine.progress import track
from gensc.metric.estimate import mean
from gensc.phy.equaliser import aligned, centred, constant_modulus, convolved, estimated, mmse, variational
from gensc.phy.qam import Constellation
from gensc.rng import Rng

SYMBOLS, FRESH = 1000, 10_000
"""Symbols of a block that the equalisers adapt to, and of the block that their filters then meet."""
TAPS, CHANNEL_TAPS, PILOTS = 11, 7, 32
EDGE = 20
"""Symbols at each end of a block that are not counted."""
FIXED = (0.0545 + 0.05j, 0.2823 - 0.11971j, -0.7676 + 0.2788j, -0.0641 - 0.0576j, 0.0466 - 0.02275j)
"""The channel of five taps of Caciularu and Burshtein (2020), here with its energy brought to 1."""
TAPS_RANDOM = 4
SNRS_DB = {2: (4.0, 8.0, 12.0, 16.0), 4: (12.0, 16.0, 20.0, 24.0)}
NAMES = {2: "QPSK", 4: "16-QAM"}


@dataclass(frozen=True)
class Row:
    """Share of wrong symbols with its 95 % interval over ``blocks`` blocks: ``block`` "own" is the block that the
    equaliser adapted to, "fresh" 10,000 symbols more over the same channel through the same filter."""

    constellation: str
    channel: str
    snr_db: float
    equaliser: str
    block: str
    ser: float
    low: float
    high: float
    blocks: int


@dataclass(frozen=True)
class Block:
    """Symbols sent and received, complex64 [B,N]."""

    x: Tensor
    y: Tensor


def table(blocks: int, seed: int = 0) -> Iterator[Row]:
    """Every constellation, channel and SNR, ``blocks`` blocks each."""
    points = [(bits, channel, snr_db) for bits, snrs in SNRS_DB.items() for channel in ("fixed", "random")
              for snr_db in snrs]
    for point in track(points, "equalisers at every SNR", len(points)):
        yield from measured(*point, blocks, seed)


def measured(bits: int, channel: str, snr_db: float, blocks: int, seed: int) -> Iterator[Row]:
    """The equalisers at one SNR, on the same blocks."""
    rng = Rng.seeded(seed, "equaliser", bits, channel, snr_db).of(blocks)
    constellation, n0 = Constellation(bits), float(units.noise_power(snr_db))
    h = channels(channel, rng.child("h"))
    own = sent(constellation, h, n0, SYMBOLS, rng.child("own"))
    fresh = sent(constellation, h, n0, FRESH, rng.child("fresh"))
    for name, w in (("cma", constant_modulus(own.y, constellation, TAPS)),
                    ("vae", variational(own.y, constellation, TAPS, CHANNEL_TAPS))):
        for place, block in (("own", own), ("fresh", fresh)):
            z = aligned(centred(block.y, w), block.x, TAPS - 1)
            yield _row(constellation, channel, snr_db, name, place, wrong(constellation, z, block.x))
    guess = estimated(own.y, own.x[:, :PILOTS], h.shape[1])
    for name, known in (("mmse, 32 pilots", guess), ("mmse, h known", h)):
        for place, block in (("own", own), ("fresh", fresh)):
            z = mmse(block.y, known, n0, TAPS)
            yield _row(constellation, channel, snr_db, name, place, wrong(constellation, z, block.x))


def channels(name: str, rng: Rng) -> Tensor:
    """Impulse responses complex64 [B,L] of energy 1: the fixed one, or four taps CN(0, e^(-l)), one draw a block."""
    h = torch.tensor(FIXED).expand(len(rng.items), -1)
    if name == "random":
        h = rng.complex_normal(TAPS_RANDOM) * torch.exp(-torch.arange(TAPS_RANDOM) / 2)
    return h / h.abs().square().sum(dim=1, keepdim=True).sqrt()


def sent(constellation: Constellation, h: Tensor, n0: float, symbols: int, rng: Rng) -> Block:
    """A block of random symbols over a channel."""
    bits = (rng.child("bits").uniform(symbols * constellation.bits) < 0.5).to(torch.uint8)
    x = constellation.map(bits)
    return Block(x, convolved(x, h) + n0**0.5 * rng.child("noise").complex_normal(symbols))


def wrong(constellation: Constellation, z: Tensor, x: Tensor) -> Tensor:
    """Which symbols of z [B,N] are nearest to another point than that sent, bool [B, N-2*EDGE]."""
    def label(symbols: Tensor) -> Tensor:
        return (symbols[:, EDGE:-EDGE, None] - constellation.points).abs().argmin(dim=-1)

    return label(z) != label(x)


def _row(constellation: Constellation, channel: str, snr_db: float, name: str, place: str, errors: Tensor) -> Row:
    # A block is one draw of the channel and one search: blocks, not symbols, are independent.
    found = mean(errors.double().mean(dim=1).numpy()[None])
    low = max(0.0, found.low)
    return Row(NAMES[constellation.bits], channel, snr_db, name, place, found.value, low, found.high, len(errors))


def panels(rows: list[Row]) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """Symbol errors over SNR on the block that the equalisers adapted to, a panel a constellation and channel."""
    made: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for row in rows:
        if row.block == "own":
            curves = made.setdefault(f"{row.constellation}, {row.channel}", {})
            curves.setdefault(row.equaliser, []).append((row.snr_db, row.ser))
    return made
