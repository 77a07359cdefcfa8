"""Noise schedules against their papers' formulas, and DDIM against the closed form of a Gaussian."""

import itertools
import math

import pytest
import torch

from gensc.errors import InputError
from gensc.rng import Rng
from gensc.schedule import Schedule


def test_linear_is_the_product_of_its_betas():
    betas = [1e-4 + (0.02 - 1e-4) * i / 999 for i in range(1000)]
    bar = 1.0
    for beta in betas:
        bar *= 1 - beta
    schedule = Schedule.linear(1000)
    assert float(schedule.alpha_bar[0]) == pytest.approx(1 - 1e-4, rel=1e-6)
    assert float(schedule.alpha_bar[-1]) == pytest.approx(bar, rel=1e-4)
    assert float(Schedule.linear(100).alpha_bar[-1].log()) == pytest.approx(math.log(bar), rel=0.1)


@pytest.mark.parametrize("t", [0, 250, 500, 900])
def test_cosine_is_the_papers_formula(t):
    def wave(at):
        return math.cos((at + 0.008) / 1.008 * math.pi / 2) ** 2

    assert float(Schedule.cosine(1000).alpha_bar[t]) == pytest.approx(wave((t + 1) / 1000) / wave(0), rel=1e-5)


@pytest.mark.parametrize("schedule", [Schedule.cosine(1000), Schedule.linear(200)], ids=["cosine", "linear"])
def test_noise_has_the_power_that_sigma_says(schedule):
    noise = Rng.seeded(0).of(4).normal(20_000)
    t = torch.tensor([0, 3, 100, schedule.steps - 1])
    x0 = torch.ones(4, 20_000)
    x = schedule.noisy(x0, t, noise)
    bar = schedule.alpha_bar[t]
    assert torch.allclose(x.mean(1), bar.sqrt(), atol=0.03)
    assert torch.allclose(x.var(1), 1 - bar, rtol=0.05)
    assert torch.allclose(schedule.sigma(t), ((1 - bar) / bar).sqrt(), rtol=1e-4)
    assert torch.allclose(schedule.clean(x[:3], t[:3], noise[:3]), x0[:3], atol=1e-3)
    assert torch.allclose(schedule.noise_in(x[1:], t[1:], x0[1:]), noise[1:], atol=1e-3)


def test_step_of_finds_the_step_of_a_noise_level():
    schedule = Schedule.cosine(1000)
    t = torch.tensor([0.0, 0.25, 17.0, 333.3, 998.75, 999.0])
    assert torch.allclose(schedule.step_of(schedule.sigma(t)), t, atol=2e-2)
    assert schedule.step_of(torch.tensor([0.0, 1e-9, 1e9])).tolist() == [0, 0, 999]
    between = schedule.sigma(10.5)
    assert schedule.sigma(10) < between < schedule.sigma(11)
    with pytest.raises(InputError, match="negative or nan"):
        schedule.step_of(torch.tensor([-1.0]))


def test_a_received_signal_is_a_step_of_the_schedule():
    """y = x + n with n of power 0.1 (10 dB), scaled by sqrt(alpha_bar), is x_t."""
    schedule = Schedule.cosine(1000)
    x, noise = torch.randn(2, 5, generator=torch.Generator().manual_seed(1)), torch.ones(2, 5)
    y = x + math.sqrt(0.1) * noise
    t = schedule.step_of(torch.full((2,), math.sqrt(0.1)))
    assert torch.allclose(schedule.noisy(x, t, noise) * (1 + schedule.sigma(t) ** 2).sqrt()[:, None], y, atol=1e-4)


@pytest.mark.parametrize("count", [1, 2, 7])
def test_ddim_with_the_true_noise_arrives_at_the_signal(count):
    schedule = Schedule.linear(1000)
    rng = Rng.seeded(3).of(2)
    x0, noise = rng.child("x").normal(4, 3), rng.child("n").normal(4, 3)
    times = schedule.ddim_steps(torch.tensor([300.0, 700.0]), count)
    assert times.shape == (count + 1, 2)
    assert times[0].tolist() == [300, 700]
    assert times[-1].tolist() == [-1, -1]
    x = schedule.noisy(x0, times[0], noise)
    for t, t_next in itertools.pairwise(times):
        x = schedule.ddim(x, noise, t, t_next)
    assert torch.allclose(x, x0, atol=1e-4)


def test_ddim_turns_noise_into_a_gaussian_of_the_right_mean_and_spread():
    """For x_0 ~ N(m, s^2) the mean of the noise is sqrt(1-bar) (x_t - sqrt(bar) m) / (bar s^2 + 1-bar)."""
    schedule, mean, spread = Schedule.cosine(1000), 0.7, 0.1
    x = Rng.seeded(5).of(1).normal(50_000)
    times = schedule.ddim_steps(999.0, 200)
    for t, t_next in itertools.pairwise(times):
        bar = 1 / (1 + schedule.sigma(t).square())
        noise = (1 - bar).sqrt() * (x - bar.sqrt() * mean) / (bar * spread**2 + 1 - bar)
        x = schedule.ddim(x, noise, t, t_next)
    assert float(x.mean()) == pytest.approx(mean, abs=0.003)
    assert float(x.std()) == pytest.approx(spread, rel=0.03)


@pytest.mark.parametrize("make", [lambda: Schedule.cosine(1), lambda: Schedule(torch.tensor([0.5, 0.6])),
                                  lambda: Schedule(torch.tensor([1.0, 0.5])),
                                  lambda: Schedule.cosine(10).ddim_steps(9.0, 0)])
def test_what_is_no_schedule_is_refused(make):
    with pytest.raises(InputError):
        make()
