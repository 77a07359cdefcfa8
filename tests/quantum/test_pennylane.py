"""The same circuits on PennyLane's devices."""

import sys

import pytest
import torch

from gensc.errors import InputError
from gensc.quantum.circuit.circuit import Circuit
from gensc.quantum.circuit.device import on_pennylane
from gensc.quantum.circuit.layer import QuantumLayer
from gensc.quantum.circuit.statevector import expectations

CIRCUIT = Circuit(4, 3, "strong")


def inputs(items=3):
    generator = torch.Generator().manual_seed(0)
    weights = 6 * torch.rand(CIRCUIT.weights_shape, generator=generator)
    return weights.requires_grad_(), torch.randn(items, 7, generator=generator)


@pytest.mark.parametrize(("device", "differentiation"), [
    ("default.qubit", "backprop"), ("default.qubit", "adjoint"), ("default.qubit", "parameter-shift"),
    ("lightning.qubit", "adjoint"), ("default.mixed", "backprop"),
])
def test_every_device_gives_the_same_values_and_gradients(device, differentiation):
    weights, features = inputs(items=2)
    theirs = on_pennylane(CIRCUIT, device, differentiation=differentiation)(weights, features)
    ours = expectations(CIRCUIT, weights, features)
    assert theirs.shape == (2, 4) and theirs.dtype == torch.float32
    torch.testing.assert_close(theirs, ours, rtol=0, atol=1e-5)
    mine, other = (torch.autograd.grad(values[:, 1].sum(), weights)[0] for values in (ours, theirs))
    torch.testing.assert_close(other, mine, rtol=0, atol=1e-5)


def test_shots_of_a_device_scatter_about_the_exact_values():
    weights, features = inputs()
    exact = expectations(CIRCUIT, weights, features).detach()
    seen = on_pennylane(CIRCUIT, shots=1000)(weights.detach(), features)
    assert (seen != exact).any()
    assert ((seen - exact).abs() <= 5 * ((1 - exact**2) / 1000).sqrt() + 1e-3).all()


def test_a_layer_on_a_device_learns_as_the_engine_does():
    torch.manual_seed(0)
    ours = QuantumLayer(CIRCUIT)
    theirs = QuantumLayer(CIRCUIT, on_pennylane(CIRCUIT))
    theirs.load_state_dict(ours.state_dict())
    _, features = inputs()
    for layer in (ours, theirs):
        torch.optim.SGD(layer.parameters(), 0.1).zero_grad()
        layer(features).square().sum().backward()
    torch.testing.assert_close(theirs.weights.grad, ours.weights.grad, rtol=0, atol=1e-5)
    assert ours.weights.min() >= 0 and ours.weights.max() < 2 * torch.pi


@pytest.mark.parametrize(("device", "differentiation", "message"), [
    ("no.such.device", "best", "no device 'no.such.device' here .*: expected one that is installed"),
    ("lightning.qubit", "backprop", "'lightning.qubit' can't differentiate by 'backprop'"),
])
def test_what_is_not_installed_or_not_possible_is_said(device, differentiation, message):
    with pytest.raises(InputError, match=message):
        on_pennylane(CIRCUIT, device, differentiation=differentiation)


def test_no_shots_are_refused():
    with pytest.raises(InputError, match="shots is 0"):
        on_pennylane(CIRCUIT, shots=0)


def test_without_pennylane_the_command_that_brings_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pennylane", None)
    with pytest.raises(InputError, match=r"pip install 'gensc\[quantum\]'"):
        on_pennylane(CIRCUIT)
