"""Finite shots against the statistics that they must have, and gradients by shifting parameters."""

import pytest
import torch

from gensc.errors import InputError
from gensc.quantum.circuit.circuit import Circuit
from gensc.quantum.circuit.shots import counts, estimated, parameter_shift, parameter_shift_shots
from gensc.quantum.circuit.statevector import expectations, probabilities
from gensc.rng import Rng

CIRCUIT = Circuit(3, 2, "strong")
RNG = Rng.seeded(0, "shots")


def inputs(circuit=CIRCUIT, items=2):
    generator = torch.Generator().manual_seed(0)
    weights = 6 * torch.rand(circuit.weights_shape, generator=generator, dtype=torch.float64)
    count = 5 if circuit.embedding == "amplitude" else circuit.wires
    return weights.requires_grad_(), torch.randn(items, count, generator=generator, dtype=torch.float64)


def test_means_and_variances_are_those_of_shots():
    """4,000 estimates of 50 shots: mean <Z> and variance (1 - <Z>^2) / 50, within 4.5 standard errors."""
    weights, features = inputs(items=1)
    exact = expectations(CIRCUIT, weights, features).detach()
    seen = estimated(CIRCUIT, weights, features.expand(4000, -1), 50, RNG.of(4000))
    variance = (1 - exact**2) / 50
    assert ((seen.mean(dim=0) - exact).abs() < 4.5 * (variance / 4000).sqrt()).all()
    # Fourth moments of a mean of 50 are close to a Gaussian's.
    assert ((seen.var(dim=0) / variance - 1).abs() < 4.5 * (2 / 4000) ** 0.5).all()


def test_wires_are_measured_together():
    """A GHZ state: all three give the same bit in every shot."""
    circuit = Circuit(3, 1, "basic_ry")
    state = torch.tensor([[1.0, 0, 0, 0, 0, 1, 0, 0]], dtype=torch.float64)
    seen = counts(probabilities(circuit, torch.zeros(1, 3, dtype=torch.float64), state), 1000, RNG)
    assert seen.sum() == 1000 and len(seen[0].nonzero()) == 2


def test_draws_of_an_item_are_its_own():
    weights, features = inputs(items=4)
    together = estimated(CIRCUIT, weights, features, 100, RNG.of(4))
    assert torch.equal(estimated(CIRCUIT, weights, features[2:3], 100, RNG.of([2])), together[2:3])
    assert torch.equal(estimated(CIRCUIT, weights, features, 100, RNG.of(4)), together)


@pytest.mark.parametrize("circuit", [Circuit(3, 2), Circuit(3, 2, "basic_ry", "angle_rx"), CIRCUIT,
                                     Circuit(3, 2, "strong", "angle_ry", True)], ids=str)
def test_parameter_shift_is_the_gradient(circuit):
    weights, features = inputs(circuit)
    shifting = parameter_shift(lambda w, x: expectations(circuit, w, x))
    exact, by_shift = (run(weights, features) for run in (lambda w, x: expectations(circuit, w, x), shifting))
    torch.testing.assert_close(by_shift, exact)
    mine, other = (torch.autograd.grad(values.pow(3).sum(), weights)[0] for values in (exact, by_shift))
    torch.testing.assert_close(other, mine, rtol=0, atol=1e-12)


def test_parameter_shift_with_shots_has_the_gradient_as_its_mean():
    """Each of the two ends has a variance of (1 - <Z>^2) / shots at most 1 / shots, so a weight's gradient has one
    of at most wires^2 / (2 shots); 40 of them average to the exact one."""
    weights, features = inputs(items=1)
    exact, = torch.autograd.grad(expectations(CIRCUIT, weights, features).sum(), weights)
    found = []
    for draw in range(40):
        run = parameter_shift_shots(CIRCUIT, 200, RNG.child(draw))
        found.append(torch.autograd.grad(run(weights, features).sum(), weights)[0])
    drawn = torch.stack(found)
    error = (drawn.mean(dim=0) - exact).abs() / (drawn.std(dim=0) / 40**0.5 + 1e-9)
    assert error.max() < 5 and 0 < drawn.std(dim=0).max() <= 1.5 * 3 / (2 * 200) ** 0.5


def test_what_cannot_be_drawn_or_shifted_is_refused():
    weights, features = inputs()
    with pytest.raises(InputError, match="shots is 0"):
        estimated(CIRCUIT, weights, features, 0, RNG.of(2))
    with pytest.raises(InputError, match="2 items and 3 random streams"):
        estimated(CIRCUIT, weights, features, 10, RNG.of(3))
    with pytest.raises(InputError, match="gives the features no gradient"):
        parameter_shift_shots(CIRCUIT, 10, RNG.of(2))(weights, features.requires_grad_())
