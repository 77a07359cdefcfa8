"""The equaliser that knows symbols: channel estimation from pilots and the linear filter of least error."""

import torch
from torch import Tensor

from gensc.errors import InputError
from gensc.phy.equaliser.filters import windows


def estimated(y: Tensor, pilots: Tensor, taps: int) -> Tensor:
    """Least-squares channel h complex64 [B,taps] from the ``pilots`` [B,P] that a block y [B,N] begins with.

    The first taps-1 samples, which earlier symbols reach, are not used. Raises InputError on fewer than 2 taps - 1
    pilots, which do not determine h.
    """
    count = pilots.shape[1]
    if count < 2 * taps - 1:
        raise InputError(f"{count} pilots can't determine {taps} taps: send at least {2 * taps - 1}")
    sent = pilots.unfold(1, taps, 1).flip(-1)
    return torch.linalg.lstsq(sent, y[:, taps - 1: count, None]).solution[..., 0]


def mmse(y: Tensor, h: Tensor, n0: float, taps: int) -> Tensor:
    """The linear minimum-mean-square-error estimate of the symbols of unit power, its bias removed: complex64 [B,N].

    w = (H H^H + N0 I)^-1 H e_d over ``taps`` samples of y [B,N], for a channel h [B,L], at the delay d of least
    error; its output is 1 - error times the symbol and is divided by that (Cioffi et al., IEEE Trans. Commun. 43(10),
    1995).
    """
    items, length = h.shape
    matrix = torch.zeros(items, taps, taps + length - 1, dtype=h.dtype)
    for row in range(taps):
        matrix[:, row, row: row + length] = h
    power = matrix @ matrix.mH + n0 * torch.eye(taps)
    filters = torch.linalg.solve(power, matrix)
    error = 1 - (matrix.conj() * filters).sum(dim=1).real
    least, delay = error.min(dim=1)
    w = filters[torch.arange(items), :, delay].conj() / (1 - least)[:, None]
    z = (windows(y, taps) @ w[:, :, None])[..., 0]
    # Sample n's window begins (taps-1)//2 symbols ahead of it, so symbol n+ahead-d is what its filter gives.
    ahead = (taps - 1) // 2
    out = torch.zeros_like(z)
    for item, move in enumerate((delay - ahead).tolist()):
        moved = z[item, max(move, 0): z.shape[1] + min(move, 0)]
        out[item, max(-move, 0): max(-move, 0) + len(moved)] = moved
    return out
