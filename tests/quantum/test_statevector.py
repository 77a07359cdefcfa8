"""The statevector engine against PennyLane, against its own gradients, and its laws."""

import itertools

import pytest
import torch

from gensc.errors import InputError
from gensc.machine import memory
from gensc.quantum.circuit.circuit import Circuit
from gensc.quantum.circuit.device import on_pennylane
from gensc.quantum.circuit.statevector import FEW, expectations, need, probabilities, signs, states

KINDS = [Circuit(3, 3, layers, embedding, reupload)
         for layers, (embedding, reupload) in itertools.product(
             ("basic_rx", "basic_ry", "strong"),
             (("amplitude", False), ("angle_rx", False), ("angle_ry", False), ("angle_rx", True), ("angle_ry", True)))]


def inputs(circuit, items=4, features=None, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    count = features or (5 if circuit.embedding == "amplitude" else circuit.wires)
    weights = 6 * torch.rand(circuit.weights_shape, generator=generator, dtype=dtype)
    return weights.requires_grad_(), torch.randn(items, count, generator=generator, dtype=dtype).requires_grad_()


def gradients(values, weights, features):
    generator = torch.Generator().manual_seed(1)
    towards = torch.randn(values.shape, generator=generator, dtype=values.dtype)
    return torch.autograd.grad((values * towards).sum(), (weights, features))


@pytest.mark.parametrize("circuit", KINDS, ids=str)
def test_equals_pennylane_with_gradients(circuit):
    weights, features = inputs(circuit)
    ours, theirs = expectations(circuit, weights, features), on_pennylane(circuit)(weights, features)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    for mine, other in zip(gradients(ours, weights, features), gradients(theirs, weights, features), strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("layers", ["basic_rx", "basic_ry", "strong"])
@pytest.mark.parametrize("wires", [1, 2, 6])
def test_any_number_of_wires_equals_pennylane(wires, layers):
    """One wire has no CNOT, two have one or two; from six the wires lie in several blocks."""
    circuit = Circuit(wires, 7, layers)
    weights, features = inputs(circuit, features=2**wires)
    ours, theirs = expectations(circuit, weights, features), on_pennylane(circuit)(weights, features)
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("layers", ["basic_rx", "strong"])
def test_the_papers_size_in_single_precision(layers):
    circuit = Circuit(10, 10, layers)
    weights, features = inputs(circuit, items=3, features=10, dtype=torch.float32)
    ours, theirs = expectations(circuit, weights, features), on_pennylane(circuit)(weights, features)
    assert ours.dtype == torch.float32
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)
    for mine, other in zip(gradients(ours, weights, features), gradients(theirs, weights, features), strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-5)


@pytest.mark.parametrize("circuit", KINDS, ids=str)
def test_states_are_those_of_the_gates_one_by_one(circuit):
    """Every gate as a matrix of its own from the definitions, the whole circuit multiplied out."""
    weights, features = (one.detach() for one in inputs(circuit, items=2))
    ours = states(circuit, weights, features)
    for item, row in enumerate(features):
        torch.testing.assert_close(ours[item], by_gates(circuit, weights, row), rtol=0, atol=1e-12)


@pytest.mark.parametrize("circuit", KINDS[:1] + KINDS[4:5] + KINDS[14:], ids=str)
def test_gradients_are_those_of_finite_differences(circuit):
    weights, features = inputs(circuit, items=2)
    assert torch.autograd.gradcheck(lambda w, x: expectations(circuit, w, x), (weights, features))
    assert torch.autograd.gradcheck(lambda w, x: torch.view_as_real(states(circuit, w, x)), (weights, features))


def test_the_circuit_is_unitary_on_every_basis_state():
    circuit = Circuit(7, 4, "strong")
    weights, _ = inputs(circuit)
    matrix = states(circuit, weights.detach(), torch.eye(128, dtype=torch.float64)).T
    torch.testing.assert_close(matrix.conj().T @ matrix, torch.eye(128, dtype=torch.complex128), rtol=0, atol=1e-12)


@pytest.mark.parametrize("features", [FEW, FEW + 1])
def test_few_amplitudes_take_another_way_to_the_same(features):
    """Both sides of the border between the quadratic forms and the states of the items."""
    circuit = Circuit(6, 3, "strong")
    weights, x = inputs(circuit, features=features)
    forms = expectations(circuit, weights, x)
    by_states = probabilities(circuit, weights, x) @ signs(6, torch.float64, torch.device("cpu")).T
    torch.testing.assert_close(forms, by_states, rtol=0, atol=1e-12)
    for one, other in zip(gradients(forms, weights, x), gradients(by_states, weights, x), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


@pytest.mark.parametrize("circuit", [Circuit(5, 3), Circuit(5, 3, "strong"), Circuit(5, 3, "strong", "angle_ry", True)],
                         ids=str)
def test_an_item_depends_on_no_other(circuit):
    weights, features = inputs(circuit, items=6, features=32 if circuit.embedding == "amplitude" else None)
    together = expectations(circuit, weights, features)
    alone = torch.cat([expectations(circuit, weights, row[None]) for row in features])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-13)
    seen, = torch.autograd.grad(together[2].sum(), features)
    assert (seen[[0, 1, 3, 4, 5]] == 0).all() and (seen[2] != 0).any()


def test_an_empty_batch_has_empty_expectations():
    circuit = Circuit(4, 2, "strong")
    weights, features = inputs(circuit, items=0)
    assert expectations(circuit, weights, features).shape == (0, 4)


def test_rx_layers_depend_on_their_angles_mod_two_pi_and_on_no_sign_of_the_features():
    circuit = Circuit(5, 4)
    weights, x = (one.detach() for one in inputs(circuit, features=9))
    once = expectations(circuit, weights, x)
    torch.testing.assert_close(expectations(circuit, weights + 2 * torch.pi, -3 * x), once, rtol=0, atol=1e-12)


@pytest.mark.parametrize("layers", ["basic_rx", "strong"])
def test_too_many_qubits_are_refused_with_the_figure_before_memory_is_taken(layers):
    circuit = Circuit(40, 2, layers)
    weights = torch.zeros(circuit.weights_shape)
    with pytest.raises(InputError, match=r"40 qubits for 32 items would take \d+\.\d GB of memory and .* are free"):
        expectations(circuit, weights, torch.ones(32, 1000))
    with pytest.raises(InputError, match="40 qubits"):
        states(circuit, weights, torch.ones(1, 10))


def test_memory_is_stated_in_proportion_to_the_batch(monkeypatch):
    circuit = Circuit(12, 4)
    weights, features = torch.zeros(circuit.weights_shape), torch.ones(8, 4096)
    one, eight = (need(circuit, 4096, items, torch.float32) for items in (1, 8))
    assert eight - one == 7 * 12 * 8 * 4096
    monkeypatch.setattr(memory, "available", lambda: eight)
    assert expectations(circuit, weights, features).shape == (8, 12)
    monkeypatch.setattr(memory, "available", lambda: eight - 1)
    with pytest.raises(InputError, match="12 qubits for 8 items"):
        expectations(circuit, weights, features)


@pytest.mark.parametrize(("options", "message"), [
    ({"wires": 0, "depth": 1}, "wires is 0"),
    ({"wires": 2, "depth": 0}, "depth is 0"),
    ({"wires": 2, "depth": 1, "layers": "RX"}, "layers is 'RX'; expected one of basic_rx"),
    ({"wires": 2, "depth": 1, "embedding": "angle"}, "embedding is 'angle'; expected one of amplitude"),
    ({"wires": 2, "depth": 1, "reupload": True}, "reupload needs an angle embedding"),
])
def test_broken_circuits_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        Circuit(**options)


def test_weights_of_another_shape_or_precision_are_refused():
    circuit = Circuit(3, 2)
    with pytest.raises(InputError, match=r"shape \[3, 2\]; expected \[2, 3\]"):
        expectations(circuit, torch.zeros(3, 2), torch.ones(1, 8))
    with pytest.raises(InputError, match="both float32 or both float64"):
        expectations(circuit, torch.zeros(2, 3), torch.ones(1, 8, dtype=torch.float64))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA")
@pytest.mark.parametrize("circuit", KINDS, ids=str)
def test_a_gpu_gives_the_same(circuit):
    weights, features = inputs(circuit)
    here, there = (expectations(circuit, weights.to(at), features.to(at)) for at in ("cpu", "cuda"))
    torch.testing.assert_close(there.cpu(), here, rtol=0, atol=1e-12)
    for mine, other in zip(gradients(here, weights, features),
                           gradients(there.cpu(), weights, features), strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-12)


def by_gates(circuit, weights, features):
    """The state of one item, gate by gate: RX, RY, RZ from Pauli matrices, CNOT from its projectors."""
    pauli = {"x": [[0, 1], [1, 0]], "y": [[0, -1j], [1j, 0]], "z": [[1, 0], [0, -1]]}
    state = torch.zeros(2**circuit.wires, dtype=torch.complex128)

    def on(wire, matrix):
        left, right = torch.eye(2**wire), torch.eye(2 ** (circuit.wires - 1 - wire))
        return torch.kron(torch.kron(left.to(matrix), matrix), right.to(matrix))

    def rotate(state, kind, wire, angle):
        generator = torch.tensor(pauli[kind], dtype=torch.complex128)
        return on(wire, torch.linalg.matrix_exp(-0.5j * angle * generator)) @ state

    def cnot(state, control, target):
        zero, one = torch.diag(torch.tensor([1, 0j])).to(state), torch.diag(torch.tensor([0j, 1])).to(state)
        flip = torch.tensor(pauli["x"], dtype=torch.complex128)
        return on(control, zero) @ state + on(control, one) @ on(target, flip) @ state

    if circuit.embedding == "amplitude":
        state[: len(features)] = (features / features.norm()).to(state)
    else:
        state[0] = 1
    for layer in range(circuit.depth):
        if circuit.embedding != "amplitude" and (layer == 0 or circuit.reupload):
            for wire in range(circuit.wires):
                state = rotate(state, circuit.embedding[-1], wire, features[wire])
        for wire in range(circuit.wires):
            angles = weights[layer, wire].reshape(-1)
            kinds = "zyz" if circuit.layers == "strong" else circuit.layers[-1]
            for kind, angle in zip(kinds, angles, strict=True):
                state = rotate(state, kind, wire, angle)
        reach = layer % (circuit.wires - 1) + 1 if circuit.layers == "strong" else 1
        for wire in range(circuit.wires):
            state = cnot(state, wire, (wire + reach) % circuit.wires)
    return state
