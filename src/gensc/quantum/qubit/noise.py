"""Noise on qubits: Kraus operators and Pauli transfer matrices.

Nielsen and Chuang, Quantum Computation and Quantum Information, 8.2 and 8.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from gensc.errors import InputError

Kind = Literal["bit_flip", "phase_flip", "depolarizing", "amplitude_damping"]
TOLERANCE = 1e-9
"""How far the sum of probabilities that are given may be from 1."""
PAULIS = torch.tensor([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]],
                      dtype=torch.complex128)
"""I, X, Y, Z, complex128 [4,2,2]."""


@dataclass(frozen=True)
class Noise:
    """One use of a noisy qubit channel. ``p`` in [0,1]: of bit flip the probability of X, of phase flip that of Z, of
    depolarizing that of an error (X, Y and Z with p/3 each; the state is kept with 1 - p), of amplitude damping
    that of the decay of |1> to |0>."""

    name: Kind
    p: float

    def __post_init__(self) -> None:
        if self.name not in get_args(Kind):
            raise InputError(f"there is no qubit noise {self.name!r}: expected one of {', '.join(get_args(Kind))}")
        if not 0 <= self.p <= 1:
            raise InputError(f"{self.name}: p is {self.p}; expected a probability from 0 to 1, e.g. 0.01")

    @property
    def kraus(self) -> Tensor:
        """The Kraus operators, complex128 [K,2,2]."""
        if self.name == "amplitude_damping":
            kept, lost = (1 - self.p) ** 0.5, self.p**0.5
            return torch.tensor([[[1, 0], [0, kept]], [[0, lost], [0, 0]]], dtype=torch.complex128)
        return pauli_kraus(self.paulis)

    @property
    def paulis(self) -> tuple[float, float, float, float]:
        """The probabilities of I, X, Y, Z. Raises InputError for amplitude damping, which is no mixture of them."""
        p = self.p
        if self.name == "bit_flip":
            return 1 - p, p, 0.0, 0.0
        if self.name == "phase_flip":
            return 1 - p, 0.0, 0.0, p
        if self.name == "depolarizing":
            return 1 - p, p / 3, p / 3, p / 3
        raise InputError("amplitude damping is no mixture of Pauli errors: use bit_flip, phase_flip or depolarizing")


def pauli_kraus(probabilities: Sequence[float]) -> Tensor:
    """Kraus operators complex128 [4,2,2] of the channel that does I, X, Y, Z with these ``probabilities``."""
    weights = torch.tensor(probabilities, dtype=torch.float64)
    if weights.shape != (4,) or not bool((weights >= 0).all()) or abs(float(weights.sum()) - 1) > TOLERANCE:
        raise InputError(f"a Pauli channel has the probabilities {list(probabilities)}; expected four of 0 or more for "
                         "I, X, Y and Z, with the sum 1")
    return weights.sqrt()[:, None, None] * PAULIS


def transfer(kraus: Tensor) -> Tensor:
    """The Pauli transfer matrix float64 [4,4] over I, X, Y, Z: R[i,j] = Tr(P_i E(P_j)) / 2."""
    out = torch.einsum("kab,jbc,kdc->jad", kraus, PAULIS, kraus.conj())
    return (torch.einsum("iba,jab->ij", PAULIS, out) / 2).real
