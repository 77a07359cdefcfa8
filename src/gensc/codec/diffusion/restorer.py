"""Diffusion over pictures: what a decoder's picture lacks, drawn given that picture."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gensc.codec.blocks import SMALL, Stage, known_from
from gensc.rng import Rng
from gensc.schedule import Schedule

PATCH = 8
FINE, COARSE = 96, 128
FACTS = 4
SPREAD = 0.1
"""The standard deviation that a residual is scaled from: a PSNR of 20 dB."""


class Restorer(nn.Module):
    """Pictures [B,3,H,W] as decoded, x_t [B,3,H,W] of the residual over SPREAD, and facts [B,4] -> x_0 [B,3,H,W].

    H and W multiples of 8. Untrained it predicts a residual of about 0.
    """

    def __init__(self) -> None:
        super().__init__()
        self.known = known_from(FACTS)
        self.head = nn.Conv2d(96, FINE, 3, padding=1)
        self.fine = Stage(FINE, 2)
        self.down = nn.Conv2d(FINE, COARSE, 3, stride=2, padding=1)
        self.coarse = Stage(COARSE, 2)
        self.up = nn.Conv2d(COARSE, 4 * FINE, 1)
        self.last = Stage(FINE, 1)
        self.out = nn.Conv2d(FINE, 48, 3, padding=1)
        with torch.no_grad():
            self.out.weight.mul_(SMALL)

    def forward(self, shown: Tensor, x_t: Tensor, facts: Tensor) -> Tensor:
        known = self.known(facts)
        x = torch.cat([2 * shown - 1, x_t], dim=1).contiguous(memory_format=torch.channels_last)
        h = self.fine(self.head(F.pixel_unshuffle(x, 4)), known)
        h = self.last(h + F.pixel_shuffle(self.up(self.coarse(self.down(h), known)), 2), known)
        return F.pixel_shuffle(self.out(h), 4).float()


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
    height, width = shown.shape[2:]
    shown = F.pad(shown, (0, -width % PATCH, 0, -height % PATCH), mode="replicate")
    x = rng.normal(3, *shown.shape[2:]).to(shown.device)
    plan = schedule.ddim_steps(float(schedule.steps - 1), steps + 1)
    # All but the step of almost no noise, which a plan of few steps has no use for.
    plan = torch.cat([plan[:-2], plan[-1:]])
    for at, after in pairwise(plan):
        clean = network(shown, x, facts_of(schedule, at.expand(len(shown)).to(shown.device), told))
        x = schedule.noisy(clean, after, schedule.noise_in(x, at, clean))
    return (shown + SPREAD * x)[..., :height, :width]
