"""Adversarial training: each side's gradient in its own weights, and a critic that learns what is received."""

import pytest
import torch

from gensc.batch import unlabelled
from gensc.errors import InputError
from gensc.rng import Rng
from gensc.task import Reconstruct
from gensc.task.critic import Critic

SENT = torch.sigmoid(Rng.seeded(1).of(4).normal(3, 64, 64))
RECEIVED = torch.nn.functional.avg_pool2d(SENT, 5, 1, 2)


def test_each_loss_has_a_gradient_in_its_own_side_only():
    critic, shown = Critic(), RECEIVED.clone().requires_grad_()
    fooled, own = critic.losses(shown, SENT)
    weights = list(critic.parameters())
    assert all(found is None for found in torch.autograd.grad(fooled, weights, retain_graph=True, allow_unused=True))
    assert torch.autograd.grad(fooled, shown, retain_graph=True)[0].abs().max() > 0
    assert torch.autograd.grad(own, shown, retain_graph=True, allow_unused=True)[0] is None
    assert all(found.abs().max() > 0 for found in torch.autograd.grad(own, weights))


def test_a_critic_learns_to_tell_blurred_pictures_and_a_step_against_it_fools_it():
    with Rng.seeded(2).torch_seeded():
        critic = Critic()
    optimizer = torch.optim.Adam(critic.parameters(), lr=2e-3)
    for _ in range(40):
        own = critic.losses(RECEIVED, SENT)[1]
        optimizer.zero_grad()
        own.backward()
        optimizer.step()
    assert own.item() < 0.9  # 1.39 by guessing
    critic.eval()
    shown = RECEIVED.clone().requires_grad_()
    fooled = critic.losses(shown, SENT)[0]
    moved = RECEIVED - 0.02 * torch.autograd.grad(fooled, shown)[0].sign()
    assert critic.losses(moved, SENT)[0] < fooled


def test_validation_leaves_the_critic_out():
    task, plain = (Reconstruct(("psnr",), loss).eval() for loss in ("adversarial", "perceptual"))
    assert torch.equal(task.loss(RECEIVED, unlabelled(SENT)), plain.loss(RECEIVED, unlabelled(SENT)))
    task.train()
    assert task.loss(RECEIVED, unlabelled(SENT)) > plain.loss(RECEIVED, unlabelled(SENT)) + 0.5


def test_a_wrong_weight_is_named():
    with pytest.raises(InputError, match="expected a weight above 0, or loss"):
        Reconstruct(loss="adversarial", adversarial=0.0)
