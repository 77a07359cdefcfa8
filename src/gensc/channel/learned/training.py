"""Training of channel models on pairs: mean and spread first, then what is left, by a GAN or by diffusion."""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gensc.channel.learned.networks import (
    SIGMA_MAX,
    SIGMA_MIN,
    Denoiser,
    Generator,
    Kind,
    Sampler,
    perceptron,
    sampler,
)
from gensc.channel.learned.truth import Pairs
from gensc.machine.progress import track
from gensc.rng import Rng

STEPS: dict[Kind, int] = {"gan": 6000, "diffusion": 6000, "gaussian": 0}
MOMENT_STEPS = 6000
BATCH, HIDDEN = 512, 64
PENALTY, LAZY = 0.1, 4
"""Weight of the GAN's gradient penalties, which are taken every 4th step at 4 times that weight."""

Step = Callable[[Tensor, Tensor, Rng, int], None]
"""One step of training on pairs (conditions [N,C] and w or y [N,2]), with its random draws and its number."""


def learn(kind: Kind, data: Pairs, rng: Rng, steps: int, base: Sampler | None = None) -> Sampler:
    """A model of a kind, learned from pairs: its mean and spread in 6000 steps, or those of a ``base`` that the same
    pairs gave, then, in ``steps`` steps, what is left of y in units of them. Weights are running means."""
    inputs = data.known.shape[1]
    with rng.child("weights").torch_seeded():
        model = sampler(kind, inputs, HIDDEN)
        critic = perceptron(inputs + 2, HIDDEN, 3, 1)
    if base is None:
        model = _trained(model, data, _moments_step(model), rng.child("moments"), MOMENT_STEPS)
    else:
        model.body.load_state_dict(base.body.state_dict())
    model.body.requires_grad_(False)
    left = Pairs(data.known, model.standard(data.known, data.y))
    if isinstance(model, Generator):
        model = _trained(model, left, _gan_step(model, critic, steps), rng.child("gan"), steps)
    elif isinstance(model, Denoiser):
        model = _trained(model, left, _diffusion_step(model, steps), rng.child("diffusion"), steps)
    return model.requires_grad_(False).eval()


def _trained(model: Sampler, data: Pairs, step: Step, rng: Rng, steps: int) -> Sampler:
    """The model after ``steps`` steps, each weight the running mean of its last thousand values or so."""
    mean = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.998))
    for at in track(range(steps), "learning the channel", steps):
        draws = rng.child(at).of(1)
        known, y = data.batch(draws.child("pairs"), BATCH)
        step(known, y, draws, at)
        mean.update_parameters(model)
    kept = mean.module
    assert isinstance(kept, Sampler)
    return kept


def _descent(parameters: Iterable[nn.Parameter], steps: int, rate: float, inertia: float) -> Callable[[Tensor], None]:
    """A function that takes one step of Adam down a loss, at a rate that falls to 0 as a cosine."""
    learning = list(parameters)
    adam = torch.optim.Adam(learning, lr=rate, betas=(inertia, 0.99))
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, max(steps, 1))

    def descend(loss: Tensor) -> None:
        adam.zero_grad(set_to_none=True)
        loss.backward(inputs=learning)
        adam.step()
        falling.step()

    return descend


def _moments_step(model: Sampler) -> Step:
    """Maximum likelihood of a circular Gaussian."""
    descend = _descent(model.body.parameters(), MOMENT_STEPS, 3e-3, 0.9)

    def step(known: Tensor, y: Tensor, rng: Rng, at: int) -> None:
        mean, log_spread = model.moments(known)
        descend((((y - mean) * (-log_spread).exp()).square().sum(dim=1) / 2 + 2 * log_spread[:, 0]).mean())

    return step


def _diffusion_step(model: Denoiser, steps: int) -> Step:
    """Mean square error of the velocity, at noise levels that are uniform in logarithm."""
    descend = _descent(model.net.parameters(), steps, 3e-3, 0.9)
    low, high = math.log(SIGMA_MIN / 1.2), math.log(SIGMA_MAX * 1.2)

    def step(known: Tensor, w: Tensor, rng: Rng, at: int) -> None:
        sigma = rng.child("level").uniform(len(w), low=low, high=high)[0].exp()
        noise = rng.child("noise").normal(len(w), 2)[0]
        signal = (1 + sigma.square()).rsqrt()[:, None]
        spread = sigma[:, None] * signal
        wrong = model.velocity(signal * w + spread * noise, sigma, known) - (signal * noise - spread * w)
        descend(wrong.square().sum(dim=1).mean())

    return step


def _gan_step(model: Generator, critic: nn.Module, steps: int) -> Step:
    """Relativistic pairing loss with zero-centred gradient penalties on both sides, which converges where the plain
    loss circles (Huang et al., "The GAN is dead; long live the GAN!", NeurIPS 2024)."""
    down, up = _descent(model.net.parameters(), steps, 1e-3, 0.0), _descent(critic.parameters(), steps, 1e-3, 0.0)
    softplus = nn.functional.softplus

    def judged(known: Tensor, w: Tensor) -> Tensor:
        out: Tensor = critic(torch.cat([known, w], dim=1))
        return out[:, 0]

    def penalty(score: Tensor, w: Tensor) -> Tensor:
        (slope,) = torch.autograd.grad(score.sum(), w, create_graph=True)
        return slope.square().sum(dim=1).mean()

    def step(known: Tensor, w: Tensor, rng: Rng, at: int) -> None:
        made = model.shape(known, rng.child("draws").normal(len(w), model.draws)[0])
        due = at % LAZY == 0
        real, fake = w.requires_grad_(due), made.detach().requires_grad_(due)
        on_real, on_fake = judged(known, real), judged(known, fake)
        loss = softplus(on_fake - on_real).mean()
        if due:
            loss = loss + LAZY * PENALTY * (penalty(on_real, real) + penalty(on_fake, fake))
        up(loss)
        down(softplus(judged(known, w.detach()) - judged(known, made)).mean())

    return step
