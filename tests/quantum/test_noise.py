"""Noisy qubits: complete, positive, as PennyLane has them."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gensc.errors import InputError
from gensc.quantum.qubit.noise import Noise, pauli_kraus, transfer
from gensc.quantum.qubit.teleport import shared

KINDS = ("bit_flip", "phase_flip", "depolarizing", "amplitude_damping")
noises = st.builds(Noise, st.sampled_from(KINDS), st.floats(0, 1))


@given(noises)
def test_kraus_operators_are_complete(noise):
    total = sum(k.conj().T @ k for k in noise.kraus)
    assert torch.allclose(total, torch.eye(2, dtype=torch.complex128), rtol=0, atol=1e-14)


@given(noises)
def test_the_choi_matrix_is_positive(noise):
    """Complete positivity, told from the operators' action on half a pair."""
    assert torch.linalg.eigvalsh(shared(noise.kraus)).min() > -1e-12


@pytest.mark.parametrize("p", [0.0, 0.013, 0.4, 1.0])
@pytest.mark.parametrize(("kind", "theirs"), [("bit_flip", "BitFlip"), ("phase_flip", "PhaseFlip"),
                                              ("depolarizing", "DepolarizingChannel"),
                                              ("amplitude_damping", "AmplitudeDamping")])
def test_the_channels_are_those_of_pennylane(kind, theirs, p):
    qml = pytest.importorskip("pennylane")
    kraus = torch.from_numpy(np.array(getattr(qml, theirs)(p, wires=0).kraus_matrices(), dtype=np.complex128))
    # PennyLane keeps a square root away from 0 by 1e-14, which shows as 1e-7 at p = 1.
    assert torch.allclose(transfer(Noise(kind, p).kraus), transfer(kraus), rtol=0, atol=3e-7)


def test_depolarizing_keeps_the_state_with_1_minus_p():
    assert Noise("depolarizing", 0.3).paulis == pytest.approx((0.7, 0.1, 0.1, 0.1))
    assert transfer(Noise("depolarizing", 0.3).kraus).diagonal().tolist() == pytest.approx([1, 0.6, 0.6, 0.6])


@pytest.mark.parametrize("p", [-0.01, 1.01, float("nan"), float("inf")])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_probability_is_refused(kind, p):
    with pytest.raises(InputError, match="from 0 to 1"):
        Noise(kind, p)


def test_what_is_no_channel_is_refused():
    with pytest.raises(InputError, match="sum 1"):
        pauli_kraus((0.5, 0.5, 0.5, 0.0))
    with pytest.raises(InputError, match="mixture of Pauli"):
        _ = Noise("amplitude_damping", 0.1).paulis
    with pytest.raises(InputError, match="expected one of"):
        Noise("bitflip", 0.1)
