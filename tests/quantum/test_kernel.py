"""Quantum kernels against closed forms, PennyLane and scikit-learn."""

import math
import sys

import numpy as np
import pytest
import torch

from gensc.bench import kernel as bench
from gensc.errors import InputError
from gensc.quantum.circuit import kernel as quantum
from gensc.quantum.circuit.kernel import Kernel, alignment, bloch, states
from gensc.quantum.circuit.svm import fit
from gensc.rng import Rng


def features(items, width, name="x"):
    return Rng.seeded(0, "tests", "kernel", name).of(items).normal(width)


KERNELS = [Kernel(kind, made, 0.7, 0.9) for kind in ("fidelity", "projected") for made in ("angle", "zz", "amplitude")]


@pytest.mark.parametrize("kernel", [*KERNELS, Kernel("rbf", gamma=0.3)], ids=lambda one: f"{one.kind} {one.features}")
def test_a_kernel_is_symmetric_positive_and_one_on_the_diagonal(kernel):
    x = features(25, 5)
    k = kernel(x, x)
    assert k.dtype == torch.float64 and torch.allclose(k, k.T, atol=1e-12)
    assert torch.allclose(k.diagonal(), torch.ones(25, dtype=torch.float64), atol=1e-12)
    assert (k >= 0).all() and (k <= 1 + 1e-12).all() and torch.linalg.eigvalsh(k).min() > -1e-10
    assert torch.allclose(kernel(x[:3], x[7:]), k[:3, 7:], atol=1e-12)


def test_the_angle_fidelity_has_its_closed_form():
    x, y = features(6, 4), features(7, 4, "y")
    expected = torch.cos((x[:, None] - y[None]).double() * 0.6 / 2).square().prod(dim=2)
    assert torch.allclose(Kernel("fidelity", "angle", 0.6)(x, y), expected, atol=1e-12)


def test_the_projected_angle_kernel_has_its_closed_form():
    x, y = features(6, 4).double(), features(7, 4, "y").double()
    # Bloch vectors (sin x, 0, cos x): |rho - sigma|_F^2 = (1 - cos(x - y)) a qubit.
    expected = torch.exp(-1.3 * (1 - torch.cos(x[:, None] - y[None])).sum(dim=2))
    assert torch.allclose(Kernel("projected", "angle", gamma=1.3)(x, y), expected, atol=1e-12)


def test_the_amplitude_fidelity_is_the_squared_cosine():
    x, y = features(6, 5), features(7, 5, "y")
    cosine = torch.nn.functional.cosine_similarity(x[:, None].double(), y[None].double(), dim=2)
    assert torch.allclose(Kernel("fidelity", "amplitude")(x, y), cosine.square(), atol=1e-12)


def test_states_and_density_matrices_equal_those_of_pennylane():
    qml = pytest.importorskip("pennylane")
    wires, x = 4, features(3, 4).double()

    @qml.qnode(qml.device("default.qubit", wires=wires))
    def circuit(one, made, *what):
        if made == "angle":
            qml.AngleEmbedding(one, range(wires), rotation="Y")
        for _ in range(2 if made == "zz" else 0):
            for wire in range(wires):
                qml.Hadamard(wire)
            for wire in range(wires):
                qml.RZ(-2 * one[wire], wire)
                for other in range(wire):
                    qml.IsingZZ(-2 * (math.pi - one[wire]) * (math.pi - one[other]), [wire, other])
        return qml.density_matrix(what) if what else qml.state()

    for made in ("angle", "zz"):
        ours = states(x, made)
        vectors = bloch(ours)
        for item in range(3):
            values = x[item].numpy()
            assert np.allclose(ours[item].numpy(), np.asarray(circuit(values, made)), atol=1e-10)
            for wire in range(wires):
                rho = np.asarray(circuit(values, made, wire))
                seen = [2 * rho[0, 1].real, -2 * rho[0, 1].imag, (rho[0, 0] - rho[1, 1]).real]
                assert np.allclose(vectors[item, wire].numpy(), seen, atol=1e-10)


def test_the_projected_kernel_is_that_of_density_matrices():
    x, gamma = features(4, 3), 0.8
    psi = states(x.double(), "zz")
    expected = torch.zeros(4, 4, dtype=torch.float64)
    for wire in range(3):
        parts = psi.view(4, 2**wire, 2, -1)
        rho = torch.einsum("biaj,bicj->bac", parts, parts.conj())
        expected += (rho[:, None] - rho[None]).abs().square().sum(dim=(2, 3))
    assert torch.allclose(Kernel("projected", "zz", gamma=gamma)(x, x), torch.exp(-gamma * expected), atol=1e-10)


def test_alignment_is_that_of_its_definition():
    x, labels = features(30, 4), torch.arange(30) % 3
    k = Kernel("fidelity", "zz", 0.4)(x, x).numpy()
    centre = np.eye(30) - np.ones((30, 30)) / 30
    a, b = (centre @ one @ centre for one in (k, (labels[:, None] == labels[None]).double().numpy()))
    expected = np.trace(a @ b) / np.linalg.norm(a) / np.linalg.norm(b)
    assert alignment(torch.from_numpy(k), labels) == pytest.approx(expected)
    target = (labels[:, None] == labels[None]).double()
    assert alignment(target, labels) == pytest.approx(1) and alignment(3 * target + 5, labels) == pytest.approx(1)
    assert alignment(torch.ones(30, 30), labels) == 0


def blobs(items, name, spread=0.6):
    """Three classes around three points."""
    labels = torch.arange(items) % 3
    centres = torch.tensor([[1.0, 0.0, 0.5], [-1.0, 0.5, 0.0], [0.0, -1.0, -1.0]])
    return centres[labels] + spread * features(items, 3, name), labels


