"""Link adaptation: which MCS carries most at an SNR, from a measured table of lost frames.

The table, ``adaptation.csv``, is written by ``gensc bench adaptation``: frames of each size and MCS through the
modem over AWGN, and how many of them failed.
"""

import csv
import math
from collections import defaultdict
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import resources
from typing import Literal

import numpy as np
import torch

from gensc import units
from gensc.phy.mcs import SCHEMES, CodeName

Fading = Literal["none", "rayleigh"]
STEP_DB = 0.05
GRID_DB = np.arange(-15.0, 60.01, STEP_DB)
FLOOR = 1e-9


def choose(code: CodeName, symbols: int | Sequence[int], snr_db: float, target: float, fading: Fading,
           among: Sequence[int]) -> int:
    """Of the MCSs ``among``, the one with the highest rate whose frames of ``symbols`` symbols (one length, or that at
    each of ``among``) are lost with probability ``target`` or less at ``snr_db`` (Es/N0); where there is none, the one
    that delivers most.

    ``fading`` "rayleigh": the loss is averaged over one Rayleigh gain a frame (block fading).
    """
    lengths = [symbols] * len(among) if isinstance(symbols, int) else symbols
    lost = np.array([frame_error(code, index, length, snr_db, fading)
                     for index, length in zip(among, lengths, strict=True)])
    rate = np.array([float(SCHEMES[code][index].efficiency) for index in among])
    good = lost <= target
    return among[int(np.argmax(np.where(good, rate, 0) if good.any() else rate * (1 - lost)))]


def frame_error(code: CodeName, index: int, symbols: int, snr_db: float, fading: Fading = "none") -> float:
    """Probability that a frame of ``symbols`` symbols at MCS ``index`` is lost.

    Between measured sizes the logarithm is interpolated over log2(symbols); a frame that is longer than any
    counts as several independent ones.
    """
    at = round((min(max(snr_db, GRID_DB[0]), GRID_DB[-1]) - GRID_DB[0]) / STEP_DB)
    return float(_sized(code, index, symbols, fading)[at])


@lru_cache(maxsize=2048)
def _sized(code: CodeName, index: int, symbols: int, fading: Fading) -> np.ndarray:
    """Loss probability [G] of an MCS at a size."""
    sizes = sorted(size for name, mcs, size in _table() if (name, mcs) == (code, index))
    if not sizes:
        return np.ones(len(GRID_DB))
    parts = max(1, math.ceil(symbols / sizes[-1]))
    size = max(symbols / parts, sizes[0])
    above = next(place for place, one in enumerate(sizes) if one >= size)
    below = max(above - 1, 0)
    apart = math.log2(sizes[above] / sizes[below])
    share = math.log2(size / sizes[below]) / apart if apart else 0.0
    left, right = (np.log(_measured(code, index, sizes[place], fading)) for place in (below, above))
    return 1 - (1 - np.exp((1 - share) * left + share * right)) ** parts


@cache
def _measured(code: CodeName, index: int, size: int, fading: Fading) -> np.ndarray:
    """Loss probability [G] of an MCS at a measured size."""
    plain = _curve(_table()[code, index, size])
    return plain if fading == "none" else _over_rayleigh(plain)


def _curve(points: list[tuple[float, int, int]]) -> np.ndarray:
    """log-linear between the measured SNRs, on to FLOOR beyond the last, 1 before the first."""
    snr_db, frames, errors = (np.array(column, dtype=float) for column in zip(*sorted(points), strict=True))
    logs = np.log((errors + 0.5) / (frames + 1))
    slope = min((logs[-1] - logs[-2]) / (snr_db[-1] - snr_db[-2]), -1.0)
    inside = np.interp(GRID_DB, snr_db, logs)
    beyond = logs[-1] + slope * (GRID_DB - snr_db[-1])
    outer = np.where(snr_db[0] > GRID_DB, 0.0, beyond)
    within = (snr_db[0] <= GRID_DB) & (snr_db[-1] >= GRID_DB)
    return np.exp(np.clip(np.where(within, inside, outer), np.log(FLOOR), 0))


def _over_rayleigh(lost: np.ndarray) -> np.ndarray:
    """E[lost(snr g)] for g ~ Exp(1), on GRID_DB: the gain's density over dB, by the rectangle rule."""
    gain_db = np.arange(-60.0, 15.0, STEP_DB)
    gain = units.db_to_ratio(torch.from_numpy(gain_db)).numpy().astype(float)
    weight = gain * np.exp(-gain)
    weight /= weight.sum()
    padded = np.concatenate([np.ones(len(gain_db)), lost, np.full(len(gain_db), lost[-1])])
    shift = np.round(gain_db / STEP_DB).astype(int) + len(gain_db)
    return np.array([weight @ padded[place + shift] for place in range(len(lost))])


@cache
def _table() -> dict[tuple[str, int, int], list[tuple[float, int, int]]]:
    """(code, mcs, symbols) -> [(snr_db, frames, errors)]."""
    table: dict[tuple[str, int, int], list[tuple[float, int, int]]] = defaultdict(list)
    with resources.files("gensc.phy").joinpath("adaptation.csv").open(encoding="utf-8") as opened:
        for row in csv.DictReader(opened):
            key = row["code"], int(row["mcs"]), int(row["symbols"])
            table[key].append((float(row["snr_db"]), int(row["frames"]), int(row["errors"])))
    return dict(table)
