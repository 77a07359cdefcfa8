"""Diffusion over pictures: what a decoder's picture lacks, drawn given that picture."""

from itertools import pairwise

import torch
from torch import Tensor

from gensc.codec.blocks import Hourglass
from gensc.rng import Rng
from gensc.schedule import Schedule

FINE, COARSE = 96, 128
FACTS = 4
SPREAD = 0.1
"""The standard deviation that a residual is scaled from: a PSNR of 20 dB."""


class Restorer(Hourglass):
    """Pictures [B,3,H,W] as decoded, x_t [B,3,H,W] of the residual over SPREAD, and facts [B,4] -> x_0 [B,3,H,W].

    Untrained it predicts a residual of about 0.
    """

    def __init__(self) -> None:
        super().__init__(channels=6, facts=FACTS, cell=4, widths=(FINE, COARSE), blocks=(2, 2, 1))

    def forward(self, shown: Tensor, x_t: Tensor, facts: Tensor) -> Tensor:
        return self.pictures(torch.cat([2 * shown - 1, x_t], dim=1), facts)


def facts_of(schedule: Schedule, t: Tensor, told: Tensor) -> Tensor:
    """What the restorer is told [B,4]: how much noise its step [B] has, and what is ``told`` [B,2] of the link."""
    sigma = schedule.sigma(t)
    level = torch.stack([(1 + sigma.square()).rsqrt(), sigma.clamp(1e-3, 1e3).log() / 5], dim=1)
    return torch.cat([level, told], dim=1)


def restore(network: Restorer, schedule: Schedule, shown: Tensor, told: Tensor, rng: Rng, steps: int) -> Tensor:
    """Pictures [B,3,H,W] with their residual drawn by deterministic sampling from pure noise in ``steps`` steps,
    evenly over the schedule; ``told`` [B,2] of the link, noise from ``rng``.

    The network predicts x_0, trained on the picture's own error and on ST-LPIPS (as Yang and Mandt, "Lossy image
    compression with conditional diffusion models", NeurIPS 2023): few steps do. A residual has no information of
    its own to keep, so the process runs on it and not on the picture.
    """
    x = rng.normal(3, *shown.shape[2:]).to(shown.device)
    plan = schedule.ddim_steps(float(schedule.steps - 1), steps + 1)
    # All but the step of almost no noise, which a plan of few steps has no use for.
    plan = torch.cat([plan[:-2], plan[-1:]])
    for at, after in pairwise(plan):
        clean = network(shown, x, facts_of(schedule, at.expand(len(shown)).to(shown.device), told))
        x = schedule.noisy(clean, after, schedule.noise_in(x, at, clean))
    return shown + SPREAD * x
