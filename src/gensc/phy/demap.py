"""Bit LLRs of one dimension of a Gray constellation: a compiled form for the CPU, a torch form for the rest.

In units of the spacing the amplitudes are the levels 0 to 2^m - 1, level j is labelled j ^ (j >> 1), and the
likelihood of level j for a received x is exp(-gain (x - j)^2) with gain = spacing^2 / N0. The last label bit
runs 0 1 1 0 along the levels; with neighbours merged in pairs the bit before it does the same, and so on.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from gensc.machine.jit import kernel
from gensc.phy.threads import in_threads


def fast(x: Tensor, gain: Tensor, m: int, max_log: bool, bound: float) -> Tensor:
    """LLRs, float32 [..., D, m], of ``x`` float32 [..., D] at ``gain`` float32 [...]; on the CPU, no gradient."""
    rows = np.ascontiguousarray(x.detach().numpy()).reshape(-1, x.shape[-1])
    gains = np.ascontiguousarray(gain.detach().numpy()).reshape(-1)
    out = np.empty((*rows.shape, m), dtype=np.float32)
    run: Callable[..., None] = _max_log if max_log or m == 1 else _log_map
    in_threads(lambda part: run(rows[part], gains[part], bound, out[part]), len(rows), at_least=4096)
    return torch.from_numpy(out).reshape(*x.shape, m)


@kernel
def _log_map(x: np.ndarray, gain: np.ndarray, bound: float, out: np.ndarray) -> None:
    """The weights run outwards from the nearest level, two exponentials a dimension: their ratios are geometric."""
    dimensions, m = out.shape[1], out.shape[2]
    levels = 1 << m
    weight = np.empty(levels, dtype=np.float64)
    last, step = -1.0, 0.0
    for row in range(len(x)):
        g = np.float64(gain[row])
        if g != last:
            last, step = g, math.exp(-2 * g)
        for dimension in range(dimensions):
            place = np.float64(x[row, dimension])
            if not math.isfinite(place):
                out[row, dimension, :] = 0
                continue
            nearest = int(min(max(round(place), 0), levels - 1))
            off = place - nearest
            weight[nearest] = 1.0
            up = math.exp(min(g * (2 * off - 1), 0.0))
            for j in range(nearest + 1, levels):
                weight[j] = weight[j - 1] * up
                up *= step
            down = math.exp(min(-g * (2 * off + 1), 0.0))
            for j in range(nearest - 1, -1, -1):
                weight[j] = weight[j + 1] * down
                down *= step
            count = levels
            for bit in range(m - 1, -1, -1):
                zero, one = weight[0], weight[1]
                if count > 2:
                    zero, one = 0.0, 0.0
                for j in range(0, count - 2, 4):
                    a, b, c, d = weight[j], weight[j + 1], weight[j + 2], weight[j + 3]
                    zero += a + d
                    one += b + c
                    weight[j >> 1], weight[(j >> 1) + 1] = a + b, c + d
                count >>= 1
                if zero == 0.0:
                    out[row, dimension, bit] = bound
                elif one == 0.0:
                    out[row, dimension, bit] = -bound
                else:
                    out[row, dimension, bit] = min(max(math.log(one / zero), -bound), bound)


@kernel
def _max_log(x: np.ndarray, gain: np.ndarray, bound: float, out: np.ndarray) -> None:
    """The same tree with maxima of the squared distances for sums of the likelihoods."""
    dimensions, m = out.shape[1], out.shape[2]
    levels = 1 << m
    metric = np.empty(levels, dtype=np.float64)
    for row in range(len(x)):
        g = np.float64(gain[row])
        for dimension in range(dimensions):
            place = np.float64(x[row, dimension])
            if not math.isfinite(place):
                out[row, dimension, :] = 0
                continue
            for j in range(levels):
                metric[j] = -((place - j) ** 2)
            count = levels
            for bit in range(m - 1, -1, -1):
                zero, one = metric[0], metric[1]
                if count > 2:
                    zero, one = -np.inf, -np.inf
                for j in range(0, count - 2, 4):
                    a, b, c, d = metric[j], metric[j + 1], metric[j + 2], metric[j + 3]
                    zero = max(zero, max(a, d))
                    one = max(one, max(b, c))
                    metric[j >> 1], metric[(j >> 1) + 1] = max(a, b), max(c, d)
                count >>= 1
                out[row, dimension, bit] = min(max(g * (one - zero), -bound), bound)


def differentiable(x: Tensor, gain: Tensor, m: int, max_log: bool, bound: float) -> Tensor:
    """The same as ``fast`` in torch operations: any device, with gradients, 2^m metrics a dimension in memory."""
    level = torch.arange(2**m, device=x.device)
    label = level ^ (level >> 1)
    known = torch.isfinite(x)
    metric = -gain[..., None, None] * (torch.where(known, x, torch.zeros_like(x))[..., None] - level) ** 2
    merge = torch.amax if max_log else torch.logsumexp
    out = []
    for bit in range(m - 1, -1, -1):
        is_one = (label >> bit) & 1 == 1
        out.append(merge(metric[..., is_one], -1) - merge(metric[..., ~is_one], -1))
    llr = torch.stack(out, dim=-1).clamp(-bound, bound)
    return torch.where(known[..., None], llr, torch.zeros_like(llr))
