"""What the fast LDPC decoder loses against 20 iterations of sum-product decoding, in dB at a BLER of 1e-2."""

from __future__ import annotations

import csv
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from gensc.bench.ldpc import TARGET, frames, ours, sum_product, waterfall_db, wrong
from gensc.errors import InputError
from gensc.machine.progress import track
from gensc.phy.ldpc import Code

OFFSETS_DB = (-0.15, -0.05, 0.05, 0.15)
PART = 100
RESAMPLES = 400


@dataclass(frozen=True)
class Loss:
    """Es/N0 in dB at which each decoder reaches ``TARGET``, and the difference with its 95 % interval.

    ``frames`` is the number of frames a decoder decoded, over all SNRs.
    """

    code: str
    ours_db: float
    sionna_db: float
    loss_db: float
    loss_low_db: float
    loss_high_db: float
    frames: int


def measure(code: Code, trials: int) -> Loss:
    """Both decoders on ``trials`` frames at each of four SNRs around the waterfall.

    The frames and their LLRs are the same for both, so the interval is that of a paired bootstrap over frames.
    """
    snr_db = waterfall_db(code) + np.array(OFFSETS_DB)
    decoders = ours(code), sum_product(code)
    lost = np.zeros((len(decoders), len(snr_db), trials), dtype=bool)
    parts = [(point, start) for point in range(len(snr_db)) for start in range(0, trials, PART)]
    for point, start in track(parts, f"loss of {code.name}", len(parts)):
        which = range(start, min(start + PART, trials))
        bits, llr = frames(code, float(snr_db[point]), range(point * trials + which.start, point * trials + which.stop))
        for row, decoder in enumerate(decoders):
            lost[row, point, which.start:which.stop] = wrong(decoder(llr), bits).numpy()
    first, second = (_crossing(snr_db, one.sum(axis=1), trials) for one in lost)
    generator = np.random.Generator(np.random.Philox(key=0))
    drawn = []
    for _ in range(RESAMPLES):
        pick = generator.integers(0, trials, (len(snr_db), trials))
        mine, theirs = (_crossing(snr_db, np.take_along_axis(one, pick, axis=1).sum(axis=1), trials) for one in lost)
        drawn.append(mine - theirs)
    low, high = np.quantile(drawn, (0.025, 0.975))
    first, second, loss, low, high = (round(float(one), 4) for one in (first, second, first - second, low, high))
    return Loss(code.name, first, second, loss, low, high, trials * len(snr_db))


def _crossing(snr_db: np.ndarray, lost: np.ndarray, trials: int) -> float:
    """The SNR at which a line through log10 BLER, points weighted by their lost frames, meets ``TARGET``."""
    seen = lost + 0.5
    slope, height = np.polyfit(snr_db, np.log10(seen / (trials + 1)), 1, w=np.sqrt(seen))
    return float((np.log10(TARGET) - height) / slope)


def read(path: Path) -> list[Loss]:
    """The rows of a table that ``write`` wrote; none where there is no file. Raises InputError on a foreign file."""
    if not path.exists():
        return []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            table = csv.DictReader(file)
            if list(table.fieldnames or ()) != [one.name for one in fields(Loss)]:
                raise ValueError("another header")
            return [_read_row(*row.values()) for row in table]
    except (OSError, TypeError, ValueError, csv.Error) as error:
        raise InputError(f"{path} is no table of gensc bench ldpc --loss: "
                         "move it away or name another --out") from error


def _read_row(code: str, ours_db: str, sionna_db: str, loss_db: str, low_db: str, high_db: str, count: str) -> Loss:
    return Loss(code, float(ours_db), float(sionna_db), float(loss_db), float(low_db), float(high_db), int(count))