def test_the_rbf_machine_equals_that_of_scikit_learn():
    svm = pytest.importorskip("sklearn.svm")
    (x, labels), (y, _) = blobs(90, "train"), blobs(60, "test")
    ours = fit([Kernel("rbf", gamma=0.4)], x, labels, Rng.seeded(0), costs=(2.0,))
    theirs = svm.SVC(kernel="rbf", gamma=0.4, C=2.0).fit(x.double().numpy(), labels.numpy())
    assert ours.predict(y).tolist() == theirs.predict(y.double().numpy()).tolist()


def test_the_choice_is_made_on_training_items_and_comes_out_again():
    pytest.importorskip("sklearn")
    (x, labels), (y, asked) = blobs(90, "train"), blobs(300, "test")
    kernels = [Kernel("fidelity", "angle", scale) for scale in (1e-4, 0.7, 60.0)]
    machine = fit(kernels, x, labels, Rng.seeded(3))
    assert machine.kernel.scale == 0.7 and machine.validated > 0.8
    right = (machine.predict(y) == asked).float().mean().item()
    assert abs(right - machine.validated) < 0.1
    again = fit(kernels, x, labels, Rng.seeded(3))
    assert (again.kernel, again.cost, again.validated) == (machine.kernel, machine.cost, machine.validated)


def test_labels_without_a_meaning_are_at_chance():
    pytest.importorskip("sklearn")
    x, labels = features(120, 4), torch.arange(120) % 3
    machine = fit([Kernel("projected", "zz", 0.3)], x, labels, Rng.seeded(0))
    right = (machine.predict(features(600, 4, "test")) == torch.arange(600) % 3).float().mean().item()
    assert abs(right - 1 / 3) < 4.5 * (2 / 9 / 600) ** 0.5


def test_principal_components_are_those_of_scikit_learn():
    decomposition = pytest.importorskip("sklearn.decomposition")
    train, test = features(40, 12) * torch.arange(1, 13), features(9, 12, "test")
    ours = bench.reduced(train, test, 5)
    pca = decomposition.PCA(5, whiten=True).fit(train.double().numpy())
    for mine, theirs in zip(ours, (pca.transform(train.double().numpy()), pca.transform(test.double().numpy())),
                            strict=True):
        assert np.allclose(np.abs(mine.numpy()), np.abs(theirs), atol=1e-8)


def test_the_bench_measures_every_kernel_on_the_same_items():
    pytest.importorskip("sklearn")
    known = [blobs(60, f"train {seed}") for seed in range(2)]
    names = "rbf", "fidelity angle", "fidelity zz", "fidelity amplitude"
    rows = [bench.measured(name, known, blobs(90, "test"), 3) for name in names]
    assert all(row.kernel == name and row.low < row.accuracy < row.high for name, row in zip(names, rows, strict=True))
    assert all(row.train == 60 and row.test == 90 and row.seeds == 2 and row.kernel_ms > 0 for row in rows)
    assert all(row.accuracy > 0.7 and 0.1 < row.alignment < 1 for row in rows if row.kernel != "fidelity amplitude")


@pytest.mark.parametrize(("call", "words"), [
    (lambda: Kernel("fidelty"), "expected one of fidelity, projected, rbf"),
    (lambda: Kernel("fidelity", "zzz"), "angle, zz, amplitude"),
    (lambda: Kernel("rbf", gamma=float("nan")), "above 0"),
    (lambda: Kernel("fidelity", scale=0.0), "above 0"),
    (lambda: Kernel("fidelity", "amplitude")(torch.zeros(2, 4), torch.ones(2, 4)), "all zero"),
    (lambda: Kernel("fidelity")(torch.full((2, 4), torch.nan), torch.ones(2, 4)), "nan or infinity"),
    (lambda: Kernel("rbf")(torch.ones(2, 4), torch.ones(2, 3)), "same k"),
    (lambda: Kernel("fidelity")(torch.ones(2, 60), torch.ones(2, 60)), "2 states of 60 qubits would take .* GB"),
    (lambda: alignment(torch.ones(3, 3), torch.zeros(3)), "two classes"),
    (lambda: fit([Kernel("rbf")], torch.ones(6, 2), torch.arange(6) % 2, Rng.seeded(0)), "3 training items for 5"),
    (lambda: fit([], torch.ones(10, 2), torch.arange(10) % 2, Rng.seeded(0)), "at least one of each"),
    (lambda: bench.reduced(torch.ones(5, 9), torch.ones(2, 9), 6), "6 features of 5 pictures"),
    (lambda: next(bench.table("vehicles", train=2)), "expected 1, 5, 1 and 1"),
])
def test_wrong_input_is_named(call, words):
    with pytest.raises(InputError, match=words):
        call()


def test_without_scikit_learn_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.svm", None)
    with pytest.raises(InputError, match=r"scikit-learn.*gensc\[quantum\]"):
        fit([Kernel("rbf")], *blobs(30, "x"), Rng.seeded(0))


def test_the_bandwidth_of_a_fidelity_kernel_matters():
    # Wide states of many qubits are all orthogonal (Huang et al., 2021): the kernel tends to the identity.
    x = features(20, 10)
    wide, narrow = (Kernel("fidelity", "zz", scale)(x, x) for scale in (1.0, 0.01))
    off = ~torch.eye(20, dtype=torch.bool)
    assert wide[off].mean() < 0.01 and narrow[off].mean() > 0.5
    assert quantum.alignment(wide, torch.arange(20) % 2) == pytest.approx(
        alignment(torch.eye(20), torch.arange(20) % 2), abs=0.05)
