"""The noise schedule of a diffusion model, and its deterministic sampler (DDIM)."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from gensc.errors import InputError

CLEAN = -1.0
"""The step after the last: no noise at all."""


@dataclass(frozen=True, eq=False)
class Schedule:
    """x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) noise, for steps t = 0 (nearly clean) to T-1 (nearly noise).

    ``alpha_bar`` float32 [T], falling within (0,1). A step may lie between two: log sigma is linear there. Steps
    are one number, or float or integer [B] for x [B,...]; ``CLEAN`` (-1) is x_0 itself, others are held to [0,T-1].
    (Ho, Jain and Abbeel, NeurIPS 2020; Song, Meng and Ermon, ICLR 2021.)
    """

    alpha_bar: Tensor

    def __post_init__(self) -> None:
        bar = self.alpha_bar
        if bar.ndim != 1 or len(bar) < 2 or not (bar.diff() < 0).all() or not 0 < bar[-1] <= bar[0] < 1:
            raise InputError(f"alpha_bar {tuple(bar.shape)} is no schedule: expected [T], T of 2 or more, numbers that "
                             "fall within (0,1)")

    @staticmethod
    def cosine(steps: int = 1000) -> "Schedule":
        """alpha_bar_t = cos^2 of a quarter turn, each beta at most 0.999 (Nichol and Dhariwal, ICML 2021, eq. 17)."""
        at = torch.arange(_checked(steps) + 1, dtype=torch.float64) / steps
        wave = (((at + 0.008) / 1.008) * (math.pi / 2)).cos().square()
        return _of_betas((1 - wave[1:] / wave[:-1]).clamp(max=0.999))

    @staticmethod
    def linear(steps: int = 1000) -> "Schedule":
        """beta_t from 1e-4 to 0.02 at 1000 steps (Ho, Jain and Abbeel, 2020), in proportion at any other number."""
        scale = 1000 / _checked(steps)
        return _of_betas(torch.linspace(1e-4 * scale, 0.02 * scale, steps, dtype=torch.float64).clamp(max=0.999))

    @property
    def steps(self) -> int:
        """T."""
        return len(self.alpha_bar)

    @property
    def _log_sigma(self) -> Tensor:
        bar = self.alpha_bar.double()
        return ((1 - bar) / bar).log() / 2

    def sigma(self, t: Tensor | float) -> Tensor:
        """sqrt((1 - alpha_bar) / alpha_bar) of a step, float32 in the shape of ``t``: noise to signal amplitude."""
        t = torch.as_tensor(t, dtype=torch.float64)
        held = t.clamp(0, self.steps - 1)
        low = held.floor().clamp(max=self.steps - 2)
        table = self._log_sigma.to(t.device)
        first, second = table[low.long()], table[low.long() + 1]
        found = (first + (held - low) * (second - first)).exp()
        return torch.where(t == CLEAN, torch.zeros_like(found), found).float()

    def step_of(self, sigma: Tensor | float) -> Tensor:
        """The step float32, in the shape of ``sigma``, whose noise to signal amplitude ratio is ``sigma``; 0 or T-1
        where no step has so little or so much noise. y = x + n of noise power s^2 is then x_t / sqrt(alpha_bar)."""
        sigma = torch.as_tensor(sigma, dtype=torch.float64)
        if not (sigma >= 0).all():
            raise InputError("sigma is negative or nan: expected noise to signal amplitude ratios of 0 or more")
        table, wanted = self._log_sigma.to(sigma.device), sigma.log()
        low = (torch.searchsorted(table, wanted.contiguous(), right=True) - 1).clamp(0, self.steps - 2)
        share = (wanted - table[low]) / (table[low + 1] - table[low])
        return (low + share.clamp(0, 1)).float()

    def noisy(self, x0: Tensor, t: Tensor | float, noise: Tensor) -> Tensor:
        """x_t [B,...] from x_0 and standard normal ``noise`` [B,...]."""
        signal, spread = self._amplitudes(t, x0)
        return signal * x0 + spread * noise

    def clean(self, x_t: Tensor, t: Tensor | float, noise: Tensor) -> Tensor:
        """x_0 [B,...] where ``noise`` is what x_t holds: what a model of the noise says of the signal."""
        signal, spread = self._amplitudes(t, x_t)
        return (x_t - spread * noise) / signal

    def noise_in(self, x_t: Tensor, t: Tensor | float, x0: Tensor) -> Tensor:
        """The noise [B,...] that x_t holds where x_0 is ``x0``: what a model of the signal says of the noise."""
        signal, spread = self._amplitudes(t, x_t)
        return (x_t - signal * x0) / spread

    def ddim(self, x_t: Tensor, noise: Tensor, t: Tensor | float, t_next: Tensor | float) -> Tensor:
        """x at the step ``t_next`` without fresh noise (Song, Meng and Ermon, ICLR 2021, eq. 12, eta = 0), from the
        model's estimate of the noise in x_t; ``t_next`` CLEAN gives its estimate of x_0."""
        return self.noisy(self.clean(x_t, t, noise), t_next, noise)

    def ddim_steps(self, start: Tensor | float, count: int) -> Tensor:
        """``count`` + 1 steps float32 [count+1] or [count+1,B]: evenly from ``start`` (one number or [B]) to 0, then
        CLEAN; with a count of 1, from ``start`` to CLEAN."""
        if count < 1:
            raise InputError(f"{count} sampling steps: expected 1 or more, e.g. 20")
        first = torch.as_tensor(start, dtype=torch.float32)
        left = torch.linspace(1, 0, count, device=first.device).reshape(-1, *(1,) * first.ndim)
        return torch.cat([left * first, torch.full_like(first, CLEAN)[None]])

    def _amplitudes(self, t: Tensor | float, like: Tensor) -> tuple[Tensor, Tensor]:
        """sqrt(alpha_bar) and sqrt(1 - alpha_bar) of a step, shaped to multiply ``like`` [B,...]."""
        sigma = self.sigma(torch.as_tensor(t, device=like.device))
        sigma = sigma.reshape(*sigma.shape, *(1,) * (like.ndim - sigma.ndim))
        signal = (1 + sigma.square()).rsqrt()
        return signal, sigma * signal


def _checked(steps: int) -> int:
    if steps < 2:
        raise InputError(f"a schedule of {steps} steps: expected 2 or more, e.g. 1000")
    return steps


def _of_betas(betas: Tensor) -> Schedule:
    return Schedule((1 - betas).cumprod(0).float())
