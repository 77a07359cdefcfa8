"""Features as amplitudes and angles, and what can't be embedded."""

import pytest
import torch

from gensc.errors import InputError
from gensc.quantum.circuit.circuit import Circuit
from gensc.quantum.circuit.device import on_pennylane
from gensc.quantum.circuit.embedding import amplitudes, angles
from gensc.quantum.circuit.statevector import expectations, states

AMPLITUDES, ANGLES = Circuit(3, 1), Circuit(3, 1, embedding="angle_ry")


def test_amplitudes_are_the_features_in_order_padded_once():
    still = torch.zeros(1, 2, dtype=torch.float64)
    state = states(Circuit(2, 1, "basic_ry"), still, torch.tensor([[3.0, 0.0, 4.0]], dtype=torch.float64))[0]
    # A CNOT from wire 0, the most significant, to wire 1 takes |10> to |11>.
    torch.testing.assert_close(state, torch.tensor([0.6, 0, 0, 0.8], dtype=torch.complex128))


@pytest.mark.parametrize("scale", [1e-30, 1e-10, 1.0, 1e30])
def test_the_norm_is_one_at_any_scale(scale):
    x = torch.tensor([[3.0, -4.0], [1.0, 0.0]]) * scale
    torch.testing.assert_close(amplitudes(x, 2), torch.tensor([[0.6, -0.8], [1.0, 0.0]]))


def test_the_gradient_of_amplitudes_is_that_of_the_normalised_vector():
    x = torch.randn(3, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    assert torch.autograd.gradcheck(lambda one: amplitudes(one, 3), x)
    scaled, = torch.autograd.grad((amplitudes(x, 3) ** 2).sum(), x)
    torch.testing.assert_close(scaled, torch.zeros_like(x), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("circuit", "features", "message"), [
    (AMPLITUDES, [[1.0, 2.0], [0.0, 0.0]], "item 1 of the batch are all zero"),
    (AMPLITUDES, [[1.0, 2.0], [1.0, float("nan")]], "item 1 of the batch hold nan or infinity"),
    (AMPLITUDES, [[float("inf"), 2.0]], "item 0 of the batch hold nan or infinity"),
    (AMPLITUDES, [[1.0] * 9], "9 features for 3 qubits; expected 1 to 8: take 4 qubits"),
    (AMPLITUDES, [[]], "0 features for 3 qubits"),
    (AMPLITUDES, [1.0, 2.0], r"expected real \[items, k\]"),
    (ANGLES, [[1.0, 2.0]], "2 features for 3 qubits; expected one a qubit"),
    (ANGLES, [[1.0, 2.0, float("nan")]], "hold nan or infinity"),
])
def test_what_cannot_be_embedded_is_refused_on_every_device(circuit, features, message):
    weights = torch.zeros(circuit.weights_shape)
    for run in (lambda w, x: expectations(circuit, w, x), on_pennylane(circuit)):
        with pytest.raises(InputError, match=message):
            run(weights, torch.tensor(features))


def test_integers_are_refused():
    with pytest.raises(InputError, match=r"int64 \[1, 2\]"):
        amplitudes(torch.ones(1, 2, dtype=torch.int64), 2)


def test_angles_of_zero_leave_every_qubit_at_zero():
    assert angles(torch.zeros(2, 3), 3).shape == (3, 2)
    torch.testing.assert_close(expectations(ANGLES, torch.zeros(1, 3), torch.zeros(2, 3)), torch.ones(2, 3))


def test_one_qubit_turns_as_its_angles_say():
    """<Z> behind RY(x) and RX(w) is cos x cos w; behind RX(x) and RX(w), cos(x + w)."""
    x, w = torch.tensor([[0.3], [2.0]], dtype=torch.float64), torch.tensor([[0.7]], dtype=torch.float64)
    turned = expectations(Circuit(1, 1, embedding="angle_ry"), w, x)
    torch.testing.assert_close(turned, x.cos() * w.cos())
    torch.testing.assert_close(expectations(Circuit(1, 1, embedding="angle_rx"), w, x), (x + w).cos())


def test_reuploading_adds_frequencies():
    """One upload of an angle makes a sinusoid of it; three make harmonics up to the third (Schuld et al., 2021)."""
    x = 2 * torch.pi * torch.arange(16, dtype=torch.float64)[:, None] / 16
    weights = 6 * torch.rand(3, 1, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for reupload, highest in ((False, 1), (True, 3)):
        values = expectations(Circuit(1, 3, "strong", "angle_rx", reupload), weights, x)
        power = torch.fft.rfft(values[:, 0]).abs()
        assert power[highest] > 0.1 and power[highest + 1 :].max() < 1e-12
