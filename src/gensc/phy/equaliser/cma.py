"""Blind equalisation by what is known of the symbols' modulus."""

import torch
from torch import Tensor

from gensc.phy.equaliser.filters import spike, windows
from gensc.phy.qam import Constellation


def constant_modulus(y: Tensor, constellation: Constellation, taps: int, steps: int = 500,
                     rate: float = 0.01) -> Tensor:
    """Filters w complex64 [B,taps] that bring y complex64 [B,N] near the symbols' modulus, one a block.

    Up to 4 points: E(|z|^2 - R)^2, R = E|a|^4 / E|a|^2 (Godard, IEEE Trans. Commun. 28(11), 1980, p = 2), blind to
    the phase. More points: the multimodulus cost E(Re z^2 - R)^2 + E(Im z^2 - R)^2, R = E a^4 / E a^2 of a dimension
    (Yang, Werner and Dumont, IEEE JSAC 20(5), 2002), blind to quarter turns. ``steps`` of Adam on the whole
    block, from the filter that changes nothing, at a rate that falls to 0.
    """
    points = constellation.points
    dimensions = points[:, None] if constellation.bits <= 2 else torch.view_as_real(points)
    modulus = float(dimensions.abs().pow(4).mean() / dimensions.abs().square().mean())
    seen = windows(y, taps)
    w = torch.view_as_real(spike(len(y), taps)).clone().requires_grad_()
    adam = torch.optim.Adam([w], lr=rate)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
    for _ in range(steps):
        z = (seen @ torch.view_as_complex(w)[:, :, None])[..., 0]
        parts = z[..., None].abs() if constellation.bits <= 2 else torch.view_as_real(z)
        loss = (parts.square() - modulus).square().mean(dim=(1, 2)).sum()
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()
        falling.step()
    return torch.view_as_complex(w.detach())
