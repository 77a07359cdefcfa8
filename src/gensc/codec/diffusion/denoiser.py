"""Diffusion over received symbols: the channel's noise is the process's, so it starts at the channel's own step."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gensc.codec.blocks import SMALL, Stage, known_from
from gensc.schedule import Schedule

WIDTH, BLOCKS = 96, 2
CERTAIN = 0.9999
"""The best quality (40 dB) that is told apart from none at all."""


class Denoiser(nn.Module):
    """MMSE estimates [B,C,h,w] of values of unit power and their qualities snr/(1+snr) [B,C,h,w] -> better estimates,
    and the logarithm of their expected squared error as a share of what it was, both [B,C,h,w].

    A network of the signal, in the scale of the error that is left to it: untrained it leaves what it gets as it is.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.known = known_from(1)
        self.head = nn.Conv2d(2 * channels, WIDTH, 3, padding=1)
        self.stage = Stage(WIDTH, BLOCKS)
        self.out = nn.Conv2d(WIDTH, 2 * channels, 3, padding=1)
        with torch.no_grad():
            self.out.weight.mul_(SMALL)

    def forward(self, values: Tensor, quality: Tensor) -> tuple[Tensor, Tensor]:
        known = self.known(quality.mean(dim=(1, 2, 3))[:, None])
        h = self.head(torch.cat([values, quality - 0.5], dim=1).contiguous(memory_format=torch.channels_last))
        change, spread = self.out(F.leaky_relu(self.stage(h, known), 0.1)).float().chunk(2, dim=1)
        return values + (1 - quality).sqrt() * change, spread.clamp(-6, 1)

    def loss(self, sent: Tensor, values: Tensor, quality: Tensor) -> Tensor:
        """Gaussian negative log likelihood of what was sent [B,C,h,w], over the values that were (quality > 0): every
        SNR weighs the same."""
        found, spread = self(values, quality)
        part = (sent - found).square() / (1 - quality) * (-spread).exp() + spread
        there = (quality > 0).float()
        return (part * there).sum() / there.sum()


def denoise(network: Denoiser, schedule: Schedule, values: Tensor, quality: Tensor,
            steps: int) -> tuple[Tensor, Tensor]:
    """The values and qualities [B,C,h,w] after deterministic sampling, ``steps`` steps of the schedule.

    A symbol of quality q = snr/(1+snr) is x_t of the step with alpha_bar = q, scaled by sqrt(q): each symbol starts
    at its own step, wherever its SNR puts it, and all reach the clean signal together. A symbol that was not sent
    (quality 0) stays 0. (Wu, Liu, et al., "CDDM: Channel denoising diffusion models", IEEE Trans. Wireless
    Communications 23(9), 2024, there with one step for all symbols.)
    """
    there = quality > 0
    told = quality.clamp(1e-3, CERTAIN)
    x = values / told.sqrt()
    first: Tensor | None = None
    plan = schedule.ddim_steps(schedule.step_of(((1 - told) / told).sqrt()), steps)
    for at, after in pairwise(plan):
        level = 1 / (1 + schedule.sigma(at).square())
        clean, spread = network(x * level.sqrt() * there, level * there)
        first = spread if first is None else first
        x = schedule.noisy(clean, after, schedule.noise_in(x, at, clean))
    assert first is not None, "a plan has a step or more"
    # The first estimate's own error: later steps know no more of what was sent.
    return x * there, (1 - (1 - told) * first.clamp(max=0).exp()) * there


def wiener(values: Tensor, quality: Tensor) -> Tensor:
    """MMSE estimates [B,n] whichever equaliser made them: where an item's mean power is above the 1/2 a real value
    that was sent, nothing has shrunk it yet (zero forcing), and each value is multiplied by its quality."""
    there = quality > 0
    mean = (values * there).square().sum(dim=1, keepdim=True) / there.sum(dim=1, keepdim=True).clamp_min(1)
    return torch.where(mean > 0.5, values * quality, values)
