"""The hybrid heads: the laws of tasks, the paper's wiring, and what the ablations take out."""

import pytest
import torch

from gensc import registry
from gensc.errors import InputError
from gensc.quantum.circuit.circuit import Circuit
from gensc.quantum.circuit.device import on_pennylane
from gensc.testing import check_task

HEADS = ["qnn", "qnn-noskip", "qnn-classical", "qnn-classical-noskip", "qnn-features"]


def made(name, width=40, classes=6):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return registry.create("head", name, width=width, classes=classes).eval()


@pytest.mark.parametrize("head", HEADS)
def test_every_hybrid_head_keeps_the_laws(head):
    check_task(lambda: registry.create("task", "classify", head=head, classes=3), (37,))


def test_the_head_is_the_papers():
    """Values, circuit, ReLU, values added, one linear layer, with PennyLane as the circuit."""
    head, x = made("qnn"), torch.randn(5, 40, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        values = head.reduce(x)
        assert values.shape == (5, 10)
        z = on_pennylane(Circuit(10, 10))(head.layer.weights, values)
        torch.testing.assert_close(head(x), head.out(values + z.relu()), rtol=0, atol=1e-5)
        torch.testing.assert_close(made("qnn-noskip")(x), head.out(z.relu()), rtol=0, atol=1e-5)


@pytest.mark.parametrize("skip", ["", "-noskip"])
def test_the_classical_layer_has_as_many_parameters(skip):
    quantum, classical = made(f"qnn{skip}"), made(f"qnn-classical{skip}")
    count = [sum(one.numel() for one in head.layer.parameters()) for head in (quantum, classical)]
    assert count == [100, 100]
    assert quantum.skip == classical.skip == (not skip)


def test_the_whole_feature_vector_takes_the_qubits_that_it_needs():
    for width, wires in ((1024, 10), (1025, 11), (2, 1)):
        head = made("qnn-features", width=width)
        assert head.layer.circuit == Circuit(wires, 10)
        assert head(torch.randn(2, width, generator=torch.Generator().manual_seed(2))).shape == (2, 6)
    with pytest.raises(InputError, match="100000 features take 17 qubits"):
        made("qnn-features", width=100_000)


def test_a_dead_feature_vector_is_refused():
    with pytest.raises(InputError, match="item 1 of the batch are all zero"):
        made("qnn-features")(torch.stack([torch.ones(40), torch.zeros(40)]))


def test_the_qnn_learns_what_its_circuit_alone_must_tell():
    """Two clusters, no skip: a few steps of Adam through the circuit bring the loss down."""
    head = made("qnn-noskip", width=8, classes=2).train()
    generator = torch.Generator().manual_seed(3)
    label = torch.arange(64) % 2
    x = torch.randn(64, 8, generator=generator) + 3 * label[:, None]
    optimiser = torch.optim.Adam(head.parameters(), 3e-2)
    losses = []
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for _ in range(40):
            optimiser.zero_grad()
            loss = torch.nn.functional.cross_entropy(head(x), label)
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    assert sum(losses[-5:]) < 0.5 * sum(losses[:5])
