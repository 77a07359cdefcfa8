"""Blind equalisation by a variational autoencoder whose decoder is the channel."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gensc.phy.equaliser.filters import centred, spike, windows
from gensc.phy.qam import Constellation


@dataclass(frozen=True)
class Posterior:
    """What the encoder believes of a block: the mean of every symbol complex64 [B,N], and its variance and
    entropy (nats) float32 [B,N]."""

    mean: Tensor
    variance: Tensor
    entropy: Tensor


def posterior(z: Tensor, spread: Tensor, levels: Tensor) -> Posterior:
    """Beliefs q(a) ~ exp(-|z - a|^2 / spread) of equalised symbols z [B,N], ``spread`` float32 [B], over a square
    constellation, whose two dimensions are independent under q: ``levels`` float32 [L] are those of one."""
    away = (torch.view_as_real(z)[..., None] - levels).square() / spread[:, None, None, None]
    log_q = (-away).log_softmax(dim=-1)
    q = log_q.exp()
    mean = (q * levels).sum(dim=-1)
    variance = (q * levels.square()).sum(dim=-1) - mean.square()
    return Posterior(torch.view_as_complex(mean), variance.sum(dim=-1), -(q * log_q).sum(dim=(-1, -2)))


def bound(y: Tensor, believed: Posterior, h: Tensor) -> Tensor:
    """The negative evidence lower bound float32 [B] in nats a symbol, up to a constant, for a channel h [B,L].

    Under q the symbols are independent, so that E|y - h*x|^2 = |y - h*mean|^2 + |h|^2 * variance exactly; the noise
    power is its most likely value, the mean of that, which leaves log(mean) - entropy (Caciularu and Burshtein, eq. 12
    to 14). The block's ends, which unknown symbols reach, are left out.
    """
    ends = h.shape[1]
    left = (y - centred(believed.mean, h)).abs().square() + centred(believed.variance, h.abs().square())
    return left[:, ends:-ends].mean(dim=1).log() - believed.entropy[:, ends:-ends].mean(dim=1)


def variational(y: Tensor, constellation: Constellation, taps: int, channel_taps: int, steps: int = 500,
                rate: float = 0.01) -> Tensor:
    """Filters w complex64 [B,taps] that equalise y complex64 [B,N] without a known symbol, blind to quarter turns and
    delay; the constellation is QPSK or larger.

    Filter, soft decisions and channel are found together, a block on its own, by ``steps`` of Adam on the whole
    block down ``bound``. The decoder is the linear channel of "Blind channel equalization using variational
    autoencoders" (Caciularu and Burshtein, ICC Workshops 2018; IEEE TCCN 6(3), 2020); the encoder a linear
    filter with a soft demapper, which holds for larger constellations (Lauinger, Buchali and Schmalen, IEEE JSAC
    40(9), 2022).
    """
    levels, seen = constellation.points.real.unique(), windows(y, taps)
    w = torch.view_as_real(spike(len(y), taps)).clone().requires_grad_()
    h = torch.view_as_real(spike(len(y), channel_taps)).clone().requires_grad_()
    log_spread = torch.full((len(y),), -1.0, requires_grad=True)
    adam = torch.optim.Adam([w, h, log_spread], lr=rate)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
    for _ in range(steps):
        z = (seen @ torch.view_as_complex(w)[:, :, None])[..., 0]
        loss = bound(y, posterior(z, log_spread.exp(), levels), torch.view_as_complex(h)).sum()
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()
        falling.step()
    return torch.view_as_complex(w.detach())
