"""Teleportation and distillation: the protocols themselves against their closed forms."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gensc.errors import InputError
from gensc.quantum.qubit.noise import PAULIS, Noise, pauli_kraus
from gensc.quantum.qubit.teleport import bell_diagonal, dejmps, distilled, shared

KINDS = ("bit_flip", "phase_flip", "depolarizing", "amplitude_damping")
_SIX = torch.tensor([[1, 0], [0, 1], [1, 1], [1, -1], [1, 1j], [1, -1j]], dtype=torch.complex128)
SIX = _SIX / _SIX.norm(dim=1, keepdim=True)
"""The eigenstates of X, Y and Z: their mean fidelity is that over all states (a 2-design)."""
weights = st.lists(st.floats(0.01, 1), min_size=4, max_size=4).map(
    lambda parts: torch.tensor(parts, dtype=torch.float64) / sum(parts))


BELLS = torch.einsum("kij,aj->kai", PAULIS, torch.eye(2, dtype=torch.complex128) / 2**0.5).reshape(4, 4)


def werner(f: float) -> torch.Tensor:
    """The pair of fidelity f whose other Bell states are equally likely."""
    return torch.tensor([f, *[(1 - f) / 3] * 3], dtype=torch.float64)


def mixture(pair: torch.Tensor) -> torch.Tensor:
    """The density matrix [4,4] of a pair."""
    return torch.einsum("k,ka,kb->ab", pair.to(torch.complex128), BELLS, BELLS.conj())


def teleport(psi: torch.Tensor, rho: torch.Tensor) -> torch.Tensor:
    """Qubits [B,2] over pairs in the state rho [4,4], [B,2,2]: the protocol itself, a Bell measurement of the qubit and
    the pair's first half, the Pauli correction, averaged over the four outcomes."""
    whole = torch.einsum("bi,bj,apcq->biapjcq", psi, psi.conj(), rho.view(2, 2, 2, 2))
    heard = torch.einsum("kia,biapjcq,kjc->kbpq", BELLS.view(4, 2, 2).conj(), whole, BELLS.view(4, 2, 2))
    return torch.einsum("krp,kbpq,ksq->brs", PAULIS, heard, PAULIS.conj())


def fidelity(psi: torch.Tensor, rho: torch.Tensor) -> torch.Tensor:
    return torch.einsum("bi,bij,bj->b", psi.conj(), rho, psi).real


@given(st.floats(0, 1))
def test_over_werner_pairs_the_mean_fidelity_is_the_closed_form(f):
    out = teleport(SIX, mixture(werner(f)))
    assert fidelity(SIX, out).tolist() == pytest.approx([(2 * f + 1) / 3] * 6)


@pytest.mark.parametrize("kind", KINDS)
@given(p=st.floats(0, 1))
def test_over_pairs_of_every_noise_too(kind, p):
    pair = shared(Noise(kind, p).kraus)
    out = teleport(SIX, pair)
    assert torch.einsum("bii->b", out).real.tolist() == pytest.approx([1] * 6)
    assert float(fidelity(SIX, out).mean()) == pytest.approx((2 * float(bell_diagonal(pair)[0]) + 1) / 3)


@given(weights)
def test_a_pair_is_a_pauli_channel_with_its_weights(pair):
    assert torch.allclose(bell_diagonal(mixture(pair)), pair)
    kraus = pauli_kraus(pair.tolist())
    exact = torch.einsum("kij,bj,bl,kml->bim", kraus, SIX, SIX.conj(), kraus.conj())
    assert torch.allclose(teleport(SIX, mixture(pair)), exact, rtol=0, atol=1e-12)


def test_pauli_noise_on_half_a_pair_gives_its_own_weights():
    assert bell_diagonal(shared(Noise("depolarizing", 0.3).kraus)).tolist() == pytest.approx([0.7, 0.1, 0.1, 0.1])
    assert bell_diagonal(shared(Noise("phase_flip", 0.2).kraus)).tolist() == pytest.approx([0.8, 0, 0, 0.2])
    assert torch.allclose(bell_diagonal(shared(Noise("depolarizing", 0.1).kraus)), werner(0.9))


def by_circuit(pair: torch.Tensor) -> tuple[torch.Tensor, float]:
    """A round on two pairs as a circuit in PennyLane: turns, both CNOTs, the second pair measured, kept if equal."""
    qml = pytest.importorskip("pennylane")
    start = torch.kron(mixture(pair), mixture(pair)).numpy()

    @qml.qnode(qml.device("default.mixed", wires=4))
    def circuit():
        qml.QubitDensityMatrix(start, wires=[0, 1, 2, 3])
        for wire, turn in ((0, 1), (1, -1), (2, 1), (3, -1)):
            qml.RX(turn * torch.pi / 2, wires=wire)
        qml.CNOT(wires=[0, 2])
        qml.CNOT(wires=[1, 3])
        return qml.density_matrix(wires=[0, 1, 2, 3])

    rho = torch.as_tensor(circuit()).reshape(4, 4, 4, 4)
    kept = rho[:, 0, :, 0] + rho[:, 3, :, 3]
    success = float(kept.diagonal().sum().real)
    return bell_diagonal(kept / success), success


@pytest.mark.parametrize("parts", [(0.7, 0.1, 0.05, 0.15), (0.55, 0.05, 0.3, 0.1), (0.9, 0.0, 0.0, 0.1)])
def test_dejmps_is_its_circuit(parts):
    pair = torch.tensor(parts, dtype=torch.float64)
    kept, success = dejmps(pair)
    simulated, odds = by_circuit(pair)
    assert success == pytest.approx(odds)
    assert kept.tolist() == pytest.approx(simulated.tolist(), abs=1e-9)


def test_rounds_consume_pairs_and_near_one():
    rounds = distilled(werner(0.8), 6)
    fidelities = [0.8, *(float(one.pair[0]) for one in rounds)]
    assert all(later > earlier for earlier, later in itertools.pairwise(fidelities)) and fidelities[-1] > 0.99
    pairs = 1.0
    for one in rounds:
        pairs *= 2 / one.success
        assert one.pairs == pytest.approx(pairs)
    assert distilled(werner(0.8), 0) == []


def test_half_a_fidelity_is_not_mended():
    assert float(dejmps(werner(0.5))[0][0]) == pytest.approx(0.5)
    assert float(dejmps(werner(0.4))[0][0]) < 0.4


def test_bad_pairs_are_refused():
    with pytest.raises(InputError, match="sum 1"):
        dejmps(torch.tensor([0.9, 0.9, 0.0, 0.0]))
