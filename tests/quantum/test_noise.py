"""Noisy qubits: complete, trace-preserving, positive, as PennyLane has them, and the mean of trajectories."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gensc.errors import InputError
from gensc.quantum.qubit.noise import (
    PAULIS,
    Noise,
    checked_kraus,
    composed,
    density,
    noisy,
    pauli_kraus,
    trajectories,
    transfer,
)
from gensc.rng import Rng

KINDS = ("bit_flip", "phase_flip", "depolarizing", "amplitude_damping")
noises = st.builds(Noise, st.sampled_from(KINDS), st.floats(0, 1))


def states(count: int, qubits: int, seed: int = 0) -> torch.Tensor:
    """Random state vectors complex128 [count,2^qubits]."""
    psi = torch.view_as_complex(Rng.seeded(seed, "states").of(count).normal(2**qubits, 2).double())
    return psi / psi.norm(dim=1, keepdim=True)


def mixed(qubits: int) -> torch.Tensor:
    return density(states(4, qubits)).mean(dim=0, keepdim=True)


@given(noises)
def test_kraus_operators_are_complete(noise):
    total = sum(k.conj().T @ k for k in noise.kraus)
    assert torch.allclose(total, torch.eye(2, dtype=torch.complex128), rtol=0, atol=1e-14)
    assert torch.equal(checked_kraus(noise.kraus), noise.kraus)


@given(noises, noises)
def test_a_density_matrix_stays_one(first, second):
    rho = noisy(noisy(mixed(3), first.kraus, [0, 2]), second.kraus, [1, 2])
    assert torch.allclose(rho.diagonal(dim1=1, dim2=2).sum(dim=1).real, torch.ones(1).double(), rtol=0, atol=1e-12)
    assert torch.allclose(rho, rho.mH, rtol=0, atol=1e-14)
    assert torch.linalg.eigvalsh(rho).min() > -1e-12


@given(noises, noises)
def test_one_channel_after_another_is_their_composition(first, second):
    rho = mixed(1)
    both = composed(first.kraus, second.kraus)
    assert torch.allclose(noisy(noisy(rho, first.kraus), second.kraus), noisy(rho, both), rtol=0, atol=1e-12)
    assert torch.allclose(transfer(second.kraus) @ transfer(first.kraus), transfer(both), rtol=0, atol=1e-12)


@given(noises)
def test_the_choi_matrix_is_positive(noise):
    """Complete positivity, told from the operators' action and not from their form."""
    bell = torch.tensor([[1, 0, 0, 1]], dtype=torch.complex128) / 2**0.5
    assert torch.linalg.eigvalsh(noisy(density(bell), noise.kraus, [1])).min() > -1e-12


@pytest.mark.parametrize("p", [0.0, 0.013, 0.4, 1.0])
@pytest.mark.parametrize(("kind", "theirs"), [("bit_flip", "BitFlip"), ("phase_flip", "PhaseFlip"),
                                              ("depolarizing", "DepolarizingChannel"),
                                              ("amplitude_damping", "AmplitudeDamping")])
def test_density_matrices_are_those_of_pennylane(kind, theirs, p):
    qml = pytest.importorskip("pennylane")
    psi = states(1, 3)

    @qml.qnode(qml.device("default.mixed", wires=3))
    def circuit():
        qml.StatePrep(psi[0].numpy(), wires=range(3))
        for wire in (0, 2):
            getattr(qml, theirs)(p, wires=wire)
        return qml.density_matrix(range(3))

    # PennyLane keeps a square root away from 0 by 1e-14, which shows as 1e-7 at p = 1.
    assert np.allclose(noisy(density(psi), Noise(kind, p).kraus, [0, 2])[0].numpy(), circuit(), rtol=0, atol=3e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_the_mean_of_trajectories_is_the_density_matrix(kind):
    psi, runs = states(2, 3, 5), 6000
    kraus = Noise(kind, 0.3).kraus
    run = trajectories(psi, kraus, Rng.seeded(1).of(2), runs)
    assert torch.allclose(run.abs().square().sum(dim=2), torch.ones(2, runs).double(), rtol=0, atol=1e-12)
    exact = noisy(density(psi), kraus)
    each = torch.einsum("bsi,bsj->bsij", run, run.conj())
    off = each.mean(dim=1) - exact
    error = ((each - exact[:, None]).abs().square().mean(dim=1) / runs).sqrt()
    assert (off.abs() < 4.5 * error + 1e-9).all()
    assert (each.std(dim=1).amax(dim=(1, 2)) > 0.01).all(), "the runs differ"


def test_an_items_trajectories_do_not_depend_on_its_batch():
    psi, kraus = states(3, 4), Noise("amplitude_damping", 0.2).kraus
    together = trajectories(psi, kraus, Rng.seeded(3).of([5, 1, 8]), 7)
    alone = trajectories(psi[2:], kraus, Rng.seeded(3).of([8]), 7)
    assert torch.allclose(together[2:], alone, rtol=0, atol=1e-12)
    assert not torch.allclose(trajectories(psi[2:], kraus, Rng.seeded(3).of([9]), 7), alone)


def test_wire_0_is_the_most_significant():
    ground = torch.zeros(1, 8, dtype=torch.complex128)
    ground[0, 0] = 1
    flipped = noisy(density(ground), Noise("bit_flip", 1.0).kraus, [0])
    assert flipped[0, 4, 4].real == pytest.approx(1)


def test_depolarizing_keeps_the_state_with_1_minus_p():
    assert Noise("depolarizing", 0.3).paulis == pytest.approx((0.7, 0.1, 0.1, 0.1))
    assert transfer(Noise("depolarizing", 0.3).kraus).diagonal().tolist() == pytest.approx([1, 0.6, 0.6, 0.6])


@pytest.mark.parametrize("p", [-0.01, 1.01, float("nan"), float("inf")])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_probability_is_refused(kind, p):
    with pytest.raises(InputError, match="from 0 to 1"):
        Noise(kind, p)


def test_operators_that_are_no_channel_are_refused_with_the_figure():
    with pytest.raises(InputError, match=r"differs from the identity by 0\.21"):
        checked_kraus(1.1 * PAULIS[:1])
    with pytest.raises(InputError, match="differs from the identity by nan"):
        checked_kraus(PAULIS[:1] * float("nan"))
    with pytest.raises(InputError, match=r"shape \[2, 4, 4\]"):
        checked_kraus(torch.zeros(2, 4, 4))
    with pytest.raises(InputError, match="sum 1"):
        pauli_kraus((0.5, 0.5, 0.5, 0.0))
    with pytest.raises(InputError, match="mixture of Pauli"):
        _ = Noise("amplitude_damping", 0.1).paulis
    with pytest.raises(InputError, match="expected one of"):
        Noise("bitflip", 0.1)


def test_more_qubits_than_memory_are_refused_before_they_are_tried():
    with pytest.raises(InputError, match=r"22 qubits would take \d+\.\d GB.*use trajectories"):
        density(torch.zeros(1, 2**22, dtype=torch.complex64))
    with pytest.raises(InputError, match=r"trajectories .* would take \d+\.\d GB"):
        trajectories(torch.zeros(1, 2**16), Noise("bit_flip", 0.1).kraus, Rng.seeded(0), 10**6)
    with pytest.raises(InputError, match=r"2\^n"):
        density(torch.zeros(1, 6))
    with pytest.raises(InputError, match="wires"):
        noisy(mixed(2), Noise("bit_flip", 0.1).kraus, [2])
