"""Small networks that draw y given x and what else is known of one use of a channel: a generator, a denoiser and
the Gaussian that they have to beat."""

import itertools
import math
from typing import Literal

import torch
from torch import Tensor, nn

from gensc.errors import InputError
from gensc.schedule import CLEAN, Schedule

Kind = Literal["gan", "diffusion", "gaussian"]
SAMPLING_STEPS = 12
"""Evaluations of the denoiser for one draw."""
SIGMA_MAX, SIGMA_MIN = 10.0, 0.05
"""Noise to signal amplitude ratios between which the denoiser draws."""


def conditions(x: Tensor, n0: Tensor, h: Tensor | None = None) -> Tensor:
    """What a network is told of each use, float32 [N,4] ([N,6] with the gain): x, and N0 as amplitude and in
    logarithm. ``x``, ``h`` complex64 [N]; ``n0`` float32 [N]."""
    known = [x.real, x.imag, n0.sqrt(), n0.log() / 4]
    if h is not None:
        known += [h.real, h.imag]
    return torch.stack(known, dim=1)


def perceptron(inputs: int, hidden: int, layers: int, outputs: int) -> nn.Sequential:
    """``layers`` hidden layers of ``hidden`` units with SiLU between."""
    widths = [inputs, *[hidden] * layers]
    parts: list[nn.Module] = []
    for one, following in itertools.pairwise(widths):
        parts += [nn.Linear(one, following), nn.SiLU()]
    return nn.Sequential(*parts, nn.Linear(hidden, outputs))


class Sampler(nn.Module):
    """y float32 [N,2] (real, imaginary) from conditions [N,C] and ``draws`` standard normal numbers [N,draws]:
    differentiable in both.

    The base is the parametric model y = m + s w, w ~ CN(0,2): mean and spread from a network, exact wherever p(y|x)
    is a circular Gaussian. The others draw a w that need not be Gaussian, nor independent of x.
    """

    draws: int = 2

    def __init__(self, known: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.body = perceptron(known, hidden, 2, 3)

    def moments(self, known: Tensor) -> tuple[Tensor, Tensor]:
        """The mean m [N,2] and the logarithm of the standard deviation s per real dimension [N,1]."""
        out = self.body(known)
        return out[:, :2], out[:, 2:]

    def standard(self, known: Tensor, y: Tensor) -> Tensor:
        """w = (y - m) / s, float32 [N,2]."""
        mean, log_spread = self.moments(known)
        return (y - mean) * (-log_spread).exp()

    def shape(self, known: Tensor, draws: Tensor) -> Tensor:
        """w float32 [N,2]."""
        return draws

    def forward(self, known: Tensor, draws: Tensor) -> Tensor:
        mean, log_spread = self.moments(known)
        return mean + log_spread.exp() * self.shape(known, draws)


class Generator(Sampler):
    """The generator of a conditional GAN (Mirza and Osindero, 2014): one pass turns the draws into w."""

    draws = 4

    def __init__(self, known: int, hidden: int) -> None:
        super().__init__(known, hidden)
        self.net = perceptron(known + self.draws, hidden, 2, 2)

    def shape(self, known: Tensor, draws: Tensor) -> Tensor:
        out: Tensor = self.net(torch.cat([known, draws], dim=1))
        return out


class Denoiser(Sampler):
    """A denoiser that turns its draws into w in ``SAMPLING_STEPS`` steps of DDIM, of second order: each step takes the
    estimate of w on from those of this step and the last, DPM-Solver++(2M) (Lu et al., 2022).

    It estimates the velocity sqrt(alpha_bar) noise - sqrt(1-alpha_bar) w (Salimans and Ho, ICLR 2022) from the noisy
    w, the logarithm of the noise level and the conditions.
    """

    def __init__(self, known: int, hidden: int) -> None:
        super().__init__(known, hidden)
        self.schedule = Schedule.cosine()
        self.net = perceptron(known + 5, hidden, 2, 2)

    def velocity(self, noisy: Tensor, sigma: Tensor, known: Tensor) -> Tensor:
        """float32 [N,2] of noisy w [N,2] at noise to signal ratios ``sigma`` [N]."""
        level = sigma.log()[:, None]
        out: Tensor = self.net(torch.cat([noisy, level / 2, level.sin(), level.cos(), known], dim=1))
        return out

    def shape(self, known: Tensor, draws: Tensor) -> Tensor:
        levels = torch.logspace(math.log10(SIGMA_MAX), math.log10(SIGMA_MIN), SAMPLING_STEPS)
        steps = [float(t) for t in self.schedule.step_of(levels)]
        noisy, last = draws, None
        for t, following in zip(steps, [*steps[1:], CLEAN], strict=True):
            sigma = self.schedule.sigma(t).to(draws.device)
            velocity = self.velocity(noisy, sigma.expand(len(draws)), known)
            w = (noisy - sigma * velocity) * (1 + sigma.square()).rsqrt()
            onward = w if last is None or following == CLEAN else 1.5 * w - 0.5 * last
            noisy, last = self.schedule.ddim(noisy, self.schedule.noise_in(noisy, t, onward), t, following), w
        return noisy


KINDS: dict[Kind, type[Sampler]] = {"gan": Generator, "diffusion": Denoiser, "gaussian": Sampler}


def kind_named(name: str) -> Kind:
    """A kind by its name. Raises InputError with the known names."""
    for kind in KINDS:
        if kind == name:
            return kind
    raise InputError(f"there is no channel model {name!r}: choose one of {', '.join(KINDS)}")


def sampler(kind: Kind, known: int, hidden: int) -> Sampler:
    """An untrained network of a kind, for ``known`` conditions."""
    return KINDS[kind](known, hidden)
