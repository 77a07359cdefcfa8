"""The layered min-sum decoder in torch operations, for frames that lie on another device than the CPU.

The arithmetic is that of ``layered``, so the decisions are the same bit for bit.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from gensc.phy.ldpc.quasicyclic import Decoded, QuasiCyclic


def decode(code: QuasiCyclic, llr: Tensor, iterations: int) -> Decoded:
    """Decode ``llr`` float32 [B, n] on its device; see QuasiCyclic.decode."""
    from gensc.phy.ldpc.layered import CERTAIN
    from gensc.phy.ldpc.quasicyclic import Decoded

    rows = _rows(code, llr.device)
    belief = (-llr).nan_to_num(0.0).clamp(-CERTAIN, CERTAIN)
    message = [belief.new_zeros(len(llr), *places.shape) for places in rows]
    bits = torch.empty(len(llr), code.k, dtype=torch.uint8, device=llr.device)
    ok = torch.zeros(len(llr), dtype=torch.bool, device=llr.device)
    used = torch.full((len(llr),), iterations, dtype=torch.int32, device=llr.device)
    alive = torch.arange(len(llr), device=llr.device)
    for iteration in range(1, iterations + 1):
        for row, places in enumerate(rows):
            message[row] = _layer(belief, message[row], places, code.scale)
        holds = _holds(belief, rows)
        leaving = holds if iteration < iterations else torch.ones_like(holds)
        gone = alive[leaving]
        bits[gone] = (belief[leaving, :code.k] < 0).to(torch.uint8)
        ok[gone] = holds[leaving]
        used[gone] = iteration
        if leaving.all():
            break
        if leaving.any():
            alive, belief = alive[~leaving], belief[~leaving]
            message = [one[~leaving] for one in message]
    return Decoded(bits, ok, used)


def _rows(code: QuasiCyclic, device: torch.device) -> list[Tensor]:
    """For each layer the bits of its checks, int64 [degree, z]."""
    starts, column, shift = (torch.from_numpy(part).to(device, torch.int64) for part in code.layers)
    turned = (torch.arange(code.z, device=device) + shift[:, None]) % code.z
    places = column[:, None] * code.z + turned
    bounds = starts.tolist()
    return [places[a:b] for a, b in pairwise(bounds)]


def _layer(belief: Tensor, old: Tensor, places: Tensor, scale: float) -> Tensor:
    """Update the beliefs [B, n] by one block row, whose checks share no bit; returns its messages [B, degree, z]."""
    extrinsic = belief[:, places] - old
    size = extrinsic.abs()
    (least, second) = size.topk(2, dim=1, largest=False).values.mul(scale).unbind(1)
    negative = extrinsic < 0
    odd = negative.sum(1, keepdim=True) % 2 == 1
    new = torch.where(size * scale == least[:, None], second[:, None], least[:, None])
    new = torch.where(odd != negative, -new, new)
    belief[:, places] = extrinsic + new
    return new


def _holds(belief: Tensor, rows: list[Tensor]) -> Tensor:
    """bool [B]: every check of the hard decisions is even and no bit is undecided."""
    ones = belief < 0
    holds = (belief != 0).all(1)
    for places in rows:
        holds &= (ones[:, places].sum(1) % 2 == 0).all(1)
    return holds
