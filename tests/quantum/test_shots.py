"""Finite shots against the statistics that they must have, and gradients by shifted weights."""

import pytest
import torch

from gensc.errors import InputError
from gensc.quantum.circuit.circuit import Circuit
from gensc.quantum.circuit.shots import counts, shifted
from gensc.quantum.circuit.statevector import expectations, probabilities
from gensc.rng import Rng

CIRCUIT = Circuit(3, 2, "strong")
RNG = Rng.seeded(0, "shots")


def inputs(circuit=CIRCUIT, items=2):
    generator = torch.Generator().manual_seed(0)
    weights = 6 * torch.rand(circuit.weights_shape, generator=generator, dtype=torch.float64)
    count = 5 if circuit.embedding == "amplitude" else circuit.wires
    return weights.requires_grad_(), torch.randn(items, count, generator=generator, dtype=torch.float64)


def test_wires_are_measured_together():
    """A GHZ state: all three give the same bit in every shot."""
    circuit = Circuit(3, 1, "basic_ry")
    state = torch.tensor([[1.0, 0, 0, 0, 0, 1, 0, 0]], dtype=torch.float64)
    seen = counts(probabilities(circuit, torch.zeros(1, 3, dtype=torch.float64), state), 1000, RNG)
    assert seen.sum() == 1000 and len(seen[0].nonzero()) == 2


@pytest.mark.parametrize("circuit", [Circuit(3, 2), Circuit(3, 2, "basic_ry", "angle_rx"), CIRCUIT,
                                     Circuit(3, 2, "strong", "angle_ry", True)], ids=str)
def test_the_shifted_weights_give_the_gradient(circuit):
    weights, features = inputs(circuit)
    gradient, = torch.autograd.grad(expectations(circuit, weights, features).sum(), weights)
    by_shift = [(expectations(circuit, more, features) - expectations(circuit, less, features)).sum() / 2
                for _, more, less in shifted(weights)]
    torch.testing.assert_close(torch.stack(by_shift), gradient.flatten(), rtol=0, atol=1e-12)


def test_what_cannot_be_drawn_is_refused():
    outcomes = torch.full((2, 8), 1 / 8)
    with pytest.raises(InputError, match="shots is 0"):
        counts(outcomes, 0, RNG.of(2))
    with pytest.raises(InputError, match="2 items and 3 random streams"):
        counts(outcomes, 10, RNG.of(3))
