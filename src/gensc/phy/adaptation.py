"""Lost frames over AWGN, of every MCS and size, from a measured table: what link adaptation rests on.

The table, ``adaptation.csv``, is written by ``gensc bench adaptation``: frames of each size and MCS through the
modem over AWGN, and how many of them failed.
"""

import csv
import math
from collections import defaultdict
from functools import cache, lru_cache
from importlib import resources

import numpy as np

from gensc.phy.mcs import CodeName

STEP_DB = 0.05
GRID_DB = np.arange(-30.0, 60.01, STEP_DB)
FLOOR = 1e-9


def frame_error(code: CodeName, index: int, symbols: int, snr_db: float) -> float:
    """Probability that a frame of ``symbols`` symbols at MCS ``index`` is lost over AWGN with Es/N0 ``snr_db``."""
    return float(frame_errors(code, index, symbols, np.array(snr_db)))


def frame_errors(code: CodeName, index: int, symbols: int, snr_db: np.ndarray) -> np.ndarray:
    """The same at each of ``snr_db``.

    Between measured sizes the logarithm is interpolated over log2(symbols); a frame that is longer than any
    counts as several independent ones.
    """
    at = np.round((np.clip(snr_db, GRID_DB[0], GRID_DB[-1]) - GRID_DB[0]) / STEP_DB).astype(int)
    lost: np.ndarray = _sized(code, index, symbols)[at]
    return lost


@lru_cache(maxsize=2048)
def _sized(code: CodeName, index: int, symbols: int) -> np.ndarray:
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
    left, right = (np.log(_measured(code, index, sizes[place])) for place in (below, above))
    return 1 - (1 - np.exp((1 - share) * left + share * right)) ** parts


@cache
def _measured(code: CodeName, index: int, size: int) -> np.ndarray:
    """Loss probability [G] of an MCS at a measured size."""
    return _curve(_table()[code, index, size])


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


@cache
def _table() -> dict[tuple[str, int, int], list[tuple[float, int, int]]]:
    """(code, mcs, symbols) -> [(snr_db, frames, errors)]."""
    table: dict[tuple[str, int, int], list[tuple[float, int, int]]] = defaultdict(list)
    with resources.files("gensc.phy").joinpath("adaptation.csv").open(encoding="utf-8") as opened:
        for row in csv.DictReader(opened):
            key = row["code"], int(row["mcs"]), int(row["symbols"])
            table[key].append((float(row["snr_db"]), int(row["frames"]), int(row["errors"])))
    return dict(table)
