"""A figure with its 95 % interval: the intervals of a proportion and of a mean."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

Z95 = 1.959963984540054


@dataclass(frozen=True)
class Estimate:
    """``value`` with its 95 % interval [``low``, ``high``], over ``items`` test items and ``seeds`` runs."""

    value: float
    low: float
    high: float
    items: int
    seeds: int


def wilson(share: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % score interval of a proportion ``share`` seen in ``n`` trials
    (Brown, Cai and DasGupta, Statistical Science 16(2), 2001)."""
    if not (0 <= share <= 1 and n > 0):
        raise ValueError(f"wilson: share {share} in {n} trials; expected a share in [0,1] of more than 0 trials")
    centre = (share + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 / (1 + Z95**2 / n) * math.sqrt(share * (1 - share) / n + (Z95 / (2 * n)) ** 2)
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def proportion(hits: np.ndarray) -> Estimate:
    """Mean of ``hits`` bool [S,N] (S runs over the same N items) with Wilson's interval.

    Runs share their items, so N trials count, not S*N; the spread between runs adds its own variance:
    the interval is that of n = p(1-p) / (p(1-p)/N + var_runs/S) trials.
    """
    runs, items = hits.shape
    share = float(hits.mean())
    trials = float(items)
    if runs > 1 and 0 < share < 1:
        within = share * (1 - share)
        of_items, of_runs = within / items, float(hits.mean(axis=1).var(ddof=1)) / runs
        freedom = (runs - 1) * (1 + of_items / of_runs) ** 2 if of_runs > 0 else 1e9
        trials = within / ((of_items + of_runs) * (float(stdtrit(freedom, 0.975)) / Z95) ** 2)
    low, high = wilson(share, trials)
    return Estimate(share, low, high, items, runs)


def mean(values: np.ndarray) -> Estimate:
    """Mean of ``values`` [S,N] (S runs over the same N items) with Student's 95 % interval.

    The variance of the items' means over N, plus that of the runs' means over S; degrees of freedom by
    Satterthwaite (Biometrics Bulletin 2(6), 1946), which with 2 or 3 runs that differ much covers 90 to 93 %.
    One item tells nothing of others: its interval is infinite.
    """
    runs, items = values.shape
    value = float(values.mean())
    if items < 2:
        return Estimate(value, -math.inf, math.inf, items, runs)
    of_items = float(values.mean(axis=0).var(ddof=1)) / items
    of_runs = float(values.mean(axis=1).var(ddof=1)) / runs if runs > 1 else 0.0
    total = of_items + of_runs
    if total == 0:
        return Estimate(value, value, value, items, runs)
    freedom = total**2 / (of_items**2 / (items - 1) + (of_runs**2 / (runs - 1) if runs > 1 else 0.0))
    half = float(stdtrit(freedom, 0.975)) * math.sqrt(total)
    return Estimate(value, value - half, value + half, items, runs)
