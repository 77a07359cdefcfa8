"""The Fréchet distance of two sets of features, and its interval."""

import math

import numpy as np
import torch
from torch import Tensor

from gensc.metric.estimate import Estimate, mean

GROUPS = 10


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Fréchet distance of the Gaussians with the means and covariances of features [N,D] and [M,D]:
    |m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)) (Dowson and Landau, J. Multivariate Analysis 12(3), 1982).

    0 for equal sets. Of finite sets it is biased, the more so the fewer items: compare figures of the same N only.
    """
    # With C = R'R the eigenvalues of C_a C_b are the squared singular values of R_a R_b'. These need no root of
    # an ill-conditioned product, and where there are fewer items than features the matrix is N x N.
    shift = a.mean(axis=0, dtype=np.float64) - b.mean(axis=0, dtype=np.float64)
    root_a, root_b = _root(a), _root(b)
    cross = torch.linalg.svdvals(root_a @ root_b.T).sum()
    found = float((shift**2).sum()) + float(root_a.square().sum() + root_b.square().sum() - 2 * cross)
    return max(0.0, found)


def _root(x: np.ndarray) -> Tensor:
    """R float64 with R'R the covariance (over N - 1) of features [N,D], of min(N, D) rows."""
    items, width = x.shape
    centred = (x.astype(np.float64) - x.mean(axis=0, dtype=np.float64)) / math.sqrt(max(1, items - 1))
    root = torch.from_numpy(centred)
    return torch.linalg.qr(root, mode="r").R if items > width else root


def estimate(runs: list[tuple[np.ndarray, np.ndarray]]) -> Estimate:
    """Mean over runs of the Fréchet distance of two features [N,D] of the same N items, with its 95 % interval.

    The items' share of the interval is the jackknife's, leaving out each of (at most) 10 groups of items (Efron and
    Tibshirani, An Introduction to the Bootstrap, 1993, ch. 11): a bootstrap would draw items twice, which itself
    makes Fréchet distances larger. The interval is that of the figure at this N; it does not tell of the bias.
    One item tells nothing of others: its interval is infinite.
    """
    items = len(runs[0][0])
    whole = np.array([distance(a, b) for a, b in runs])
    value = float(whole.mean())
    if items < 2:
        return Estimate(value, -math.inf, math.inf, items, len(runs))
    groups = min(GROUPS, items)
    group = np.arange(items) % groups
    without = np.array([[distance(a[group != left], b[group != left]) for left in range(groups)] for a, b in runs])
    spread = mean(groups * whole[:, None] - (groups - 1) * without)
    half = (spread.high - spread.low) / 2
    return Estimate(value, max(0.0, value - half), value + half, items, len(runs))
